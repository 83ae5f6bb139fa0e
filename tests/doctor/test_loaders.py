"""What is said of the boot loaders on a computer."""

from datetime import date
from pathlib import Path

from bootbeam.doctor.finding import Level
from bootbeam.doctor.loaders import check_loaders
from bootbeam.library.loader_packages import Distribution
from bootbeam.library.loaders import LoaderShelf, find_loaders
from tests.loader_bytes import NEW, OLD, ipxe_efi, lkrn, packed_nbp, write

DEBIAN = Distribution("debian", "Debian GNU/Linux 12", "bookworm")
TODAY = date(2026, 11, 22)


def shelf(directory: Path, **files: bytes) -> LoaderShelf:
    return find_loaders(own=(), system=(write(directory, **files),), packages=lambda paths: {})


def test_none_at_all_is_a_problem_with_the_package() -> None:
    [finding] = check_loaders(find_loaders(own=(), system=()), DEBIAN, TODAY)
    assert finding.level is Level.PROBLEM
    assert "sudo apt install ipxe" in finding.fix


def test_one_of_the_two_common_ones_missing_is_a_warning(tmp_path: Path) -> None:
    found = check_loaders(shelf(tmp_path, snponly__efi=ipxe_efi(NEW)), DEBIAN, TODAY)
    assert [finding.level for finding in found] == [Level.WARNING, Level.OK, Level.OK, Level.WARNING]
    assert "BIOS PCs" in found[0].what
    assert found[1].what == "for UEFI x64 (of 2025-05-01)"
    assert "UEFI arm64" in found[2].what
    assert "Secure Boot" in found[3].what


def test_old_ones_are_named_together(tmp_path: Path) -> None:
    files = {"snponly__efi": ipxe_efi(OLD), "undionly__kpxe": packed_nbp(), "ipxe__lkrn": lkrn(OLD)}
    old = check_loaders(shelf(tmp_path, **files), DEBIAN, TODAY)[0]
    assert old.level is Level.WARNING
    assert "BIOS (undionly.kpxe" in old.what
    assert "UEFI x64 (snponly.efi, of 2019-01-25)" in old.what
    assert old.fix == "bootbeam loaders fetch"
