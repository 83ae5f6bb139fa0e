import struct

import pytest

from bootbeam.formats.fields import TruncatedImage
from bootbeam.formats.wim import read_wim
from tests.image_bytes import reading


def wim(table_at: int = 5000, table_bytes: int = 300, images: int = 2) -> bytes:
    header = bytearray(208)
    header[0:8] = b"MSWIM\0\0\0"
    struct.pack_into("<IIII", header, 8, 208, 0x10D00, 0, 32768)
    struct.pack_into("<HHI", header, 40, 1, 1, images)
    struct.pack_into("<QQQ", header, 48, table_bytes | (2 << 56), table_at, table_bytes)
    struct.pack_into("<I", header, 120, 1)
    return bytes(header)


def test_the_header_tells_the_images_and_where_its_tables_end() -> None:
    image = read_wim(reading(wim()))
    assert image is not None
    assert (image.image_count, image.boot_index, image.needed_size_bytes) == (2, 1, 5300)


def test_a_header_that_is_cut_off_is_reported_as_such() -> None:
    with pytest.raises(TruncatedImage):
        read_wim(reading(wim()[:100]))


def test_other_files_are_none() -> None:
    assert read_wim(reading(b"MSWIM")) is None
    assert read_wim(reading(bytes(300))) is None
