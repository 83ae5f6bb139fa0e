"""Taking a version: from a file that has settled to bytes that are complete and stay as they are."""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from bootbeam.errors import ImageError
from bootbeam.formats.identify import identify
from bootbeam.formats.identity import Identity
from bootbeam.library.open_version import OpenVersion
from bootbeam.library.settling import Stamp
from bootbeam.library.snapshot import DamagedGzip, NoRoom, SnapshotStorage, SourceChanged, is_open_for_writing

COPY_LIMIT_BYTES = 512 << 20
"""Larger files are served from where they lie. Kernels, hypervisors and initrds are all below."""
WRITER_SETTLE_S = 10.0
"""A file that some process has open for writing may change after a pause; after this long it is believed finished."""
TRY_AGAIN_S = 5.0
"""After a trouble that is not in the file: no permission, no room."""


class Refused(Exception):
    """The file as it is now is not to be served.

    Args:
        cause: one word for the kind of reason, so that the same kind is told once.
        reason: for the log, after "is held back:".
        try_again_s: when to try the same file again; None when it must change first.
    """

    def __init__(self, cause: str, reason: str, try_again_s: float | None = None) -> None:
        self.cause = cause
        self.reason = reason
        self.try_again_s = try_again_s
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Taking:
    """How versions of one file are taken."""

    path: Path
    storage: SnapshotStorage
    unpack_gzip: bool
    copy_limit_bytes: int
    missing_s: Callable[[Stamp, float], float]
    """How long the file must still be left alone to have been so for that many seconds."""
    on_no_room: Callable[[NoRoom], None]
    """Told when a copy was wanted and the file itself is served instead."""

    def take(self, stamp: Stamp, known: Identity | None = None) -> OpenVersion:
        """The version that the file at ``path`` is now, when it still has this ``stamp``.

        Args:
            stamp: of the file, as it was seen.
            known: what it is with this stamp, when that was found out already.

        Raises:
            Refused: it is not complete, or cannot be read.
            SourceChanged: it changed meanwhile.
        """
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
        except FileNotFoundError as error:
            raise SourceChanged("it is gone") from error
        except OSError as error:
            raise Refused("unreadable", f"it cannot be read ({error.strerror})", TRY_AGAIN_S) from error
        try:
            version = self._take_open(fd, stamp, known)
        except OSError as error:
            os.close(fd)
            raise Refused("unreadable", f"it cannot be read ({error.strerror})", TRY_AGAIN_S) from error
        except BaseException:
            os.close(fd)
            raise
        if version.fd != fd:
            os.close(fd)
        return version

    def _take_open(self, fd: int, stamp: Stamp, known: Identity | None) -> OpenVersion:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise Refused("kind", "it is no longer a regular file")
        if Stamp.of(status) != stamp:
            raise SourceChanged("it was replaced")
        if is_open_for_writing(fd) and (missing_s := self.missing_s(stamp, WRITER_SETTLE_S)) > 0:
            raise Refused("writer", "some program still has it open for writing", missing_s)
        identity = known or identify_open(fd, stamp.size_bytes)
        insist_complete(identity)
        if identity.should_be_unpacked and self.unpack_gzip:
            version = self._unpacked(fd, stamp, identity)
        elif stamp.size_bytes <= self.copy_limit_bytes:
            version = self._copied(fd, stamp, identity)
        else:
            version = OpenVersion(fd, stamp.size_bytes, stamp, identity, None, self.path)
        if Stamp.of(os.fstat(fd)) != stamp:
            if version.fd != fd:
                version.retire()
            raise SourceChanged("it was written to while it was taken")
        return version

    def _copied(self, fd: int, stamp: Stamp, identity: Identity) -> OpenVersion:
        try:
            copy = self.storage.copy(fd)
        except NoRoom as error:
            self.on_no_room(error)
            return OpenVersion(fd, stamp.size_bytes, stamp, identity, None, self.path)
        return OpenVersion(copy.fd, copy.size_bytes, stamp, identity, copy.sha256)

    def _unpacked(self, fd: int, stamp: Stamp, identity: Identity) -> OpenVersion:
        try:
            copy = self.storage.unpack(fd)
        except DamagedGzip as error:
            raise Refused("contents", str(error)) from error
        except NoRoom as error:
            raise Refused("room", f"it cannot be unpacked ({error})", TRY_AGAIN_S) from error
        try:
            inside = identify_open(copy.fd, copy.size_bytes)
            insist_complete(inside)
        except BaseException:
            os.close(copy.fd)
            raise
        return OpenVersion(copy.fd, copy.size_bytes, stamp, replace(identity, unpacked=inside), copy.sha256)


def identify_open(fd: int, size_bytes: int) -> Identity:
    """What the open file is.

    Raises:
        Refused: its headers contradict themselves.
    """
    try:
        return identify(lambda offset, wanted_bytes: os.pread(fd, wanted_bytes, offset), size_bytes)
    except ImageError as error:
        raise Refused("contents", f"its headers contradict themselves ({error})") from error


def insist_complete(identity: Identity) -> None:
    """Raises ``Refused`` when the file's own headers say that it is not all there."""
    if identity.size_bytes == 0:
        raise Refused("contents", "it is empty")
    if identity.is_truncated:
        raise Refused(
            "contents",
            f"its headers say it has at least {identity.needed_size_bytes} bytes, it has {identity.size_bytes}:"
            " it is still being written, or was cut off",
        )
    if identity.is_blank:
        raise Refused("contents", "it begins with nothing but zero bytes: it is still being written, or was never")
