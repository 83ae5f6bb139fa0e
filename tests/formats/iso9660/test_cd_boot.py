"""What firmware could start from an ISO as from a CD: images by xorriso."""

from pathlib import Path

import pytest

from bootbeam.formats.iso9660.cd_boot import CdBoot, read_cd_boot
from bootbeam.machine import Cpu
from tests.formats import disc_images
from tests.image_bytes import IPXE, reading

BIOS = ("-b", "bios.img", "-no-emul-boot", "-boot-load-size", "4")
EFI = ("-e", "efi.img", "-no-emul-boot")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A boot image of each kind."""
    root = tmp_path_factory.mktemp("tree")
    (root / "bios.img").write_bytes(b"\xfa" * 5000)
    (root / "floppy.img").write_bytes(bytes(1440 << 10))
    for name in ("efi.img", "empty-efi.img"):
        disc_images.run("/usr/sbin/mkfs.fat", "-C", root / name, "1440")
    disc_images.run("mmd", "-i", root / "efi.img", "::EFI", "::EFI/BOOT")
    disc_images.run("mcopy", "-i", root / "efi.img", Path(__file__), "::EFI/BOOT/BOOTX64.EFI")
    return root


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (BIOS, CdBoot(True, False, ())),
        (EFI, CdBoot(False, False, (Cpu.X86_64,))),
        ((*BIOS, "-eltorito-alt-boot", *EFI), CdBoot(True, False, (Cpu.X86_64,))),
        ((*BIOS, "-eltorito-alt-boot", "-e", "empty-efi.img", "-no-emul-boot"), CdBoot(True, False, ())),
        (("-b", "floppy.img"), CdBoot(False, True, ())),
        ((), CdBoot(False, False, ())),
    ],
    ids=["bios", "uefi", "both", "uefi-without-a-loader", "floppy", "none"],
)
def test_the_loaders_that_a_cd_drive_of_ipxes_can_start(
    tree: Path, tmp_path: Path, options: tuple[str, ...], expected: CdBoot
) -> None:
    iso = tmp_path / "cd.iso"
    disc_images.run("xorriso", "-as", "mkisofs", "-quiet", *options, "-o", iso, tree)
    assert read_cd_boot(disc_images.reading_file(iso), iso.stat().st_size) == expected


def test_ipxes_own_cd_starts_on_both() -> None:
    iso = IPXE / "ipxe.iso"
    found = read_cd_boot(disc_images.reading_file(iso), iso.stat().st_size)
    assert found.has_bios_loader
    assert found.efi_cpus in ((), (Cpu.X86_64,))


def test_a_damaged_catalog_has_none() -> None:
    assert read_cd_boot(reading(bytes(40 * 2048)), 40 * 2048) == CdBoot(False, False, ())
