"""Newer boot loaders, brought by apt and not installed, boot the same firmware; UEFI iPXE of 2022 on is led faster."""

import secrets
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.firmware import OVMF
from bootbeam.lab.initrd import command_line, expected_marker, make_linux_payload
from bootbeam.lab.machine import PcSpec
from tests.firmware.conftest import PowerOn, StartStation

pytestmark = [pytest.mark.firmware, pytest.mark.peer, pytest.mark.timeout(400)]


def test_fetched_loaders_boot_and_skip_the_wait_for_an_ipv6_router(
    start_station: StartStation, power_on: PowerOn, fetched_loaders: Path, tmp_path: Path
) -> None:
    nonce = secrets.token_hex(8)
    payload = make_linux_payload(tmp_path)
    station = start_station(
        *("--loaders", fetched_loaders, "--kernel", payload.kernel, "--initrd", payload.initrd),
        *("--cmdline", command_line(nonce)),
    )
    pc = power_on(PcSpec("pc", OVMF))
    pc.wait_for(expected_marker(nonce), 100)
    assert "iPXE 1.0.0" not in pc.console, "the newer iPXE was used"
    files = [event.facts["file"] for event in station.events(pc.mac) if event.kind is EventKind.TRANSFER_FINISHED]
    assert "autoexec script" in files
    assert len([file for file in files if "snponly" in str(file)]) == 1, "the chain is no loop"
