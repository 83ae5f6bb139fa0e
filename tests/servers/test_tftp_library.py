"""A compiled part that is of no use is not used, and told of with the command that mends it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from bootbeam.cli.doctor import compiled_part
from bootbeam.doctor.finding import Level
from bootbeam.servers import tftp_library, tftp_turn
from bootbeam.servers.tftp_library import build_command, find_trouble, load_turn_libraries, refused_warnings
from bootbeam.servers.tftp_turn import LIBRARY, TurnLibrary


def compiled(library: Path, source: str) -> Path:
    """A library of this source."""
    text = library.with_suffix(".c")
    text.write_text(source, "utf-8")
    subprocess.run(("cc", "-shared", "-fPIC", "-o", str(library), str(text)), check=True)
    return library


def unusable(directory: Path, kind: str) -> Path:
    """A file where the library should be."""
    library = directory / "libbootbeam-tftp.so"
    match kind:
        case "older":
            return compiled(library, "unsigned bootbeam_tftp_source_crc32(void) { return 1; }")
        case "something else":
            return compiled(library, "int something(void) { return 1; }")
        case "cut short":
            library.write_bytes(compiled(directory / "whole.so", "int something;").read_bytes()[:20])
        case "of another processor":
            elf = bytearray(compiled(directory / "whole.so", "int something;").read_bytes())
            elf[18:20] = b"\xf7\x00"  # e_machine: BPF
            library.write_bytes(elf)
        case "nowhere":
            library.symlink_to(directory / "gone.so")
    return library


KINDS = ("older", "something else", "cut short", "of another processor", "nowhere")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_here_and_of_no_use_is_refused_and_told(tmp_path: Path, kind: str) -> None:
    library = unusable(tmp_path, kind)
    with pytest.raises(OSError, match=r"."):
        TurnLibrary(library)
    trouble = find_trouble(library)
    assert trouble is not None
    assert trouble.is_refused
    assert str(library) in trouble.what
    assert "half the speed" in trouble.why
    finding = compiled_part(library)
    assert (finding.level, finding.area, finding.fix) == (Level.WARNING, "TFTP", trouble.fix)


@pytest.mark.parametrize("kind", [*KINDS, "never built"])
def test_the_command_that_is_told_mends_it(tmp_path: Path, kind: str) -> None:
    library = tmp_path / "libbootbeam-tftp.so" if kind == "never built" else unusable(tmp_path, kind)
    finding = compiled_part(library)
    subprocess.run(finding.fix, shell=True, check=True)
    # This process keeps the one that it has loaded from there; the next one does not.
    mended = Path(shutil.copy(library, tmp_path / "mended.so"))
    assert find_trouble(mended) is None
    assert compiled_part(mended).level is Level.OK


def test_the_cause_of_an_older_one_is_named(tmp_path: Path) -> None:
    trouble = find_trouble(unusable(tmp_path, "older"))
    assert trouble is not None
    assert "built from another tftp_turn.c" in trouble.why


def test_one_that_was_never_built_is_no_warning(tmp_path: Path) -> None:
    finding = compiled_part(tmp_path / "missing.so")
    assert finding.level is Level.OK
    assert "never built" in finding.what
    assert "half the speed" in finding.why


def test_without_a_compiler_that_is_the_first_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert compiled_part(tmp_path / "missing.so").fix.splitlines()[0] == "sudo apt-get install gcc libc6-dev"


def test_a_station_warns_of_what_it_refuses_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for library, number in ((unusable(tmp_path, "older"), 1), (tmp_path / "missing.so", 0)):
        monkeypatch.setattr(tftp_library, "find_trouble", lambda library=library: find_trouble(library))
        assert len(refused_warnings()) == number


def test_a_changed_source_makes_the_library_an_older_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = tmp_path / "libbootbeam-tftp.so"
    subprocess.run(build_command(library), check=True)
    assert find_trouble(library) is None
    changed = tmp_path / "tftp_turn.c"
    changed.write_bytes(tftp_turn.SOURCE.read_bytes() + b"\n")
    monkeypatch.setattr(tftp_turn, "SOURCE", changed)
    with pytest.raises(OSError, match=r"another tftp_turn\.c"):
        TurnLibrary(library)


def test_it_is_found_where_the_installation_put_it_or_done_without() -> None:
    assert bool(load_turn_libraries()) == LIBRARY.exists()
