"""Compressed files: which method, and a bounded look at what is inside a gzip file.

Sources: RFC 1952 (gzip), RFC 8878 (zstd), the xz, bzip2, lz4 and lzop formats' own first bytes.
"""

import zlib
from enum import StrEnum

from bootbeam.formats.fields import ReadAt

PEEK_BYTES = 65536
"""How much of a gzip file is read, and at most how much of its contents is looked at: enough for every header
that is searched for (Multiboot 2 wants 32 KiB, ISO 9660 lies at 32 KiB)."""

_GZIP_DEFLATE = b"\x1f\x8b\x08"
_WBITS_GZIP = 31
_BZIP2_BLOCK = bytes.fromhex("314159265359")
"""Follows "BZh" and the block size."""


class Compression(StrEnum):
    """A compression method, in the words of the kernel's build."""

    GZIP = "gzip"
    XZ = "xz"
    ZSTD = "zstd"
    BZIP2 = "bzip2"
    LZMA = "lzma"
    LZ4 = "lz4"
    LZO = "lzo"


_MAGICS: tuple[tuple[bytes, Compression], ...] = (
    (_GZIP_DEFLATE, Compression.GZIP),
    (b"\xfd7zXZ\0", Compression.XZ),
    (b"\x28\xb5\x2f\xfd", Compression.ZSTD),
    (b"\x5d\0\0", Compression.LZMA),
    (b"\x02\x21\x4c\x18", Compression.LZ4),
    (b"\x04\x22\x4d\x18", Compression.LZ4),
    (b"\x89LZO\0\r\n\x1a\n", Compression.LZO),
)


def compression_of(head: bytes) -> Compression | None:
    """The method of a file that starts with ``head``, None when it is not compressed."""
    if head[:3] == b"BZh" and head[4:10] == _BZIP2_BLOCK:
        return Compression.BZIP2
    return next((method for magic, method in _MAGICS if head.startswith(magic)), None)


def peek_gzip(read_at: ReadAt) -> bytes:
    """The first bytes inside a gzip file, at most ``PEEK_BYTES``; b"" when it is damaged from the start."""
    unpacker = zlib.decompressobj(_WBITS_GZIP)
    try:
        return unpacker.decompress(read_at(0, PEEK_BYTES), PEEK_BYTES)
    except zlib.error:
        return b""
