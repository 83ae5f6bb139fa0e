import struct

import pytest

from bootbeam.formats.fields import TruncatedImage
from bootbeam.formats.squashfs import SquashfsImage, read_squashfs
from tests.image_bytes import reading


def superblock(bytes_used: int) -> bytes:
    block = bytearray(96)
    block[0:4] = b"hsqs"
    struct.pack_into("<HH", block, 28, 4, 0)
    struct.pack_into("<Q", block, 40, bytes_used)
    return bytes(block)


def test_the_superblock_tells_the_bytes_used() -> None:
    assert read_squashfs(reading(superblock(123_456))) == SquashfsImage(123_456)


def test_a_superblock_that_is_cut_off_is_reported_as_such() -> None:
    with pytest.raises(TruncatedImage):
        read_squashfs(reading(superblock(1)[:50]))


def test_other_files_are_none() -> None:
    assert read_squashfs(reading(b"sqsh" + bytes(100))) is None
