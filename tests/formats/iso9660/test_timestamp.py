from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.formats.iso9660.timestamp import decode_long_time, decode_recording_time


def test_the_short_form_counts_years_from_1900_and_quarter_hours_from_greenwich() -> None:
    east = datetime(2024, 2, 29, 23, 59, 58, tzinfo=timezone(timedelta(hours=9))).timestamp()
    assert decode_recording_time(bytes([124, 2, 29, 23, 59, 58, 36])) == east
    west = datetime(1999, 12, 31, 0, 0, 1, tzinfo=timezone(timedelta(hours=-3, minutes=-30))).timestamp()
    assert decode_recording_time(bytes([99, 12, 31, 0, 0, 1, 256 - 14])) == west


def test_the_long_form_is_digits() -> None:
    stamp = datetime(2021, 8, 24, 8, 7, 6, tzinfo=UTC).timestamp()
    assert decode_long_time(b"2021082408070699\0") == stamp
    assert decode_long_time(b"2021082409070699\x04") == stamp


@pytest.mark.parametrize(
    "data", [bytes(7), bytes([99, 13, 1, 0, 0, 0, 0]), bytes([99, 2, 30, 0, 0, 0, 0]), b"", b"abc"]
)
def test_what_is_no_short_date_is_none(data: bytes) -> None:
    assert decode_recording_time(data) is None


@pytest.mark.parametrize("data", [b"0" * 16 + b"\0", b"2021 824080706000", b"20210824250706000", b"", bytes(17)])
def test_what_is_no_long_date_is_none(data: bytes) -> None:
    assert decode_long_time(data) is None


@given(st.binary(min_size=7, max_size=7), st.text("0123456789", min_size=16, max_size=16), st.integers(0, 255))
def test_no_date_raises(short: bytes, digits: str, zone: int) -> None:
    for seconds in (decode_recording_time(short), decode_long_time(digits.encode() + bytes([zone]))):
        assert seconds is None or abs(seconds) < 1e12
