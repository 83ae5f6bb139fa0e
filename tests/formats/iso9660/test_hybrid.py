import contextlib
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import ImageError
from bootbeam.formats.image_entry import Extent
from bootbeam.formats.iso9660.el_torito import read_boot_catalog
from bootbeam.formats.iso9660.hybrid import HybridLayout, read_hybrid_layout
from tests.formats import disc_images
from tests.image_bytes import IPXE, mbr, reading

_MBR = re.compile(r"^MBR partition +: +(\d+) +0x(\w+) +0x(\w+) +(\d+) +(\d+)$", re.MULTILINE)
_GPT = re.compile(r"^GPT start and size : +(\d+) +(\d+) +(\d+)$", re.MULTILINE)
_APPENDED = ("-eltorito-alt-boot", "-e", "--interval:appended_partition_2:all::", "-no-emul-boot")


def read(path: Path) -> HybridLayout | None:
    return read_hybrid_layout(disc_images.reading_file(path), path.stat().st_size)


def check_against_xorriso(path: Path) -> HybridLayout:
    said = disc_images.run("xorriso", "-indev", path, "-report_system_area", "plain")
    layout = read(path)
    assert layout
    assert [
        (part.number, 0x80 if part.is_active else 0, int(part.kind, 16), part.extent.offset, part.extent.size_bytes)
        for part in layout.mbr
    ] == [
        (int(number), int(status, 16), int(kind, 16), int(first) * 512, int(count) * 512)
        for number, status, kind, first, count in _MBR.findall(said)
        if kind != "ee"
    ]
    assert [(part.number, part.extent.offset, part.extent.size_bytes) for part in layout.gpt] == [
        (int(number), int(first) * 512, int(count) * 512) for number, first, count in _GPT.findall(said)
    ]
    return layout


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A directory to make images of, and an EFI system partition beside it."""
    root = tmp_path_factory.mktemp("hybrid")
    (root / "disc").mkdir()
    (root / "disc" / "bios.img").write_bytes(b"\xfa" * 5000)
    with (root / "efi.img").open("wb") as file:
        file.truncate(3 << 20)
    disc_images.run("/usr/sbin/mkfs.vfat", root / "efi.img")
    return root / "disc", root / "efi.img"


def hybrid(target: Path, parts: tuple[Path, Path], *options: str) -> Path:
    disc, efi = parts
    bios = ("-b", "bios.img", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table", "--grub2-boot-info")
    mbr_options = ("--grub2-mbr", disc_images.HYBRID_MBR, "-append_partition", "2", "0xef", efi)
    return disc_images.xorriso_image(target, disc, "-r", *bios, *mbr_options, *options, *_APPENDED)


def test_ipxes_own_cd_is_a_disk_for_bios() -> None:
    layout = check_against_xorriso(IPXE / "ipxe.iso")
    assert layout.has_boot_code
    assert [(part.kind, part.is_active, part.is_cut_off) for part in layout.mbr] == [("17", True, False)]
    assert layout.gpt == ()
    assert layout.efi_system_partition is None


@pytest.mark.parametrize("options", [(), ("-appended_part_as_gpt", "-partition_offset", "16")], ids=["MBR", "GPT"])
def test_an_appended_efi_system_partition_is_found(
    parts: tuple[Path, Path], tmp_path: Path, options: tuple[str, ...]
) -> None:
    disc = hybrid(tmp_path / "hybrid.iso", parts, *options)
    layout = check_against_xorriso(disc)
    assert bool(layout.gpt) is bool(options)
    partition = layout.efi_system_partition
    assert partition
    assert partition.number == 2
    read_at = disc_images.reading_file(disc)
    assert read_at(partition.extent.offset, partition.extent.size_bytes) == parts[1].read_bytes()
    assert partition.extent in [found.extent for found in read_boot_catalog(read_at, disc.stat().st_size)]
    if options:
        assert partition.name == "Appended2"


def test_an_image_without_partitions_has_no_layout(rock_ridge_image: Path) -> None:
    assert read(rock_ridge_image) is None
    assert read_hybrid_layout(reading(b""), 0) is None
    assert read_hybrid_layout(reading(mbr()), 1 << 20) is None


def test_debians_partition_of_type_0_counts_and_the_protective_one_does_not() -> None:
    data = mbr((0, 64, 100), (0xEF, 200, 50), (0xEE, 1, 0xFFFFFFFF))
    layout = read_hybrid_layout(reading(data), len(data))
    assert layout
    assert [part.kind for part in layout.mbr] == ["00", "ef"]
    assert not layout.has_boot_code
    assert layout.efi_system_partition
    assert layout.efi_system_partition.extent == Extent(200 * 512, 50 * 512)


def test_a_partition_is_cut_at_the_end_of_the_image() -> None:
    data = mbr((0x83, 2000, 100), (0x83, 9000, 100))
    layout = read_hybrid_layout(reading(data), len(data))
    assert layout
    assert [(part.extent.size_bytes, part.is_cut_off) for part in layout.mbr] == [(48 * 512, True), (0, True)]


@pytest.mark.parametrize("offset", [512 + 16, 512 + 80, 512 + 84, 512 + 72, 1024 + 32, 1024 + 40])
def test_a_gpt_that_was_changed_is_an_image_error(parts: tuple[Path, Path], tmp_path: Path, offset: int) -> None:
    disc = hybrid(tmp_path / "gpt.iso", parts, "-appended_part_as_gpt", "-partition_offset", "16")
    data = bytearray(disc.read_bytes())
    data[offset] ^= 0x10
    with pytest.raises(ImageError):
        read_hybrid_layout(reading(bytes(data)), len(data))


@given(st.binary(min_size=64, max_size=64), st.binary(max_size=92), st.integers(0, 10**6))
def test_any_table_is_read_or_an_image_error(table: bytes, header: bytes, size_bytes: int) -> None:
    data = bytes(0x1BE) + table + b"\x55\xaaEFI PART" + header.ljust(2000, b"\0")
    with contextlib.suppress(ImageError):
        layout = read_hybrid_layout(reading(data), size_bytes)
        for part in layout.mbr + layout.gpt if layout else ():
            assert part.extent.size_bytes == 0 or part.extent.offset + part.extent.size_bytes <= size_bytes
