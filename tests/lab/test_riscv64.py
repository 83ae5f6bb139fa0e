"""The riscv64 machine: how its emulator is started, and where it can be had."""

import subprocess
from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.lab import riscv64
from bootbeam.lab.riscv64 import fetch_riscv64_machine
from bootbeam.library.loader_packages import Distribution


def test_the_emulator_is_started_by_its_own_linker_with_its_own_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "riscv64-machine"
    linker = root / "usr/lib64/ld-linux-x86-64.so.2"
    linker.parent.mkdir(parents=True)
    linker.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    linker.chmod(0o755)
    (root / ".complete").touch()
    monkeypatch.setattr(riscv64, "read_distribution", lambda: pytest.fail("it is here already"))
    machine = fetch_riscv64_machine(tmp_path)
    said = subprocess.check_output([machine.emulator, "-machine", "virt, a b"], text=True, timeout=10).splitlines()
    assert said[:3] == [
        "--library-path",
        str(root / "usr/lib/x86_64-linux-gnu"),
        str(root / "usr/bin/qemu-system-riscv64"),
    ]
    assert said[-2:] == ["-machine", "virt, a b"]
    assert not machine.takes_boot_order


def test_where_it_cannot_be_had_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(riscv64, "read_distribution", lambda: Distribution("fedora", "Fedora Linux 42"))
    with pytest.raises(UserError, match="Debian on a 64-bit PC only"):
        fetch_riscv64_machine(tmp_path)
    assert not (tmp_path / "riscv64-machine" / ".complete").exists()
