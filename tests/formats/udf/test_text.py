import contextlib
import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import ImageError
from bootbeam.formats.udf.text import decode_compressed_unicode, decode_dstring, decode_timestamp


def test_names_have_8_or_16_bits_a_character() -> None:
    assert decode_compressed_unicode(b"\x08Gr\xf6\xdfe") == "Größe"
    assert decode_compressed_unicode(b"\x10" + "漢字😀".encode("utf-16-be")) == "漢字😀"
    assert decode_compressed_unicode(b"") == ""


@pytest.mark.parametrize("data", [b"\x10abc", b"\x00abc", b"\xfeabc", b"\xff"])
def test_other_compressions_and_half_characters_are_an_image_error(data: bytes) -> None:
    with pytest.raises(ImageError):
        decode_compressed_unicode(data)


def test_a_dstring_ends_with_its_length_and_is_fit_for_a_terminal() -> None:
    assert decode_dstring(b"\x08Volume".ljust(31, b"x") + b"\x07") == "Volume"
    assert decode_dstring(b"\x08\x1b[2Jx".ljust(31, b"\0") + b"\x06") == "[2Jx"
    assert decode_dstring(bytes(32)) == ""
    assert decode_dstring(b"") == ""


def timestamp(zone: int, *numbers: int) -> bytes:
    return struct.pack("<HhBBBBBBBB", (1 << 12) | (zone & 0xFFF), *numbers)


def test_times_have_their_distance_from_greenwich_in_minutes() -> None:
    seconds = datetime(2023, 5, 6, 7, 8, 9, tzinfo=UTC).timestamp()
    assert decode_timestamp(timestamp(0, 2023, 5, 6, 7, 8, 9, 0, 0, 0)) == seconds
    assert decode_timestamp(timestamp(540, 2023, 5, 6, 16, 8, 9, 50, 0, 0)) == seconds + 0.5
    assert decode_timestamp(timestamp(-210, 2023, 5, 6, 3, 38, 9, 0, 0, 0)) == seconds
    assert decode_timestamp(timestamp(-2047, 2023, 5, 6, 7, 8, 9, 0, 0, 0)) == seconds


def test_what_is_no_time_is_none() -> None:
    assert decode_timestamp(bytes(12)) is None
    assert decode_timestamp(b"") is None
    assert decode_timestamp(timestamp(0, 2023, 2, 30, 0, 0, 0, 0, 0, 0)) is None


@given(st.binary(max_size=40))
def test_any_bytes_are_text_or_an_image_error(data: bytes) -> None:
    decode_timestamp(data[:12])
    with contextlib.suppress(ImageError):
        decode_compressed_unicode(data)
    with contextlib.suppress(ImageError):
        decode_dstring(data)
