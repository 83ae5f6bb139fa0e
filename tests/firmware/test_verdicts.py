"""What a station says of boots that fail, with real firmware: the loader's own error comes back to the station."""

from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.firmware import OVMF, SEABIOS, Firmware
from bootbeam.lab.machine import PcSpec
from tests.firmware.conftest import PowerOn, StartStation
from tests.firmware.test_images import words

pytestmark = [pytest.mark.firmware, pytest.mark.timeout(240)]


@pytest.mark.finding("BB-054")
@pytest.mark.parametrize("firmware", [SEABIOS, pytest.param(OVMF, marks=pytest.mark.slow)], ids=["bios", "uefi"])
def test_an_error_of_ipxe_is_told_by_its_number(
    start_station: StartStation, power_on: PowerOn, tmp_path: Path, firmware: Firmware
) -> None:
    script = tmp_path / "closed.ipxe"
    script.write_text("#!ipxe\nchain http://192.168.1.1:9/nothing.efi\n", "utf-8")
    station = start_station(script)
    pc = power_on(PcSpec("pc", firmware))
    failed = station.wait_for(EventKind.LOADER_FAILED, 90, mac=pc.mac)
    assert str(failed.facts["error"]).startswith("0f0a60")
    finding = station.wait_for(EventKind.FINDING, 10, mac=pc.mac)
    assert finding.facts["id"] == "BB-054"
    assert "Connection reset" in str(finding.facts["title"])
    pc.wait_for("BB-054: it did not start before", 60)
    assert "the connection was refused or cut off" in words(pc.console)
