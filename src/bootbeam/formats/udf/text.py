"""How UDF writes names and times. Sources: OSTA UDF 2.60 §2.1.1 (compressed unicode), §2.1.3 (dstring), §2.1.4;
ECMA-167 §1/7.3 (timestamp)."""

from datetime import UTC, datetime

from bootbeam.errors import ImageError

TIMESTAMP_BYTES = 12
_BITS_8, _BITS_16 = 8, 16
_NO_ZONE = -2047
_LONGEST_ZONE_MIN = 1440


def decode_compressed_unicode(data: bytes) -> str:
    """Text whose first byte says whether a character takes 8 or 16 bits; "" for no bytes.

    Raises:
        ImageError: another first byte, or half a character.
    """
    if not data:
        return ""
    if data[0] == _BITS_8:
        return data[1:].decode("latin-1")
    if data[0] == _BITS_16 and len(data) % 2:
        return data[1:].decode("utf-16-be", "replace")
    raise ImageError(f"UDF name of {len(data)} bytes with compression {data[0]}")


def decode_dstring(data: bytes) -> str:
    """A field of fixed length, its last byte the length used; what cannot be shown in a terminal is left out."""
    used = data[: min(data[-1], len(data) - 1)] if data else b""
    return "".join(c for c in decode_compressed_unicode(used) if c.isprintable()).strip()


def decode_timestamp(data: bytes) -> float | None:
    """Seconds since the epoch; None when it is not set or no date at all."""
    if len(data) != TIMESTAMP_BYTES:
        return None
    zone_min = int.from_bytes(data[:2], "little") & 0x0FFF
    zone_min -= 0x1000 if zone_min & 0x800 else 0
    if zone_min == _NO_ZONE or abs(zone_min) > _LONGEST_ZONE_MIN:
        zone_min = 0
    year = int.from_bytes(data[2:4], "little")
    try:
        local = datetime(year, data[4], data[5], data[6], data[7], data[8], tzinfo=UTC)
    except ValueError:
        return None
    return local.timestamp() + data[9] / 100 - zone_min * 60
