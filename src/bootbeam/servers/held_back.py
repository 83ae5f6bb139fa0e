"""Questions that come as far as this computer's network card, and no further: its own firewall holds them back.

The packet socket hears before the firewall, the station's other sockets behind it. A machine that asks a second time on
a port where nothing of it was ever taken is held back between the two.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable

from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.journal import Record

DHCP_PORT, TFTP_PORT, BOOT_SERVER_PORT = 67, 69, 4011
PORTS = frozenset({DHCP_PORT, TFTP_PORT, BOOT_SERVER_PORT})
ASKS_AGAIN_S = 0.8
"""A copy that comes sooner is the same question, on its way twice; firmware asks again after a second or more."""
TOLD_EVERY_S = 10.0
MAX_REMEMBERED = 10_000
"""Machines and ports, of either kind."""
PORT_OF_KIND = {
    EventKind.CLIENT_SEEN: DHCP_PORT,
    EventKind.CLIENT_IGNORED: DHCP_PORT,
    EventKind.ADDRESS_REQUESTED: DHCP_PORT,
    EventKind.BOOT_SERVER_ASKED: BOOT_SERVER_PORT,
    EventKind.BOOT_SERVER_ACKNOWLEDGED: BOOT_SERVER_PORT,
    EventKind.READ_REQUESTED: TFTP_PORT,
    EventKind.SIZE_PROBED: TFTP_PORT,
    EventKind.TRANSFER_STARTED: TFTP_PORT,
    EventKind.TRANSFER_FAILED: TFTP_PORT,
    EventKind.FILE_REFUSED: TFTP_PORT,
}
"""What shows that a question was taken, and on which port."""


class HeldBack:
    """Compares what was heard on the wire with what was taken. Safe to use from several threads.

    Args:
        record: the journal.
        clock: monotonic seconds.
    """

    def __init__(self, record: Record, clock: Callable[[], float]) -> None:
        self._record = record
        self._clock = clock
        self._taken: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._waiting: OrderedDict[tuple[str, int], float] = OrderedDict()
        self._lock = threading.Lock()

    def watch(self, event: Event) -> None:
        """Learn that a question was taken."""
        port = PORT_OF_KIND.get(event.kind)
        if port is None:
            return
        with self._lock:
            if event.mac:
                self._taken[event.mac, port] = None
                self._taken.move_to_end((event.mac, port))
            if event.address:
                who = event.address.partition("%")[0]
                self._taken[who, port] = None
                self._taken.move_to_end((who, port))
            while len(self._taken) > MAX_REMEMBERED:
                self._taken.popitem(last=False)

    def arrived(self, mac: str, address: str, port: int, interface: str) -> None:
        """A question of the machine ``mac`` to ``port`` was heard on the wire; ``address`` is what it came from."""
        now, key = self._clock(), (mac, port)
        with self._lock:
            if key in self._taken or (port != DHCP_PORT and (address, port) in self._taken):
                return
            before = self._waiting.setdefault(key, now)
            self._waiting.move_to_end(key)
            while len(self._waiting) > MAX_REMEMBERED:
                self._waiting.popitem(last=False)
            if now - before < ASKS_AGAIN_S:
                return
            self._waiting[key] = now + TOLD_EVERY_S - ASKS_AGAIN_S
        asker = None if port == DHCP_PORT else address
        self._record(EventKind.QUESTION_HELD_BACK, mac=mac, address=asker, interface=interface, port=port)
