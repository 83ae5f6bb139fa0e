"""The watcher: judges when something has happened or time has passed, and tells a finding once per attempt."""

from dataclasses import replace

import pytest

from bootbeam.journal.attempts import Attempts
from bootbeam.journal.events import Event, EventKind, Fact
from bootbeam.journal.timeline import Timeline
from bootbeam.journal.verdict.watch import LOOK_BUDGET_S, VerdictWatch
from tests.verdict_timelines import MAC, READY, START_S, address_requested, asked, at, downloaded, seen, to_loader


class Lab:
    """A watch, its journal and its clocks."""

    def __init__(self) -> None:
        self.attempts = Attempts()
        self.told: list[dict[str, Fact]] = []
        self.kinds = [EventKind.FINDING]
        self.now = START_S
        self.stopwatch = 0.0
        self.pace_s = 0.0
        self.watch = VerdictWatch(self.record, lambda: self.now, self._read_stopwatch)
        self.watch.watch(READY)

    def record(
        self,
        kind: EventKind,
        *,
        mac: str | None = None,
        address: str | None = None,
        interface: str | None = None,
        **facts: Fact,
    ) -> None:
        assert kind in self.kinds
        self.told.append({"mac": mac, **facts})
        self.watch.watch(self.attempts.place(Event(kind, self.now, mac, address, interface, facts)))

    def _read_stopwatch(self) -> float:
        self.stopwatch += self.pace_s
        return self.stopwatch

    def play(self, events: list[Event], until_s: float) -> list[str]:
        """Let the events and the time happen; returns the ids told so far."""
        for tick in range(int(until_s * 2) + 1):
            moment = START_S + tick / 2
            while events and events[0].at_s <= moment:
                self.watch.watch(self.attempts.place(events.pop(0)))
            if moment >= self.now:
                self.now = moment
                self.watch.look()
        return [str(told.get("id")) for told in self.told]


def test_a_finding_is_told_when_time_has_passed_and_once() -> None:
    lab = Lab()
    assert lab.play([*seen(0), address_requested(4)], 20) == []
    assert lab.play([], 60) == ["BB-020"]
    [told] = lab.told
    assert told["mac"] == MAC
    assert "PXE-E16" in str(told["screen"])
    assert "sudo" in str(told["fix"])


def test_a_reset_begins_a_new_attempt() -> None:
    lab = Lab()
    first = [*seen(0), address_requested(4)]
    second = [*seen(70, xid="b1b2c3d5"), address_requested(74)]
    assert lab.play([*first, *second], 100) == ["BB-020", "BB-020"]


def test_the_late_end_of_what_a_reset_cut_off_does_not_bring_the_old_attempt_back() -> None:
    lab = Lab()
    old = lab.attempts.place(seen(0)[0])
    lab.watch.watch(old)
    lab.play([*seen(70, xid="b1b2c3d5"), address_requested(74)], 75)
    lab.watch.watch(replace(at(75, EventKind.TRANSFER_FAILED, reason="silent"), attempt=old.attempt))
    assert lab.play([], 100) == ["BB-020"], "the question before it still counts"


def test_the_next_way_of_booting_is_the_same_attempt() -> None:
    lab = Lab()
    assert lab.play([*seen(0), address_requested(4), *seen(14, "uefi-http", "b")], 60)[0] == "BB-020"
    assert len(lab.told) == 1


def test_progress_is_not_kept() -> None:
    lab = Lab()
    lab.watch.watch(at(0, EventKind.TRANSFER_PROGRESS, sent_bytes=1))
    lab.watch.look()
    assert lab.told == []


def test_a_look_takes_its_time_and_no_more() -> None:
    lab = Lab()
    lab.pace_s = LOOK_BUDGET_S / 4
    machines = [f"52:54:00:00:00:{number:02x}" for number in range(40)]
    for mac in machines:
        for event in [*seen(0), address_requested(4)]:
            lab.watch.watch(lab.attempts.place(Event(event.kind, event.at_s, mac, None, "eno1", event.facts)))
    lab.now = START_S + 30
    lab.watch.look()
    assert 0 < len(lab.told) < 40
    for _ in range(40):
        lab.watch.look()
    assert {told["mac"] for told in lab.told} == set(machines)


def test_a_boot_that_goes_well_says_nothing() -> None:
    lab = Lab()
    assert lab.play([*seen(0), address_requested(4), *asked(4.2), *downloaded(5)], 30) == []


def test_a_station_that_nobody_asks_says_so_once() -> None:
    lab = Lab()
    assert lab.play([], 50) == []
    assert lab.play([], 400) == ["BB-001"]
    assert lab.told[0]["mac"] is None


def test_a_station_that_somebody_asks_does_not() -> None:
    lab = Lab()
    assert lab.play([*seen(0), address_requested(4), *asked(4.2), *downloaded(5)], 30) == []
    assert "BB-001" not in lab.play([], 400)


def test_a_rule_with_a_defect_is_told_once_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def judge(timeline: Timeline, now: float) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("bootbeam.journal.verdict.rules.judge", judge)
    lab = Lab()
    lab.kinds = [EventKind.PROBLEM]
    lab.play([*seen(0), address_requested(4)], 20)
    [told] = lab.told
    assert "ZeroDivisionError" in str(told["why"])


def test_a_loader_that_goes_on_by_another_network_card_of_the_machine_is_heard_of() -> None:
    """Firmware boots from one card, and an iPXE with drivers of its own asks by the other first."""
    lab = Lab()
    number = "4c4c4544-0042-3510-8058-b7c04f4d4b32"
    ipxe = [replace(event, mac="52:54:00:12:34:57") for event in seen(8, "ipxe", "e1")]
    asks = [replace(event, facts={**event.facts, "uuid": number}) for event in (*to_loader(), *ipxe)]
    script = replace(at(20, EventKind.SCRIPT_SENT, entry="the menu"), mac="52:54:00:12:34:57")
    assert lab.play([*asks, script], 120) == []
    lab = Lab()
    other = [replace(event, facts={**event.facts, "uuid": "00000000-0000-0000-0000-000000000000"}) for event in asks]
    assert lab.play([*other, script], 120) == ["BB-041"], "a number of all machines is nobody's"


def test_a_station_that_has_run_for_long_still_knows_its_own_port() -> None:
    """What others answer to machines does not push out what the station said when it began."""
    lab = Lab()
    lab.watch.watch(replace(READY, facts={**READY.facts, "http_port": 9090}))
    for number in range(500):
        answer = at(0, EventKind.OTHER_SERVER_ANSWERED, message="offer", server="192.168.1.1", address_given=None)
        lab.watch.watch(replace(answer, mac=f"52:54:00:00:00:{number % 100:02}"))
    asked_in_vain = [*seen(1, "ipxe"), replace(address_requested(2), facts={**address_requested(2).facts, "secs": 3})]
    assert lab.play(asked_in_vain, 60) == ["BB-052"]
    assert "curl http://192.168.1.50:9090/boot.ipxe" in str(lab.told[0]["fix"])
