"""debian-installer, the real one: it fetches its answers from the station, reports, and goes on by them unasked."""

import hashlib
import secrets
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.firmware import SEABIOS
from bootbeam.lab.initrd import KERNEL
from bootbeam.lab.lan import STATION_ADDRESS
from bootbeam.lab.machine import PcSpec
from tests.firmware.conftest import PowerOn, StartStation

pytestmark = [pytest.mark.firmware, pytest.mark.slow, pytest.mark.timeout(400)]

INITRD = KERNEL.with_name("initrd.gz")
MAC = "52:54:00:b0:07:d1"
BOOT_TIMEOUT_S = 240.0
PRESEED = """\
#_preseed_V1
d-i debian-installer/locale string en_US.UTF-8
d-i keyboard-configuration/xkb-keymap select us
d-i netcfg/choose_interface select auto
# What it asks the network for next has this address: the answers are used, and nothing was asked before.
d-i mirror/country string manual
d-i mirror/protocol string http
d-i mirror/http/hostname string STATION:8080
d-i mirror/http/directory string /{{ mac|replace(":", "") }}-NONCE
d-i mirror/http/proxy string
d-i mirror/suite string bookworm
d-i preseed/early_command string \\
  echo "early: $(echo -n NONCE | sha256sum | cut -c 1-16)" > /dev/console
"""


def test_debian_installer_goes_on_by_its_preseed_without_a_question(
    start_station: StartStation, power_on: PowerOn, tmp_path: Path
) -> None:
    nonce = secrets.token_hex(8)
    preseed = tmp_path / "preseed.cfg.j2"
    preseed.write_text(PRESEED.replace("NONCE", nonce).replace("STATION", STATION_ADDRESS))
    station = start_station(
        *(KERNEL, INITRD, "--preseed", preseed, "--mac", MAC),
        *("--cmdline", "console=ttyS0 DEBIAN_FRONTEND=text"),
    )
    pc = power_on(PcSpec("pc", SEABIOS, mac=MAC, memory_mib=1024))
    fetched = station.wait_for(EventKind.ANSWERS_FETCHED, BOOT_TIMEOUT_S, mac=MAC)
    assert (fetched.facts["file"], fetched.facts["format"]) == ("preseed.cfg", "preseed")
    station.wait_for(EventKind.INSTALL_STARTED, 60, mac=MAC)
    pc.wait_for(rf"early: {hashlib.sha256(nonce.encode()).hexdigest()[:16]}\b", 60)
    mirror = f"{MAC.replace(':', '')}-{nonce}/dists/"
    asked = station.wait_for(
        EventKind.FILE_REFUSED, 120, mac=MAC, where=lambda event: str(event.facts["file"]).startswith(mirror)
    )
    assert str(asked.facts["file"]).endswith("Release")
    assert not [event for event in station.events(MAC) if event.kind is EventKind.INSTALL_FINISHED]
