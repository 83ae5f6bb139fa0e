"""The server behind the port: bounded, and a fault of its own is told and stops nothing."""

import socket

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.web.api import Api
from bootbeam.web.room import MAX_CONNECTIONS
from tests.web.asking import ask
from tests.web.recorded_station import RecordedStation


def test_connections_are_bounded(station: RecordedStation) -> None:
    assert ask(station, "/api/v1/")[0] == 200
    held = [socket.create_connection(("127.0.0.1", station.port), timeout=5) for _ in range(MAX_CONNECTIONS + 5)]
    try:
        assert held[-1].recv(1) == b"", "one too many is closed"
    finally:
        for connection in held:
            connection.close()
    for _ in range(50):
        try:
            assert ask(station, "/api/v1/")[0] == 200
            return
        except OSError:
            continue
    raise AssertionError("no connection is taken after the others were closed")


def test_a_fault_is_told_once_and_the_rest_goes_on(
    station: RecordedStation, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def stumble(*_: object) -> None:
        raise KeyError("a defect")

    monkeypatch.setattr(Api, "newest", stumble)
    for _ in range(3):
        status, headers, body = ask(station, "/api/v1/boots")
        assert status == 500
        assert "default-src 'none'" in headers["content-security-policy"]
        assert b"KeyError" not in body
    [problem] = [event.facts for event in station.journal.events() if event.kind is EventKind.PROBLEM]
    assert (problem["what"], problem["why"]) == ("the page could not answer", "KeyError('a defect')")
    assert ask(station, "/metrics")[0] == 200
    assert capfd.readouterr() == ("", "")
