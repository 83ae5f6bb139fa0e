"""What firmware could start from a disk image: the boot code in its first sector, EFI programs in its FAT partitions.

Sources: UEFI Specification 2.10 §3.5.1.1 (the names of removable media's boot files) and §5.2.1 (MBR).
"""

from dataclasses import dataclass

from bootbeam.errors import ImageError
from bootbeam.formats.disk import DiskImage
from bootbeam.formats.fat.file_system import open_fat
from bootbeam.formats.fields import ReadAt
from bootbeam.machine import Cpu

MAX_SEARCHED_PARTITIONS = 16
BOOT_CODE_BYTES = 440
"""Of an MBR, before the disk's signature."""
LOADERS = {
    Cpu.X86_64: "EFI/BOOT/BOOTX64.EFI",
    Cpu.I386: "EFI/BOOT/BOOTIA32.EFI",
    Cpu.ARM64: "EFI/BOOT/BOOTAA64.EFI",
    Cpu.ARM32: "EFI/BOOT/BOOTARM.EFI",
    Cpu.RISCV64: "EFI/BOOT/BOOTRISCV64.EFI",
    Cpu.LOONG64: "EFI/BOOT/BOOTLOONGARCH64.EFI",
}
"""What UEFI firmware, and iPXE in its place, looks for on a disk that nobody installed in it."""
_NOT_BOOTABLE = (b"This is not a bootable disk", b"Non-System disk")
"""In the boot code that mkfs.fat and others write only to say that there is none."""


@dataclass(frozen=True, slots=True)
class DiskBoot:
    """What can be started from a disk."""

    has_boot_code: bool
    """For BIOS. Whether that finds what it looks for is seen only when it runs."""
    efi_cpus: tuple[Cpu, ...]
    """The processors it has an EFI boot file for."""


def read_disk_boot(read_at: ReadAt, disk: DiskImage) -> DiskBoot:
    """What the raw image ``disk`` can be started by. A partition that contradicts itself has nothing in it."""
    sector = read_at(0, 512)
    has_boot_code = (
        sector[510:512] == b"\x55\xaa"
        and any(sector[3 if disk.layout == "FAT" else 0 : BOOT_CODE_BYTES])
        and not any(text in sector for text in _NOT_BOOTABLE)
    )
    found: dict[Cpu, None] = {}
    for start in disk.starts[:MAX_SEARCHED_PARTITIONS]:
        found |= dict.fromkeys(read_efi_cpus(read_at, start))
    return DiskBoot(has_boot_code, tuple(found))


def read_efi_cpus(read_at: ReadAt, offset: int) -> tuple[Cpu, ...]:
    """The processors that the FAT file system at ``offset`` has a boot file for; none when there is no FAT."""
    try:
        fat = open_fat(lambda at, size_bytes: read_at(offset + at, size_bytes))
        return tuple(cpu for cpu, path in LOADERS.items() if fat and fat.find(path))
    except ImageError:
        return ()
