"""A boot as JSON: what ``bootbeam boots --json`` prints, and what the page's API answers."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bootbeam.journal.account import MakerOf, Step, tell_steps, time_spent
from bootbeam.journal.event_json import event_json
from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.spans import find_spans
from bootbeam.journal.summary import Summary


def summary_json(summary: Summary) -> dict[str, Any]:
    """What a list says of one boot."""
    return asdict(summary) | {"duration_s": summary.duration_s}


def boot_json(summary: Summary, events: Sequence[Event], maker_of: MakerOf) -> dict[str, Any]:
    """All of one boot.

    The summary's fields, and: ``timeline`` (its story in words, silences named), ``time_spent`` (where the time went),
    ``findings``, ``spans`` (the time between any two events), ``events``.
    """
    spans = find_spans(events)
    return summary_json(summary) | {
        "maker": maker_of(summary.mac),
        "timeline": [step_json(step) for step in tell_steps(events, maker_of)],
        "time_spent": [{"name": name, "duration_s": duration_s} for name, duration_s in time_spent(spans)],
        "findings": [finding_json(event) for event in events if event.kind is EventKind.FINDING],
        "spans": [asdict(span) for span in spans],
        "events": [event_json(event) for event in events],
    }


def step_json(step: Step) -> dict[str, Any]:
    """One line of a timeline; its kind is that of the event, or "gap"."""
    return {
        "kind": step.kind.value if step.kind is not None else "gap",
        "at_s": step.at_s,
        "duration_s": step.duration_s,
        "text": step.line.text,
        "tone": step.line.tone.value,
        "more": list(step.line.more),
    }


def finding_json(event: Event) -> dict[str, Any]:
    """A finding: which boot it is about, and the event's facts; what the screen shows and what to do are lines."""
    facts = {name: fact for name, fact in event.facts.items() if name not in ("screen", "fix")}
    lines = {name: str(event.facts.get(name) or "").splitlines() for name in ("screen", "fix")}
    return {"attempt": event.attempt, "mac": event.mac, "at_s": event.at_s, **facts, **lines}
