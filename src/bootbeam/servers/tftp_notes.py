"""What the TFTP server journals once and not a thousand times."""

import threading

from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Record

MAX_REMEMBERED_NOTES = 1000
"""So many pairs of client and note are remembered."""


class OnceNotes:
    """Which notes have been written already. Bounded: the oldest is forgotten, and may then be written again. For any
    thread."""

    def __init__(self, limit: int = MAX_REMEMBERED_NOTES) -> None:
        self._limit = limit
        self._written: dict[tuple[str, str], None] = {}
        self._lock = threading.Lock()

    def is_new(self, source: str, note: str) -> bool:
        """Whether this is the first time; from now on it is not."""
        with self._lock:
            if (source, note) in self._written:
                return False
            if len(self._written) >= self._limit:
                del self._written[next(iter(self._written))]
            self._written[source, note] = None
            return True

    def forget(self, source: str, note: str) -> None:
        """Let it be new again."""
        with self._lock:
            self._written.pop((source, note), None)


class DroppedDatagrams:
    """Counts the datagrams that got no answer, and journals each source and reason once."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._notes = OnceNotes()
        self.count = 0
        """Since the start."""

    def add(self, address: str, interface: str | None, port: int, reason: str) -> None:
        """One more: who sent it, to which of our ports, and why it is dropped."""
        self.count += 1
        if self._notes.is_new(address, reason):
            self._record(EventKind.DATAGRAM_DROPPED, address=address, interface=interface, port=port, reason=reason)
