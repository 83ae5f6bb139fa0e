"""An event as JSON: what ``--log-format json`` prints, and what is exported."""

from datetime import UTC, datetime
from typing import Any

from bootbeam.journal.events import Event


def event_json(event: Event) -> dict[str, Any]:
    """One object: kind, at (RFC 3339), mac, address, interface, attempt, facts."""
    return {
        "kind": event.kind.value,
        "at": datetime.fromtimestamp(event.at_s, UTC).isoformat(timespec="milliseconds"),
        "mac": event.mac,
        "address": event.address,
        "interface": event.interface,
        "attempt": event.attempt,
        "facts": dict(event.facts),
    }
