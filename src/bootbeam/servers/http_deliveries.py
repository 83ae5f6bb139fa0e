"""Answers that are sent, and have still to arrive: looked at beside what goes on on their connection."""

from asyncio.trsock import TransportSocket
from collections import deque
from dataclasses import dataclass

from bootbeam.servers.http_body import acknowledged_bytes, unacknowledged_bytes
from bootbeam.servers.http_send import LAST_BYTES
from bootbeam.servers.http_transfer import Transfer


@dataclass(frozen=True, slots=True)
class Delivery:
    """One body that the kernel has."""

    target_bytes: int
    """What the client has acknowledged of the whole connection when this has arrived."""
    size_bytes: int
    transfer: Transfer


class Deliveries:
    """Those of one connection, in their order. What the kernel holds for a connection bounds their number.

    Args:
        connection: its socket.
    """

    def __init__(self, connection: TransportSocket) -> None:
        self._connection = connection
        self._waiting: deque[Delivery] = deque()

    def add(self, size_bytes: int, transfer: Transfer) -> None:
        """A body that has just been sent. It is told as finished now if it has arrived already, but for its end."""
        unacknowledged = 0 if size_bytes <= LAST_BYTES else unacknowledged_bytes(self._connection.fileno())
        if unacknowledged <= LAST_BYTES:
            self.settle()
            transfer.finished()
            return
        target = acknowledged_bytes(self._connection) + unacknowledged - LAST_BYTES
        self._waiting.append(Delivery(target, size_bytes, transfer))

    def settle(self) -> bool:
        """Tell which have arrived; whether any has not."""
        if self._waiting:
            acknowledged = acknowledged_bytes(self._connection)
            while self._waiting and self._waiting[0].target_bytes <= acknowledged:
                self._waiting.popleft().transfer.finished()
        return bool(self._waiting)

    def take(self) -> list[Delivery]:
        """Those that have not arrived, for somebody else to watch."""
        waiting = list(self._waiting)
        self._waiting.clear()
        return waiting
