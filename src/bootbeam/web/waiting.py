"""Events that wait to be taken up by whatever is shown of them: all that the page costs while nobody looks at it."""

from collections import deque

from bootbeam.journal.events import Event

MAX_WAITING = 10_000
"""Past that the oldest are lost, and counted."""


class Waiting:
    """A bounded queue that any thread may put events into, and one takes them from."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque(maxlen=MAX_WAITING)
        self.lost = 0
        """How many were never taken."""

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: Event) -> None:
        """Add one; never waits."""
        if len(self._events) == MAX_WAITING:
            self.lost += 1
        self._events.append(event)

    def take(self) -> list[Event]:
        """Those that are there now, oldest first."""
        return [self._events.popleft() for _ in range(len(self._events))]
