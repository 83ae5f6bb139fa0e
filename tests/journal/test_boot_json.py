"""A boot for a program: the same words and numbers as for a person."""

from bootbeam.journal.account import tell_boot
from bootbeam.journal.boot_json import boot_json, finding_json, summary_json
from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.summary import Summary
from tests.boot_events import ATTEMPT, MAC, START_S, event, good_boot


def nobody(_: str) -> None:
    return None


def summed_up(events: list[Event]) -> Summary:
    summary = Summary(ATTEMPT, MAC, START_S, START_S)
    for each in events:
        summary.add(each)
    return summary


def test_the_timeline_has_the_lines_a_person_reads_with_the_silences_between_them() -> None:
    events = good_boot()
    summary = summed_up(events)
    told = boot_json(summary, events, nobody)
    lines = [row for row, _ in tell_boot(summary, events, nobody, 0)]
    for step in told["timeline"]:
        assert any(step["text"] in line for line in lines), step
    silences = [(step["text"], step["duration_s"]) for step in told["timeline"] if step["kind"] == "gap"]
    assert ("firmware waits for offers", 4.0) in silences
    assert ("iPXE looks for an IPv6 router", 16.0) in silences
    assert sum(each["duration_s"] for each in told["time_spent"]) > 27
    assert told | summary_json(summary) == told


def test_a_finding_says_which_boot_it_is_about_and_has_its_lines_apart() -> None:
    found = event(
        9, EventKind.FINDING, id="BB-020", title="t", seen="s", cause="c", sure="surely", screen="", fix="a\nb"
    )
    told = finding_json(found)
    assert (told["attempt"], told["id"], told["screen"], told["fix"]) == (ATTEMPT, "BB-020", [], ["a", "b"])
    events = [*good_boot(), found]
    assert boot_json(summed_up(events), events, nobody)["findings"] == [told]
