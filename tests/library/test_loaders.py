"""Boot loaders on disk: found, recognised, and the best one taken."""

import os
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.formats.boot_loader import LoaderFamily, LoaderFeature
from bootbeam.library.loader_packages import Package
from bootbeam.library.loader_places import LoaderVariant, Place
from bootbeam.library.loaders import Loader, LoaderShelf, Purpose, find_loaders, version_key
from bootbeam.machine import Cpu, Firmware
from tests.image_bytes import IPXE
from tests.loader_bytes import (
    ARM64,
    CERTIFICATE,
    I386,
    NEW,
    OLD,
    RISCV64,
    efi,
    grub,
    ipxe_efi,
    lkrn,
    packed_nbp,
    shim,
    write,
)

X64 = (Firmware.UEFI, Cpu.X86_64)
BIOS = (Firmware.BIOS, Cpu.X86_64)


def nobody(_: Sequence[Path]) -> dict[Path, Package]:
    return {}


def owner(name: str, version: str) -> Callable[[Sequence[Path]], dict[Path, Package]]:
    return lambda paths: {path: Package(name, version) for path in paths}


def look(
    *system: Path,
    chosen: Path | None = None,
    own: Sequence[Path] = (),
    packages: Callable[[Sequence[Path]], dict[Path, Package]] = nobody,
) -> LoaderShelf:
    return find_loaders(chosen, own, system, packages)


def only(shelf: LoaderShelf) -> Loader:
    (loader,) = shelf.loaders
    return loader


def best_path(shelf: LoaderShelf, firmware: Firmware, cpu: Cpu, purpose: Purpose = Purpose.NETWORK_BOOT) -> Path | None:
    loader = shelf.best(firmware, cpu, purpose)
    return loader.path if loader else None


def test_debian_12_layout(tmp_path: Path) -> None:
    """/usr/lib/ipxe links to two files in /boot; each is found once."""
    boot = write(tmp_path / "boot", ipxe__efi=ipxe_efi(OLD, name=b"ipxe.efi"), ipxe__lkrn=lkrn(OLD))
    lib = write(tmp_path / "ipxe", snponly__efi=ipxe_efi(OLD), undionly__kpxe=packed_nbp(), ipxe__pxe=packed_nbp())
    (lib / "ipxe.efi").symlink_to(boot / "ipxe.efi")
    (lib / "ipxe.lkrn").symlink_to(boot / "ipxe.lkrn")
    shelf = look(lib, boot, packages=owner("ipxe", OLD))
    assert sorted(loader.name for loader in shelf.loaders) == [
        "ipxe.efi",
        "ipxe.lkrn",
        "ipxe.pxe",
        "snponly.efi",
        "undionly.kpxe",
    ]
    assert {loader.version for loader in shelf.loaders} == {OLD}
    assert {loader.released for loader in shelf.loaders} == {date(2019, 1, 25)}
    assert {str(loader.package) for loader in shelf.loaders} == {f"ipxe {OLD}"}
    assert best_path(shelf, *BIOS) == lib / "undionly.kpxe"
    assert best_path(shelf, *X64) == lib / "snponly.efi"
    assert best_path(shelf, *BIOS, Purpose.FROM_GRUB) == lib / "ipxe.lkrn"
    assert best_path(shelf, *X64, Purpose.FROM_GRUB) == lib / "ipxe.efi"
    assert shelf.best(Firmware.UEFI, Cpu.ARM64) is None
    assert shelf.best(*X64, Purpose.SECURE_BOOT) is None


def test_debian_13_layout(tmp_path: Path) -> None:
    lib = write(
        tmp_path / "ipxe",
        snponly__efi=ipxe_efi(NEW),
        ipxe_amd64__efi=ipxe_efi(NEW, name=b"ipxe.efi"),
        ipxe_arm64__efi=ipxe_efi(NEW, name=b"ipxe.efi", machine=ARM64),
        ipxe_riscv64__efi=ipxe_efi(NEW, name=b"ipxe.efi", machine=RISCV64),
    )
    (lib / "ipxe.efi").symlink_to("ipxe-amd64.efi")
    shelf = look(lib)
    assert len(shelf.loaders) == 4
    assert best_path(shelf, *X64) == lib / "snponly.efi"
    assert best_path(shelf, Firmware.UEFI, Cpu.ARM64) == lib / "ipxe-arm64.efi"
    assert best_path(shelf, Firmware.UEFI, Cpu.RISCV64) == lib / "ipxe-riscv64.efi"


def test_fedora_layout(tmp_path: Path) -> None:
    """Fedora's programs name no day, its package does."""
    share = write(
        tmp_path / "ipxe",
        ipxe_snponly_x86_64__efi=ipxe_efi("1.21.1+ (de8a0821)"),
        undionly__kpxe=packed_nbp(),
        ipxe_i386__efi=ipxe_efi("1.21.1+ (de8a0821)", name=b"ipxe.efi", machine=I386),
    )
    (share / "ipxe-snponly-x86-64.efi").rename(share / "ipxe-snponly-x86_64.efi")
    write(share / "arm64-efi", snponly__efi=ipxe_efi("1.21.1+ (de8a0821)", machine=ARM64))
    package = "20240119-1.gitde8a0821.fc41"
    shelf = look(share, share / "arm64-efi", packages=owner("ipxe-bootimgs-x86", package))
    x64 = shelf.best(*X64)
    assert x64 is not None
    assert (x64.variant, x64.version, x64.released) == (
        LoaderVariant.SNPONLY,
        "1.21.1+ (de8a0821)",
        date(2024, 1, 19),
    )
    bios = shelf.best(*BIOS)
    assert bios is not None
    assert (bios.version, bios.released) == (package, date(2024, 1, 19))
    assert best_path(shelf, Firmware.UEFI, Cpu.ARM64) == share / "arm64-efi" / "snponly.efi"
    assert best_path(shelf, Firmware.UEFI, Cpu.I386) == share / "ipxe-i386.efi"


def test_opensuse_layout(tmp_path: Path) -> None:
    share = write(
        tmp_path / "ipxe",
        snp_arm64__efi=ipxe_efi("2.0.0+git20260710.58ee55b3c", name=b"snp.efi", machine=ARM64),
        ipxe_i386__efi=ipxe_efi("2.0.0+git20260710.58ee55b3c", name=b"ipxe.efi", machine=I386),
        snp_i386__efi=ipxe_efi("2.0.0+git20260710.58ee55b3c", name=b"snp.efi", machine=I386),
    )
    shelf = look(share)
    assert best_path(shelf, Firmware.UEFI, Cpu.ARM64) == share / "snp-arm64.efi"
    assert best_path(shelf, Firmware.UEFI, Cpu.I386) == share / "snp-i386.efi"


def test_signed_pairs_and_their_neighbours(tmp_path: Path) -> None:
    directory = write(tmp_path / "signed", shimx64__efi__signed=shim(), shimaa64__efi=shim(machine=ARM64))
    for name in ("grubnetx64.efi.signed", "gcdx64.efi.signed", "grubx64.efi.signed", "grubnetx64-installer.efi.signed"):
        (directory / name).write_bytes(grub())
    shelf = look(directory)
    found = {(loader.name, loader.family, loader.variant) for loader in shelf.loaders}
    assert found == {
        ("shimx64.efi.signed", LoaderFamily.SHIM, LoaderVariant.PLAIN),
        ("shimaa64.efi", LoaderFamily.SHIM, LoaderVariant.PLAIN),
        ("grubnetx64.efi.signed", LoaderFamily.GRUB, LoaderVariant.NETWORK),
        ("gcdx64.efi.signed", LoaderFamily.GRUB, LoaderVariant.REMOVABLE),
    }
    assert best_path(shelf, *X64, Purpose.SECURE_BOOT) == directory / "shimx64.efi.signed"
    assert best_path(shelf, Firmware.UEFI, Cpu.ARM64, Purpose.SECURE_BOOT) == directory / "shimaa64.efi"
    assert shelf.best(*X64) is None


def test_unsigned_shim_begins_no_signed_chain(tmp_path: Path) -> None:
    unsigned = efi(b"UEFI SHIM\n$Version: 16.1 $\n")
    shelf = look(write(tmp_path / "shim", shimx64__efi=unsigned))
    assert not only(shelf).is_signed
    assert shelf.best(*X64, Purpose.SECURE_BOOT) is None


def test_newer_shim_goes_first(tmp_path: Path) -> None:
    old = write(tmp_path / "old", shimx64__efi=shim(b"15.8"))
    new = write(tmp_path / "new", shimx64__efi=shim(b"16.1"))
    assert best_path(look(old, new), *X64, Purpose.SECURE_BOOT) == new / "shimx64.efi"
    assert best_path(look(new, old), *X64, Purpose.SECURE_BOOT) == new / "shimx64.efi"


def test_newest_goes_first_wherever_it_lies(tmp_path: Path) -> None:
    system = write(tmp_path / "system", snponly__efi=ipxe_efi(OLD), undionly__kpxe=packed_nbp())
    own = write(tmp_path / "own" / "ipxe_1", snponly__efi=ipxe_efi(NEW), undionly__kpxe=packed_nbp())
    (own / "package.json").write_text(f'{{"package": "ipxe", "version": "{NEW}"}}')
    shelf = look(system, own=[tmp_path / "own"])
    assert best_path(shelf, *X64) == own / "snponly.efi"
    assert best_path(shelf, *BIOS) == own / "undionly.kpxe"
    newer_system = write(tmp_path / "newer", snponly__efi=ipxe_efi("2.0.0"))
    assert best_path(look(system, newer_system, own=[tmp_path / "own"]), *X64) == newer_system / "snponly.efi"


def test_newer_form_goes_before_the_preferred_form(tmp_path: Path) -> None:
    old = write(tmp_path / "old", snponly__efi=ipxe_efi(OLD))
    new = write(tmp_path / "new", ipxe__efi=ipxe_efi(NEW, name=b"ipxe.efi"))
    assert best_path(look(old, new), *X64) == new / "ipxe.efi"


def test_chosen_directory_goes_before_newer_ones(tmp_path: Path) -> None:
    system = write(tmp_path / "system", snponly__efi=ipxe_efi(NEW), undionly__kpxe=packed_nbp())
    chosen = write(tmp_path / "chosen", ipxe__efi=ipxe_efi(OLD, name=b"ipxe.efi"))
    shelf = look(system, chosen=tmp_path / "chosen")
    assert best_path(shelf, *X64) == chosen / "ipxe.efi"
    assert best_path(shelf, *BIOS) == system / "undionly.kpxe"


def test_in_the_chosen_directory_any_name_counts(tmp_path: Path) -> None:
    data = ipxe_efi(NEW, b"https")
    chosen = write(tmp_path / "a" / "b", company__efi=data, notes__txt=data)
    loader = only(look(chosen=tmp_path / "a"))
    assert (loader.path, loader.variant, loader.place) == (chosen / "company.efi", LoaderVariant.SNPONLY, Place.CHOSEN)
    assert look(chosen).loaders == ()


@pytest.mark.parametrize(
    ("name", "variant"),
    [(b"snp.efi", LoaderVariant.SNP), (b"ipxe.efi", LoaderVariant.ALL_DRIVERS), (b"x.efi", LoaderVariant.ALL_DRIVERS)],
)
def test_form_is_what_it_was_built_as(tmp_path: Path, name: bytes, variant: LoaderVariant) -> None:
    write(tmp_path, mine__efi=ipxe_efi(NEW, name=name))
    assert only(look(chosen=tmp_path)).variant is variant


def test_name_that_lies_about_the_machine_is_found_out(tmp_path: Path) -> None:
    """The field's trouble: a loader for another processor under the usual name."""
    directory = write(tmp_path, snponly__efi=ipxe_efi(NEW, machine=ARM64))
    shelf = look(directory)
    assert shelf.best(*X64) is None
    assert best_path(shelf, Firmware.UEFI, Cpu.ARM64) == directory / "snponly.efi"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("undionly.kpxe", ipxe_efi(NEW)),
        ("undionly.kpxe", b"<html>not found</html>".ljust(9000)),
        ("undionly.kpxe", b""),
        ("undionly.kpxe", lkrn()),
        ("ipxe.lkrn", packed_nbp()[:3000]),
        ("ipxe.lkrn", b"MZ" + bytes(9000)),
        ("snponly.efi", packed_nbp()),
        ("snponly.efi", shim()),
        ("snponly.efi", efi(b"some other program")),
        ("snponly.efi", ipxe_efi(NEW)[:4200]),
        ("shimx64.efi", ipxe_efi(NEW)),
        ("snponly.efi", efi(b"iPXE", b"http://ipxe.org", NEW.encode(), subsystem=11)),
        ("snponly.efi", efi(b"iPXE", b"http://ipxe.org", NEW.encode(), machine=0x1234)),
        ("wimboot", packed_nbp()[:100]),
    ],
)
def test_file_that_is_not_what_its_name_says(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    assert look(tmp_path).loaders == ()


def test_odd_files_hold_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "undionly.kpxe")
    (tmp_path / "snponly.efi").symlink_to("snponly.efi")
    (tmp_path / "ipxe.efi").mkdir()
    (tmp_path / "ipxe.lkrn").symlink_to("/dev/zero")
    with (tmp_path / "ipxe.pxe").open("wb") as huge:
        huge.truncate(1 << 30)
    assert look(tmp_path).loaders == ()


def test_places_that_are_not_there(tmp_path: Path) -> None:
    assert look(tmp_path / "none", own=[tmp_path / "nor this"]).loaders == ()
    with pytest.raises(UserError, match="does not exist"):
        look(tmp_path / "none", chosen=tmp_path / "which somebody named")


def test_version_beside_a_packed_program(tmp_path: Path) -> None:
    write(tmp_path, undionly__kpxe=packed_nbp(), snponly__efi=ipxe_efi(NEW))
    loader = look(chosen=tmp_path).best(*BIOS)
    assert loader is not None
    assert (loader.version, loader.released) == (NEW, date(2025, 5, 1))


def test_packed_program_alone_has_no_version_and_counts_as_the_oldest(tmp_path: Path) -> None:
    alone = write(tmp_path / "alone", undionly__kpxe=packed_nbp())
    assert only(look(alone)).version is None
    dated = write(tmp_path / "dated", undionly__kpxe=packed_nbp(), snponly__efi=ipxe_efi(OLD))
    assert best_path(look(alone, dated), *BIOS) == dated / "undionly.kpxe"


def test_abilities(tmp_path: Path) -> None:
    write(tmp_path, snponly__efi=ipxe_efi(NEW, b"https", b"shim"), undionly__kpxe=packed_nbp())
    shelf = look(tmp_path)
    x64, bios = shelf.best(*X64), shelf.best(*BIOS)
    assert x64 is not None
    assert bios is not None
    assert x64.features == {LoaderFeature.HTTP, LoaderFeature.HTTPS, LoaderFeature.SHIM_COMMAND}
    assert bios.features == {LoaderFeature.HTTP, LoaderFeature.MULTIBOOT, LoaderFeature.INITRD_WRAPPING}


@pytest.mark.parametrize(
    "manifest", ["", "[]", "{}", '{"package": "ipxe"}', "{" * 100_000, '{"package": 1, "version": {}}']
)
def test_broken_manifest(tmp_path: Path, manifest: str) -> None:
    write(tmp_path / "own" / "x", snponly__efi=ipxe_efi(NEW))
    (tmp_path / "own" / "x" / "package.json").write_text(manifest)
    loader = only(look(own=[tmp_path / "own"]))
    assert loader.version == NEW


def test_newest_of_a_kind(tmp_path: Path) -> None:
    old = write(tmp_path / "old", snponly__efi=ipxe_efi(OLD))
    new = write(tmp_path / "new", snponly__efi=ipxe_efi(NEW), ipxe__efi=ipxe_efi("2.0.0", name=b"ipxe.efi"))
    shelf = look(old, new)
    like = next(loader for loader in shelf.loaders if loader.path.parent == old)
    newest = shelf.newest(like)
    assert newest is not None
    assert newest.path == new / "snponly.efi"
    assert LoaderShelf(()).newest(like) is None


def test_version_key() -> None:
    versions = ["9.9", "15.8", "16.0", "16.1", "16.10", "16.10.1"]
    assert sorted(sorted(versions), key=version_key) == versions
    assert version_key("2.12-9+deb13u2") == (2, 12, 9, 13, 2)
    assert version_key("") == ()


def test_certificate_makes_it_signed(tmp_path: Path) -> None:
    write(tmp_path, shimx64__efi=efi(b"UEFI SHIM\n$Version: 16.1 $\n", certificate=CERTIFICATE))
    assert only(look(tmp_path)).is_signed


def test_loaders_of_this_computers_packages() -> None:
    """Package ipxe is what the whole test suite boots with."""
    shelf = find_loaders(own=())
    bios, x64 = shelf.best(*BIOS), shelf.best(*X64)
    assert bios is not None
    assert x64 is not None
    assert bios.path == IPXE / "undionly.kpxe"
    assert x64.path == IPXE / "snponly.efi"
    assert bios.version == x64.version
    assert bios.package is not None
    assert bios.package.name == "ipxe"
    grub_loader = shelf.best(*BIOS, Purpose.FROM_GRUB)
    assert grub_loader is not None
    assert grub_loader.version == x64.version
