"""Real firmware's boots as they are kept, and told afterwards; and a reset, which begins a new one."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bootbeam.journal.events import Event, EventKind
from bootbeam.lab.firmware import OVMF, SEABIOS
from bootbeam.lab.machine import PcSpec
from bootbeam.lab.station import StationProcess
from tests.firmware.conftest import PowerOn, StartStation

pytestmark = [pytest.mark.firmware, pytest.mark.timeout(240)]

BOOT_TIMEOUT_S = 100.0


def boots(station: StationProcess, *arguments: str | Path, width: int = 0) -> str:
    """What ``bootbeam boots ...`` says of this station's boots."""
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    if width:
        environment["COLUMNS"] = str(width)
    command = [sys.executable, "-m", "bootbeam", "boots", "--state", station.state_directory, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment, timeout=60).stdout


def test_a_boot_is_told_afterwards_and_a_reset_begins_a_new_one(
    start_station: StartStation, power_on: PowerOn, tmp_path: Path
) -> None:
    script = tmp_path / "waits.ipxe"
    script.write_text("#!ipxe\necho the script runs\nprompt --timeout 600000\n")
    station = start_station(script)
    pc = power_on(PcSpec("pc", OVMF))
    pc.wait_for("the script runs", BOOT_TIMEOUT_S)
    first = station.wait_for(EventKind.CLIENT_SEEN, 20, mac=pc.mac)
    attempts = {event.attempt for event in station.events(pc.mac)}
    assert attempts == {first.attempt}, "PXE, iPXE and the script are one boot"

    pc.reset()
    again = station.wait_for(
        EventKind.OFFERED, BOOT_TIMEOUT_S, mac=pc.mac, where=lambda event: event.attempt != first.attempt
    )
    asked = next(event for event in station.events(pc.mac) if event.attempt == again.attempt)
    assert (asked.kind, asked.facts["kind_of_client"]) == (EventKind.CLIENT_SEEN, "uefi-pxe")
    station.stop()

    newest, oldest = json.loads(boots(station, "--json"))
    assert (newest["attempt"], oldest["attempt"]) == (again.attempt, first.attempt)
    told = boots(station, "show", str(first.attempt), width=80)
    (tmp_path / "told.txt").write_text(told)
    for line in ("asks to boot: UEFI x64", "confirmed", "boot loader", "iPXE is up", "gets waits"):
        assert line in told
    assert "firmware waits for offers" in told
    assert "where the time went" in told
    assert "TFTP" in told
    assert "\x1b" not in told
    assert all(len(line) <= 80 for line in told.splitlines())
    target = tmp_path / "report.zip"
    boots(station, "export", str(first.attempt), "-o", target)
    with zipfile.ZipFile(target) as report:
        [packets] = [name for name in report.namelist() if name.endswith("packets.pcap")]
        report.extract(packets, tmp_path)
    dump = subprocess.run(
        ["tcpdump", "-nr", tmp_path / packets], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    dhcp = [line for line in dump if "BOOTP/DHCP" in line]
    assert "Request" in dhcp[0], "the question comes before the answers"
    assert any("192.168.1.50.67" in line and "Reply" in line for line in dhcp), "ours"
    assert any("192.168.1.1.67" in line and "Reply" in line for line in dhcp), "the router's"
    assert any(".69:" in line and "RRQ" in line for line in dump)


def test_a_reset_of_a_pc_whose_network_card_has_its_own_ipxe_begins_a_new_boot(
    start_station: StartStation, power_on: PowerOn, multiboot_elf: Path
) -> None:
    station = start_station(multiboot_elf)
    pc = power_on(PcSpec("pc", SEABIOS))
    loaded = station.wait_for(EventKind.TRANSFER_FINISHED, BOOT_TIMEOUT_S, mac=pc.mac, where=is_image)
    pc.wait_for("multiboot hash", 60)
    pc.reset()
    again = station.wait_for(
        EventKind.TRANSFER_FINISHED,
        BOOT_TIMEOUT_S,
        mac=pc.mac,
        where=lambda event: is_image(event) and event.attempt != loaded.attempt,
    )
    station.stop()
    listed = json.loads(boots(station, "--json", "--mac", pc.mac))
    assert [(each["attempt"], each["outcome"]) for each in listed] == [
        (again.attempt, "booted"),
        (loaded.attempt, "booted"),
    ]


def is_image(event: Event) -> bool:
    return event.facts.get("role") in ("kernel", "image")
