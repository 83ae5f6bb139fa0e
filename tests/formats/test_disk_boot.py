"""What firmware could start from a disk image."""

from pathlib import Path

import pytest

from bootbeam.formats.disk import read_disk
from bootbeam.formats.disk_boot import DiskBoot, read_disk_boot
from bootbeam.formats.identify import identify
from bootbeam.formats.identity import BootForm
from bootbeam.machine import Cpu, Firmware
from tests.formats.disc_images import run
from tests.image_bytes import gpt, mbr, reading

ESP_GUID = bytes.fromhex("28732ac11ff8d211ba4b00a0c93ec93b")
FAT_START, FAT_SECTORS = 64, 4096


@pytest.fixture(scope="module")
def fat(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A FAT file system with boot files for two processors."""
    path = tmp_path_factory.mktemp("fat") / "fat.img"
    run("/usr/sbin/mkfs.fat", "-C", path, str(FAT_SECTORS // 2))
    run("mmd", "-i", path, "::EFI", "::EFI/BOOT")
    for name in ("BOOTX64.EFI", "BOOTAA64.EFI"):
        run("mcopy", "-i", path, Path(__file__), f"::EFI/BOOT/{name}")
    return path.read_bytes()


def boot_of(data: bytes) -> DiskBoot:
    disk = read_disk(reading(data))
    assert disk is not None
    return read_disk_boot(reading(data), disk)


def put(disk: bytes, at: int, data: bytes) -> bytes:
    return disk[:at] + data + disk[at + len(data) :]


@pytest.mark.parametrize("kind", [0xEF, 0x0C], ids=["efi-system", "plain-fat"])
def test_the_boot_files_in_a_partition_are_found(fat: bytes, kind: int) -> None:
    disk = put(mbr((0x83, 8000, 10), (kind, FAT_START, FAT_SECTORS), size_bytes=5 << 20), FAT_START * 512, fat)
    assert boot_of(disk) == DiskBoot(False, (Cpu.X86_64, Cpu.ARM64))


def test_a_gpts_too_and_boot_code_before_its_protective_mbr(fat: bytes) -> None:
    disk = gpt((b"d" * 16, 34, 40), (ESP_GUID, FAT_START, FAT_START + FAT_SECTORS - 1), size_bytes=5 << 20)
    disk = put(disk, FAT_START * 512, fat)
    assert boot_of(disk) == DiskBoot(False, (Cpu.X86_64, Cpu.ARM64))
    assert boot_of(put(disk, 0, b"\xfa\xfc")) == DiskBoot(True, (Cpu.X86_64, Cpu.ARM64))


def test_a_bare_file_system_of_mkfs_has_no_boot_code_though_it_has_bytes_there(fat: bytes) -> None:
    assert boot_of(fat) == DiskBoot(False, (Cpu.X86_64, Cpu.ARM64))


def test_a_disk_with_partitions_and_nothing_in_them_boots_nowhere() -> None:
    assert boot_of(mbr((0x83, 64, 100))) == DiskBoot(False, ())
    assert identify(reading(mbr((0x83, 64, 100))), 1 << 20).boots_on == ()


def test_the_ways_to_boot_it_are_part_of_what_a_file_is(fat: bytes) -> None:
    disk = put(mbr((0xEF, FAT_START, FAT_SECTORS), size_bytes=5 << 20), FAT_START * 512, fat)
    found = identify(reading(put(disk, 0, b"\xfa\xfc")), len(disk))
    assert [(way.firmware, way.cpu, way.form) for way in found.boots_on] == [
        (Firmware.UEFI, Cpu.X86_64, BootForm.DISK),
        (Firmware.UEFI, Cpu.ARM64, BootForm.DISK),
        (Firmware.BIOS, Cpu.I386, BootForm.DISK),
    ]
