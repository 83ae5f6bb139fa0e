"""The live ISO: built once, of Debian's own packages, without a trace on this machine."""

import json
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.lab import live_iso
from bootbeam.library.loader_packages import Distribution
from tests.formats.disc_images import run

CACHE_DIR = Path(__file__).parents[2] / ".cache" / "lab"


@pytest.fixture(scope="module")
def iso() -> Path:
    return live_iso.make_live_iso(CACHE_DIR)


@pytest.mark.timeout(400)
def test_it_is_laid_out_and_labelled_as_debians_own(iso: Path, tmp_path: Path) -> None:
    listing = run("xorriso", "-indev", iso, "-find", "/", "-type", "f").split()
    assert {"'/live/vmlinuz'", "'/live/initrd.img'", "'/live/filesystem.squashfs'", "'/.disk/info'"} <= set(listing)
    run("xorriso", "-osirrox", "on", "-indev", iso, "-extract", "/.disk/info", tmp_path / "info")
    assert re.match(r"Official Debian GNU/Linux Live 12\.\d+\.0 standard ", (tmp_path / "info").read_text())
    assert iso.stat().st_size < live_iso.MAX_ISO_BYTES
    toc = run("xorriso", "-indev", iso, "-pvd_info", "-report_el_torito", "plain")
    assert re.search(r"Volume Id +: d-live 12\.\d+\.0 st amd64", toc)
    assert re.search(r"El Torito boot img : +1 +BIOS", toc)
    assert re.search(r"El Torito boot img : +2 +UEFI", toc)


@pytest.mark.timeout(400)
def test_its_system_tells_nothing_of_this_machine(iso: Path, tmp_path: Path) -> None:
    squashfs = tmp_path / "filesystem.squashfs"
    run("xorriso", "-osirrox", "on", "-indev", iso, "-extract", "/live/filesystem.squashfs", squashfs)
    run("unsquashfs", "-quiet", "-no-progress", "-dest", tmp_path / "system", squashfs, "etc", "usr/local/sbin")
    system = tmp_path / "system"
    assert not (system / "etc/apt").exists()
    assert (system / "etc/hostname").read_text() == "debian\n"
    assert re.search(r"^root::", (system / "etc/shadow").read_text(), re.MULTILINE)
    assert stat.S_IMODE((system / "usr/local/sbin/prove").stat().st_mode) == 0o755
    assert not (system / "etc/resolv.conf").exists()


def test_a_second_run_takes_what_the_first_has_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builds: list[Path] = []

    def make_system(work: Path) -> Path:
        builds.append(work)
        return work

    def make_iso(work: Path, system: Path) -> Path:
        made = work / live_iso.ISO_NAME
        made.write_bytes(b"iso")
        return made

    monkeypatch.setattr(live_iso, "_make_system", make_system)
    monkeypatch.setattr(live_iso, "_add_proof", lambda system: None)
    monkeypatch.setattr(live_iso, "_make_iso", make_iso)
    stale = tmp_path / "debian-live-0123456789ab"
    stale.mkdir()
    first = live_iso.make_live_iso(tmp_path)
    assert first.read_bytes() == b"iso"
    assert live_iso.make_live_iso(tmp_path) == first
    assert len(builds) == 1
    assert not stale.exists(), "what an older description made is not kept for ever"
    assert not builds[0].exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [first.parent.name, "debian-live-lock"]


def test_a_build_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def make_system(work: Path) -> Path:
        (work / "half").write_text("")
        raise UserError("no packages today")

    monkeypatch.setattr(live_iso, "_make_system", make_system)
    with pytest.raises(UserError, match="no packages today"):
        live_iso.make_live_iso(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["debian-live-lock"]


def test_missing_programs_are_named_with_their_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "mksquashfs" else which(name))
    with pytest.raises(UserError) as caught:
        live_iso.make_live_iso(tmp_path)
    assert caught.value.fix == "apt-get install squashfs-tools"


def test_on_another_distribution_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_iso, "read_distribution", lambda: Distribution("fedora", "Fedora Linux 42"))
    with pytest.raises(UserError, match="no source of Debian's own packages") as caught:
        live_iso.make_live_iso(tmp_path)
    assert "Fedora Linux 42" in caught.value.why


def test_a_program_that_takes_too_long_or_fails_is_an_error_in_words() -> None:
    with pytest.raises(UserError, match="did not finish in 0 s"):
        live_iso._run(0.05, "sleep", "5")
    with pytest.raises(UserError, match="failed") as caught:
        live_iso._run(5, "sh", "-c", "echo the reason >&2; exit 3")
    assert caught.value.why == "the reason"


def test_the_proof_computes_what_it_prints(tmp_path: Path) -> None:
    """The script that runs in the live system, here with files of this test's own in the places it looks at."""
    cmdline, squashfs, release = tmp_path / "cmdline", tmp_path / "squashfs", tmp_path / "os-release"
    cmdline.write_text("boot=live nonce=abc123 quiet\n")
    squashfs.write_bytes(b"hsqs")
    release.write_text("ID=debian\nVERSION_ID=12\n")
    script = live_iso._PROOF
    for there, here in (
        ("/proc/cmdline", cmdline),
        ("/run/live/medium/live/filesystem.squashfs", squashfs),
        ("/etc/os-release", release),
        ("/dev/console", tmp_path / "console"),
    ):
        assert there in script
        script = script.replace(there, str(here))
    subprocess.run(["sh", "-c", script], check=True, timeout=10)
    said = (tmp_path / "console").read_text()
    expected = subprocess.run(["sh", "-c", "printf abc123 | sha256sum"], capture_output=True, text=True, check=True)
    assert f"userland: {expected.stdout[:16]}\n" in said
    expected = subprocess.run(["sha256sum", squashfs], capture_output=True, text=True, check=True)
    assert f"squashfs: {expected.stdout.split()[0]}\n" in said
    assert "system: debian 12, root on " in said


def test_apt_is_told_how_this_machine_reaches_the_archive_and_nothing_else() -> None:
    settings = live_iso._apt_settings()
    for line in settings.splitlines():
        name, value = line.removesuffix(";").split(" ", 1)
        assert name.startswith("Acquire::")
        assert isinstance(json.loads(value), str)
