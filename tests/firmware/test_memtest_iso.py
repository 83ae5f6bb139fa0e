"""A real ISO of Debian's, Memtest86+, started out of its file on both firmwares, until it tests memory."""

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.firmware import OVMF, SEABIOS
from bootbeam.lab.machine import PcSpec
from bootbeam.lab.memtest import fetch_memtest_iso
from tests.firmware.conftest import CACHE_DIR, PowerOn, StartStation

pytestmark = [pytest.mark.firmware, pytest.mark.timeout(240)]


def test_memtest86_starts_out_of_its_iso_on_both_firmwares(start_station: StartStation, power_on: PowerOn) -> None:
    station = start_station(fetch_memtest_iso(CACHE_DIR), "--cmdline", "console=ttyS0,115200")
    for pc in [power_on(PcSpec("bios", SEABIOS)), power_on(PcSpec("uefi", OVMF))]:
        pc.wait_for(r"Memtest86\+ v\d", 100)
        files = [event.facts["file"] for event in station.events(pc.mac) if event.kind is EventKind.TRANSFER_FINISHED]
        [script] = [event for event in station.events(pc.mac) if event.kind is EventKind.SCRIPT_SENT]
        assert script.facts["memory_mb"] == 512, "the lab's PCs have that; iPXE read it from SMBIOS"
        assert any("/EFI/BOOT/" in str(file) for file in files), "the program came out of the ISO"
