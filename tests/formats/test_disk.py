import contextlib
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import ImageError
from bootbeam.formats.disk import read_disk
from tests.image_bytes import gpt, mbr, reading

EFI_SYSTEM = bytes.fromhex("28732ac11ff8d211ba4b00a0c93ec93b")


@pytest.mark.parametrize("sector_bytes", [512, 4096])
def test_a_gpt_tells_its_partitions_and_where_the_last_one_ends(sector_bytes: int) -> None:
    data = gpt((EFI_SYSTEM, 40, 99), (b"d" * 16, 100, 199), sector_bytes=sector_bytes)
    disk = read_disk(reading(data))
    assert disk is not None
    assert (disk.layout, disk.partitions, disk.has_efi_system_partition) == ("GPT", 2, True)
    assert disk.needed_size_bytes == 200 * sector_bytes


def test_an_mbr_tells_its_partitions_and_where_the_last_one_ends() -> None:
    disk = read_disk(reading(mbr((0x83, 2048, 4096), (0xEF, 64, 100))))
    assert disk is not None
    assert (disk.layout, disk.partitions, disk.has_efi_system_partition) == ("MBR", 2, True)
    assert disk.needed_size_bytes == (2048 + 4096) * 512


def test_a_protective_partition_says_nothing_of_the_size() -> None:
    disk = read_disk(reading(mbr((0xEE, 1, 0xFFFFFFFF))))
    assert disk is not None
    assert disk.needed_size_bytes == 512


@pytest.mark.parametrize("options", [[], ["-F", "32"], ["-F", "16", "-n", "BOOTBEAM"]])
def test_a_bare_fat_of_mkfs_is_known(options: list[str], tmp_path: Path) -> None:
    image = tmp_path / "fat.img"
    size_bytes = 40 << 20
    image.touch()
    with image.open("r+b") as file:
        file.truncate(size_bytes)
    subprocess.run(["/usr/sbin/mkfs.fat", *options, image], check=True, capture_output=True)
    disk = read_disk(reading(image.read_bytes()))
    assert disk is not None
    assert (disk.layout, disk.partitions) == ("FAT", 0)
    assert disk.label == ("BOOTBEAM" if "-n" in options else "")
    assert size_bytes - 65536 <= disk.needed_size_bytes <= size_bytes


def test_a_virtual_machines_container_is_named() -> None:
    disk = read_disk(reading(b"QFI\xfb" + bytes(600)))
    assert disk is not None
    assert (disk.layout, disk.is_raw) == ("qcow2", False)


def test_boot_code_in_the_tables_place_is_no_partition_table() -> None:
    sector = bytearray(b"\x90" * 512)
    sector[510:512] = b"\x55\xaa"
    assert read_disk(reading(bytes(sector))) is None
    assert read_disk(reading(bytes(510) + b"\x55\xaa")) is None
    assert read_disk(reading(b"")) is None


def test_a_gpt_that_contradicts_itself_is_an_image_error() -> None:
    image = bytearray(gpt())
    struct.pack_into("<II", image, 512 + 80, 0xFFFFFFFF, 1)
    with pytest.raises(ImageError, match="4294967295 partition entries"):
        read_disk(reading(bytes(image)))


def test_a_gpt_whose_entries_are_cut_off_tells_where_they_end() -> None:
    disk = read_disk(reading(gpt((EFI_SYSTEM, 40, 99))[:1100]))
    assert disk is not None
    assert disk.needed_size_bytes == 1024 + 128 * 128


@given(st.integers(0, 700), st.binary(min_size=1, max_size=64))
def test_nothing_but_image_errors_escapes(offset: int, noise: bytes) -> None:
    for whole in (gpt((EFI_SYSTEM, 40, 99), size_bytes=65536), mbr((0x83, 10, 10), size_bytes=65536)):
        image = bytearray(whole)
        image[offset : offset + len(noise)] = noise
        for data in (bytes(image), bytes(image[:offset])):
            with contextlib.suppress(ImageError):
                read_disk(reading(data))
