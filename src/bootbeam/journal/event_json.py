"""An event as JSON: what ``--log-format json`` prints, what is kept, and what is exported."""

import json
from datetime import UTC, datetime
from functools import lru_cache
from math import modf
from typing import Any

from bootbeam.journal.events import Event, Fact

REMEMBERED_WORDS = 4096
"""Addresses and names that come again and again; some 100 bytes each."""
REMEMBERED_SECONDS = 16

_encode = json.JSONEncoder(ensure_ascii=False).encode


def event_json(event: Event) -> dict[str, Any]:
    """One object: kind, at (RFC 3339), mac, address, interface, attempt, facts."""
    return {
        "kind": event.kind.value,
        "at": _moment(event),
        "mac": event.mac,
        "address": event.address,
        "interface": event.interface,
        "attempt": event.attempt,
        "facts": dict(event.facts),
    }


def event_line(event: Event) -> str:
    """The same as text, in one line. Put together by hand: there is one for every event there is."""
    return (
        f'{{"kind": "{event.kind.value}", "at": "{_moment(event)}", "mac": {_word(event.mac)}, '
        f'"address": {_word(event.address)}, "interface": {_word(event.interface)}, '
        f'"attempt": {_word(event.attempt)}, "facts": {facts_text(event)}}}'
    )


def facts_text(event: Event) -> str:
    """The facts as text: made once, though they are both printed and kept."""
    if not event.facts_text:
        pairs = [f"{_word(key)}: {_fact_text(value)}" for key, value in event.facts.items()]
        event.facts_text = f"{{{', '.join(pairs)}}}"
    return event.facts_text


def _fact_text(fact: Fact) -> str:
    """What Python's encoder makes of it, in half the time."""
    if fact is None:
        return "null"
    if isinstance(fact, str):
        # Numbers of transactions never come again, and need not be remembered.
        return f'"{fact}"' if fact.isalnum() else _word(fact)
    return str(fact) if type(fact) is int else _encode(fact)


def _moment(event: Event) -> str:
    fraction, whole = modf(event.at_s)
    milliseconds = round(fraction * 1e6) // 1000
    if not 0 <= milliseconds < 1000:  # before 1970, or so near to the next second that it is that
        return datetime.fromtimestamp(event.at_s, UTC).isoformat(timespec="milliseconds")
    return f"{_second(whole)}.{milliseconds:03}+00:00"


@lru_cache(REMEMBERED_SECONDS)
def _second(at_s: float) -> str:
    """Events come many in a second."""
    return datetime.fromtimestamp(at_s, UTC).replace(tzinfo=None).isoformat()


@lru_cache(REMEMBERED_WORDS)
def _word(text: str | None) -> str:
    return _encode(text)
