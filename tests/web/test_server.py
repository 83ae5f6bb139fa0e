"""The page costs next to nothing until somebody looks, and loses nothing until then."""

import socket
import subprocess
import sys
import time

from bootbeam.journal.events import EventKind
from bootbeam.settings.model import StationSettings
from bootbeam.web.server import MANY_WAITING, open_page
from tests.boot_events import good_boot
from tests.waiting import wait_until
from tests.web.asking import ask
from tests.web.conftest import GOOD_MAC
from tests.web.recorded_station import RecordedStation


def test_what_happened_before_the_first_look_is_there() -> None:
    with RecordedStation(None) as station:
        attempt = station.record(good_boot(), mac=GOOD_MAC)
        body = ask(station, "/")[2].decode()
        assert GOOD_MAC in body
        assert f"/boots/{attempt}" in body


def test_many_events_are_taken_up_though_nobody_looks() -> None:
    with RecordedStation(None) as station:
        for _ in range(MANY_WAITING):
            station.journal.record(EventKind.DATAGRAM_DROPPED, port=69, reason="short")
        station.advance()
        wait_until(lambda: station.page._live is not None)
        assert station.page._opening is None, "what speaks HTTP is not loaded for it"
        assert len(station.page._waiting) == 0
        assert f"bootbeam_datagrams_dropped_total {MANY_WAITING}\n".encode() in ask(station, "/metrics")[2]


def test_the_room_is_not_loaded_with_the_station() -> None:
    check = "import sys, bootbeam.station; print([name for name in sys.modules if name.startswith('bootbeam.web.')])"
    done = subprocess.run([sys.executable, "-c", check], check=True, capture_output=True, text=True)
    assert sorted(done.stdout.strip("[]\n").replace("'", "").split(", ")) == [
        "bootbeam.web.server",
        "bootbeam.web.waiting",
    ]


def test_it_stops_though_somebody_listens() -> None:
    with (
        RecordedStation(None) as station,
        socket.create_connection(("127.0.0.1", station.port), timeout=10) as listener,
    ):
        listener.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b"text/event-stream" in listener.recv(4096)
        began_s = time.monotonic()
        station.stop_page()
        assert time.monotonic() - began_s < 8


def test_an_address_that_is_not_here_is_said_with_its_fix() -> None:
    listener, error = open_page(StationSettings(page=("192.0.2.1", 8088)))
    assert listener is None
    assert error is not None
    assert error.what.startswith("the page is not served: ")
    assert "--no-page" in error.fix
