"""Private copies of files: what is served must not change when the file does."""

import errno
import fcntl
import hashlib
import os
import signal
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bootbeam.library.settling import Stamp

CHUNK_BYTES = 1 << 20
MAX_UNPACKED_BYTES = 512 << 20
"""A kernel unpacked is a few hundred megabytes at most; a small file made to fill the disk is stopped here."""
FREE_BYTES_LEFT = 64 << 20
"""A copy never fills the disk to less than this."""

_FICLONE = 0x40049409
_WBITS_GZIP = 31
_GZIP_MAGIC = b"\x1f\x8b"


class SourceChanged(Exception):
    """The file was written to or cut while it was being copied."""


class DamagedGzip(Exception):
    """The gzip file cannot be unpacked: it is cut off, damaged or unpacks to too much."""


class NoRoom(Exception):
    """The storage cannot take a copy of this size."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A private copy: an open file without a name, gone when it is closed."""

    fd: int
    size_bytes: int
    sha256: str
    """Hex digest of the file as it was on disk, packed if it was packed."""


class SnapshotStorage:
    """Where private copies lie.

    Args:
        directory: on a file system with room; None keeps the copies in memory. On the images' own file system, when
            that is Btrfs or XFS, a copy costs neither time nor space.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory

    def copy(self, source_fd: int) -> Snapshot:
        """A copy of the open file.

        Raises:
            SourceChanged: it changed meanwhile.
            NoRoom: the storage cannot take it.
            OSError: the file cannot be read.
        """
        before = Stamp.of(os.fstat(source_fd))
        target_fd = self._create(before.size_bytes)
        try:
            digest = _clone(source_fd, target_fd, before.size_bytes) or _copy(source_fd, target_fd, before.size_bytes)
            _insist_unchanged(source_fd, before)
        except BaseException:
            os.close(target_fd)
            raise
        return Snapshot(target_fd, before.size_bytes, digest)

    def unpack(self, source_fd: int, max_bytes: int = MAX_UNPACKED_BYTES) -> Snapshot:
        """A copy of what is inside the open gzip file.

        Raises:
            DamagedGzip: it cannot be unpacked.
            SourceChanged, NoRoom, OSError: as for ``copy``.
        """
        before = Stamp.of(os.fstat(source_fd))
        target_fd = self._create(before.size_bytes)
        try:
            size_bytes, digest = _unpack(source_fd, target_fd, before.size_bytes, max_bytes)
            _insist_unchanged(source_fd, before)
        except BaseException:
            os.close(target_fd)
            raise
        return Snapshot(target_fd, size_bytes, digest)

    def _create(self, size_bytes: int) -> int:
        if self._directory is None:
            return os.memfd_create("bootbeam-image")
        try:
            room = os.statvfs(self._directory)
            if room.f_bavail * room.f_frsize < size_bytes + FREE_BYTES_LEFT:
                raise NoRoom(f"{self._directory} has no room for {size_bytes} bytes")
            return _unnamed_file(self._directory)
        except OSError as error:
            raise NoRoom(f"{self._directory}: {error.strerror}") from error


def _unnamed_file(directory: Path) -> int:
    try:
        return os.open(directory, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL):
            raise
    fd, name = tempfile.mkstemp(prefix="bootbeam-", dir=directory)
    Path(name).unlink()
    return fd


def _clone(source_fd: int, target_fd: int, size_bytes: int) -> str | None:
    """Share the file's blocks, where the file system can; None where it cannot."""
    try:
        fcntl.ioctl(target_fd, _FICLONE, source_fd)
    except OSError:
        return None
    if os.fstat(target_fd).st_size != size_bytes:
        raise SourceChanged("its size changed while it was copied")
    return hash_file(target_fd, size_bytes)


def _copy(source_fd: int, target_fd: int, size_bytes: int) -> str:
    """One pass: what is hashed is what was written. Python's lock is free during all three steps."""
    digest = hashlib.sha256()
    for chunk in _chunks(source_fd, size_bytes):
        digest.update(chunk)
        _write(target_fd, chunk)
    return digest.hexdigest()


def _unpack(source_fd: int, target_fd: int, size_bytes: int, max_bytes: int) -> tuple[int, str]:
    """Size of the contents, and digest of the packed file."""
    digest, written = hashlib.sha256(), 0

    def packed_chunks() -> Iterator[bytes]:
        for chunk in _chunks(source_fd, size_bytes):
            digest.update(chunk)
            yield chunk

    packed = packed_chunks()
    for contents in _unpacked(packed):
        written += len(contents)
        if written > max_bytes:
            raise DamagedGzip(f"it unpacks to more than {max_bytes} bytes")
        _write(target_fd, contents)
    for _ in packed:  # What follows the last member is no contents, and still counts for the digest.
        pass
    return written, digest.hexdigest()


def _unpacked(packed: Iterator[bytes]) -> Iterator[bytes]:
    """The contents in chunks. Members may follow each other (RFC 1952 §2.2); what else follows is left out."""
    unpacker, pending = zlib.decompressobj(_WBITS_GZIP), b""
    for chunk in packed:
        pending += chunk
        while pending:
            if unpacker.eof:
                if not pending.startswith(_GZIP_MAGIC[: len(pending)]):
                    return
                if len(pending) < len(_GZIP_MAGIC):
                    break
                unpacker = zlib.decompressobj(_WBITS_GZIP)
            try:
                yield unpacker.decompress(pending, CHUNK_BYTES)
            except zlib.error as error:
                raise DamagedGzip(f"it is a damaged gzip file ({error})") from error
            pending = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
    if not unpacker.eof:
        raise DamagedGzip("its gzip data end too early: it is still being written, or cut off")


def hash_file(fd: int, size_bytes: int, should_stop: Callable[[], bool] = lambda: False) -> str | None:
    """SHA-256 of the first ``size_bytes`` bytes as hex digits; None when told to stop.

    Raises:
        SourceChanged: the file is shorter.
    """
    digest = hashlib.sha256()
    for chunk in _chunks(fd, size_bytes):
        if should_stop():
            return None
        digest.update(chunk)
    return digest.hexdigest()


def is_open_for_writing(fd: int) -> bool:
    """Whether some process on this machine has the file of ``fd`` (opened for reading) open for writing.

    False also when it cannot be told: on a file server, or for a file of somebody else without CAP_LEASE.
    """
    return _error_of_lease(fd) == errno.EAGAIN


def has_surely_no_writer(fd: int) -> bool:
    """Whether no process on this machine has it open for writing; False also when it cannot be told."""
    return _error_of_lease(fd) is None


def _error_of_lease(fd: int) -> int | None:
    """Why a lease for reading is refused; None: it is granted, which is only done while there is no writer. It is given
    back at once."""
    try:
        # Should a writer come in this instant the kernel sends a signal, by default one that ends the process.
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return None


def _chunks(fd: int, size_bytes: int) -> Iterator[bytes]:
    offset = 0
    while offset < size_bytes:
        chunk = os.pread(fd, min(CHUNK_BYTES, size_bytes - offset), offset)
        if not chunk:
            raise SourceChanged("it became shorter while it was read")
        yield chunk
        offset += len(chunk)


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except OSError as error:
            raise NoRoom(f"the copy could not be written: {error.strerror}") from error


def _insist_unchanged(fd: int, before: Stamp) -> None:
    if Stamp.of(os.fstat(fd)) != before:
        raise SourceChanged("it was written to while it was copied")
