"""One boot of one machine, as far as it is known: what the rules of a verdict look at."""

from collections.abc import Iterator
from dataclasses import dataclass

from bootbeam.journal.events import Event, EventKind


@dataclass(frozen=True, slots=True)
class Timeline:
    """One boot attempt."""

    mac: str
    events: tuple[Event, ...]
    """What happened in this attempt, oldest first."""
    surroundings: tuple[Event, ...] = ()
    """What happened beside it that may matter, oldest first: the station's own events without a machine (what is
    served, what went wrong), what other servers answered to other machines on the same interface lately, what an iPXE
    asked by another network card of this machine."""
    earlier: tuple[Event, ...] = ()
    """What this machine asked, loaded and was told in its attempts before this one, oldest first, lately."""

    def of(self, *kinds: EventKind) -> tuple[Event, ...]:
        """The events of these kinds, oldest first."""
        return tuple(event for event in self.events if event.kind in kinds)

    def after(self, event: Event) -> Iterator[Event]:
        """The events that came after ``event``."""
        found = False
        for each in self.events:
            if found:
                yield each
            found = found or each is event
