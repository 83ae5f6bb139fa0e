"""UEFI HTTP boot: the firmware asks as ``HTTPClient`` and loads everything by HTTP; no TFTP at all."""

import secrets
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.firmware import OVMF
from bootbeam.lab.initrd import command_line, expected_marker, make_linux_payload
from bootbeam.lab.lan import STATION_ADDRESS
from bootbeam.lab.machine import PcSpec
from tests.firmware.conftest import PowerOn, StartStation, protocols

pytestmark = [pytest.mark.firmware, pytest.mark.timeout(240)]

BOOT_TIMEOUT_S = 100.0


def test_uefi_http_boot_reaches_userland_without_any_tftp(
    start_station: StartStation, power_on: PowerOn, tmp_path: Path
) -> None:
    nonce = secrets.token_hex(8)
    payload = make_linux_payload(tmp_path)
    station = start_station(
        *("--kernel", payload.kernel, "--initrd", payload.initrd, "--cmdline", command_line(nonce)),
    )
    pc = power_on(PcSpec("pc", OVMF.without_pxe))
    pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)

    first = station.events(pc.mac)[0]
    assert first.facts["kind_of_client"] == "uefi-http"
    assert str(first.facts["vendor_class"]).startswith("HTTPClient:Arch:00016:")
    offered = [event.facts["file"] for event in station.events(pc.mac) if event.kind is EventKind.OFFERED]
    assert offered == [f"http://{STATION_ADDRESS}:8080/x64/snponly.efi", f"http://{STATION_ADDRESS}:8080/boot.ipxe"]
    sent = protocols(station, pc)
    assert {protocol for protocol, _ in sent} == {"http"}
    assert [role for _, role in sent if role != "script"] == ["loader", "kernel", "initrd"]
