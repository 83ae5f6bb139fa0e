"""What stands for the journal where a server is tested by itself."""

import time
from dataclasses import dataclass, field

from bootbeam.journal.events import EventKind, Fact


@dataclass
class Event:
    kind: EventKind
    address: str | None
    interface: str | None
    facts: dict[str, Fact]


@dataclass
class Kept:
    """Stands for the journal."""

    events: list[Event] = field(default_factory=list)

    def __call__(
        self,
        kind: EventKind,
        *,
        mac: str | None = None,
        address: str | None = None,
        interface: str | None = None,
        **facts: Fact,
    ) -> None:
        self.events.append(Event(kind, address, interface, facts))

    def of(self, kind: EventKind) -> list[Event]:
        return [event for event in self.events if event.kind is kind]

    def wait_for(self, kind: EventKind, number: int = 1, timeout_s: float = 20) -> list[Event]:
        """The events of ``kind`` as soon as there are ``number`` of them."""
        deadline = time.monotonic() + timeout_s
        while len(found := self.of(kind)) < number:
            assert time.monotonic() < deadline, f"no {kind} after {timeout_s} s, only {self.events}"
            time.sleep(0.005)
        return found
