import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import ImageError
from bootbeam.formats.udf.tag import TagId, check_tag
from tests.formats.udf.blocks import crc, sealed


def test_the_crc_is_the_specifications_own() -> None:
    assert crc(bytes([0x70, 0x6A, 0x77])) == 0x3299  # ECMA-167 §3/7.2.6's example


def test_a_whole_descriptor_is_known_by_its_tag() -> None:
    data = b"before" + sealed(256, 77, b"contents") + b"behind"
    assert check_tag(data, "thing", 77, start=6) == TagId.FILE_SET
    assert check_tag(data, "thing", start=6) == TagId.FILE_SET


def test_another_blocks_descriptor_is_an_image_error() -> None:
    with pytest.raises(ImageError, match="block 77's"):
        check_tag(sealed(256, 77, b"contents"), "thing", 78)


@pytest.mark.parametrize("offset", range(24))
def test_any_changed_byte_is_an_image_error(offset: int) -> None:
    data = bytearray(sealed(256, 77, b"contents"))
    data[offset] ^= 0x40
    with pytest.raises(ImageError):
        check_tag(bytes(data), "thing", 77)


def test_a_descriptor_that_is_cut_off_or_not_there_is_an_image_error() -> None:
    whole = sealed(256, 77, b"contents")
    for data in (whole[:-1], whole[:10], b"", bytes(2048)):
        with pytest.raises(ImageError):
            check_tag(data, "thing")
    with pytest.raises(ImageError):
        check_tag(whole, "thing", end=len(whole) - 1)


@given(st.binary(max_size=64), st.integers(0, 70))
def test_any_bytes_are_a_descriptor_or_an_image_error(data: bytes, start: int) -> None:
    with contextlib.suppress(ImageError):
        check_tag(data, "thing", start=start)
