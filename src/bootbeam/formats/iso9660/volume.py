"""The volume descriptors that hold a directory tree each: primary, Joliet's and the enhanced one.

Sources: ECMA-119 §8.4 and §8.5, its 4th edition's §8.5 (enhanced volume descriptor), Joliet Specification.
"""

from dataclasses import dataclass
from enum import StrEnum

from bootbeam.errors import ImageError
from bootbeam.formats.fields import Fields, ReadAt, read_fields
from bootbeam.formats.iso9660.directory_record import SELF, DirectoryRecord, decode_directory_record
from bootbeam.formats.iso9660.volume_descriptor import (
    FIRST_DESCRIPTOR_SECTOR,
    JOLIET_ESCAPES,
    MAX_DESCRIPTORS,
    SECTOR_BYTES,
)

_PRIMARY, _SUPPLEMENTARY, _TERMINATOR = 1, 2, 255
_ENHANCED_VERSION = 2
_BLOCK_SIZES = (512, 1024, 2048)
_ROOT_RECORD, _ROOT_RECORD_BYTES = 156, 34


class TreeKind(StrEnum):
    """Which directory tree of an ISO 9660 image, by where its names come from."""

    PRIMARY = "ISO 9660"
    ENHANCED = "ISO 9660:1999"
    JOLIET = "Joliet"


@dataclass(frozen=True, slots=True)
class Volume:
    """One volume descriptor with its directory tree."""

    kind: TreeKind
    block_bytes: int
    """Size of a logical block, what extents count in."""
    root: DirectoryRecord
    disagrees: bool
    """The two forms of the block size differ; the little-endian one is used."""


def read_volumes(read_at: ReadAt) -> dict[TreeKind, Volume]:
    """The directory trees of an ISO 9660 image, the first of each kind; empty when it is none.

    Raises:
        ImageError: a descriptor with a block size or root directory that cannot be.
    """
    volumes: dict[TreeKind, Volume] = {}
    for sector in range(FIRST_DESCRIPTOR_SECTOR, FIRST_DESCRIPTOR_SECTOR + MAX_DESCRIPTORS):
        data = read_at(sector * SECTOR_BYTES, SECTOR_BYTES)
        if len(data) < SECTOR_BYTES or data[1:6] != b"CD001" or data[0] == _TERMINATOR:
            break
        kind = _kind_of(Fields(data, "ISO 9660 volume descriptor"))
        if kind and kind not in volumes:
            volumes[kind] = _decode_volume(Fields(data, f"{kind} volume descriptor"), kind)
    return volumes


def _kind_of(descriptor: Fields) -> TreeKind | None:
    if descriptor.u8(0) == _PRIMARY:
        return TreeKind.PRIMARY
    if descriptor.u8(0) != _SUPPLEMENTARY:
        return None
    if descriptor.u8(6) == _ENHANCED_VERSION:
        return TreeKind.ENHANCED
    return TreeKind.JOLIET if descriptor.take(88, 3) in JOLIET_ESCAPES else None


def _decode_volume(descriptor: Fields, kind: TreeKind) -> Volume:
    block_bytes = descriptor.u16(128)
    if block_bytes not in _BLOCK_SIZES:
        raise ImageError(f"ISO 9660 logical block size of {block_bytes} bytes")
    return Volume(
        kind,
        block_bytes,
        decode_directory_record(descriptor.take(_ROOT_RECORD, _ROOT_RECORD_BYTES)),
        disagrees=int.from_bytes(descriptor.take(130, 2), "big") != block_bytes,
    )


def read_own_record(read_at: ReadAt, volume: Volume, block: int) -> DirectoryRecord:
    """The record that a directory at logical block ``block`` holds of itself, always its first (ECMA-119 §6.8.2.2).

    Raises:
        ImageError: there is none.
    """
    sector = read_fields(read_at, block * volume.block_bytes, SECTOR_BYTES, "ISO 9660 directory")
    record = decode_directory_record(sector.take(0, SECTOR_BYTES))
    if record.identifier != SELF:
        raise ImageError("an ISO 9660 directory does not begin with its own record")
    return record
