"""Directories that are served: what was put into them while the station runs, once it is complete, and what was taken
out of them."""

import os
import stat
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bootbeam.errors import ImageError, UserError
from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Record
from bootbeam.library.entries import NamedFile
from bootbeam.library.first_look import is_finished, look_into
from bootbeam.library.named_files import MAX_DIRECTORY_FILES, file_of_directory
from bootbeam.library.settling import CLOCK_SLACK_S, Settling, Stamp
from bootbeam.library.snapshot import is_open_for_writing
from bootbeam.library.taking import WRITER_SETTLE_S, Refused, insist_complete

SETTLE_S = 3.0
"""A file that comes must be left alone so long: a download pauses, and a kernel's initrd follows it."""
GONE_AFTER_S = 10.0
"""A build may remove its result before it makes it anew."""
FULL_LOOK_S = 15.0
"""How often every file is looked at though no name in a directory has changed: one that was not whole may grow."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a look has found."""

    arrived: tuple[NamedFile, ...] = ()
    """Complete files that were not served."""
    gone: frozenset[Path] = frozenset()
    """Served ones that are there no more."""
    took_s: float = field(default=0.0, compare=False)
    """How long the look took."""


class Arrivals:
    """Looks into directories again and again.

    Args:
        directories: those that are served; what is in them now is no news.
        record: the journal, for what comes and is not complete.
        clock: seconds since the epoch.
        monotonic: seconds that never jump.
    """

    def __init__(
        self,
        directories: Sequence[Path],
        record: Record,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directories = tuple(directories)
        self._record = record
        self._clock = clock
        self._monotonic = monotonic
        self._directory_times: tuple[int, ...] | None = None
        self._full_look_at_s = 0.0
        self._looked_at = self._list()[0]
        """What is known already, served or not."""
        self._settling: dict[Path, Settling] = {}
        self._gone_since_s: dict[Path, float] = {}

    def look(self, list_served: Callable[[], Collection[Path]]) -> Change:
        """What has changed since the last look.

        Args:
            list_served: gives the files that are served, which are looked after elsewhere as long as they are there.
        """
        if self._is_as_before():
            return Change()
        began_s = self._monotonic()
        served = list_served()
        listed, readable = self._list()
        self._looked_at = {path: stamp for path, stamp in self._looked_at.items() if path in listed}
        self._settling = {path: each for path, each in self._settling.items() if path in listed}
        arrived = []
        for path, stamp in listed.items():
            if path in served or self._looked_at.get(path) == stamp or not self._has_settled(path, stamp):
                continue
            self._looked_at[path] = stamp
            del self._settling[path]
            file = self._look_into(path)
            if file is not None:
                arrived.append(file)
        missing = {path for path in served if path.parent in readable and path not in listed}
        return Change(tuple(arrived), self._gone(missing), self._monotonic() - began_s)

    def forget(self, paths: Collection[Path]) -> None:
        """These could not be taken up: they are news again."""
        for path in paths:
            self._looked_at.pop(path, None)

    def _is_as_before(self) -> bool:
        """Nothing came or went, by the directories' own times, and nothing is waited for: 10,000 files need no look."""
        is_waiting = self._settling or self._gone_since_s or self._monotonic() >= self._full_look_at_s
        return not is_waiting and self._directory_times is not None and self._times() == self._directory_times

    def _times(self) -> tuple[int, ...] | None:
        """Of the directories; None when one of them has changed this moment, so that its time may stay the same."""
        try:
            times = tuple(directory.stat().st_mtime_ns for directory in self._directories)
        except OSError:
            return None
        return times if all(self._clock() - each / 1e9 > CLOCK_SLACK_S for each in times) else None

    def _has_settled(self, path: Path, stamp: Stamp) -> bool:
        settling = self._settling.setdefault(path, Settling(self._clock, self._monotonic))
        if settling.missing_s(stamp, SETTLE_S) > 0:
            return self._came_whole(path, stamp)
        return settling.missing_s(stamp, WRITER_SETTLE_S) == 0 or not _has_writer(path)

    def _came_whole(self, path: Path, stamp: Stamp) -> bool:
        """Whether it is a finished ISO whose bytes are older: one that was moved here, or copied with its times, which
        are set when the copy is done. Of a plain copy each write makes the time new, and a file server or a download
        may close the file in between."""
        if self._clock() - stamp.mtime_ns / 1e9 < SETTLE_S:
            return False
        try:
            seen = look_into(path)
        except UserError:
            return False  # told of when it has been left alone
        return seen.stamp == stamp and is_finished(path, seen)

    def _look_into(self, path: Path) -> NamedFile | None:
        try:
            file = file_of_directory(path)
            insist_complete(file.identity)
        except Refused as refused:
            self._record(EventKind.IMAGE_HELD_BACK, file=path.name, reason=refused.reason)
            return None
        except (OSError, ImageError):
            return None  # as at the start: not everything that lies there is an image
        return file

    def _gone(self, missing: Collection[Path]) -> frozenset[Path]:
        now_s = self._monotonic()
        self._gone_since_s = {path: self._gone_since_s.get(path, now_s) for path in missing}
        return frozenset(path for path, since_s in self._gone_since_s.items() if now_s - since_s >= GONE_AFTER_S)

    def _list(self) -> tuple[dict[Path, Stamp], set[Path]]:
        """Every file, and the directories that could be read: of one that cannot nothing is said to be gone."""
        self._directory_times = self._times()  # before the files: what comes meanwhile is seen next time
        self._full_look_at_s = self._monotonic() + FULL_LOOK_S
        found: dict[Path, Stamp] = {}
        readable = set()
        for directory in self._directories:
            try:
                with os.scandir(directory) as entries:
                    names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
            except OSError:
                continue
            readable.add(directory)
            for name in names[:MAX_DIRECTORY_FILES]:
                path = directory / name
                try:
                    status = path.stat()
                except OSError:
                    continue  # gone in this moment, or a link that leads nowhere
                if stat.S_ISREG(status.st_mode):
                    found[path] = Stamp.of(status)
        return found, readable


def _has_writer(path: Path) -> bool:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False  # whoever looks into it will see why
    try:
        return is_open_for_writing(fd)
    finally:
        os.close(fd)
