"""The System Use Sharing Protocol: the entries behind a directory record's name, wherever they continue.

Source: SUSP 1.12 (IEEE P1281). What the entries mean is the extension's affair: see ``rock_ridge``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bootbeam.errors import ImageError
from bootbeam.formats.fields import Fields, ReadAt
from bootbeam.formats.image_entry import Budget

MAX_CONTINUATIONS = 64
"""Continuation areas (``CE``) of one record. A symlink of 4096 bytes takes about 20 entries, in no more areas."""
MAX_CONTINUATION_BYTES = 65536
"""Of one area. The specification allows one sector; older libisofs wrote longer ones."""
_HEADER_BYTES = 4
_CD_XA_BYTES = 14
"""SUSP §5.3: on CD-ROM XA the ``SP`` entry stands behind the XA attributes."""


@dataclass(frozen=True, slots=True)
class SystemUseEntry:
    """One entry, without its header of signature, length and version."""

    signature: bytes
    data: bytes


class SystemUseReader:
    """Reads the entries of records of one volume."""

    def __init__(self, read_at: ReadAt, block_bytes: int, skip_bytes: int = 0) -> None:
        self._read_at = read_at
        self._block_bytes = block_bytes
        self._skip_bytes = skip_bytes

    def entries(self, system_use: bytes, budget: Budget) -> Iterator[SystemUseEntry]:
        """All entries of one record, continuation areas included, ``CE``, ``PD`` and ``ST`` left out.

        Raises:
            ImageError: an entry longer than its area, continuation areas that lead in a circle or out of the image.
        """
        area, seen = system_use[self._skip_bytes :], set[tuple[int, int]]()
        while True:
            continuation: Fields | None = None
            for entry in _entries_of_area(area):
                if entry.signature == b"CE":
                    continuation = Fields(entry.data, "SUSP CE entry")
                elif entry.signature == b"ST":
                    break
                elif entry.signature != b"PD":
                    yield entry
            if continuation is None:
                return
            place = continuation.u32(0), continuation.u32(8)
            if place in seen or len(seen) >= MAX_CONTINUATIONS:
                raise ImageError("SUSP continuation areas lead in a circle")
            seen.add(place)
            area = self._read_area(*place, continuation.u32(16), budget)

    def _read_area(self, block: int, offset: int, size_bytes: int, budget: Budget) -> bytes:
        if size_bytes > MAX_CONTINUATION_BYTES:
            raise ImageError(f"SUSP continuation area of {size_bytes} bytes")
        budget.spend(1 + size_bytes // 64)
        area = self._read_at(block * self._block_bytes + offset, size_bytes)
        if len(area) < size_bytes:
            raise ImageError("a SUSP continuation area lies behind the end of the image")
        return area


def _entries_of_area(area: bytes) -> Iterator[SystemUseEntry]:
    at = 0
    while at + _HEADER_BYTES <= len(area) and area[at]:  # up to three bytes, or zeros, may be left over
        length = area[at + 2]
        if length < _HEADER_BYTES or at + length > len(area):
            raise ImageError(f"SUSP entry {area[at : at + 2]!r} of {length} bytes, {len(area) - at} are there")
        yield SystemUseEntry(area[at : at + 2], area[at + _HEADER_BYTES : at + length])
        at += length


@dataclass(frozen=True, slots=True)
class SharingProtocol:
    """The ``SP`` entry, which stands in the root directory's own record on every volume that uses the protocol."""

    start: int
    """Where it stands in that record's system use field."""
    skip_bytes: int
    """What every other record has before its first entry."""


def find_sharing_protocol(system_use: bytes) -> SharingProtocol | None:
    """By the system use field of the root directory's own record (SUSP §5.3); None when it has no ``SP`` entry."""
    for start in (0, _CD_XA_BYTES):
        if system_use[start : start + 6] == b"SP\x07\x01\xbe\xef" and len(system_use) > start + 6:
            return SharingProtocol(start, system_use[start + 6])
    return None
