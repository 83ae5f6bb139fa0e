"""When a file that changed counts as finished: it has been left alone for a moment."""

import os
from collections.abc import Callable
from dataclasses import dataclass

SETTLE_S = 1.0
"""A file that changed within this time may still be being written."""
CLOCK_SLACK_S = 0.05
"""File times are stamped with the kernel's coarse clock, up to 10 ms behind."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What changes whenever a file is replaced or written to."""

    device: int
    inode: int
    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    """Counts too: rsync and ``cp -p`` set the modification time back."""

    @classmethod
    def of(cls, status: os.stat_result) -> "Stamp":
        """The stamp in what stat or fstat gave."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    def is_of(self, status: os.stat_result) -> bool:
        """Whether ``of`` would give an equal one, without making it: this is asked before each piece of a file."""
        return (
            self.mtime_ns == status.st_mtime_ns
            and self.ctime_ns == status.st_ctime_ns
            and self.size_bytes == status.st_size
            and self.inode == status.st_ino
            and self.device == status.st_dev
        )

    @property
    def changed_at_s(self) -> float:
        """When the file changed last by its own times, seconds since the epoch."""
        return max(self.mtime_ns, self.ctime_ns) / 1e9


class Settling:
    """Remembers since when a file has been as it is now.

    The file's own times are believed as long as they agree with what was seen: a time in the future, or one from
    before the last look, at which the file was still different, comes from another clock (a file server's) or
    another file moved in. Then only what is watched here counts.

    Args:
        clock: seconds since the epoch.
        monotonic: seconds that never jump.
    """

    def __init__(self, clock: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._stamp: Stamp | None = None
        self._seen_since_s = 0.0
        self._looked_at_s: float | None = None
        self._believes_times = True
        self._finished: Stamp | None = None

    def finish(self, stamp: Stamp) -> None:
        """A file with this stamp was found to be complete, and nobody writes to it: it need not be left alone for
        ``SETTLE_S``, only until a write would show in its times."""
        self._finished = stamp

    def missing_s(self, stamp: Stamp, settle_s: float = SETTLE_S) -> float:
        """How long the file, now seen with ``stamp``, must still be left alone; 0 when it has settled."""
        now_s = self._clock()
        if stamp != self._stamp:
            self._believes_times = self._looked_at_s is None or stamp.changed_at_s >= self._looked_at_s - CLOCK_SLACK_S
            self._stamp, self._seen_since_s = stamp, self._monotonic()
        self._looked_at_s = now_s
        left_alone_s = self._monotonic() - self._seen_since_s
        if self._believes_times and now_s >= stamp.changed_at_s:
            left_alone_s = max(left_alone_s, now_s - stamp.changed_at_s)
        if stamp == self._finished:
            left_alone_s += SETTLE_S - CLOCK_SLACK_S
        return max(0.0, settle_s - left_alone_s)
