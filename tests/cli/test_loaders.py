"""``bootbeam loaders`` as a person types it."""

import json
import re
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bootbeam.cli import loaders as loaders_command
from bootbeam.cli.loaders import app
from bootbeam.library.apt_download import WantedPackage
from bootbeam.library.loader_fetch import Brought, FetchReport
from bootbeam.library.loader_places import Place
from bootbeam.library.loaders import find_loaders, read_loader
from tests.loader_bytes import ARM64, NEW, OLD, grub, ipxe_efi, lkrn, packed_nbp, shim, write


@pytest.fixture(autouse=True)
def _nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this computer has of its own must not show."""
    monkeypatch.setattr("bootbeam.library.loaders.find_loaders", partial(find_loaders, own=(), system=()))


@pytest.fixture
def chosen(tmp_path: Path) -> Path:
    return write(
        tmp_path / "a-directory-with-a-rather-long-name",
        undionly__kpxe=packed_nbp(),
        ipxe__lkrn=lkrn(),
        snponly__efi=ipxe_efi(NEW, b"https", b"autoexec.ipxe", b"initrd.magic", b"shim"),
        ipxe_arm64__efi=ipxe_efi(NEW, machine=ARM64),
        shimx64__efi__signed=shim(),
        grubnetx64__efi__signed=grub(),
    )


def run(*arguments: str, width: int | None = None) -> str:
    environment = {"COLUMNS": str(width)} if width else {}
    result = CliRunner().invoke(app, list(arguments), env=environment)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_list(chosen: Path) -> None:
    output = run("--loaders", str(chosen))
    assert "\x1b" not in output
    assert output.index("BIOS") < output.index("UEFI x64") < output.index("UEFI ia32") < output.index("UEFI arm64")
    assert re.search(r"N +undionly\.kpxe +2025-05-01 +HTTP, Multiboot, initrd +1\b", output)
    assert re.search(r"UEFI x64 +N +snponly\.efi +2025-05-01 +HTTP, HTTPS, autoexec, initrd, shim +1\b", output)
    assert re.search(r"S +shimx64\.efi\.signed +16\.1 +signed +1\b", output)
    assert re.search(r"grubnetx64\.efi\.signed +2\.12 +signed +1\b", output)
    assert re.search(r"UEFI arm64 +NG +ipxe-arm64\.efi +2025-05-01 +HTTP +1\b", output)
    assert re.search(r"UEFI riscv64 +none", output)
    assert str(chosen) in output
    assert "N network boot" in output
    assert re.search(r"None for UEFI riscv64.*: \S", output)


def test_list_fits_eighty_columns_on_a_terminal(chosen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    console = Console(width=80, force_terminal=True, color_system=None, record=True, file=(chosen / "out").open("w"))
    monkeypatch.setattr(loaders_command, "_console", lambda: console)
    run("--loaders", str(chosen))
    console.file.close()
    text = console.export_text()
    assert "undionly.kpxe" in text
    paths = [line for line in text.splitlines() if "/" in line]
    assert max(len(line) for line in text.splitlines() if line not in paths) <= 80
    assert any(str(chosen) in line for line in paths), "paths are never broken"


def test_list_as_json(chosen: Path) -> None:
    facts = json.loads(run("--loaders", str(chosen), "--json"))
    snponly = next(loader for loader in facts["loaders"] if loader["path"] == str(chosen / "snponly.efi"))
    assert snponly == {
        "path": str(chosen / "snponly.efi"),
        "firmware": "UEFI",
        "cpu": "x86_64",
        "family": "iPXE",
        "variant": "snponly",
        "version": NEW,
        "released": "2025-05-01",
        "package": None,
        "features": ["HTTP", "HTTPS", "autoexec.ipxe", "initrd wrapping", "shim command"],
        "signed": False,
        "found": "chosen",
        "used_for": ["network boot"],
    }
    assert {"firmware": "UEFI", "cpu": "riscv64"} in facts["missing"]
    assert {"firmware": "UEFI", "cpu": "x86_64"} not in facts["missing"]


def test_old_ipxe_is_remarked_on(tmp_path: Path) -> None:
    shelf = find_loaders(own=(), system=(write(tmp_path, snponly__efi=ipxe_efi(OLD)),))
    old = "Old: iPXE for UEFI x64 (2019). Newer: bootbeam loaders fetch"
    assert old in list(loaders_command._remarks(shelf, date(2026, 11, 21)))
    assert old not in list(loaders_command._remarks(shelf, date(2020, 11, 21)))


def test_machines_without_a_loader_are_named_together() -> None:
    remarks = list(loaders_command._remarks(find_loaders(own=(), system=()), date(2026, 11, 21)))
    (line,) = [line for line in remarks if "UEFI arm64" in line]
    assert line == "None for UEFI arm64, UEFI riscv64, UEFI loong64: bootbeam loaders fetch"


class Fetch:
    """Stands for ``fetch_loaders``."""

    def __init__(self, report: FetchReport) -> None:
        self.report = report
        self.asked: dict[str, object] = {}

    def __call__(self, directory: Path, suite: str | None, **options: object) -> FetchReport:
        self.asked = {"directory": directory, "suite": suite, "dry_run": options["dry_run"]}
        return self.report


@pytest.fixture
def report(tmp_path: Path) -> FetchReport:
    directory = write(
        tmp_path / "own" / "ipxe_2_all", snponly__efi=ipxe_efi(NEW), ipxe_arm64__efi=ipxe_efi(NEW, machine=ARM64)
    )
    new, first = (read_loader(directory / name, Place.OWN) for name in ("snponly.efi", "ipxe-arm64.efi"))
    assert new is not None
    assert first is not None
    return FetchReport(
        release="Debian trixie",
        directory=tmp_path / "own",
        candidates={"ipxe": NEW, "shim-signed:amd64": "1.51"},
        missing=(str(WantedPackage("shim-signed", "arm64")),),
        present=("shim-signed:amd64",),
        brought=(Brought(new, OLD), Brought(first, None)),
    )


def test_fetch_says_what_it_brought(report: FetchReport, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fetch = Fetch(report)
    monkeypatch.setattr("bootbeam.library.loader_fetch.fetch_loaders", fetch)
    output = run("fetch", "--into", str(tmp_path / "own"), "--suite", "trixie")
    assert output.splitlines() == [
        f"snponly.efi     {OLD} -> {NEW}",
        f"ipxe-arm64.efi  (none) -> {NEW}",
        f"In {tmp_path / 'own'}",
        "Not in Debian trixie: shim-signed:arm64",
    ]
    assert fetch.asked == {"directory": tmp_path / "own", "suite": "trixie", "dry_run": False}


def test_fetch_dry_run(report: FetchReport, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fetch = Fetch(report)
    monkeypatch.setattr("bootbeam.library.loader_fetch.fetch_loaders", fetch)
    output = run("fetch", "--into", str(tmp_path / "own"), "--dry-run")
    assert f"Debian trixie would bring into {tmp_path / 'own'}:\n  ipxe {NEW}\n" in output
    assert "shim-signed:amd64" not in output
    assert fetch.asked["dry_run"] is True


def test_fetch_with_nothing_new(report: FetchReport, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = FetchReport(report.release, report.directory, {"ipxe": NEW}, (), ("ipxe",))
    monkeypatch.setattr("bootbeam.library.loader_fetch.fetch_loaders", Fetch(nothing))
    assert run("fetch") == f"Debian trixie has nothing newer than what is in {report.directory}\n"


def test_fetch_as_json(report: FetchReport, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bootbeam.library.loader_fetch.fetch_loaders", Fetch(report))
    facts = json.loads(run("fetch", "--json"))
    assert facts["packages"] == {"ipxe": NEW, "shim-signed:amd64": "1.51"}
    assert facts["missing"] == ["shim-signed:arm64"]
    assert [(brought["old_version"], brought["version"]) for brought in facts["brought"]] == [(OLD, NEW), (None, NEW)]


def test_fetch_goes_into_bootbeams_own_directory(report: FetchReport, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch = Fetch(report)
    monkeypatch.setattr("bootbeam.library.loader_fetch.fetch_loaders", fetch)
    monkeypatch.setattr("bootbeam.library.loader_places.own_directories", lambda: (Path("/own"), Path("/other")))
    run("fetch")
    assert fetch.asked["directory"] == Path("/own")
