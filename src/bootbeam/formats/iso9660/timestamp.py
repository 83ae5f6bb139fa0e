"""The two forms of date and time in ISO 9660: ECMA-119 §8.4.26.1 (17 bytes, digits) and §9.1.5 (7 bytes, numbers)."""

from datetime import UTC, datetime

RECORDING_TIME_BYTES = 7
LONG_TIME_BYTES = 17
_QUARTER_HOUR_S = 15 * 60


def decode_recording_time(data: bytes) -> float | None:
    """The 7-byte form, seconds since the epoch; None when it is not set or no date at all."""
    if len(data) != RECORDING_TIME_BYTES or not data[1]:
        return None
    return _seconds(1900 + data[0], data[1], data[2], data[3], data[4], data[5], data[6])


def decode_long_time(data: bytes) -> float | None:
    """The 17-byte form, seconds since the epoch without the hundredths; None when it is not set or no date at all."""
    digits = data[:14]
    if len(data) != LONG_TIME_BYTES or not digits.isdigit():
        return None
    year, *rest = int(digits[:4]), *(int(digits[at : at + 2]) for at in range(4, 14, 2))
    return _seconds(year, rest[0], rest[1], rest[2], rest[3], rest[4], data[16])


def _seconds(year: int, month: int, day: int, hour: int, minute: int, second: int, zone: int) -> float | None:
    """``zone``: quarter hours east of Greenwich, a signed byte."""
    try:
        local_s = datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except ValueError:
        return None
    return local_s - (zone - 256 if zone > 127 else zone) * _QUARTER_HOUR_S
