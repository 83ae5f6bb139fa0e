"""Fetching: refusals by hand, and once for real through this computer's own apt."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from bootbeam.errors import UserError
from bootbeam.formats.boot_loader import LoaderFamily, LoaderFeature
from bootbeam.library import loader_fetch
from bootbeam.library.apt_download import WantedPackage
from bootbeam.library.apt_sources import AptSource
from bootbeam.library.loader_fetch import PACKAGES, fetch_loaders
from bootbeam.library.loader_packages import Distribution
from bootbeam.library.loader_places import Place
from bootbeam.library.loaders import Purpose, find_loaders
from bootbeam.machine import Cpu, Firmware

DEBIAN = Distribution("debian", "Debian GNU/Linux 12 (bookworm)", "bookworm")
DEB = "http://deb.example.org/debian"


@pytest.mark.parametrize(
    ("distribution", "fix"),
    [
        (Distribution("fedora", "Fedora Linux 43"), "sudo dnf install ipxe-bootimgs-x86"),
        (Distribution("arch", "Arch Linux"), "sudo pacman -S ipxe"),
        (Distribution("opensuse-leap", "openSUSE Leap", "", ("suse",)), "sudo zypper install ipxe-bootimgs"),
        (Distribution("", "this system"), "--loaders DIRECTORY"),
    ],
)
def test_other_distributions_are_told_the_package(tmp_path: Path, distribution: Distribution, fix: str) -> None:
    with pytest.raises(UserError) as caught:
        fetch_loaders(tmp_path / "own", distribution=distribution)
    assert fix in caught.value.fix
    assert distribution.name in caught.value.what
    assert not (tmp_path / "own").exists()


def test_no_source_of_the_distribution(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb https://apt.example.com other main\n")
    with pytest.raises(UserError, match="no package source of Debian itself") as caught:
        fetch_loaders(tmp_path / "own", distribution=DEBIAN, apt_directory=tmp_path)
    assert str(tmp_path) in caught.value.fix


@pytest.mark.parametrize("suite", ["", "Trixie", "../x", "trixie main", "-o=x", "trixie\n", "a" * 50])
def test_suite_must_be_the_name_of_one(tmp_path: Path, suite: str) -> None:
    (tmp_path / "sources.list").write_text(f"deb {DEB} bookworm main\n")
    distribution = Distribution("debian", "Debian", suite) if suite == "" else DEBIAN
    with pytest.raises(UserError, match="not the name of a release"):
        fetch_loaders(tmp_path / "own", suite, distribution=distribution, apt_directory=tmp_path)


class FakeApt:
    """Stands for apt: notes what it was made with, and has no packages."""

    made: ClassVar[list[tuple[tuple[str, ...], str, Sequence[str], str]]] = []
    wanted: ClassVar[list[str]] = []

    def __init__(
        self, work: Path, sources: Sequence[AptSource], origin: str, architectures: Sequence[str], release: str
    ) -> None:
        suites = tuple(suite for source in sources for suite in source.suites)
        self.made.append((suites, origin, architectures, release))

    def update(self) -> str:
        return "E: The repository 'x nonesuch Release' does not have a Release file.\n"

    def candidates(self, wanted: Sequence[WantedPackage]) -> dict[WantedPackage, str]:
        self.wanted[:] = map(str, wanted)
        return {}


@pytest.mark.parametrize(
    ("distribution", "suite", "suites", "wanted"),
    [
        (DEBIAN, None, ("trixie",), [str(package) for package in PACKAGES]),
        (DEBIAN, "forky", ("forky",), [str(package) for package in PACKAGES]),
        (Distribution("debian", "Debian 13", "trixie"), None, ("trixie",), [str(package) for package in PACKAGES]),
        (Distribution("debian", "Debian 14", "forky"), None, ("forky",), [str(package) for package in PACKAGES]),
        (
            Distribution("ubuntu", "Ubuntu 24.04", "noble"),
            None,
            ("resolute",),
            ["ipxe", "shim-signed:amd64", "shim-helpers-amd64-signed:amd64", "grub-efi-amd64-signed:amd64"],
        ),
    ],
)
def test_release_and_packages(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    distribution: Distribution,
    suite: str | None,
    suites: tuple[str, ...],
    wanted: list[str],
) -> None:
    """Ubuntu has the packages of other architectures on other servers."""
    FakeApt.made.clear()
    monkeypatch.setattr(loader_fetch, "PrivateApt", FakeApt)
    monkeypatch.setattr(loader_fetch, "native_architecture", lambda: "amd64")
    (tmp_path / "sources.list").write_text(f"deb {DEB} {distribution.codename} main\n")
    with pytest.raises(UserError, match="is not where the package sources"):
        fetch_loaders(tmp_path / "own", suite, distribution=distribution, apt_directory=tmp_path)
    ((made_suites, origin, architectures, release),) = FakeApt.made
    assert made_suites == suites
    assert origin == ("Ubuntu" if distribution.id == "ubuntu" else "Debian")
    assert architectures == (("amd64",) if distribution.id == "ubuntu" else ("amd64", "arm64"))
    assert release == f"{origin} {suites[0]}"
    assert FakeApt.wanted == wanted
    assert not (tmp_path / "own").exists()


def snapshot(directory: Path) -> dict[str, tuple[int, int]]:
    """Everything below a directory, so that a change is seen."""
    return {
        str(path): (path.lstat().st_mtime_ns, path.lstat().st_size)
        for path in directory.rglob("*")
        if not path.is_dir() or path.is_symlink()
    }


@pytest.mark.peer
@pytest.mark.timeout(300)
def test_newer_loaders_of_debian_13_for_real(tmp_path: Path) -> None:
    """The whole way: this computer's own sources, the real archive, its signatures; then the newer is preferred."""
    own = tmp_path / "share" / "loaders"
    said: list[str] = []
    lists, status = snapshot(Path("/var/lib/apt/lists")), Path("/var/lib/dpkg/status").read_bytes()
    planned = fetch_loaders(own, "trixie", dry_run=True, tell=said.append)
    assert planned.release == "Debian trixie"
    assert not own.exists()
    assert set(planned.candidates) == {str(package) for package in PACKAGES}
    assert planned.brought == ()

    report = fetch_loaders(own, "trixie", tell=said.append)
    assert report.missing == ()
    assert report.present == ()
    assert "reading the package lists of Debian trixie (amd64, arm64)" in said
    brought = {brought.loader.name: brought for brought in report.brought}
    assert {
        "undionly.kpxe",
        "snponly.efi",
        "ipxe.lkrn",
        "ipxe-arm64.efi",
        "shimx64.efi.signed",
        "shimaa64.efi.signed",
        "grubnetx64.efi.signed",
        "grubnetaa64.efi.signed",
        "mmx64.efi.signed",
    } <= set(brought)
    installed = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "ipxe"], capture_output=True, text=True, check=True
    ).stdout
    assert brought["undionly.kpxe"].old_version == installed
    assert brought["undionly.kpxe"].loader.version == report.candidates["ipxe"]
    assert brought["ipxe-arm64.efi"].old_version in (None, installed)

    assert snapshot(Path("/var/lib/apt/lists")) == lists
    assert Path("/var/lib/dpkg/status").read_bytes() == status
    assert not [path for path in own.iterdir() if path.name.startswith(".")]
    assert {path.stat().st_mode & 0o777 for path in own.rglob("*") if path.is_file()} == {0o644}

    shelf = find_loaders(own=(own,))
    for firmware, cpu in ((Firmware.BIOS, Cpu.X86_64), (Firmware.UEFI, Cpu.X86_64), (Firmware.UEFI, Cpu.ARM64)):
        best = shelf.best(firmware, cpu)
        assert best is not None
        assert (best.place, best.family, best.version) == (Place.OWN, LoaderFamily.IPXE, report.candidates["ipxe"])
        assert best.package is not None
        assert best.package.version == report.candidates["ipxe"]
    x64 = shelf.best(Firmware.UEFI, Cpu.X86_64)
    assert x64 is not None
    assert x64.features >= {LoaderFeature.HTTPS, LoaderFeature.AUTOEXEC, LoaderFeature.SHIM_COMMAND}
    for cpu in (Cpu.X86_64, Cpu.ARM64):
        assert shelf.best(Firmware.UEFI, cpu, Purpose.SECURE_BOOT) is not None
    grub = next(loader for loader in shelf.loaders if loader.name == "grubnetx64.efi.signed")
    assert LoaderFeature.HTTP in grub.features

    again = fetch_loaders(own, "trixie")
    assert again.brought == ()
    assert set(again.present) == set(again.candidates)
    (ipxe,) = own.glob("ipxe_*")
    assert json.loads((ipxe / "package.json").read_text())["suite"] == "trixie"


@pytest.mark.peer
@pytest.mark.timeout(300)
def test_release_that_does_not_exist_for_real(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Debian nonesuch is not where"):
        fetch_loaders(tmp_path / "own", "nonesuch")
    assert not (tmp_path / "own").exists()
