"""What a file system inside an image is made of, whichever it is: entries, extents, nodes, and what reading may cost.

The readers of ISO 9660 and of UDF make these; ``image_tree`` puts them behind one interface.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bootbeam.errors import ImageError

MAX_NAME_BYTES = 1024
"""Of one name, as UTF-8. The longest that a format allows: 255 characters in UDF."""
MAX_SYMLINK_BYTES = 4096
"""Of a symlink's target: Linux's PATH_MAX."""
MAX_DIRECTORY_BYTES = 32 << 20
MAX_DIRECTORY_ENTRIES = 100_000


@dataclass(frozen=True, slots=True)
class Extent:
    """A contiguous piece of the image."""

    offset: int
    """In bytes, from the start of the image."""
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ImageEntry:
    """A file, directory or symlink inside an image."""

    name: str
    """One step of a path: never empty, ``.`` or ``..``, free of ``/`` and control characters. "" for the root."""
    is_directory: bool
    size_bytes: int
    """Of a file's contents; 0 for everything else."""
    extents: tuple[Extent, ...] = ()
    """Where a file's contents lie, in order; together ``size_bytes`` long. Empty when ``unreadable``."""
    symlink_target: str | None = None
    """As the image has it: it may be absolute, lead out of the image or nowhere. None for what is no symlink."""
    mtime_s: float | None = None
    """Time of the last modification, seconds since the epoch; None when the image has none that makes sense."""
    unreadable: str = ""
    """Why the contents cannot be given as extents (compressed, interleaved, cut off ...); "" when they can."""

    def readable_extents(self) -> tuple[Extent, ...]:
        """The extents of a file's contents.

        Raises:
            ImageError: it is no file, or its contents cannot be read.
        """
        if self.is_directory or self.symlink_target is not None:
            raise ImageError(f"{self.name} is a {'directory' if self.is_directory else 'symlink'}, not a file")
        if self.unreadable:
            raise ImageError(f"{self.name} {self.unreadable}")
        return self.extents


class Budget:
    """How many records one look-up may decode: it bounds the time that an image made to be slow can cost."""

    def __init__(self, records: int) -> None:
        self._left = records

    def spend(self, records: int = 1) -> None:
        """Count ``records`` decoded records. Raises ``ImageError`` when there were too many."""
        self._left -= records
        if self._left < 0:
            raise ImageError("the image's directories are larger or more entangled than any real one's")


class Node(Protocol):
    """A file, directory or symlink, as the file system that holds it knows it. Nothing is read before it is asked."""

    @property
    def is_directory(self) -> bool:
        """Whether it has children."""

    @property
    def identity(self) -> int | None:
        """The same for two nodes when both are one directory of the image; None for one that takes no space in it."""

    def entry(self, name: str, budget: Budget) -> ImageEntry:
        """What it is, under the name it was found by. Raises ``ImageError``."""

    def children(self, budget: Budget) -> Mapping[str, "Node"]:
        """What a directory holds, by name, in the image's order. Raises ``ImageError``."""


def checked_name(name: str) -> str:
    """``name``, fit for a step of a path.

    Raises:
        ImageError: it is empty, ``.`` or ``..``, too long, or has ``/``, NUL or another control character in it.
    """
    if not name or name in (".", "..") or "/" in name or len(name) > MAX_NAME_BYTES:
        raise ImageError(f"a directory of the image has an entry with the impossible name {name[:80]!r}")
    if not name.isprintable() and has_control_characters(name):
        raise ImageError(f"a directory of the image has an entry with control characters in its name: {name[:80]!r}")
    return name


def has_control_characters(text: str) -> bool:
    """C0, DEL, C1 (which terminals obey too), and halves of surrogate pairs (which cannot be encoded)."""
    return any(c < " " or "\x7f" <= c <= "\x9f" or "\ud800" <= c <= "\udfff" for c in text)


def decoded_name(raw: bytes) -> str:
    """8-bit names of no declared character set: UTF-8 when they are, Latin-1 otherwise."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def joined_extents(extents: list[Extent]) -> tuple[Extent, ...]:
    """The same bytes in as few extents as can be: neighbours become one, empty ones go."""
    joined: list[Extent] = []
    for extent in extents:
        if not extent.size_bytes:
            continue
        if joined and joined[-1].offset + joined[-1].size_bytes == extent.offset:
            extent = Extent(joined[-1].offset, joined.pop().size_bytes + extent.size_bytes)
        joined.append(extent)
    return tuple(joined)
