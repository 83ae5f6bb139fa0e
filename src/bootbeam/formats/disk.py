"""Raw disk images (GPT, MBR, a bare FAT file system), and the containers that must be converted to raw first.

Sources: UEFI Specification 2.10 §5.2 (MBR) and §5.3 (GPT), Microsoft FAT32 File System Specification.
Partitions are looked at only to know how large the image must be.
"""

from dataclasses import dataclass

from bootbeam.errors import ImageError
from bootbeam.formats.fields import Fields, ReadAt, printable_text

MAX_GPT_ENTRIES = 1024
MAX_GPT_ENTRY_BYTES = 4096
_MBR_TABLE_OFFSET, _MBR_ENTRY_BYTES = 0x1BE, 16
_MBR_EFI_SYSTEM, _MBR_GPT_PROTECTIVE = 0xEF, 0xEE
_GPT_EFI_SYSTEM = bytes.fromhex("28732ac11ff8d211ba4b00a0c93ec93b")
_CONTAINERS = (
    (b"QFI\xfb", "qcow2"),
    (b"KDMV", "VMDK"),
    (b"vhdxfile", "VHDX"),
    (b"conectix", "VHD"),
)


@dataclass(frozen=True, slots=True)
class DiskImage:
    """An image of a whole disk."""

    layout: str
    """"GPT", "MBR", "FAT" (no partitions), or the container: "qcow2", "VMDK", "VHDX", "VHD"."""
    partitions: int
    """How many are in use."""
    has_efi_system_partition: bool
    label: str = ""
    """Volume label of a bare FAT file system."""
    starts: tuple[int, ...] = ()
    """Where the partitions begin, in bytes, EFI system partitions first; 0 for a bare file system."""
    needed_size_bytes: int = 0
    """End of the last partition or of the file system; a GPT's second copy behind it is not insisted on."""

    @property
    def is_raw(self) -> bool:
        """The bytes are the disk's own, not wrapped in a virtual machine's container."""
        return self.layout in ("GPT", "MBR", "FAT")


def read_disk(read_at: ReadAt) -> DiskImage | None:
    """The disk image, None when there is no plausible partition table or FAT.

    Raises:
        ImageError: a GPT header that contradicts itself.
    """
    head = read_at(0, 4096 + 512)
    for magic, container in _CONTAINERS:
        if head.startswith(magic):
            return DiskImage(container, 0, False)
    for sector_bytes in (512, 4096):
        if head[sector_bytes : sector_bytes + 8] == b"EFI PART" and len(head) >= sector_bytes + 92:
            return _read_gpt(read_at, Fields(head[sector_bytes : sector_bytes + 92], "GPT header"), sector_bytes)
    if head[510:512] != b"\x55\xaa":
        return None
    return _read_fat(Fields(head[:512], "FAT boot sector")) or _read_mbr(Fields(head[:512], "MBR"))


def _read_gpt(read_at: ReadAt, header: Fields, sector_bytes: int) -> DiskImage:
    table, count, entry_bytes = header.u64(72) * sector_bytes, header.u32(80), header.u32(84)
    if count > MAX_GPT_ENTRIES or not 128 <= entry_bytes <= MAX_GPT_ENTRY_BYTES:
        raise ImageError(f"GPT header names {count} partition entries of {entry_bytes} bytes each")
    end = table + count * entry_bytes
    starts: list[tuple[bool, int]] = []
    data = read_at(table, count * entry_bytes)
    for start in range(0, len(data) - entry_bytes + 1, entry_bytes):
        entry = Fields(data[start : start + entry_bytes], "GPT partition entry")
        if any(entry.take(0, 16)):
            starts.append((entry.take(0, 16) == _GPT_EFI_SYSTEM, entry.u64(32) * sector_bytes))
            end = max(end, (entry.u64(40) + 1) * sector_bytes)
    return _partitioned("GPT", starts, end)


def _read_mbr(sector: Fields) -> DiskImage | None:
    end = 512
    starts: list[tuple[bool, int]] = []
    for offset in range(_MBR_TABLE_OFFSET, _MBR_TABLE_OFFSET + 4 * _MBR_ENTRY_BYTES, _MBR_ENTRY_BYTES):
        status, kind = sector.u8(offset), sector.u8(offset + 4)
        first, count = sector.u32(offset + 8), sector.u32(offset + 12)
        if kind == 0:
            continue
        if status not in (0, 0x80) or first == 0 or count == 0:
            return None  # Not a partition table: the boot code or text of something else.
        starts.append((kind == _MBR_EFI_SYSTEM, first * 512))
        if kind != _MBR_GPT_PROTECTIVE:  # It covers the largest size there is, whatever the disk's own.
            end = max(end, (first + count) * 512)
    return _partitioned("MBR", starts, end) if starts else None


def _partitioned(layout: str, partitions: list[tuple[bool, int]], end: int) -> DiskImage:
    """``partitions``: whether each is an EFI system partition, and where it begins."""
    starts = tuple(start for _, start in sorted(partitions, key=lambda one: not one[0]))
    has_esp = any(is_esp for is_esp, _ in partitions)
    return DiskImage(layout, len(partitions), has_esp, starts=starts, needed_size_bytes=end)


def _read_fat(sector: Fields) -> DiskImage | None:
    """A FAT file system with no partition table round it."""
    is_fat32 = sector.take(0x52, 5) == b"FAT32"
    if not is_fat32 and sector.take(0x36, 3) != b"FAT":
        return None
    sector_bytes, cluster_sectors = sector.u16(0x0B), sector.u8(0x0D)
    sectors = sector.u16(0x13) or sector.u32(0x20)
    if sector_bytes not in (512, 1024, 2048, 4096) or cluster_sectors & (cluster_sectors - 1) or not sectors:
        return None
    label = printable_text(sector.take(0x47 if is_fat32 else 0x2B, 11))
    label = "" if label == "NO NAME" else label
    return DiskImage("FAT", 0, False, label, starts=(0,), needed_size_bytes=sectors * sector_bytes)
