"""Machines whose firmware accepts one form of answer only, each byte by byte, beside dnsmasq: all boot in the end."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.lan import Lan
from bootbeam.lab.netns import Namespace
from bootbeam.lab.station import StationProcess
from tests.station.conftest import PROJECT

pytestmark = [pytest.mark.peer, pytest.mark.timeout(120)]

X64, BIOS = "booted x64/snponly.efi", "booted bios/undionly.kpxe"


@pytest.fixture
def lan_with_router(tmp_path: Path) -> Iterator[Lan]:
    """A switch, a router that knows nothing of booting, and the station's place."""
    logs = tmp_path / "logs"
    logs.mkdir()
    with Lan(logs) as made:
        yield made


class Roms:
    """Virtual machines without any processor, all switched on and off at the same time."""

    def __init__(self, lan: Lan) -> None:
        self._lan = lan
        self._hosts: dict[str, Namespace] = {}

    def power_on(self, habits: list[str], times: int) -> dict[str, list[str]]:
        """What came of each power-on, by habit."""
        running = {}
        for habit in habits:
            if habit not in self._hosts:
                address = f"192.168.1.{100 + len(self._hosts)}"
                self._hosts[habit] = self._lan.add_host(f"rom{len(self._hosts)}", address)
            output = self._lan.log_dir / f"{habit}.out"
            output.unlink(missing_ok=True)
            running[habit] = self._hosts[habit].start(
                *("env", f"PYTHONPATH={PROJECT}", sys.executable, "-m", "tests.pxe_rom", habit, str(times)),
                output=output,
            )
        for rom in running.values():
            rom.wait(60)
        return {habit: rom.output.read_text().splitlines() for habit, rom in running.items()}

    def mac(self, habit: str) -> str:
        return self._hosts[habit].run("cat", "/sys/class/net/eth0/address").strip()


def test_each_firmware_gets_what_it_accepts_and_next_time_at_once_also_after_a_restart(
    lan_with_router: Lan, script: Path
) -> None:
    roms = Roms(lan_with_router)
    expected = {
        "drops-menus-in-offers": [X64] * 3,
        "wants-take-file": ["no-offer", X64, X64],
        "wants-a-menu": ["cancelled", X64, X64],
        "wants-the-file-in-the-offer": [X64] * 3,
        "wants-no-file-in-the-offer": ["stopped", "stopped", X64],
        "cancels-at-take-file": ["cancelled", BIOS, BIOS],
        "hears-menus-only": ["no-answer", "no-answer", BIOS],
    }
    with StationProcess(lan_with_router, script) as station:
        came = roms.power_on(list(expected), 3)
        told = {habit: [event.kind for event in station.events(roms.mac(habit))] for habit in expected}
        kept = {
            habit: [
                str(event.facts["variant"])
                for event in station.events(roms.mac(habit))
                if event.kind is EventKind.REPLY_VARIANT_KEPT
            ]
            for habit in expected
        }
    assert came == expected
    for habit, outcomes in expected.items():
        failures = sum(not outcome.startswith("booted") for outcome in outcomes)
        assert told[habit].count(EventKind.REPLY_VARIANT_CHANGED) == failures
    assert kept == {
        "drops-menus-in-offers": [],
        "wants-take-file": ["offer=take-file,answer=none,file=yes"],
        "wants-a-menu": ["offer=none,answer=menu,file=yes"],
        "wants-the-file-in-the-offer": [],
        "wants-no-file-in-the-offer": ["offer=none,answer=none,file=no"],
        "cancels-at-take-file": ["offer=take-file,answer=none,file=yes"],
        "hears-menus-only": ["offer=take-file,answer=menu,file=yes"],
    }
    with StationProcess(lan_with_router, script):
        again = roms.power_on(list(expected), 1)
    assert again == {habit: outcomes[-1:] for habit, outcomes in expected.items()}


def test_a_person_chooses_and_a_wrong_choice_is_left_too(lan_with_router: Lan, script: Path) -> None:
    roms = Roms(lan_with_router)
    choices = (
        "--reply",
        "uefi:offer=take-file",
        "--reply",
        "x64:offer=none,answer=menu",
        "--reply",
        "bios:answer=none",
    )
    with StationProcess(lan_with_router, script, *choices):
        assert roms.power_on(["wants-a-menu", "cancels-at-take-file"], 1) == {
            "wants-a-menu": [X64],
            "cancels-at-take-file": [BIOS],
        }
    with StationProcess(lan_with_router, script, "--reply", "x64:offer=take-file") as station:
        came = roms.power_on(["drops-menus-in-offers"], 3)  # that there is a DHCP server is overheard
        [changed] = [event for event in station.events() if event.kind is EventKind.REPLY_VARIANT_CHANGED]
    assert came == {"drops-menus-in-offers": ["no-offer", X64, X64]}
    assert "asked four times and took no offer" in str(changed.facts["observed"])
