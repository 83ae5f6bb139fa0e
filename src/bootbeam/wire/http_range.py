"""The part of a file a client asks for: HTTP's ``Range`` header against a size (RFC 9110 §14).

Only single ranges are served. Several ranges at once, another unit and nonsense count as no range at all, which
RFC 9110 §14.2 allows: the client gets the whole file with status 200.
"""

import re
from dataclasses import dataclass

from bootbeam.errors import DecodeError

MAX_RANGE_CHARACTERS = 128
"""Far more than one range with 64-bit positions needs; a list of hundreds of ranges is not worth reading."""

_RANGE_SPEC = re.compile(r"(?P<first>[0-9]*)-(?P<last>[0-9]*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class RangeRequest:
    """What a ``Range`` header says, before the size of the file is known (RFC 9110 §14.1.2)."""

    first: int | None = None
    """Position of the first byte; None: the range counts from the end."""
    last: int | None = None
    """Position of the last byte, itself included; None: to the end."""
    suffix_bytes: int | None = None
    """How many bytes from the end; None: the range counts from the start."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """``size_bytes`` bytes from ``offset`` on, all of them inside the file."""

    offset: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class WholeFile:
    """No range applies: status 200."""


@dataclass(frozen=True, slots=True)
class Unsatisfiable:
    """The range lies outside the file: status 416."""


def decode_range(text: str) -> RangeRequest:
    """The single range that a ``Range`` header's value asks for.

    Raises:
        DecodeError: another unit than bytes, several ranges, or nonsense; the header is to be ignored.
    """
    if len(text) > MAX_RANGE_CHARACTERS:
        raise DecodeError(f"range of {len(text)} characters, longer than {MAX_RANGE_CHARACTERS}")
    unit, equals, ranges = text.partition("=")
    if not equals or unit.strip(" \t").lower() != "bytes":
        raise DecodeError("range in another unit than bytes")
    # RFC 9110 §5.6.1.2: empty elements of a list are to be skipped.
    specs = [spec for spec in (part.strip(" \t") for part in ranges.split(",")) if spec]
    if len(specs) != 1:
        raise DecodeError(f"{len(specs)} ranges in one request")
    match = _RANGE_SPEC.fullmatch(specs[0])
    if match is None:
        raise DecodeError("range is not of the form FIRST-LAST")
    first, last = match["first"], match["last"]
    if not first:
        if not last:
            raise DecodeError("range without a number")
        return RangeRequest(suffix_bytes=int(last))
    if last and int(last) < int(first):
        raise DecodeError("range ends before it begins")
    return RangeRequest(first=int(first), last=int(last) if last else None)


def resolve_range(wanted: RangeRequest, size_bytes: int) -> ByteRange | WholeFile | Unsatisfiable:
    """The bytes that ``wanted`` means in a file of ``size_bytes`` bytes.

    A range past the end is cut there, a suffix longer than the file is the whole file (as a range, status 206).
    """
    if wanted.suffix_bytes is not None:
        if wanted.suffix_bytes == 0:
            return Unsatisfiable()
        if size_bytes == 0:
            # Satisfiable by the letter, but no Content-Range can say "no bytes".
            return WholeFile()
        taken = min(wanted.suffix_bytes, size_bytes)
        return ByteRange(size_bytes - taken, taken)
    first = wanted.first or 0
    if first >= size_bytes:
        return Unsatisfiable()
    last = size_bytes - 1 if wanted.last is None else min(wanted.last, size_bytes - 1)
    return ByteRange(first, last - first + 1)


def requested_part(text: str | None, size_bytes: int) -> ByteRange | WholeFile | Unsatisfiable:
    """The part of a file of ``size_bytes`` bytes that a ``Range`` header's value asks for; None: no such header."""
    if text is None:
        return WholeFile()
    try:
        return resolve_range(decode_range(text), size_bytes)
    except DecodeError:
        return WholeFile()


def encode_content_range(part: ByteRange, size_bytes: int) -> str:
    """``Content-Range`` of a 206 answer (RFC 9110 §14.4)."""
    return f"bytes {part.offset}-{part.offset + part.size_bytes - 1}/{size_bytes}"


def encode_unsatisfied_range(size_bytes: int) -> str:
    """``Content-Range`` of a 416 answer."""
    return f"bytes */{size_bytes}"
