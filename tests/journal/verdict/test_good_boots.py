"""A boot that goes well has no finding, at any moment of it: boots of real firmware, recorded in the lab.

Each file in ``good_boots`` is what a station told of one boot or two (``--log-format json``). They are played as the
station would have seen them: judged at every event, and all the time between.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from bootbeam.journal.attempts import Attempts
from bootbeam.journal.events import Event, EventKind, Fact
from bootbeam.journal.verdict.watch import LOOK_INTERVAL_S, VerdictWatch
from bootbeam.lab.station import parse_event

RECORDINGS = sorted((Path(__file__).parent / "good_boots").glob("*.jsonl"))
AFTERWARDS_S = 3600
"""A person leaves the machine running, or stands at its menu."""
SLOW = 1.5
"""A machine so much slower than those of the lab, which are slow already."""


def recorded(path: Path) -> list[Event]:
    events = [parse_event(line) for line in path.read_text("utf-8").splitlines()]
    return [event for event in events if event.kind is not EventKind.STATION_STOPPED]


def play(events: list[Event]) -> list[str]:
    """What is found, with the second at which it is."""
    now, found, attempts = events[0].at_s, list[str](), Attempts()

    def record(
        kind: EventKind,
        *,
        mac: str | None = None,
        address: str | None = None,
        interface: str | None = None,
        **facts: Fact,
    ) -> None:
        found.append(f"{now - events[0].at_s:.1f} s: {mac} {facts.get('id')} {facts.get('seen')} {facts.get('why')}")

    watch = VerdictWatch(record, lambda: now, lambda: 0.0)
    for event in events:
        while now + LOOK_INTERVAL_S < event.at_s:
            now += LOOK_INTERVAL_S
            watch.look()
        now = event.at_s
        watch.watch(attempts.place(replace(event, attempt=None)))
        watch.look()
    for _ in range(AFTERWARDS_S):
        now += 1
        watch.look()
    return found


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_a_good_boot_has_no_finding(path: Path) -> None:
    assert play(recorded(path)) == []


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_a_slower_machines_good_boot_has_no_finding(path: Path) -> None:
    events = recorded(path)
    begin = events[0].at_s
    assert play([replace(event, at_s=begin + SLOW * (event.at_s - begin)) for event in events]) == []


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_the_recordings_are_boots(path: Path) -> None:
    """Else nothing found would mean nothing."""
    kinds = {event.kind for event in recorded(path)}
    assert {EventKind.STATION_READY, EventKind.CLIENT_SEEN, EventKind.TRANSFER_FINISHED} <= kinds


def test_a_boot_that_breaks_off_is_found() -> None:
    """The same way of playing finds what is wrong."""
    events = recorded(next(path for path in RECORDINGS if path.stem == "uefi-http"))
    requested = next(number for number, event in enumerate(events) if event.kind is EventKind.ADDRESS_REQUESTED)
    assert "BB-061" in "".join(play(events[: requested + 1]))
