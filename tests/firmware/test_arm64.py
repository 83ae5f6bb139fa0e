"""arm64 machines, by the boot loader that ``bootbeam loaders fetch`` brings: Debian 12 has none for them."""

import secrets
from pathlib import Path

import pytest

from bootbeam.lab.firmware import AAVMF, Firmware
from bootbeam.lab.initrd import command_line, expected_marker, make_arm64_linux_payload
from bootbeam.lab.machine import PcSpec
from bootbeam.machine import Cpu
from tests.firmware.conftest import CACHE_DIR, PowerOn, StartStation, protocols

pytestmark = [pytest.mark.firmware, pytest.mark.peer, pytest.mark.timeout(400)]

BOOT_TIMEOUT_S = 100.0


@pytest.mark.parametrize("firmware", [AAVMF, AAVMF.without_pxe], ids=["pxe", "http-boot"])
def test_an_arm64_machine_reaches_userland(
    start_station: StartStation, power_on: PowerOn, fetched_loaders: Path, tmp_path: Path, firmware: Firmware
) -> None:
    nonce = secrets.token_hex(8)
    payload = make_arm64_linux_payload(tmp_path, CACHE_DIR)
    station = start_station(
        *("--loaders", fetched_loaders, "--kernel", payload.kernel, "--initrd", payload.initrd),
        *("--cmdline", command_line(nonce, Cpu.ARM64)),
    )
    pc = power_on(PcSpec("pc", firmware))
    pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)

    is_http_boot = firmware is not AAVMF
    first = station.events(pc.mac)[0]
    assert first.facts["architecture"] == (19 if is_http_boot else 11)
    sent = protocols(station, pc)
    assert sent[0] == ("http" if is_http_boot else "tftp", "loader")
    assert sent[-2:] == [("http", "kernel"), ("http", "initrd")]
