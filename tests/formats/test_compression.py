import bz2
import gzip
import lzma
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.formats.compression import PEEK_BYTES, Compression, compression_of, peek_gzip
from tests.image_bytes import INSTALLER, reading


@pytest.mark.parametrize(
    ("head", "method"),
    [
        (gzip.compress(b"x", mtime=0), Compression.GZIP),
        (lzma.compress(b"x", format=lzma.FORMAT_XZ), Compression.XZ),
        (lzma.compress(b"x", format=lzma.FORMAT_ALONE), Compression.LZMA),
        (bz2.compress(b"x"), Compression.BZIP2),
        (bytes.fromhex("28b52ffd0401"), Compression.ZSTD),
        (bytes.fromhex("02214c18aa00"), Compression.LZ4),
        (bytes.fromhex("04224d186440"), Compression.LZ4),
        (b"\x89LZO\x00\x0d\x0a\x1a\x0a\x10", Compression.LZO),
        (b"BZhello, a text", None),
        (b"\x1f\x9d\x90", None),
        (b"", None),
    ],
)
def test_the_method_is_known_by_the_first_bytes(head: bytes, method: Compression | None) -> None:
    assert compression_of(head) is method


def test_the_beginning_of_a_gzip_file_is_looked_at_and_no_more() -> None:
    asked: list[tuple[int, int]] = []
    bomb = gzip.compress(bytes(50_000_000))

    def read_at(offset: int, size_bytes: int) -> bytes:
        asked.append((offset, size_bytes))
        return bomb[offset : offset + size_bytes]

    assert peek_gzip(read_at) == bytes(PEEK_BYTES)
    assert asked == [(0, PEEK_BYTES)]


def test_a_small_gzip_file_is_seen_whole() -> None:
    contents = random.Random(1).randbytes(1000)
    assert peek_gzip(reading(gzip.compress(contents, mtime=0))) == contents


def test_debians_initrd_holds_a_cpio_archive() -> None:
    assert peek_gzip(reading((INSTALLER / "initrd.gz").read_bytes())).startswith(b"070701")


@given(st.binary(max_size=200))
def test_damage_gives_nothing_or_a_beginning(tail: bytes) -> None:
    assert len(peek_gzip(reading(b"\x1f\x8b\x08" + tail))) <= PEEK_BYTES
