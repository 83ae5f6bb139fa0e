"""A riscv64 machine beside a router that knows nothing of booting: UEFI PXE, Debian 13's iPXE."""

import secrets
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.initrd import command_line, expected_marker
from bootbeam.lab.machine import PcSpec
from bootbeam.lab.riscv64 import fetch_riscv64_machine, make_riscv64_linux_payload
from bootbeam.machine import Cpu
from tests.firmware.conftest import CACHE_DIR, PowerOn, StartStation, protocols
from tests.firmware.test_more_cells import SCRIPT

pytestmark = [pytest.mark.firmware, pytest.mark.peer, pytest.mark.timeout(600), pytest.mark.slow]

BOOT_TIMEOUT_S = 200.0


def test_a_riscv64_machine_reaches_userland(
    start_station: StartStation, power_on: PowerOn, fetched_loaders: Path, tmp_path: Path
) -> None:
    nonce = secrets.token_hex(8)
    payload = make_riscv64_linux_payload(tmp_path, CACHE_DIR)
    station = start_station(
        *("--loaders", fetched_loaders, "--kernel", payload.kernel, "--initrd", payload.initrd),
        *("--cmdline", command_line(nonce, Cpu.RISCV64)),
    )
    pc = power_on(PcSpec("pc", fetch_riscv64_machine(CACHE_DIR)))
    pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)
    first = station.events(pc.mac)[0]
    assert first.facts["architecture"] == 27
    sent = protocols(station, pc)
    assert sent[0] == ("tftp", "loader")
    assert sent[-2:] == [("http", "kernel"), ("http", "initrd")]


def test_an_ipxe_script_runs_on_riscv64(
    start_station: StartStation, power_on: PowerOn, fetched_loaders: Path, tmp_path: Path
) -> None:
    script = tmp_path / "own.ipxe"
    script.write_text(SCRIPT)
    start_station(script, "--loaders", fetched_loaders)
    pc = power_on(PcSpec("pc", fetch_riscv64_machine(CACHE_DIR)))
    pc.wait_for(rf"script ran on riscv64 efi {pc.mac} 0x2a\b", BOOT_TIMEOUT_S)


@pytest.mark.finding("BB-082")
@pytest.mark.parametrize("image", ["multiboot_elf", "multiboot2_elf"])
def test_a_kernel_for_a_pc_is_told_on_riscv64s_own_screen(
    request: pytest.FixtureRequest,
    start_station: StartStation,
    power_on: PowerOn,
    fetched_loaders: Path,
    image: str,
) -> None:
    path: Path = request.getfixturevalue(image)
    station = start_station(path, "--loaders", fetched_loaders)
    pc = power_on(PcSpec("pc", fetch_riscv64_machine(CACHE_DIR)))
    pc.wait_for("Press any key", BOOT_TIMEOUT_S)
    screen = " ".join(pc.console.split())
    assert f"{path.name} cannot boot on this machine" in screen
    assert "64-bit RISC-V" in screen
    station.wait_for(EventKind.FINDING, 20, mac=pc.mac)
