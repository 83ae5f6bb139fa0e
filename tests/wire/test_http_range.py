"""HTTP ranges: vectors from RFC 9110 §14.1.2, and nothing but DecodeError for anything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import DecodeError
from bootbeam.wire.http_range import (
    MAX_RANGE_CHARACTERS,
    ByteRange,
    RangeRequest,
    Unsatisfiable,
    WholeFile,
    decode_range,
    encode_content_range,
    encode_unsatisfied_range,
    requested_part,
    resolve_range,
)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        # The examples of RFC 9110 §14.1.2, for a representation of 10000 bytes.
        ("bytes=0-499", ByteRange(0, 500)),
        ("bytes=500-999", ByteRange(500, 500)),
        ("bytes=-500", ByteRange(9500, 500)),
        ("bytes=9500-", ByteRange(9500, 500)),
        ("bytes=0-0", ByteRange(0, 1)),
        ("bytes=-1", ByteRange(9999, 1)),
        ("bytes=0-", ByteRange(0, 10000)),
        ("bytes=9999-9999", ByteRange(9999, 1)),
        ("bytes=9000-20000", ByteRange(9000, 1000)),
        ("bytes=-20000", ByteRange(0, 10000)),
        ("BYTES=1-2", ByteRange(1, 2)),
        ("bytes= 1-2 ", ByteRange(1, 2)),
        ("bytes=,1-2,", ByteRange(1, 2)),
        ("bytes=0-18446744073709551615", ByteRange(0, 10000)),
        ("bytes=10000-", Unsatisfiable()),
        ("bytes=10000-10001", Unsatisfiable()),
        ("bytes=99999999999999999999999-", Unsatisfiable()),
        ("bytes=-0", Unsatisfiable()),
        ("bytes=5-4", WholeFile()),
        ("bytes=0-1,5-6", WholeFile()),
        ("bytes=", WholeFile()),
        ("bytes=-", WholeFile()),
        ("bytes", WholeFile()),
        ("", WholeFile()),
        ("lines=1-2", WholeFile()),
        ("bytes=1 -2", WholeFile()),
        ("bytes=+1-2", WholeFile()),
        ("bytes=--2", WholeFile()),
        ("bytes=0x1-2", WholeFile()),
        ("bytes=1-2\n", WholeFile()),
        ("bytes=¹-²", WholeFile()),
        ("bytes=٣-٤", WholeFile()),
        ("bytes=abc0-5xyz", WholeFile()),
        (None, WholeFile()),
    ],
)
def test_requested_part_of_ten_thousand_bytes(text: str | None, part: ByteRange | WholeFile | Unsatisfiable) -> None:
    assert requested_part(text, 10000) == part


@pytest.mark.parametrize(
    ("text", "part"),
    [("bytes=0-", Unsatisfiable()), ("bytes=0-0", Unsatisfiable()), ("bytes=-5", WholeFile())],
)
def test_empty_file(text: str, part: WholeFile | Unsatisfiable) -> None:
    assert requested_part(text, 0) == part


def test_positions_over_four_gigabytes() -> None:
    assert requested_part("bytes=4294967296-4294967297", 5 << 30) == ByteRange(1 << 32, 2)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("bytes=0-1,2-3", "2 ranges"),
        ("items=0-1", "another unit"),
        ("bytes=2-1", "ends before"),
        ("bytes=-", "without a number"),
        ("bytes=one-two", "FIRST-LAST"),
        ("bytes=0-" + "1" * MAX_RANGE_CHARACTERS, "longer than"),
    ],
)
def test_decode_error_says_why(text: str, what: str) -> None:
    with pytest.raises(DecodeError, match=what):
        decode_range(text)


def test_longest_text_read_is_read() -> None:
    text = "bytes=0-" + "9" * (MAX_RANGE_CHARACTERS - 8)
    assert decode_range(text).first == 0


def test_content_range_texts() -> None:
    assert encode_content_range(ByteRange(500, 500), 1234) == "bytes 500-999/1234"
    assert encode_unsatisfied_range(1234) == "bytes */1234"


@given(st.text(max_size=200) | st.from_regex(r"bytes=[0-9,\- ]{0,40}", fullmatch=True))
def test_nothing_but_decode_error_escapes(text: str) -> None:
    try:
        wanted = decode_range(text)
    except DecodeError:
        assert requested_part(text, 100) == WholeFile()
    else:
        assert isinstance(wanted, RangeRequest)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_agrees_with_python_slices(size_bytes: int, first: int, length: int) -> None:
    data = bytes(index % 251 for index in range(size_bytes))
    expected = data[first : first + length + 1]
    part = resolve_range(decode_range(f"bytes={first}-{first + length}"), size_bytes)
    if isinstance(part, ByteRange):
        assert part.size_bytes > 0
        assert data[part.offset : part.offset + part.size_bytes] == expected
        assert len(expected) == part.size_bytes
    else:
        assert part == Unsatisfiable()
        assert expected == b""


@given(st.integers(1, 300), st.integers(1, 400))
def test_suffix_agrees_with_python_slices(size_bytes: int, suffix: int) -> None:
    data = bytes(index % 251 for index in range(size_bytes))
    part = resolve_range(decode_range(f"bytes=-{suffix}"), size_bytes)
    assert isinstance(part, ByteRange)
    assert data[part.offset : part.offset + part.size_bytes] == data[-suffix:]
