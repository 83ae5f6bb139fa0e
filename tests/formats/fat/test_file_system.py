"""FAT file systems that mkfs.fat and mtools write."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import ImageError
from bootbeam.formats.fat.file_system import open_fat
from tests.formats.disc_images import run
from tests.image_bytes import reading


@pytest.fixture(scope="module", params=[12, 16, 32])
def image(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file system of each width with files in directories of more than one cluster."""
    root = tmp_path_factory.mktemp("fat")
    path, file = root / "fat.img", root / "content"
    file.write_bytes(b"x" * 3000)
    size_kib = {12: "1440", 16: "16384", 32: "36864"}[request.param]
    run("/usr/sbin/mkfs.fat", "-F", str(request.param), "-s", "1", "-n", "LABEL", "-C", path, size_kib)
    run("mmd", "-i", path, "::EFI", "::EFI/boot", "::long directory name")
    for number in range(100):
        run("mcopy", "-i", path, file, f"::EFI/boot/a file with a long name {number}.bin")
    run("mcopy", "-i", path, file, "::EFI/boot/bootx64.efi")
    run("mcopy", "-i", path, file, "::EFI/boot/BOOTLOONGARCH64.EFI")
    run("mcopy", "-i", path, file, "::long directory name/x.Y")
    run("mcopy", "-i", path, file, "::gone.efi")
    run("mdel", "-i", path, "::gone.efi")
    return path.read_bytes()


@pytest.mark.parametrize(
    "path",
    ["EFI/BOOT/BOOTX64.EFI", "efi/boot/bootx64.efi", "EFI/BOOT/BootLoongArch64.efi", "Long Directory Name/X.y"],
)
def test_files_are_found_by_short_and_long_names_whatever_their_case(image: bytes, path: str) -> None:
    fat = open_fat(reading(image))
    assert fat is not None
    found = fat.find(path)
    assert found is not None
    assert (found.is_directory, found.size_bytes) == (False, 3000)
    data = b"".join(fat._directory(found.cluster))[:3000]
    assert data == b"x" * 3000, "its clusters are the file's own"


@pytest.mark.parametrize("path", ["EFI/BOOT/BOOTAA64.EFI", "gone.efi", "LABEL", "EFI/BOOT/BOOTX64.EFI/x", "EFI//BOOT"])
def test_what_is_not_there_is_not_found(image: bytes, path: str) -> None:
    fat = open_fat(reading(image))
    assert fat is not None
    assert fat.find(path) is None


def test_a_directory_whose_clusters_go_round_ends(image: bytes) -> None:
    fat = open_fat(reading(image))
    assert fat is not None
    boot = fat.find("EFI/BOOT")
    assert boot is not None
    at = fat.table_offset + boot.cluster * fat.entry_bits // 8
    damaged = bytearray(image)
    if fat.entry_bits == 12:
        old = int.from_bytes(damaged[at : at + 2], "little")
        new = (old & 0xF) | boot.cluster << 4 if boot.cluster & 1 else (old & 0xF000) | boot.cluster
        damaged[at : at + 2] = new.to_bytes(2, "little")
    else:
        damaged[at : at + fat.entry_bits // 8] = boot.cluster.to_bytes(fat.entry_bits // 8, "little")
    again = open_fat(reading(bytes(damaged)))
    assert again is not None
    with pytest.raises(ImageError, match="without an end"):
        again.find("EFI/BOOT/missing.efi")


@pytest.mark.parametrize("data", [b"", bytes(512), b"\xeb" + bytes(509) + b"\x55\xaa"])
def test_what_is_no_fat_is_none(data: bytes) -> None:
    assert open_fat(reading(data)) is None


@given(st.binary(min_size=512, max_size=512), st.integers(0, 511), st.integers(0, 255))
def test_a_damaged_boot_sector_raises_nothing_but_image_errors(noise: bytes, at: int, value: int) -> None:
    sector = bytearray(b"\xeb\x3c\x90MSDOS5.0\x00\x02\x01\x01\x00\x02\xe0\x00\x40\x0b\xf0\x09\x00".ljust(512, b"\0"))
    sector[510:512] = b"\x55\xaa"
    if at < 510:
        sector[at] = value
    with contextlib.suppress(ImageError):
        fat = open_fat(reading(bytes(sector) + noise * 8))
        if fat:
            fat.find("EFI/BOOT/BOOTX64.EFI")
