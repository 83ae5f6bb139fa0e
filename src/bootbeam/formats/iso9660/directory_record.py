"""Directory records, and the directories made of them. Source: ECMA-119 §6.8.1, §9.1."""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct

from bootbeam.errors import ImageError
from bootbeam.formats.fields import ReadAt
from bootbeam.formats.image_entry import MAX_DIRECTORY_BYTES, Budget, Extent
from bootbeam.formats.iso9660.timestamp import decode_recording_time
from bootbeam.formats.iso9660.volume_descriptor import SECTOR_BYTES

DIRECTORY, ASSOCIATED, MULTI_EXTENT = 0x02, 0x04, 0x80
SELF, PARENT = b"\0", b"\1"
"""The identifiers of a directory's own record and of its parent's, ECMA-119 §6.8.2.2."""
MAX_EMPTY_SECTORS = 64
"""Sectors of a directory without any record. The specification has none; writers were seen to leave one."""
_SECTORS_AT_ONCE = 16
_FIXED = Struct("<BBI4sI4s7sBBB4xB")
_BIG_ENDIAN = Struct(">I")


@dataclass(frozen=True, slots=True)
class DirectoryRecord:
    """One record: a file, a section of a file, or a directory."""

    identifier: bytes
    extent_block: int
    """First logical block, extended attribute record included."""
    extended_attribute_blocks: int
    data_bytes: int
    mtime_s: float | None
    flags: int
    is_interleaved: bool
    system_use: bytes
    disagrees: bool
    """The little-endian and big-endian forms of a number differ; the little-endian one is used."""

    @property
    def data_block(self) -> int:
        """First logical block of the contents."""
        return self.extent_block + self.extended_attribute_blocks


def decode_directory_record(data: bytes, start: int = 0) -> DirectoryRecord:
    """The record at ``start``.

    Raises:
        ImageError: it is shorter than a record or reaches over the end of ``data``.
    """
    length = data[start] if start < len(data) else 0
    if length < _FIXED.size + 1 or start + length > len(data):
        raise ImageError(f"ISO 9660 directory record of {length} bytes, {len(data) - start} are there")
    _, attributes, block, block_big, size, size_big, date, flags, unit, gap, name_bytes = _FIXED.unpack_from(
        data, start
    )
    name_end = _FIXED.size + name_bytes
    if not name_bytes or name_end > length:
        raise ImageError(f"ISO 9660 directory record of {length} bytes with an identifier of {name_bytes}")
    return DirectoryRecord(
        identifier=data[start + _FIXED.size : start + name_end],
        extent_block=block,
        extended_attribute_blocks=attributes,
        data_bytes=size,
        mtime_s=decode_recording_time(date),
        flags=flags,
        is_interleaved=bool(unit or gap),
        system_use=data[start + name_end + 1 - (name_bytes & 1) : start + length],
        disagrees=(block,) != _BIG_ENDIAN.unpack(block_big) or (size,) != _BIG_ENDIAN.unpack(size_big),
    )


def read_directory_records(read_at: ReadAt, directory: Extent, budget: Budget) -> Iterator[DirectoryRecord]:
    """Every record of a directory, its own and its parent's included.

    Args:
        read_at: reads the image.
        directory: the directory's contents; whether they lie inside the image is checked here.
        budget: one record is spent for each.

    Raises:
        ImageError: a record that does not fit into its sector, a directory that is cut off or too large.
    """
    if directory.size_bytes > MAX_DIRECTORY_BYTES:
        raise ImageError(f"ISO 9660 directory of {directory.size_bytes} bytes, larger than any real one")
    empty_sectors, step = 0, _SECTORS_AT_ONCE * SECTOR_BYTES
    for done in range(0, directory.size_bytes, step):
        wanted_bytes = min(step, directory.size_bytes - done)
        data = read_at(directory.offset + done, wanted_bytes)
        if len(data) < wanted_bytes:
            raise ImageError("an ISO 9660 directory lies behind the end of the image")
        for sector_start in range(0, wanted_bytes, SECTOR_BYTES):
            if not data[sector_start]:
                empty_sectors += 1
                if empty_sectors > MAX_EMPTY_SECTORS:
                    raise ImageError("an ISO 9660 directory with nothing but zeros in it")
            yield from _records_of_sector(data[sector_start : sector_start + SECTOR_BYTES], budget)


def _records_of_sector(sector: bytes, budget: Budget) -> Iterator[DirectoryRecord]:
    """Records do not cross from one sector into the next; what is left of a sector is zero (ECMA-119 §6.8.1.1)."""
    start = 0
    while start < len(sector) and sector[start]:
        budget.spend()
        yield decode_directory_record(sector, start)
        start += sector[start]
