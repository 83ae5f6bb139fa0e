"""The newest complete version of a file that may be replaced or rewritten at any moment.

A file is copied whenever it has changed and settled, and the copy is served: a transfer under way ends with the
bytes it began with, whatever happens to the file. A very large one is served from where it lies, and watched.
A file that is still being written, by its times or by its own headers, is held back.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from pathlib import Path

from bootbeam.formats.identity import Identity, Kind
from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Record
from bootbeam.library.content import Content, ContentChanged, Missing, NotReady
from bootbeam.library.first_look import Seen, is_finished, look_into
from bootbeam.library.kept_versions import KeptVersions
from bootbeam.library.one_look import stamp_of
from bootbeam.library.open_version import OpenVersion
from bootbeam.library.refresher import Refresher
from bootbeam.library.settling import Settling, Stamp
from bootbeam.library.snapshot import NoRoom, SnapshotStorage, SourceChanged, hash_file
from bootbeam.library.taking import COPY_LIMIT_BYTES, Refused, Taking

OPEN_WAIT_S = 0.05
"""The longest ``open`` waits for a copy that is being made: enough for a kernel, not much for who waits behind."""
LOAD_WAIT_S = 3.0
"""The longest ``load`` waits for a file that was built a moment ago."""
CHANGED_LOOK_AGAIN_S = 0.05
OPEN_TRIES = 3
RETRY_AFTER_S = 1
_NOT_LOOKED_AT = Identity(Kind.UNKNOWN, "not looked at yet", None)


class _State(Enum):
    """How a file, as it is seen now, stands to the versions taken of it."""

    CURRENT = auto()
    """It is the newest version."""
    UNSETTLED = auto()
    """It changed a moment ago."""
    REFUSED = auto()
    """It was looked into and is not complete."""
    COMPLETE = auto()
    """It has settled, and a version of it is to be taken: nothing older may be served."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    stamp: Stamp
    refused: Refused
    until_s: float | None
    """By the monotonic clock; None while the file stays as it is."""

    def holds(self, stamp: Stamp, now_s: float) -> bool:
        """Whether the file with this ``stamp`` need not be looked into now."""
        return self.stamp == stamp and (self.until_s is None or now_s < self.until_s)


class ImageFile:
    """Watches one path and hands out its newest complete version. Safe to use from several threads.

    Without a refresher (see ``load``) versions are taken in the thread that opens.

    Args:
        path: the file; symbolic links are followed each time.
        name: what it is called in the log: the path it is served at.
        role: kernel, initrd, image or loader.
        storage: where copies lie.
        record: the journal.
        unpack_gzip: serve a gzip-compressed kernel unpacked, since loaders in BIOS do not unpack it. What is not a
            kernel inside stays packed.
        media_type: for HTTP's Content-Type.
        copy_limit_bytes: larger files are not copied.
        clock: seconds since the epoch.
        monotonic: seconds that never jump.
        sleep: waits; only ``load`` does.
        on_change: called when ``identity`` may be another from now on, in any thread; must be quick.
        seen: what the file was found to be a moment ago.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        role: str,
        storage: SnapshotStorage,
        record: Record,
        *,
        unpack_gzip: bool = False,
        media_type: str = "application/octet-stream",
        copy_limit_bytes: int = COPY_LIMIT_BYTES,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        on_change: Callable[[], None] = lambda: None,
        seen: Seen | None = None,
    ) -> None:
        self._on_change = on_change
        self.path = path
        self.name = name
        self.role = role
        self.media_type = media_type
        self._record = record
        self._monotonic = monotonic
        self._sleep = sleep
        self._settling = Settling(clock, monotonic)
        self._taking = Taking(path, storage, unpack_gzip, copy_limit_bytes, self._settling.missing_s, self._no_room)
        self._refresher: Refresher | None = None
        self._versions = KeptVersions()
        self._refusal: _Refusal | None = None
        self._waited_for: Stamp | None = None
        self._causes_told: set[str] = set()
        self._is_loading = False
        self._seen = seen
        self._first_identity = _NOT_LOOKED_AT
        self._refreshing = threading.Lock()
        self._changed = threading.Condition()

    @property
    def identity(self) -> Identity:
        """What the newest complete version is; before there is one, what the file was when it was loaded."""
        newest = self._versions.newest
        return newest.identity if newest else self._first_identity

    def load(self, refresher: Refresher | None = None) -> Identity:
        """Take the first version and tell what the file is. A file built a moment ago is waited for; one that is still
        being written then is no error: it is served once it is complete.

        Args:
            refresher: its threads take new versions from now on.

        Raises:
            UserError: it is missing, no regular file, empty, unreadable, or its headers contradict themselves.
        """
        self._is_loading = True
        deadline_s = self._monotonic() + LOAD_WAIT_S
        while True:
            seen = self._seen = look_into(self.path, self._seen)
            self._first_identity = seen.identity
            if is_finished(self.path, seen):
                self._settling.finish(seen.stamp)
            wait_s = self.refresh()
            if self._versions.newest or wait_s is None or self._monotonic() + wait_s > deadline_s:
                break
            self._sleep(wait_s)
        self._is_loading, self._seen = False, None
        if self._versions.newest is None:
            self.refresh()  # which now tells the journal why
        if refresher:
            self._refresher = refresher
            newest = self._versions.newest
            refresher.add(self, is_fresh=newest is not None)
            if newest:
                self._compute_digest_of(newest)
        return self.identity

    def close(self) -> None:
        """Stop looking; what is still being sent is sent to its end."""
        if self._refresher:
            self._refresher.remove(self)
        with self._refreshing, self._changed:
            self._versions.clear()

    def open(self, version: str | None = None) -> Content | Missing | NotReady:
        """The bytes, for one reader who must close the content.

        Args:
            version: an id that ``current_version`` gave, for exactly that version; None for the newest complete one.
        """
        for _ in range(OPEN_TRIES):
            found = self._newest_complete() if version is None else self._kept(version)
            if not isinstance(found, OpenVersion):
                return found
            content = found.content(self.name, self.role, self.media_type)
            if content:
                content.is_current = partial(self._is_current, found, is_pinned=version is not None)
                return content
        return NotReady(f"{self.name} changes faster than it can be opened", RETRY_AFTER_S)

    def current_version(self) -> str | NotReady:
        """The id of the newest complete version, 12 hexadecimal digits: those its SHA-256 starts with, for a copy."""
        found = self._newest_complete()
        return found.version_id if isinstance(found, OpenVersion) else found

    def refresh(self) -> float | None:
        """Look at the file and take a new version if there is one: in the refresher's thread.

        Returns:
            In how many seconds to look again; None when nothing is due.
        """
        with self._refreshing:
            try:
                stamp = Stamp.of(self.path.stat())
            except OSError as error:
                self._hold_back("gone", f"it is gone ({error.strerror})")
                return None
            with self._changed:
                state = self._state_of(stamp)
                wait_s = self._settling.missing_s(stamp)
            match state:
                case _State.CURRENT:
                    self._causes_told.clear()
                case _State.UNSETTLED:
                    self._hold_back("writing", "it changed a moment ago and may still be being written")
                    return wait_s
                case _State.REFUSED:
                    return self._still_refused()
                case _State.COMPLETE:
                    return self._take(stamp)
            return None

    # What a client gets

    def _newest_complete(self) -> OpenVersion | NotReady:
        for is_last_try in (False, True):
            try:
                stamp = Stamp.of(self.path.stat()) if is_last_try else stamp_of(self.path)
            except OSError:
                self._wake()
                return self._previous("it is gone")
            with self._changed:
                state = self._state_of(stamp)
                newest, reason = self._versions.newest, self._refusal.refused.reason if self._refusal else ""
            if state is _State.CURRENT and newest:
                return newest
            if state is _State.COMPLETE:
                if not is_last_try:
                    self._await_version_of(stamp)
                continue
            self._wake()
            return self._previous(reason if state is _State.REFUSED else "it is still being written")
        return NotReady(f"the new version of {self.name} is being read", RETRY_AFTER_S)

    def _kept(self, version_id: str) -> OpenVersion | Missing:
        with self._changed:
            version = self._versions.find(version_id)
            if version and version.is_intact:
                return version
        return Missing(f"this version of {self.name} is no longer kept, it was rebuilt several times: boot again")

    def _previous(self, reason: str) -> OpenVersion | NotReady:
        """The newest version although the file is another by now; not when it was overwritten in place."""
        with self._changed:
            version = self._versions.newest
            if version and version.is_intact:
                return version
            if version:
                self._versions.drop(version)
                self._on_change()
        return NotReady(f"{self.name}: {reason}", RETRY_AFTER_S)

    def _state_of(self, stamp: Stamp) -> _State:
        """Call with the lock held: looking is remembered."""
        missing_s = self._settling.missing_s(stamp)
        newest, refusal = self._versions.newest, self._refusal
        if newest and newest.stamp == stamp:
            return _State.CURRENT
        if refusal and refusal.holds(stamp, self._monotonic()):
            return _State.REFUSED
        return _State.UNSETTLED if missing_s > 0 else _State.COMPLETE

    def _await_version_of(self, stamp: Stamp) -> None:
        """Have the version taken; wait a moment for it, but only one caller for each change."""
        if self._refresher is None:
            self.refresh()
            return
        self._refresher.wake(self)
        with self._changed:
            if self._waited_for != stamp:
                self._waited_for = stamp
                self._changed.wait_for(lambda: self._state_of(stamp) is not _State.COMPLETE, OPEN_WAIT_S)

    def _wake(self) -> None:
        if self._refresher:
            self._refresher.wake(self)

    def _is_current(self, version: OpenVersion, *, is_pinned: bool) -> bool:
        """Whether ``open`` would give ``version`` again, without looking further when it does not seem so."""
        if version.is_retired:
            return False
        if is_pinned:
            return version.is_intact
        try:
            return self._versions.newest is version and version.stamp.is_of(self.path.stat())
        except OSError:
            return False

    # Taking versions: in one thread at a time

    def _take(self, stamp: Stamp) -> float | None:
        try:
            known = self._seen.identity if self._seen and self._seen.stamp == stamp else None
            version = self._taking.take(stamp, known)
        except SourceChanged:
            return CHANGED_LOOK_AGAIN_S
        except Refused as refused:
            until_s = None if refused.try_again_s is None else self._monotonic() + refused.try_again_s
            with self._changed:
                self._refusal = _Refusal(stamp, refused, until_s)
                self._changed.notify_all()
            return self._still_refused()
        with self._changed:
            before = self._versions.newest
            self._versions.add(version)
            self._refusal = None
            self._changed.notify_all()
        self._on_change()
        self._causes_told.clear()
        # A file only renamed or given other permissions is no news.
        if before is None or (before.version_id, before.stamp.mtime_ns) != (version.version_id, stamp.mtime_ns):
            self._record(
                EventKind.IMAGE_LOADED,
                file=self.name,
                description=version.identity.description,
                size_bytes=stamp.size_bytes,
                sha256=version.sha256,
                mtime_s=stamp.mtime_ns / 1e9,
            )
        self._compute_digest_of(version)
        return None

    def _still_refused(self) -> float | None:
        if self._refusal is None:
            return None
        refused, until_s = self._refusal.refused, self._refusal.until_s
        self._hold_back(refused.cause, refused.reason)
        return None if until_s is None else until_s - self._monotonic()

    def _hold_back(self, cause: str, reason: str) -> None:
        """Tell the journal, once for each cause until the file is complete again."""
        if cause in self._causes_told or self._is_loading:
            return
        self._causes_told.add(cause)
        newest = self._versions.newest
        meanwhile = "clients get the version before" if newest and newest.is_intact else "clients are asked to wait"
        self._record(EventKind.IMAGE_HELD_BACK, file=self.name, reason=f"{reason}; {meanwhile}")

    def _no_room(self, error: NoRoom) -> None:
        if "room" in self._causes_told:
            return
        self._causes_told.add("room")
        self._record(
            EventKind.PROBLEM,
            what=f"{self.name} is served from {self.path} itself, without a copy",
            why=f"{error}; a rebuild during a transfer will break that transfer off",
            fix="make room there, or choose another directory for copies",
        )

    def _compute_digest_of(self, version: OpenVersion) -> None:
        """For a version that is not a copy: in the background, since it takes seconds."""
        if self._refresher and version.sha256 is None:
            self._refresher.compute_digest(lambda is_stopping: _compute_digest(version, is_stopping))


def _compute_digest(version: OpenVersion, is_stopping: Callable[[], bool]) -> None:
    content = version.content("digest", "image", "")
    if content is None:
        return
    try:
        digest = hash_file(version.fd, version.size_bytes, lambda: is_stopping() or version.is_retired)
        content.check()
        version.sha256 = digest
    except (SourceChanged, ContentChanged, OSError):
        return  # It was overwritten: there is nothing left that a digest could name.
    finally:
        content.close()
