"""Boots as the running station keeps them, killed and started again."""

import os
import signal
import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from bootbeam.journal.boot_database import BootRecords
from bootbeam.journal.boot_store import BOOTS_FILE
from bootbeam.journal.events import EventKind
from bootbeam.lab.lan import Lan
from bootbeam.lab.netns import Namespace
from bootbeam.lab.station import StationProcess
from tests.dhcp_packets import build, pxe_options
from tests.station.conftest import ask_dhcp
from tests.waiting import wait_until

pytestmark = pytest.mark.peer
MAC = "f4:4d:30:01:02:03"
DISCOVER = pxe_options(7, "003016")


def has_kept_an_offer(path: Path) -> bool:
    """The question and its answer are on the disk, as events and as packets."""
    if not path.exists():
        return False
    with BootRecords(path) as records, suppress(OperationalError):  # its tables may not be there yet
        attempts = [boot.attempt for boot in records.newest(1)]
        kinds = [event.kind for attempt in attempts for event in records.events(attempt)]
        return EventKind.OFFERED in kinds and len([*records.packets(attempts[0])]) >= 2
    return False


def test_a_station_killed_in_mid_boot_has_kept_it_and_starts_again(lan: Lan, client: Namespace, script: Path) -> None:
    station = StationProcess(lan, script)
    path = station.state_directory / BOOTS_FILE
    with station:
        ask_dhcp(client, build(1, xid=1, options=DISCOVER))
        wait_until(lambda: has_kept_an_offer(path))
        os.kill(station.pid, signal.SIGKILL)
        assert station.stop() == -signal.SIGKILL
        connection = sqlite3.connect(path)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()
    with BootRecords(path) as records:
        [boot] = records.newest(10)
        assert (boot.mac, boot.firmware, boot.interface) == (MAC, "UEFI x64", "eth0")
        kinds = [event.kind for event in records.events(boot.attempt)]
        assert kinds[:2] == [EventKind.CLIENT_SEEN, EventKind.OFFERED]
        packets = sorted(records.packets(boot.attempt), key=lambda packet: packet.at_s)
        assert [packet.frame[282:285].hex() for packet in packets[:2]] == ["350101", "350102"], "DISCOVER, then OFFER"
        assert records.run_of(boot.attempt) is not None
    with StationProcess(lan, script):
        ask_dhcp(client, build(1, xid=2, options=DISCOVER))
    with BootRecords(path) as records:
        assert len(records.newest(10)) == 2


def test_a_state_directory_that_cannot_be_written_is_a_warning(lan: Lan, client: Namespace, script: Path) -> None:
    station = StationProcess(lan, script)
    station.state_directory.write_text("in the way of a directory")
    with station:
        problem = station.wait_for(EventKind.PROBLEM, 20, where=lambda event: "kept" in str(event.facts["what"]))
        assert "Machines boot all the same" in str(problem.facts["fix"])
        assert len(ask_dhcp(client, build(1, options=DISCOVER))) == 1
