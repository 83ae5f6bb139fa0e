"""A journal for tests: keeps what was recorded."""

import threading
from collections.abc import Mapping

from bootbeam.journal.events import Event, EventKind, Fact


class Recorded:
    """A ``Record`` that remembers."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._changed = threading.Condition()

    def __call__(
        self,
        kind: EventKind,
        *,
        mac: str | None = None,
        address: str | None = None,
        interface: str | None = None,
        **facts: Fact,
    ) -> None:
        with self._changed:
            self.events.append(Event(kind, 0.0, mac, address, interface, facts))
            self._changed.notify_all()

    def of(self, kind: EventKind) -> list[Mapping[str, Fact]]:
        """The facts of every event of this kind, oldest first."""
        with self._changed:
            return [event.facts for event in self.events if event.kind is kind]

    def await_count(self, kind: EventKind, count: int, timeout_s: float = 20) -> list[Mapping[str, Fact]]:
        """Wait until there are at least ``count`` events of this kind."""
        with self._changed:
            assert self._changed.wait_for(
                lambda: sum(event.kind is kind for event in self.events) >= count, timeout_s
            ), f"{count} x {kind} did not come: {self.events}"
        return self.of(kind)
