"""A drive read over HTTP: hundreds of small requests, told as one thing that goes on."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from bootbeam.journal.events import EventKind, Fact
from bootbeam.journal.journal import Record

TOLD_EVERY_S = 5.0
MAX_READERS = 200
"""Pairs of a client and an image that are remembered."""


@dataclass(slots=True)
class _Reading:
    told_s: float
    requests: int = 0
    read_bytes: int = 0


class BlockReads:
    """A ``Record`` for transfers of blocks: passes failures on, and adds up the rest.

    Args:
        record: the journal.
        clock: seconds, never going back.
    """

    def __init__(self, record: Record, clock: Callable[[], float]) -> None:
        self._record = record
        self._clock = clock
        self._readings: OrderedDict[tuple[str | None, Fact], _Reading] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(
        self,
        kind: EventKind,
        *,
        mac: str | None = None,
        address: str | None = None,
        interface: str | None = None,
        **facts: Fact,
    ) -> None:
        """One event of one transfer."""
        if kind is EventKind.TRANSFER_FAILED:
            self._record(kind, mac=mac, address=address, interface=interface, **facts)
        if kind is not EventKind.TRANSFER_FINISHED:
            return
        file, size_bytes = facts.get("file"), facts.get("size_bytes")
        self.finished(address, interface, facts.get("protocol"), file, size_bytes if isinstance(size_bytes, int) else 0)

    def finished(self, address: str | None, interface: str | None, protocol: Fact, file: Fact, size_bytes: int) -> None:
        """``address`` has got one more block of ``size_bytes``: what an event of that would do, without making one."""
        reading = self._add(address, file, size_bytes)
        if reading is not None:
            self._record(
                EventKind.BLOCKS_READ,
                address=address,
                interface=interface,
                protocol=protocol,
                file=file,
                requests=reading.requests,
                read_bytes=reading.read_bytes,
            )

    def _add(self, address: str | None, file: Fact, size_bytes: int) -> _Reading | None:
        """The reading this request belongs to when it is time to tell of it; None otherwise."""
        now_s, key = self._clock(), (address, file)
        with self._lock:
            reading = self._readings.get(key)
            if reading is None:
                reading = self._readings[key] = _Reading(now_s - TOLD_EVERY_S)
                if len(self._readings) > MAX_READERS:
                    self._readings.popitem(last=False)
            self._readings.move_to_end(key)
            reading.requests += 1
            reading.read_bytes += size_bytes
            if now_s - reading.told_s < TOLD_EVERY_S:
                return None
            reading.told_s = now_s
            return reading
