import subprocess
from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.lab import initrd
from bootbeam.lab.initrd import (
    command_line,
    encode_newc,
    expected_marker,
    make_arm64_linux_payload,
    make_linux_payload,
)
from bootbeam.machine import Cpu


def test_cpio_reads_the_archive(tmp_path: Path) -> None:
    archive = encode_newc({"bin": None, "bin/tool": b"#!/bin/sh\necho it runs\n", "empty": b"", "odd": b"12345"})
    done = subprocess.run(
        ["cpio", "--extract", "--quiet", "--preserve-modification-time"],
        input=archive,
        cwd=tmp_path,
        capture_output=True,
        check=True,
        timeout=10,
    )
    assert done.stderr == b""
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        "bin",
        "bin/tool",
        "empty",
        "odd",
    ]
    assert (tmp_path / "odd").read_bytes() == b"12345"
    assert (tmp_path / "empty").read_bytes() == b""
    assert subprocess.check_output([tmp_path / "bin/tool"], timeout=10) == b"it runs\n"


def test_the_marker_stands_nowhere_in_what_is_booted(tmp_path: Path) -> None:
    payload = make_linux_payload(tmp_path)
    # printf nonce42 | sha256sum
    assert expected_marker("nonce42") == r"^userland: " + _sha256sum("nonce42")[:16] + r"\b"
    assert _sha256sum("nonce42")[:16].encode() not in payload.initrd.read_bytes()
    assert _sha256sum("nonce42")[:16] not in command_line("nonce42")


def _sha256sum(text: str) -> str:
    done = subprocess.run(["sha256sum"], input=text.encode(), capture_output=True, check=True, timeout=10)
    return done.stdout.split()[0].decode()


def test_a_nonce_cannot_smuggle_an_argument() -> None:
    with pytest.raises(ValueError, match="letters and digits"):
        command_line("x init=/bin/sh")


def test_a_missing_kernel_names_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(initrd, "KERNEL", tmp_path / "linux")
    with pytest.raises(UserError, match="linux") as caught:
        make_linux_payload(tmp_path)
    assert caught.value.fix == "apt-get install debian-installer-12-netboot-amd64"


def test_the_arm64_initrd_holds_an_arm64_program(tmp_path: Path) -> None:
    cache = Path(__file__).parents[2] / ".cache" / "lab"
    payload = make_arm64_linux_payload(tmp_path, cache)
    subprocess.run(["cpio", "--extract", "--quiet"], input=payload.initrd.read_bytes(), cwd=tmp_path, check=True)
    program = (tmp_path / "bin/busybox").read_bytes()
    assert program[:4] == b"\x7fELF"
    assert int.from_bytes(program[18:20], "little") == 183, "e_machine is AArch64"
    assert "console=ttyAMA0 " in command_line("abc", Cpu.ARM64)
    assert "console=ttyS0 " in command_line("abc")
