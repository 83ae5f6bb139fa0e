"""The bounds-checked reader that every decoder uses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import DecodeError
from bootbeam.wire.cursor import Cursor


def test_numbers_are_taken_in_network_order() -> None:
    cursor = Cursor(b"\x01\x02\x03\x04\x05\x06\x07rest")
    assert cursor.take_u8("a") == 1
    assert cursor.take_u16("b") == 0x0203
    assert cursor.take_u32("c") == 0x04050607
    assert cursor.offset == 7
    assert cursor.remaining_bytes == 4
    assert cursor.take_rest() == b"rest"
    assert cursor.take_rest() == b""


def test_it_starts_where_it_is_told_and_reads_memoryviews() -> None:
    assert Cursor(memoryview(b"abcdef"), 2).take(3, "x") == b"cde"


def test_text_ends_before_its_nul_and_the_nul_is_taken() -> None:
    cursor = Cursor(b"name\0\0x")
    assert cursor.take_until_nul("name") == b"name"
    assert cursor.take_until_nul("empty") == b""
    assert cursor.take_rest() == b"x"


@pytest.mark.parametrize("start", [0, 1, 2])
def test_what_is_not_there_cannot_be_taken_and_the_error_says_where(start: int) -> None:
    cursor = Cursor(b"ab", start)
    with pytest.raises(DecodeError, match="serial number") as caught:
        cursor.take(3 - start, "serial number")
    assert caught.value.offset == start
    assert cursor.offset == start
    with pytest.raises(DecodeError, match="no terminating NUL"):
        cursor.take_until_nul("text")
    with pytest.raises(DecodeError):
        cursor.take_u32("number")


def test_a_negative_length_takes_nothing() -> None:
    cursor = Cursor(b"abc", 2)
    with pytest.raises(DecodeError):
        cursor.take(-1, "length from the network")
    assert cursor.offset == 2


@given(st.binary(max_size=60), st.lists(st.integers(0, 20), max_size=12))
def test_the_pieces_taken_are_the_bytes_given(content: bytes, sizes: list[int]) -> None:
    cursor = Cursor(content)
    taken = b""
    for size in sizes:
        if size > cursor.remaining_bytes:
            with pytest.raises(DecodeError):
                cursor.take(size, "piece")
        else:
            taken += cursor.take(size, "piece")
    assert taken + cursor.take_rest() == content
