"""What was seen lately: a bounded table of keys and times, the oldest forgotten first."""

from collections import OrderedDict
from collections.abc import Hashable


class Sightings:
    """When each key was seen last.

    Args:
        limit: how many keys are kept.
        remembered_s: how long a sighting counts, seconds.
    """

    def __init__(self, limit: int, remembered_s: float) -> None:
        self._limit = limit
        self._remembered_s = remembered_s
        self._seen: OrderedDict[Hashable, float] = OrderedDict()

    def note(self, key: Hashable, now: float) -> None:
        """``key`` is seen now."""
        self._seen[key] = now
        self._seen.move_to_end(key)
        while len(self._seen) > self._limit:
            self._seen.popitem(last=False)

    def seen_at(self, key: Hashable, now: float) -> float | None:
        """When ``key`` was noted last; None when that is too long ago, or forgotten."""
        at_s = self._seen.get(key)
        return at_s if at_s is not None and now - at_s < self._remembered_s else None
