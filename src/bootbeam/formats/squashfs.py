"""squashfs file systems, recognised and no more.

Source: Linux ``Documentation/filesystems/squashfs.rst``, ``fs/squashfs/squashfs_fs.h``.
"""

from dataclasses import dataclass

from bootbeam.formats.fields import ReadAt, read_fields

MAGIC = b"hsqs"
SUPERBLOCK_BYTES = 96


@dataclass(frozen=True, slots=True)
class SquashfsImage:
    """A squashfs file system."""

    needed_size_bytes: int
    """``bytes_used`` of the superblock: the file system without its padding."""


def read_squashfs(read_at: ReadAt) -> SquashfsImage | None:
    """The squashfs at offset 0, None when it is not one.

    Raises:
        TruncatedImage: the superblock is not complete.
    """
    if read_at(0, 4) != MAGIC:
        return None
    superblock = read_fields(read_at, 0, SUPERBLOCK_BYTES, "squashfs superblock")
    return SquashfsImage(max(SUPERBLOCK_BYTES, superblock.u64(40)))
