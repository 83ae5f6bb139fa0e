"""What is remembered of what happens: numbered, bounded, and never stopped by one odd event."""

from dataclasses import replace

import pytest

from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.story import Story
from bootbeam.web.live import MAX_BOOTS, MAX_FINDINGS, MAX_IMAGES, MAX_KEPT, MAX_PROBLEMS, MAX_STEPS, Live
from bootbeam.web.waiting import Waiting
from tests.boot_events import ATTEMPT, START_S, event, good_boot


class Bench:
    def __init__(self) -> None:
        self.waiting = Waiting()
        self.live = Live(self.waiting, lambda _: None, lambda: START_S)

    def show(self, *events: Event) -> Live:
        for each in events:
            self.waiting.put(each)
        self.live.advance()
        return self.live


def test_a_boot_is_summed_up_and_told() -> None:
    live = Bench().show(*good_boot())
    [boot] = live.boots()
    assert (boot.attempt, boot.outcome, boot.image) == (ATTEMPT, "booted", "Linux 6.1")
    steps = [told.line.text for told in live.steps(ATTEMPT) if told.line]
    assert steps[0].startswith("asks to boot")
    assert steps[-1] == "the system it booted asks for an address (d-i)"
    assert live.newest == len(good_boot())


def test_a_boot_that_is_given_out_does_not_change_behind_ones_back() -> None:
    bench = Bench()
    [before] = bench.show(*good_boot()[:3]).boots()
    last_at_s = before.last_at_s
    bench.show(*good_boot()[3:])
    assert before.last_at_s == last_at_s


def test_events_after_a_place() -> None:
    live = Bench().show(*good_boot())
    told, is_gap = live.after(5)
    assert ([each.number for each in told], is_gap) == (list(range(6, live.newest + 1)), False)
    assert live.after(live.newest) == ([], False)
    assert live.after(live.newest + 1) == ([], True)


def test_everything_is_bounded() -> None:
    bench = Bench()
    many = 3 * MAX_KEPT
    for number in range(many):
        attempt, file = f"a{number}", f"image {number}"
        seen = replace(event(number, EventKind.CLIENT_SEEN, kind_of_client="uefi-pxe", xid=number), attempt=attempt)
        bench.show(
            seen,
            Event(EventKind.IMAGE_LOADED, START_S, facts={"file": file}),
            Event(EventKind.PROBLEM, START_S, facts={"what": file}),
            Event(EventKind.FINDING, START_S, facts={"id": "BB-001"}),
        )
    live = bench.live
    assert len(live.boots()) == MAX_BOOTS
    assert len(live.images) == MAX_IMAGES
    assert len(live.problems) == MAX_PROBLEMS
    assert len(live.findings) == MAX_FINDINGS
    told, is_gap = live.after(0)
    assert (len(told), is_gap) == (MAX_KEPT, True)
    assert live.steps("a0") == []
    assert len(live.steps(f"a{many - 1}")) == 1
    bench.show(*(event(n, EventKind.SCRIPT_SENT, entry=str(n), notes="") for n in range(MAX_STEPS + 20)))
    assert len(live.steps(ATTEMPT)) == MAX_STEPS


def test_an_event_that_cannot_be_told_is_counted_and_the_others_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    tell = Story.tell

    def stumble(story: Story, each: Event) -> object:
        if each.kind is EventKind.OFFERED:
            raise KeyError("a defect of a rule")
        return tell(story, each)

    monkeypatch.setattr(Story, "tell", stumble)
    live = Bench().show(*good_boot())
    assert live.counters.events_lost == 2
    assert live.boots()[0].outcome == "booted"
