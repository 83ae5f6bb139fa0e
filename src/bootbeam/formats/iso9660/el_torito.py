"""El Torito: what firmware boots when the image is a CD, and where in the image it lies.

Sources: "El Torito" Bootable CD-ROM Format Specification 1.0; UEFI Specification 2.10 §13.3.2.1 (platform 0xEF).
"""

from dataclasses import dataclass
from enum import IntEnum

from bootbeam.errors import ImageError
from bootbeam.formats.disk import DiskImage, read_disk
from bootbeam.formats.fields import Fields, ReadAt, printable_text, read_fields
from bootbeam.formats.image_entry import Extent
from bootbeam.formats.iso9660.volume_descriptor import FIRST_DESCRIPTOR_SECTOR, MAX_DESCRIPTORS, SECTOR_BYTES
from bootbeam.machine import Firmware

MAX_CATALOG_BYTES = 4 * SECTOR_BYTES
VIRTUAL_SECTOR_BYTES = 512
_ENTRY_BYTES = 32
_SYSTEM = b"EL TORITO SPECIFICATION"
_BOOTABLE, _MORE_HEADERS, _FINAL_HEADER, _EXTENSION = 0x88, 0x90, 0x91, 0x44
_CONTINUES = 0x20
_CONVENTIONAL_SEGMENT = 0x7C0
_FIRMWARE = {0: Firmware.BIOS, 0xEF: Firmware.UEFI}


class Emulation(IntEnum):
    """What the firmware makes of the boot image; the specification's own numbers."""

    NONE = 0
    FLOPPY_1200K = 1
    FLOPPY_1440K = 2
    FLOPPY_2880K = 3
    HARD_DISK = 4


_FLOPPY_BYTES = {
    Emulation.FLOPPY_1200K: 1200 << 10,
    Emulation.FLOPPY_1440K: 1440 << 10,
    Emulation.FLOPPY_2880K: 2880 << 10,
}


@dataclass(frozen=True, slots=True)
class BootImage:
    """One entry of the boot catalog."""

    platform_id: int
    """0: 80x86 with BIOS, 1: PowerPC, 2: Mac, 0xEF: UEFI."""
    is_bootable: bool
    emulation: Emulation
    load_segment: int
    """Where BIOS loads it: the conventional segment, 0x7C0, where the catalog has 0."""
    system_type: int
    """Partition type of an emulated hard disk."""
    sector_count: int
    """Virtual sectors of 512 bytes that BIOS loads at once; means nothing certain to UEFI."""
    extent: Extent
    """The boot image: as far as is loaded for BIOS without emulation, the whole disk or floppy otherwise."""
    selection_text: str = ""
    """Of the section it stands in."""

    @property
    def firmware(self) -> Firmware | None:
        """Who can boot it; None for what is no PC."""
        return _FIRMWARE.get(self.platform_id)


def read_boot_catalog(read_at: ReadAt, size_bytes: int) -> tuple[BootImage, ...]:
    """All boot images in the catalog's order, those not bootable included; empty when there is no catalog.

    Args:
        read_at: reads the image.
        size_bytes: the image's size.

    Raises:
        ImageError: the catalog or an entry contradicts itself, or a boot image lies behind the end of the image.
    """
    sector = _find_catalog(read_at)
    if sector is None:
        return ()
    data = read_at(sector * SECTOR_BYTES, MAX_CATALOG_BYTES)
    _check_validation_entry(data)
    images = [_read_image(read_at, size_bytes, _entry(data, 1), data[1], "")]
    at, platform_id, text, expected, final = 2, 0, "", 0, False
    while (at + 1) * _ENTRY_BYTES <= len(data):
        entry = _entry(data, at)
        at += 1
        if expected:
            expected -= 1
            images.append(_read_image(read_at, size_bytes, entry, platform_id, text))
            at = _skip_extensions(data, at) if entry.u8(1) & _CONTINUES else at
        elif not final and entry.u8(0) in (_MORE_HEADERS, _FINAL_HEADER):
            final, platform_id, expected = entry.u8(0) == _FINAL_HEADER, entry.u8(1), entry.u16(2)
            text = printable_text(entry.take(4, 28))
        else:
            return tuple(images)
    raise ImageError("El Torito boot catalog does not end")


def _find_catalog(read_at: ReadAt) -> int | None:
    for sector in range(FIRST_DESCRIPTOR_SECTOR, FIRST_DESCRIPTOR_SECTOR + MAX_DESCRIPTORS):
        data = read_at(sector * SECTOR_BYTES, SECTOR_BYTES)
        if len(data) < SECTOR_BYTES or data[1:6] != b"CD001":
            return None
        if data[0] == 0 and data[7 : 7 + len(_SYSTEM)] == _SYSTEM:
            return Fields(data, "El Torito boot record").u32(0x47)
    return None


def _entry(data: bytes, index: int) -> Fields:
    return Fields(data[index * _ENTRY_BYTES : (index + 1) * _ENTRY_BYTES], f"entry {index} of the El Torito catalog")


def _check_validation_entry(data: bytes) -> None:
    entry = _entry(data, 0)
    words = sum(entry.u16(offset) for offset in range(0, _ENTRY_BYTES, 2))
    if entry.u8(0) != 1 or entry.take(30, 2) != b"\x55\xaa" or words & 0xFFFF:
        raise ImageError("El Torito boot catalog without a valid validation entry")


def _skip_extensions(data: bytes, at: int) -> int:
    while (at + 1) * _ENTRY_BYTES <= len(data) and _entry(data, at).u8(0) == _EXTENSION:
        at += 1
        if not _entry(data, at - 1).u8(1) & _CONTINUES:
            break
    return at


def _read_image(read_at: ReadAt, size_bytes: int, entry: Fields, platform_id: int, text: str) -> BootImage:
    try:
        emulation = Emulation(entry.u8(1) & 0x0F)
    except ValueError:
        raise ImageError(f"El Torito boot image with media type {entry.u8(1) & 0x0F}") from None
    offset, sectors = entry.u32(8) * SECTOR_BYTES, entry.u16(6)
    wanted_bytes = _size_of(read_at, size_bytes, offset, sectors * VIRTUAL_SECTOR_BYTES, emulation, platform_id)
    is_bootable = entry.u8(0) == _BOOTABLE
    if offset + wanted_bytes > size_bytes and is_bootable:
        raise ImageError(f"El Torito boot image at byte {offset} ends behind the end of the image")
    return BootImage(
        platform_id=platform_id,
        is_bootable=is_bootable,
        emulation=emulation,
        load_segment=entry.u16(2) or _CONVENTIONAL_SEGMENT,
        system_type=entry.u8(4),
        sector_count=sectors,
        extent=Extent(offset, wanted_bytes),
        selection_text=text,
    )


def _size_of(
    read_at: ReadAt, size_bytes: int, offset: int, counted_bytes: int, emulation: Emulation, platform_id: int
) -> int:
    """The size of the boot image at ``offset``; ``counted_bytes`` is what the entry says."""
    if emulation in _FLOPPY_BYTES:
        return _FLOPPY_BYTES[emulation]
    is_efi = _FIRMWARE.get(platform_id) is Firmware.UEFI
    if emulation is Emulation.HARD_DISK or is_efi:
        # The count has 16 bits: 32 MiB. Writers put 0, 1 or what fits for an EFI system partition that is larger.
        disk = _disk_at(read_at, offset)
        inner_bytes = disk.needed_size_bytes if disk and disk.is_raw else 0
        if counted_bytes < inner_bytes <= size_bytes - offset:
            return inner_bytes
        if is_efi and counted_bytes <= VIRTUAL_SECTOR_BYTES:  # UEFI: then it goes on to the end of the CD.
            return max(size_bytes - offset, 0)
    return counted_bytes


def _disk_at(read_at: ReadAt, offset: int) -> DiskImage | None:
    sector = read_fields(read_at, offset, VIRTUAL_SECTOR_BYTES, "El Torito boot image").take(0, VIRTUAL_SECTOR_BYTES)
    if not any(sector):
        return None
    return read_disk(lambda at, wanted_bytes: read_at(offset + at, wanted_bytes))
