"""One complete version of a file, held open for as long as anybody reads it."""

import hashlib
import os
import threading
from pathlib import Path

from bootbeam.formats.identity import Identity
from bootbeam.library.content import Content, ContentChanged, FileSlice, Version
from bootbeam.library.settling import Stamp

VERSION_ID_DIGITS = 12


class OpenVersion:
    """One version: unchanging bytes behind one descriptor that all its readers share.

    Args:
        fd: open for reading; belongs to this object from now on.
        size_bytes: of what is served (unpacked, when it is served unpacked).
        stamp: of the file on disk when it was taken.
        identity: what the file is.
        sha256: hex digest of the file on disk; None while it is being computed.
        watched_path: None for a private copy. Otherwise ``fd`` is the file itself, which somebody may rewrite, and
            this is where it was found.
    """

    def __init__(
        self,
        fd: int,
        size_bytes: int,
        stamp: Stamp,
        identity: Identity,
        sha256: str | None,
        watched_path: Path | None = None,
    ) -> None:
        self.fd = fd
        self.size_bytes = size_bytes
        self.stamp = stamp
        self.identity = identity
        self.sha256 = sha256
        self.version_id = (sha256 or hashlib.sha256(repr(stamp).encode()).hexdigest())[:VERSION_ID_DIGITS]
        self._watched_path = watched_path
        self._watched_stamp = stamp
        self._readers = 0
        self._is_retired = False
        self._lock = threading.Lock()

    @property
    def is_private_copy(self) -> bool:
        """Nobody can change its bytes."""
        return self._watched_path is None

    @property
    def is_retired(self) -> bool:
        """It takes no new readers."""
        return self._is_retired

    @property
    def is_closed(self) -> bool:
        """It was retired, and the last reader has gone."""
        return self.fd < 0

    @property
    def facts(self) -> Version:
        """Which build this is, for the log: the file as it lies on disk."""
        return Version(self.stamp.size_bytes, self.stamp.mtime_ns / 1e9, lambda: self.sha256)

    def content(self, name: str, role: str, media_type: str) -> Content | None:
        """The bytes, for one reader who must close it; None when this version was retired meanwhile."""
        with self._lock:
            if self._is_retired:
                return None
            self._readers += 1
        return Content(
            name,
            self.size_bytes,
            media_type,
            role,
            slices=(FileSlice(self.fd, 0, self.size_bytes),),
            version=self.facts,
            check=self.check,
            on_close=self._leave,
            is_unchanging=self.is_private_copy,
        )

    def retire(self) -> None:
        """No new readers from now on; the descriptor is closed when the last one leaves."""
        with self._lock:
            self._is_retired = True
            self._close_if_unused()

    def check(self) -> None:
        """Raises ``ContentChanged`` when the file was rewritten in place since it was taken."""
        if self._watched_path is None:
            return
        status, before = os.fstat(self.fd), self._watched_stamp
        if before.is_of(status):
            return
        now = Stamp.of(status)
        if (now.size_bytes, now.mtime_ns) != (before.size_bytes, before.mtime_ns):
            raise ContentChanged(f"{self._watched_path} was rewritten while it was being sent")
        if now.ctime_ns == before.ctime_ns:
            return
        # Renaming the file, or another one over it, touches the change time and no byte. While the path still leads
        # here, though, somebody may have written and set the modification time back.
        if self._is_still_at_its_path():
            raise ContentChanged(f"{self._watched_path} was touched while it was being sent")
        self._watched_stamp = now

    @property
    def is_intact(self) -> bool:
        """Its bytes are still those of this version."""
        try:
            self.check()
        except ContentChanged:
            return False
        return True

    def _is_still_at_its_path(self) -> bool:
        if self._watched_path is None:
            return False
        try:
            there = Stamp.of(self._watched_path.stat())
        except OSError:
            return False
        return (there.device, there.inode) == (self.stamp.device, self.stamp.inode)

    def _leave(self) -> None:
        with self._lock:
            self._readers -= 1
            self._close_if_unused()

    def _close_if_unused(self) -> None:
        if self._is_retired and self._readers == 0 and self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
