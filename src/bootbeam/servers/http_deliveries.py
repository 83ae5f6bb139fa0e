"""Answers that are sent, and have still to arrive: looked at beside what goes on on their connection."""

from asyncio.trsock import TransportSocket
from collections import deque
from dataclasses import dataclass

from bootbeam.servers.http_send import LAST_BYTES
from bootbeam.servers.http_transfer import Transfer
from bootbeam.servers.tcp_state import acknowledged_bytes, unacknowledged_bytes


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
        self._sent: deque[tuple[int, Transfer]] = deque()
        """Since the last look: a client that asks for something else has most often got all of it."""
        self._waiting: deque[Delivery] = deque()

    @property
    def is_waiting(self) -> bool:
        """Whether any has not arrived, as far as was looked."""
        return bool(self._sent or self._waiting)

    def add(self, size_bytes: int, transfer: Transfer) -> None:
        """A body that has just been sent. Call ``settle`` before anything else is sent."""
        if size_bytes <= LAST_BYTES:
            self.settle()
            transfer.finished()
            return
        self._sent.append((size_bytes, transfer))

    def settle(self) -> bool:
        """Tell which have arrived, but for their ends; whether any has not."""
        if not self.is_waiting:
            return False
        if unacknowledged_bytes(self._connection.fileno()) <= LAST_BYTES:
            while self._waiting:
                self._waiting.popleft().transfer.finished()
            while self._sent:
                self._sent.popleft()[1].finished()
            return False
        # In this order: what is acknowledged in between makes the aim too low, which does no harm, and never too high.
        acknowledged = acknowledged_bytes(self._connection)
        target = acknowledged + unacknowledged_bytes(self._connection.fileno()) - LAST_BYTES
        self._waiting.extend(Delivery(target, size_bytes, transfer) for size_bytes, transfer in self._sent)
        self._sent.clear()
        while self._waiting and self._waiting[0].target_bytes <= acknowledged:
            self._waiting.popleft().transfer.finished()
        return bool(self._waiting)

    def read(self) -> None:
        """Who reads piece by piece has asked for the next one: it has all before, which is not looked at."""
        while self._waiting:
            self._waiting.popleft().transfer.finished()
        while self._sent:
            self._sent.popleft()[1].finished()

    def take(self) -> list[Delivery]:
        """Those that have not arrived, for somebody else to watch."""
        waiting = list(self._waiting)
        self._waiting.clear()
        return waiting
