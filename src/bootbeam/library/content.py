"""What a client downloads: open bytes of one version, the same for TFTP and HTTP.

A server asks a ``ContentSource`` for a path and gets a ``Content``, which it must close, or the reason why not.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

DISK_ROLE = "disk"
"""Of what is read piece by piece, like a disk."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Who asks, and where it reached us."""

    address: str
    """The client's IP address."""
    local_address: str
    """The address of ours that the client used; URLs made for this client start with it."""
    protocol: str
    """"tftp" or "http"."""
    interface: str | None = None
    """The interface it came in on, when known."""
    user_agent: str = ""
    """HTTP's User-Agent as sent; "" for TFTP."""
    is_looking: bool = False
    """It asks about the file first (HTTP's HEAD); GRUB does so before each."""


FRONT_PAGE = "index.txt"
"""What is asked for where no file is named: http://STATION:8080/"""


@dataclass(frozen=True, slots=True)
class Missing:
    """Nothing is served under that path; the client is told at once."""

    reason: str
    is_searched: bool = False
    """The client tries one name after the other, and goes on: nothing is wrong."""


@dataclass(frozen=True, slots=True)
class NotReady:
    """The file exists but is still being written and no complete version is at hand; ask again."""

    reason: str
    retry_after_s: int = 2


@dataclass(frozen=True, slots=True)
class Version:
    """Which build of a file this is."""

    size_bytes: int
    mtime_s: float
    """Modification time, seconds since the epoch."""
    sha256: Callable[[], str | None]
    """Hex digest of the whole file; None while it is still being computed (large files), "" when nobody does."""


@dataclass(frozen=True, slots=True)
class FileSlice:
    """``size_bytes`` bytes at ``offset`` of an open file."""

    fd: int
    offset: int
    size_bytes: int


class ContentChanged(Exception):
    """The file was rewritten in place under an open ``Content``: what follows would be a mixture of two versions."""


@dataclass(slots=True)
class Content:
    """The bytes of one download. Either ``body`` (made in memory) or ``slices`` (of open files), never both."""

    name: str
    """What it is called in the log: the path as served."""
    size_bytes: int
    media_type: str = "application/octet-stream"
    role: str = "image"
    """loader, script, kernel, initrd, image, disk or configuration."""
    body: bytes | None = None
    slices: tuple[FileSlice, ...] = ()
    version: Version | None = None
    check: Callable[[], None] = field(default=lambda: None)
    """Raises ``ContentChanged`` when the bytes still to be sent are no longer of this version. Servers call it
    before each window or chunk, and once more after the last byte and before they call a transfer finished."""
    on_close: Callable[[], None] = field(default=lambda: None)
    is_current: Callable[[], bool] = field(default=lambda: False)
    """Whether whoever asks for the same path now would get this same version. False also when that is not known."""
    is_unchanging: bool = False
    """The files are private copies, which nobody can change: ``check`` has nothing to find."""

    def close(self) -> None:
        """Give the files back. Must be called once, by whoever was handed this content."""
        on_close, self.on_close = self.on_close, lambda: None
        on_close()

    def slices_of(self, offset: int, size_bytes: int) -> list[FileSlice]:
        """The parts of files that hold ``size_bytes`` bytes from ``offset`` on (``slices`` only), cut at the end."""
        wanted: list[FileSlice] = []
        for part in self.slices:
            if size_bytes <= 0:
                break
            if offset >= part.size_bytes:
                offset -= part.size_bytes
                continue
            take = min(size_bytes, part.size_bytes - offset)
            wanted.append(FileSlice(part.fd, part.offset + offset, take))
            size_bytes -= take
            offset = 0
        return wanted

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """``size_bytes`` bytes from ``offset`` on, fewer at the end. Raises ``ContentChanged`` on a short file."""
        if self.body is not None:
            return self.body[offset : offset + size_bytes]
        parts = []
        for part in self.slices_of(offset, size_bytes):
            data = os.pread(part.fd, part.size_bytes, part.offset)
            if len(data) != part.size_bytes:
                raise ContentChanged(f"{self.name} became shorter while it was being sent")
            parts.append(data)
        return b"".join(parts)

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Fill ``buffer`` with what is at ``offset``; all of it must be there. Raises ``ContentChanged``."""
        if self.body is not None:
            buffer[:] = self.body[offset : offset + len(buffer)]
            return
        filled = 0
        for part in self.slices_of(offset, len(buffer)):
            taken = os.preadv(part.fd, [buffer[filled : filled + part.size_bytes]], part.offset)
            if taken != part.size_bytes:
                raise ContentChanged(f"{self.name} became shorter while it was being sent")
            filled += taken


class ContentSource(Protocol):
    """Where a server gets what it sends. Called from any thread; must not block for long."""

    def open(self, path: str, peer: Peer) -> Content | Missing | NotReady:
        """The content served at ``path``: ``/``-separated, already cleaned of ``\\``, leading slashes and ``..``."""
