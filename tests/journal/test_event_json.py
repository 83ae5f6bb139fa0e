"""An event as a line of JSON: read back by Python's own reader."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bootbeam.journal.event_json import event_json, event_line, facts_text
from bootbeam.journal.events import Event, EventKind

WORDS = st.none() | st.text(max_size=20)
FACTS = st.dictionaries(st.text(max_size=10), WORDS | st.integers() | st.booleans() | st.floats(allow_nan=False))
EVENTS = st.builds(
    Event, st.sampled_from(EventKind), st.floats(0, 4e9), WORDS, WORDS, WORDS, FACTS, st.none() | st.text("0123abc")
)


@given(EVENTS)
def test_the_line_says_the_same_as_the_object(event: Event) -> None:
    line = event_line(event)
    assert "\n" not in line
    assert json.loads(line) == event_json(event)
    assert line == json.dumps(event_json(event), ensure_ascii=False)


@given(EVENTS)
def test_facts_are_made_into_text_once_and_make_no_other_event_of_it(event: Event) -> None:
    before = Event(event.kind, event.at_s, event.mac, event.address, event.interface, event.facts, event.attempt)
    text = facts_text(event)
    assert json.loads(text) == event.facts
    assert facts_text(event) is text
    assert event == before


def test_the_moment_is_utc_with_milliseconds() -> None:
    at_s = datetime(2026, 2, 3, 4, 5, 6, 789_000, UTC).timestamp()
    line = event_line(Event(EventKind.OFFERED, at_s, "52:54:00:00:00:01", interface='e"1'))
    assert '"at": "2026-02-03T04:05:06.789+00:00"' in line
    assert json.loads(line)["interface"] == 'e"1'


@given(st.floats(-1e6, 4e9))
def test_the_moment_is_what_the_library_makes_of_it(at_s: float) -> None:
    moment = datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds")
    assert event_json(Event(EventKind.OFFERED, at_s))["at"] == moment
