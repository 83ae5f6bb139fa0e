from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.lab import foreign
from bootbeam.lab.firmware import OVMF_SECURE_BOOT, SEABIOS
from bootbeam.lab.other_builds import BULLSEYE, RANDOM_NUMBERS, SID, TRIXIE, Release
from bootbeam.library.loader_packages import Distribution


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache in which all is there, on a computer without apt."""
    for release in (BULLSEYE, TRIXIE, SID):
        directory = tmp_path / f"firmware-{release.suite}"
        directory.mkdir()
        for members in release.files.values():
            for member in members:
                (directory / Path(member).name).write_bytes(b"")
    monkeypatch.setenv("PATH", "/nowhere")
    return tmp_path


@pytest.mark.parametrize("release", [BULLSEYE, TRIXIE, SID], ids=lambda release: release.suite)
def test_what_was_fetched_once_is_not_fetched_again(cache: Path, release: Release) -> None:
    builds = release.fetch(cache)
    for firmware in (builds.ovmf, builds.aavmf):
        firmware.check()
        assert release.suite in firmware.name
        assert (firmware.arguments[-2:] == RANDOM_NUMBERS) == (release is not BULLSEYE)


def test_what_is_missing_is_fetched(cache: Path) -> None:
    (cache / "firmware-sid" / "OVMF_CODE_4M.fd").unlink()
    with pytest.raises(UserError, match="apt-get is not on this computer"):
        SID.fetch(cache)


def test_a_distribution_without_such_packages_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "read_distribution", lambda: Distribution("fedora", "Fedora Linux 42"))
    with pytest.raises(UserError, match="ovmf, qemu-efi-aarch64: such packages are fetched on"):
        TRIXIE.fetch(tmp_path)


def test_flash_bios_and_rom_are_those_of_the_release(cache: Path) -> None:
    builds = TRIXIE.fetch(cache)
    secure = builds.flash(OVMF_SECURE_BOOT, "OVMF_CODE_4M.secboot.strictnx", "OVMF_VARS_4M.ms")
    assert secure.code == cache / "firmware-trixie" / "OVMF_CODE_4M.secboot.strictnx.fd"
    assert secure.variables == cache / "firmware-trixie" / "OVMF_VARS_4M.ms.fd"
    assert secure.arguments == (*OVMF_SECURE_BOOT.arguments, *RANDOM_NUMBERS)
    newest = SID.fetch(cache)
    bios = newest.seabios("efi-e1000")
    assert bios.arguments == ("-bios", str(cache / "firmware-sid" / "bios-256k.bin"))
    assert bios.nic_rom == str(cache / "firmware-sid" / "efi-e1000.rom")
    assert bios.machine == SEABIOS.machine
    with pytest.raises(UserError, match=r"does not take efi-pcnet\.rom from sid"):
        newest.rom("efi-pcnet")
