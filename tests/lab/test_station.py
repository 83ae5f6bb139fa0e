from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.journal.events import EventKind
from bootbeam.lab.lan import STATION_ADDRESS, Lan
from bootbeam.lab.station import StationFailed, StationProcess, parse_event


def test_a_line_of_json_is_an_event() -> None:
    event = parse_event(
        '{"kind": "script-sent", "at": "2026-03-01T12:00:00.250+00:00", "mac": "52:54:00:00:00:01",'
        ' "address": "192.168.1.7", "interface": null, "attempt": "v5k2m0q", "facts": {"entry": "linux"}}'
    )
    assert event.kind is EventKind.SCRIPT_SENT
    assert event.at_s == 1772366400.25
    assert (event.mac, event.address, event.interface) == ("52:54:00:00:00:01", "192.168.1.7", None)
    assert event.facts == {"entry": "linux"}
    assert event.attempt == "v5k2m0q"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "hello.ipxe"
    path.write_text("#!ipxe\necho hello\n")
    return path


def test_the_real_command_serves_and_ends_as_by_ctrl_c(tmp_path: Path, script: Path) -> None:
    with Lan(tmp_path) as lan:
        with StationProcess(lan, script) as station:
            ready = station.wait_for(EventKind.STATION_READY, 20)
            assert STATION_ADDRESS in str(ready.facts["interfaces"])
            listening = lan.station.run("ss", "--udp", "--tcp", "--listening", "--numeric", "--no-header")
            assert ":4011" in listening
            assert ":8080" in listening
            with pytest.raises(StationFailed, match="no message-shown within 0 s"):
                station.wait_for(EventKind.MESSAGE_SHOWN, 0.1)
            assert station.stop() == 0
            assert station.stop() == 0
        assert station.events()[-1].kind is EventKind.STATION_STOPPED
        assert station.complaints == ""


def test_a_station_that_does_not_start_says_why(tmp_path: Path) -> None:
    with Lan(tmp_path) as lan, pytest.raises(StationFailed, match=r"exit code 1[\s\S]*nowhere\.elf"):
        StationProcess(lan, tmp_path / "nowhere.elf").__enter__()


def test_a_failed_start_leaves_the_lan_removable(tmp_path: Path) -> None:
    with Lan(tmp_path) as lan:
        with pytest.raises(StationFailed):
            StationProcess(lan, tmp_path / "nowhere.elf").__enter__()
        with pytest.raises(UserError):
            lan.station.run("false")
