"""Hybrid images: an ISO 9660 image that is a disk with partitions too, when written to a USB stick.

Sources: UEFI Specification 2.10 §5.2.1 (legacy MBR), §5.3 (GPT). Apple's partition map is left out: no PC reads it.
``disk`` reads the tables of images that are disks and nothing else, and is stricter.
"""

from binascii import crc32
from collections.abc import Iterator
from dataclasses import dataclass

from bootbeam.errors import ImageError
from bootbeam.formats.disk import MAX_GPT_ENTRIES, MAX_GPT_ENTRY_BYTES
from bootbeam.formats.fields import Fields, ReadAt, read_fields
from bootbeam.formats.image_entry import Extent

DISK_SECTOR_BYTES = 512
_TABLE_OFFSET, _ENTRY_BYTES, _ENTRIES = 0x1BE, 16, 4
_EFI_SYSTEM, _GPT_PROTECTIVE = 0xEF, 0xEE
_GPT_HEADER_BYTES = 92
_GPT_EFI_SYSTEM = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"


@dataclass(frozen=True, slots=True)
class HybridPartition:
    """A partition of the disk that the image also is."""

    number: int
    """From 1, as operating systems count."""
    kind: str
    """Of an MBR partition the type in hex (``ef``), of a GPT one the type GUID."""
    name: str
    """GPT only."""
    is_active: bool
    """BIOS boots it; MBR only."""
    is_efi_system: bool
    extent: Extent
    """Cut at the end of the image."""
    is_cut_off: bool
    """It should be longer than the image."""


@dataclass(frozen=True, slots=True)
class HybridLayout:
    """The partition tables before an ISO 9660 file system."""

    has_boot_code: bool
    """The MBR has a program: BIOS can boot the image as a disk."""
    mbr: tuple[HybridPartition, ...]
    gpt: tuple[HybridPartition, ...]

    @property
    def efi_system_partition(self) -> HybridPartition | None:
        """The first EFI system partition, the GPT's before the MBR's."""
        return next((partition for partition in self.gpt + self.mbr if partition.is_efi_system), None)


def read_hybrid_layout(read_at: ReadAt, size_bytes: int) -> HybridLayout | None:
    """The partitions of the image at ``read_at``; None when its system area holds no partition table.

    Raises:
        ImageError: a GPT header or table that contradicts itself.
    """
    sector = read_at(0, DISK_SECTOR_BYTES)
    if sector[510:512] != b"\x55\xaa":
        return None
    mbr = tuple(_read_mbr(Fields(sector, "MBR"), size_bytes))
    gpt = tuple(_read_gpt(read_at, size_bytes))
    return HybridLayout(any(sector[:440]), mbr, gpt) if mbr or gpt else None


def _partition(
    number: int, kind: str, first: int, count: int, size_bytes: int, *, name: str = "", is_active: bool = False
) -> HybridPartition:
    start, wanted_bytes = first * DISK_SECTOR_BYTES, count * DISK_SECTOR_BYTES
    there_bytes = max(0, min(wanted_bytes, size_bytes - start))
    is_efi_system = kind in (f"{_EFI_SYSTEM:02x}", _GPT_EFI_SYSTEM)
    extent = Extent(start, there_bytes)
    return HybridPartition(number, kind, name, is_active, is_efi_system, extent, there_bytes < wanted_bytes)


def _read_mbr(sector: Fields, size_bytes: int) -> Iterator[HybridPartition]:
    """The protective partition of a GPT is left out. A type of 0 is not: Debian's images have one, active, for BIOS."""
    for index in range(_ENTRIES):
        entry = Fields(sector.take(_TABLE_OFFSET + index * _ENTRY_BYTES, _ENTRY_BYTES), "MBR partition")
        status, kind, first, count = entry.u8(0), entry.u8(4), entry.u32(8), entry.u32(12)
        if status in (0, 0x80) and count and kind != _GPT_PROTECTIVE:
            yield _partition(index + 1, f"{kind:02x}", first, count, size_bytes, is_active=status == 0x80)


def _read_gpt(read_at: ReadAt, size_bytes: int) -> Iterator[HybridPartition]:
    if read_at(DISK_SECTOR_BYTES, 8) != b"EFI PART":
        return
    header = read_fields(read_at, DISK_SECTOR_BYTES, _GPT_HEADER_BYTES, "GPT header")
    unsigned = header.take(0, 16) + bytes(4) + header.take(20, _GPT_HEADER_BYTES - 20)
    table, count, entry_bytes = header.u64(72) * DISK_SECTOR_BYTES, header.u32(80), header.u32(84)
    if header.u32(12) != _GPT_HEADER_BYTES or crc32(unsigned) != header.u32(16):
        raise ImageError("GPT header with a wrong checksum")
    if count > MAX_GPT_ENTRIES or not 128 <= entry_bytes <= MAX_GPT_ENTRY_BYTES:
        raise ImageError(f"GPT header names {count} partition entries of {entry_bytes} bytes each")
    if table + count * entry_bytes > size_bytes:
        raise ImageError("GPT partition entries lie behind the end of the image")
    entries = read_fields(read_at, table, count * entry_bytes, "GPT partition entries")
    if crc32(entries.take(0, count * entry_bytes)) != header.u32(88):
        raise ImageError("GPT partition entries with a wrong checksum")
    for index in range(count):
        entry = Fields(entries.take(index * entry_bytes, entry_bytes), "GPT partition entry")
        first, last = entry.u64(32), entry.u64(40)
        if any(entry.take(0, 16)):
            if last < first:
                raise ImageError(f"GPT partition {index + 1} ends before it begins")
            name = entry.take(56, 72).decode("utf-16-le", "replace").split("\0", 1)[0]
            shown = "".join(character for character in name if character.isprintable())
            yield _partition(index + 1, _guid(entry), first, last - first + 1, size_bytes, name=shown)


def _guid(entry: Fields) -> str:
    """The type, in the mixed byte order of UEFI Specification 2.10 Appendix A."""
    rest = entry.take(8, 8).hex()
    return f"{entry.u32(0):08x}-{entry.u16(4):04x}-{entry.u16(6):04x}-{rest[:4]}-{rest[4:]}"
