"""The live stream: what happens comes, nothing twice, nothing lost unsaid."""

import http.client
import time
from itertools import islice

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.web.live import MAX_KEPT
from bootbeam.web.stream import MAX_LISTENERS
from tests.boot_events import good_boot
from tests.web.asking import ask, ask_json, listen
from tests.web.conftest import GOOD_MAC
from tests.web.recorded_station import RecordedStation
from tests.web.stories import boot_under_way


def test_a_boot_comes_step_by_step_and_goes_on_where_a_listener_stopped(station: RecordedStation) -> None:
    place = ask_json(station, "/api/v1/live")["newest_event"]
    attempt = station.record(good_boot(), mac=GOOD_MAC)
    events = (each for each in listen(station, f"?after={place}") if each["event"] == "message")
    messages = list(islice(events, len(good_boot())))
    told = [each["data"] for each in messages]
    assert [each["kind"] for each in told] == [each.kind.value for each in good_boot()]
    assert {each["attempt"] for each in told} == {attempt}
    assert told[0]["line"]["text"].startswith("asks to boot: UEFI x64")
    assert told[-1]["boot"]["outcome"] == "booted"
    again = next(each for each in listen(station, last=messages[4]["id"]) if each["event"] == "message")
    assert again == messages[5], "Last-Event-ID, as a browser sends it"


def test_what_is_shown_at_first_and_the_stream_fit_together(station: RecordedStation) -> None:
    attempt = station.record(good_boot()[:5], mac=GOOD_MAC)
    live = ask_json(station, "/api/v1/live")
    assert [each["attempt"] for each in live["boots"]] == [attempt]
    shown = [step["number"] for step in live["boots"][0]["steps"]]
    station.record(good_boot()[5:], mac=GOOD_MAC)
    followed = (each for each in listen(station, f"?after={live['newest_event']}") if each["event"] == "message")
    numbers = [each["data"]["number"] for each in islice(followed, len(good_boot()) - 5)]
    assert shown
    assert numbers == list(range(max(numbers) - len(numbers) + 1, max(numbers) + 1))
    assert min(numbers) == int(live["newest_event"].partition("-")[2]) + 1 > max(shown)


@pytest.mark.parametrize("place", ["other-5", "garbage", "%00", "-", "0-99999999999999"])
def test_a_place_that_means_nothing_is_a_gap(station: RecordedStation, place: str) -> None:
    assert next(listen(station, f"?after={place}"))["event"] == "gap"


def test_who_was_away_too_long_is_told(station: RecordedStation) -> None:
    run = ask_json(station, "/api/v1/live")["newest_event"].partition("-")[0]
    for _ in range(MAX_KEPT + 10):
        station.journal.record(EventKind.ADDRESS_SOUGHT, address_sought="192.168.1.1")
    messages = list(islice(listen(station, f"?after={run}-1"), 3))
    assert messages[0]["event"] == "gap"
    assert int(messages[1]["id"].partition("-")[2]) > 1


def test_transfers_under_way_are_followed(station: RecordedStation) -> None:
    assert ask_json(station, "/api/v1/live")["transfers"] == []
    station.record(boot_under_way(), mac=GOOD_MAC)
    [transfer] = next(each for each in listen(station) if each["event"] == "transfers")["data"]["transfers"]
    assert (transfer["protocol"], transfer["sent_bytes"], transfer["size_bytes"]) == ("http", 400_000, 10**6)


def test_text_cannot_break_out_of_its_line(station: RecordedStation) -> None:
    place = ask_json(station, "/api/v1/live")["newest_event"]
    name = "a\n\nevent: gap\ndata: x\r\n\u2028\udcff"
    station.journal.record(EventKind.FILE_REFUSED, mac=GOOD_MAC, protocol="tftp", file=name, reason="not here")
    message = next(each for each in listen(station, f"?after={place}") if each["event"] == "message")
    assert message["data"]["facts"]["file"] == name


def test_listeners_are_bounded_and_make_room_when_they_go(station: RecordedStation) -> None:
    held = []
    for _ in range(MAX_LISTENERS):
        connection = http.client.HTTPConnection("127.0.0.1", station.port, timeout=10)
        connection.request("GET", "/api/v1/events")
        assert connection.getresponse().status == 200
        held.append(connection)
    assert ask(station, "/api/v1/events")[0] == 503
    for connection in held:
        connection.close()
    deadline = time.monotonic() + 20
    while is_full(station):
        station.record(good_boot(), mac=GOOD_MAC)  # sending is what shows that they have gone
        assert time.monotonic() < deadline, "those that went still count"
        time.sleep(0.2)


def is_full(station: RecordedStation) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", station.port, timeout=10)
    try:
        connection.request("GET", "/api/v1/events")
        return connection.getresponse().status == 503
    finally:
        connection.close()
