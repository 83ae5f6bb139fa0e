"""Descriptor tags: what a UDF block is, with a checksum over the tag and a CRC over what follows. ECMA-167 §3/7.2."""

from binascii import crc_hqx
from enum import IntEnum
from struct import Struct

from bootbeam.errors import ImageError

TAG_BYTES = 16
_TAG = Struct("<HHBBHHHI")
_CHECKSUM_AT = 4


class TagId(IntEnum):
    """ECMA-167 §3/7.2.1 and §4/7.2.1."""

    PRIMARY_VOLUME = 1
    ANCHOR = 2
    VOLUME_POINTER = 3
    PARTITION = 5
    LOGICAL_VOLUME = 6
    TERMINATING = 8
    FILE_SET = 256
    FILE_IDENTIFIER = 257
    ALLOCATION_EXTENT = 258
    FILE_ENTRY = 261
    EXTENDED_FILE_ENTRY = 266


def check_tag(data: bytes, what: str, location: int | None = None, *, start: int = 0, end: int | None = None) -> int:
    """The tag identifier of the descriptor at ``start``, proven by its checksum and CRC.

    Args:
        data: what the descriptor stands in.
        what: the descriptor's name, for the message.
        location: the logical block or sector that the tag must name; None when it is not checked.
        start: where in ``data`` the descriptor begins.
        end: where in ``data`` it ends at the latest; None for the end of ``data``.

    Raises:
        ImageError: no descriptor is there, or not this one, or it was changed.
    """
    end = len(data) if end is None else end
    if start + TAG_BYTES > end:
        raise ImageError(f"UDF {what} is cut off")
    identifier, _, checksum, _, _, crc, crc_bytes, named = _TAG.unpack_from(data, start)
    tag = data[start : start + TAG_BYTES]
    if not any(tag) or (sum(tag) - tag[_CHECKSUM_AT]) & 0xFF != checksum:
        raise ImageError(f"UDF {what} has no valid descriptor tag")
    body = start + TAG_BYTES
    if body + crc_bytes > end or crc_hqx(data[body : body + crc_bytes], 0) != crc:
        raise ImageError(f"UDF {what} has a wrong CRC")
    if location is not None and named != location:
        raise ImageError(f"UDF {what} at block {location} says that it is block {named}'s")
    return int(identifier)
