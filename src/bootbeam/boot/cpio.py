"""Writes newc cpio archives: files that an initrd must find inside itself.

Source: cpio(5), Linux ``Documentation/driver-api/early-userspace/buffer-format.rst``. The archive is a plan of pieces,
so that a member may be a file of gigabytes that is never read here. Old iPXE does not make such archives itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bootbeam.errors import UserError

MAX_MEMBER_BYTES = (1 << 32) - 1
"""A header has eight hexadecimal digits for a size."""
MAX_MEMBERS = 1000
MAX_PATH_BYTES = 1024

_DIRECTORY, _REGULAR = 0o040000, 0o100000
_TRAILER = "TRAILER!!!"


@dataclass(frozen=True, slots=True)
class Member:
    """A regular file of an archive."""

    path: str
    """Inside the initrd, without a leading slash; its directories are made too."""
    size_bytes: int
    mode: int = 0o644


@dataclass(frozen=True, slots=True)
class MemberData:
    """The place of a member's contents in an archive."""

    index: int
    """Of the member, in the order they were given."""
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive as pieces in order: bytes of its own, and the contents of its members."""

    pieces: tuple[bytes | MemberData, ...]

    @property
    def size_bytes(self) -> int:
        """Of the whole archive; a multiple of four, so that another initrd may follow."""
        return sum(len(piece) if isinstance(piece, bytes) else piece.size_bytes for piece in self.pieces)

    def encode(self, contents: Sequence[bytes]) -> bytes:
        """The archive, its members' contents being these, in order."""
        return b"".join(piece if isinstance(piece, bytes) else contents[piece.index] for piece in self.pieces)


def plan_archive(members: Sequence[Member]) -> Archive:
    """The archive that holds ``members`` and the directories they are in.

    Raises:
        UserError: a member is too large for the format, or has a path that cannot be one.
    """
    if len(members) > MAX_MEMBERS:
        raise UserError(f"{len(members)} files are more than the {MAX_MEMBERS} that one archive may hold")
    pieces: list[bytes | MemberData] = []
    files, directories = set[str](), dict[str, None]()
    for member in members:
        steps = _checked_steps(member)
        files.add("/".join(steps))
        directories.update(dict.fromkeys("/".join(steps[:depth]) for depth in range(1, len(steps))))
    if len(files) < len(members) or files & directories.keys():
        raise UserError("two files of one archive have the same path, or one is where the other needs a directory")
    for directory in directories:
        pieces.append(_header(len(pieces), directory, _DIRECTORY | 0o755, 0))
    for index, member in enumerate(members):
        pieces.append(_header(len(pieces), "/".join(_checked_steps(member)), _REGULAR | member.mode, member.size_bytes))
        pieces.append(MemberData(index, member.size_bytes))
        pieces.append(bytes(-member.size_bytes % 4))
    pieces.append(_header(0, _TRAILER, 0, 0))
    return Archive(_joined(pieces))


def _header(inode: int, path: str, mode: int, size_bytes: int) -> bytes:
    """A newc header with its name, padded so that what follows begins on a multiple of four.

    Digits: magic, inode, mode, uid, gid, links, mtime, size, major, minor, rdev major, rdev minor, name size, check.
    """
    name = path.encode() + b"\0"
    links = 2 if mode & _DIRECTORY else 1
    fields = (inode, mode, 0, 0, links, 0, size_bytes, 0, 0, 0, 0, len(name), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields) + name
    return header + bytes(-len(header) % 4)


def _checked_steps(member: Member) -> list[str]:
    if not 0 <= member.size_bytes <= MAX_MEMBER_BYTES:
        raise UserError(
            f"{member.path} has {member.size_bytes} bytes and cannot be put into an initrd",
            f"the archive's format ends at {MAX_MEMBER_BYTES} bytes for one file",
            "boot this image in another way: bootbeam inspect IMAGE",
        )
    steps = [step for step in member.path.split("/") if step]
    unfit = not steps or any(step in (".", "..") or not step.isprintable() for step in steps)
    if unfit or member.path.startswith(_TRAILER) or len(member.path.encode()) > MAX_PATH_BYTES:
        raise UserError(f"{member.path[:80]!r} cannot be the path of a file in an initrd")
    return steps


def _joined(pieces: Sequence[bytes | MemberData]) -> tuple[bytes | MemberData, ...]:
    """The same archive with neighbouring bytes as one piece, and without what is empty."""
    joined: list[bytes | MemberData] = []
    for piece in pieces:
        if isinstance(piece, MemberData):
            if piece.size_bytes:
                joined.append(piece)
        elif joined and isinstance(joined[-1], bytes):
            joined[-1] += piece
        else:
            joined.append(piece)
    return tuple(joined)
