"""File entries: what a file or directory is, and in which extents its contents lie.

Sources: ECMA-167 §4/14.6 (ICB tag), §4/14.9 (file entry), §4/14.17 (extended file entry), §4/14.14 (allocation
descriptors), §4/14.5 (their continuation); OSTA UDF 2.60 §2.3.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from bootbeam.errors import ImageError
from bootbeam.formats.fields import Fields, ReadAt
from bootbeam.formats.image_entry import Budget, Extent, joined_extents
from bootbeam.formats.udf.tag import TagId, check_tag
from bootbeam.formats.udf.text import decode_timestamp
from bootbeam.formats.udf.volume import LogicalVolume, LongAllocation, decode_long_allocation

MAX_ALLOCATION_DESCRIPTORS = 65536
"""Of one file. Each is good for 1 GiB; media written in one go have one for each GiB."""
_STRATEGY_DIRECT = 4
_RECORDED, _CONTINUED = 0, 3
_SHORT, _LONG, _EMBEDDED = 0, 1, 3
_SHORT_BYTES, _LONG_BYTES = 8, 16
_SPARSE = "has parts that were never recorded"


class FileType(IntEnum):
    """ECMA-167 §4/14.6.6, OSTA UDF 2.60 §2.3.5.2: those that a reader of files meets."""

    UNSPECIFIED = 0
    DIRECTORY = 4
    REGULAR = 5
    SYMLINK = 12
    REAL_TIME = 249


@dataclass(frozen=True, slots=True)
class Address:
    """A logical block of a partition."""

    partition: int
    block: int


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file entry or an extended file entry, one logical block."""

    file_type: int
    size_bytes: int
    extents: tuple[Extent, ...]
    """Of the contents, in order; empty when ``unreadable``."""
    mtime_s: float | None
    unreadable: str


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the fields of one of the two kinds stand; the start is the same in both."""

    mtime: int
    attributes_length: int
    attributes: int


_LAYOUTS = {
    int(TagId.FILE_ENTRY): _Layout(mtime=84, attributes_length=168, attributes=176),
    int(TagId.EXTENDED_FILE_ENTRY): _Layout(mtime=92, attributes_length=208, attributes=216),
}


def read_file_entry(read_at: ReadAt, volume: LogicalVolume, address: Address, budget: Budget) -> FileEntry:
    """The file entry at ``address``; whether its extents lie inside the image is for the caller to check.

    Raises:
        ImageError: there is none, or it contradicts itself.
    """
    budget.spend()
    offset = volume.offset_of(address.partition, address.block)
    data = read_at(offset, volume.block_bytes)
    layout = _LAYOUTS.get(check_tag(data, "file entry", address.block))
    if layout is None:
        raise ImageError(f"UDF block {address.block} should be a file entry and is another descriptor")
    fields = Fields(data, "UDF file entry")
    if fields.u16(20) != _STRATEGY_DIRECT:
        raise ImageError(f"UDF file entry with strategy {fields.u16(20)}, made for media that are written once")
    size_bytes, form = fields.u64(56), fields.u16(34) & 7
    start = layout.attributes + fields.u32(layout.attributes_length)
    length = fields.u32(layout.attributes_length + 4)
    descriptors = fields.take(start, length)
    mtime_s = decode_timestamp(fields.take(layout.mtime, 12))
    if form == _EMBEDDED:
        if size_bytes > length:
            raise ImageError(f"UDF file entry with {size_bytes} bytes of contents in a space of {length}")
        extents, unreadable = joined_extents([Extent(offset + start, size_bytes)]), ""
    elif form in (_SHORT, _LONG):
        reader = _AllocationReader(read_at, volume, address.partition, form, budget)
        extents, unreadable = reader.extents(descriptors, size_bytes)
    else:
        extents, unreadable = (), "is described by extended allocation descriptors"
    return FileEntry(fields.u8(27), size_bytes, extents, mtime_s, unreadable)


class _AllocationReader:
    """Turns the allocation descriptors of one file into extents."""

    def __init__(self, read_at: ReadAt, volume: LogicalVolume, partition: int, form: int, budget: Budget) -> None:
        self._read_at = read_at
        self._volume = volume
        self._partition = partition
        self._form = form
        self._budget = budget

    def extents(self, descriptors: bytes, size_bytes: int) -> tuple[tuple[Extent, ...], str]:
        """The extents of the first ``size_bytes`` bytes, or why there are none."""
        found, left = list[Extent](), size_bytes
        for allocation in self._allocations(descriptors):
            if left <= 0:
                break
            if allocation.kind != _RECORDED:
                return (), _SPARSE
            taken_bytes = min(left, allocation.size_bytes)
            found.append(Extent(self._offset_of(allocation), taken_bytes))
            left -= taken_bytes
        if left > 0:
            return (), _SPARSE
        return joined_extents(found), ""

    def _offset_of(self, allocation: LongAllocation) -> int:
        return self._volume.offset_of(allocation.partition, allocation.block)

    def _allocations(self, descriptors: bytes) -> Iterator[LongAllocation]:
        """Every descriptor up to the first of length 0, those in continuation blocks included."""
        step, seen = (_SHORT_BYTES if self._form == _SHORT else _LONG_BYTES), 0
        at = 0
        while at + step <= len(descriptors):
            allocation = self._decode(descriptors[at : at + step])
            at, seen = at + step, seen + 1
            if seen > MAX_ALLOCATION_DESCRIPTORS:
                raise ImageError("UDF file in more extents than any real one")
            if not seen % 4:
                self._budget.spend()
            if not allocation.size_bytes:
                return
            if allocation.kind == _CONTINUED:
                descriptors, at = self._read_continuation(allocation), 0
            else:
                yield allocation

    def _decode(self, data: bytes) -> LongAllocation:
        if self._form == _LONG:
            return decode_long_allocation(data)
        return decode_long_allocation(data + self._partition.to_bytes(2, "little"))

    def _read_continuation(self, allocation: LongAllocation) -> bytes:
        """ECMA-167 §4/14.5: a block of descriptors behind a header of 24 bytes."""
        self._budget.spend()
        data = self._read_at(self._offset_of(allocation), self._volume.block_bytes)
        if check_tag(data, "allocation extent", allocation.block) != TagId.ALLOCATION_EXTENT:
            raise ImageError(f"UDF block {allocation.block} should hold allocation descriptors")
        fields = Fields(data, "UDF allocation extent")
        return fields.take(24, fields.u32(20))
