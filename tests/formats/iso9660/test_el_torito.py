import contextlib
import re
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import ImageError
from bootbeam.formats.image_entry import Extent
from bootbeam.formats.iso9660.el_torito import BootImage, Emulation, read_boot_catalog
from bootbeam.machine import Firmware
from tests.formats import disc_images
from tests.formats.iso9660.records import image
from tests.image_bytes import IPXE, mbr, reading

CATALOG = 25
_XORRISO = re.compile(r"^El Torito boot img : +\d+ +(\w+) +(\w) +(\S+) +0x(\w+) +0x(\w+) +(\d+) +(\d+)$", re.MULTILINE)
_EMULATIONS = {"none": Emulation.NONE, "fd1.4": Emulation.FLOPPY_1440K, "hd": Emulation.HARD_DISK}


def read(path: Path) -> tuple[BootImage, ...]:
    return read_boot_catalog(disc_images.reading_file(path), path.stat().st_size)


def check_against_xorriso(path: Path) -> None:
    said = _XORRISO.findall(disc_images.run("xorriso", "-indev", path, "-report_el_torito", "plain"))
    assert said
    assert [
        (
            {Firmware.BIOS: "BIOS", Firmware.UEFI: "UEFI"}[found.firmware or Firmware.OTHER],
            "y" if found.is_bootable else "n",
            found.emulation,
            found.system_type,
            found.sector_count,
            found.extent.offset,
        )
        for found in read(path)
    ] == [
        (platform, bootable, _EMULATIONS[emulation], int(kind, 16), int(count), int(block) * 2048)
        for platform, bootable, emulation, _, kind, count, block in said
    ]


@pytest.fixture(scope="module")
def boot_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A boot image of each kind."""
    root = tmp_path_factory.mktemp("boot")
    (root / "bios.img").write_bytes(b"\xfa" * 5000)
    (root / "floppy.img").write_bytes(bytes(1440 << 10))
    (root / "disk.img").write_bytes(mbr((0x0E, 32, 4096 - 32), size_bytes=4096 * 512))
    for name, size_bytes in (("efi.img", 3 << 20), ("large-efi.img", 40 << 20)):
        with (root / name).open("wb") as file:
            file.truncate(size_bytes)
        disc_images.run("/usr/sbin/mkfs.vfat", root / name)
    return root


def test_ipxes_own_cd_boots_on_bios_and_uefi() -> None:
    check_against_xorriso(IPXE / "ipxe.iso")
    bios, uefi = read(IPXE / "ipxe.iso")
    assert (bios.firmware, uefi.firmware) == (Firmware.BIOS, Firmware.UEFI)
    assert bios.load_segment == 0x7C0
    assert bios.extent.size_bytes == 4 * 512
    assert uefi.extent.size_bytes == 884736


def test_an_image_for_bios_and_one_for_uefi(boot_source: Path, tmp_path: Path) -> None:
    bios = ("-b", "bios.img", "-no-emul-boot", "-boot-load-size", "4", "-boot-info-table")
    efi = ("-eltorito-alt-boot", "-e", "efi.img", "-no-emul-boot")
    disc = disc_images.xorriso_image(tmp_path / "both.iso", boot_source, "-r", *bios, *efi)
    check_against_xorriso(disc)
    entry = disc_images.open_tree(disc).find("efi.img")
    assert entry
    assert read(disc)[1].extent == Extent(entry.extents[0].offset, 3 << 20)
    assert disc_images.contents(disc, entry) == (boot_source / "efi.img").read_bytes()


@pytest.mark.parametrize(
    ("options", "emulation", "size_bytes"),
    [
        (("-b", "floppy.img"), Emulation.FLOPPY_1440K, 1440 << 10),
        (("-b", "disk.img", "-hard-disk-boot"), Emulation.HARD_DISK, 4096 * 512),
    ],
)
def test_emulated_disks_have_the_size_of_the_disk(
    boot_source: Path, tmp_path: Path, options: tuple[str, ...], emulation: Emulation, size_bytes: int
) -> None:
    disc = disc_images.genisoimage(tmp_path / "emulated.iso", boot_source, "-r", *options)
    check_against_xorriso(disc)
    (found,) = read(disc)
    assert (found.emulation, found.extent.size_bytes) == (emulation, size_bytes)


@pytest.mark.parametrize("count", [0, 1, 8])
def test_the_size_of_a_uefi_image_is_its_file_systems_when_the_count_is_too_small(
    boot_source: Path, tmp_path: Path, count: int
) -> None:
    disc = disc_images.xorriso_image(tmp_path / "l.iso", boot_source, "-r", "-e", "large-efi.img", "-no-emul-boot")
    (as_written,) = read(disc)
    assert (as_written.sector_count, as_written.extent.size_bytes) == (0, 40 << 20)  # more than 16 bits can say
    data = bytearray(disc.read_bytes())
    at = data.index(struct.pack("<I", as_written.extent.offset // 2048), data.index(b"\x01\xef\0\0")) - 2
    struct.pack_into("<H", data, at, count)
    (found,) = read_boot_catalog(reading(bytes(data)), len(data))
    assert (found.sector_count, found.extent.size_bytes) == (count, 40 << 20)


def validation(platform_id: int = 0) -> bytes:
    entry = bytearray(struct.pack("<BBH24sHBB", 1, platform_id, 0, b"hand made", 0, 0x55, 0xAA))
    struct.pack_into("<H", entry, 28, -sum(struct.unpack("<16H", entry)) & 0xFFFF)
    return bytes(entry)


def boot_entry(block: int, count: int = 4, *, media: int = 0, indicator: int = 0x88, segment: int = 0) -> bytes:
    return struct.pack("<BBHBBHI20x", indicator, media, segment, 0, 0, count, block)


def header(platform_id: int, count: int, *, is_final: bool = True, text: bytes = b"") -> bytes:
    return struct.pack("<BBH28s", 0x91 if is_final else 0x90, platform_id, count, text)


def disc(*entries: bytes, blocks: dict[int, bytes] | None = None) -> bytes:
    record = (b"\0CD001\1EL TORITO SPECIFICATION".ljust(0x47, b"\0") + struct.pack("<I", CATALOG)).ljust(2048, b"\0")
    return image(blocks={17: record, 18: b"\xffCD001\1", CATALOG: b"".join(entries)} | (blocks or {}))


def images(*entries: bytes, blocks: dict[int, bytes] | None = None) -> tuple[BootImage, ...]:
    data = disc(*entries, blocks=blocks)
    return read_boot_catalog(reading(data), len(data))


def test_sections_have_their_own_platform_and_name() -> None:
    found = images(
        validation(),
        boot_entry(30, segment=0x1000),
        header(0xEF, 1, is_final=False, text=b"UEFI section"),
        boot_entry(31),
        header(1, 2),
        boot_entry(32, media=0x20),
        struct.pack("<BB30x", 0x44, 0x20),
        struct.pack("<BB30x", 0x44, 0),
        boot_entry(33, indicator=0),
        bytes(32),
    )
    assert [(entry.platform_id, entry.extent.offset // 2048, entry.is_bootable) for entry in found] == [
        (0, 30, True),
        (0xEF, 31, True),
        (1, 32, True),
        (1, 33, False),
    ]
    assert found[0].load_segment == 0x1000
    assert found[1].selection_text == "UEFI section"
    assert found[2].firmware is None


def test_the_first_entry_has_the_platform_of_the_catalog() -> None:
    assert images(validation(0xEF), boot_entry(30))[0].firmware is Firmware.UEFI


def test_a_uefi_image_without_a_size_goes_on_to_the_end_of_the_cd() -> None:
    assert images(validation(0xEF), boot_entry(30, count=0))[0].extent == Extent(30 * 2048, 10 * 2048)


def test_a_file_system_that_claims_more_than_there_is_is_not_believed() -> None:
    fat = bytearray(512)
    fat[0x0B:0x0E] = b"\x00\x02\x01"
    fat[0x13:0x15] = b"\xff\xff"
    fat[0x36:0x39] = b"FAT"
    fat[510:512] = b"\x55\xaa"
    assert images(validation(0xEF), boot_entry(30), blocks={30: bytes(fat)})[0].extent.size_bytes == 4 * 512


def test_no_boot_record_means_no_images() -> None:
    for data in (image(), b"", bytes(100_000)):
        assert read_boot_catalog(reading(data), len(data)) == ()


@pytest.mark.parametrize(
    "entries",
    [
        (bytes(32), boot_entry(30)),
        (validation()[:28] + b"\0\0\x55\xaa", boot_entry(30)),
        (validation()[:30] + b"\0\0", boot_entry(30)),
        (validation(), boot_entry(30, media=9)),
        (validation(), boot_entry(10**6)),
        (validation(), boot_entry(39, count=100)),
        (validation(), boot_entry(30), header(0, 60000)),
        (validation(), boot_entry(30), *[header(0, 0, is_final=False)] * 300),
    ],
)
def test_a_catalog_that_contradicts_itself_is_an_image_error(entries: tuple[bytes, ...]) -> None:
    with pytest.raises(ImageError):
        images(*entries)


def test_a_catalog_behind_the_end_of_the_image_is_an_image_error() -> None:
    data = disc(validation(), boot_entry(30))[: CATALOG * 2048]
    with pytest.raises(ImageError):
        read_boot_catalog(reading(data), len(data))


@given(
    st.lists(
        st.one_of(st.binary(min_size=32, max_size=32), st.builds(boot_entry, st.integers(0, 60), st.integers(0, 9)))
    )
)
def test_any_catalog_is_read_or_an_image_error(entries: list[bytes]) -> None:
    with contextlib.suppress(ImageError):
        for found in images(validation(), boot_entry(30), *entries):
            assert not found.is_bootable or found.extent.offset + found.extent.size_bytes <= 40 * 2048
