"""Disk images and ISOs that nobody has a recipe for, started by their own boot loaders, read over the network."""

from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.boot_media import MediumSpec, make_boot_iso, make_disk_image
from bootbeam.lab.firmware import OVMF, SEABIOS
from bootbeam.lab.initrd import command_line, expected_marker, make_linux_payload
from bootbeam.lab.machine import PcSpec, VirtualMachine
from bootbeam.lab.station import StationProcess
from tests.firmware.conftest import PowerOn, StartStation

pytestmark = [pytest.mark.firmware, pytest.mark.timeout(240)]

BOOT_TIMEOUT_S = 150.0
NONCE = "c0ffee1234"


def block_reads(station: StationProcess, pc: VirtualMachine) -> int:
    reads = [event.facts for event in station.events(pc.mac) if event.kind is EventKind.BLOCKS_READ]
    return int(str(reads[-1]["requests"])) if reads else 0


def test_a_disk_image_boots_by_its_own_loader_on_both_firmwares(
    start_station: StartStation, power_on: PowerOn, tmp_path: Path
) -> None:
    spec = MediumSpec(make_linux_payload(tmp_path), command_line(NONCE))
    station = start_station(make_disk_image(tmp_path / "disk.img", spec))
    for pc in [power_on(PcSpec("bios", SEABIOS)), power_on(PcSpec("uefi", OVMF))]:
        pc.wait_for(expected_marker(NONCE), BOOT_TIMEOUT_S)
        assert block_reads(station, pc) > 0


def test_an_unknown_iso_boots_by_its_own_loader_on_both_firmwares(
    start_station: StartStation, power_on: PowerOn, tmp_path: Path
) -> None:
    spec = MediumSpec(make_linux_payload(tmp_path), command_line(NONCE))
    station = start_station(make_boot_iso(tmp_path / "unknown.iso", spec))
    for pc in [power_on(PcSpec("bios", SEABIOS)), power_on(PcSpec("uefi", OVMF))]:
        pc.wait_for(expected_marker(NONCE), BOOT_TIMEOUT_S)
        assert block_reads(station, pc) > 0
