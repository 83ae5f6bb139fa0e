"""What is fetched again and again within a moment, and is told as one thing with a count."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MOMENT_S = 1.0
TOLD_A_MOMENT = 16
"""Of the same machine and the same script. No boot comes near it, and each rule that counts scripts needs fewer."""
MAX_REMEMBERED = 1000
"""Pairs of a machine and what it fetches."""


@dataclass(slots=True)
class _Moment:
    began_s: float
    told: int = 0
    untold: int = 0


class Repeats:
    """Counts. Safe to use from several threads.

    Args:
        clock: seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._moments: OrderedDict[tuple[str, str], _Moment] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, what: tuple[str, str]) -> int:
        """One more of ``what``: a machine and what it fetches.

        Returns:
            How many it is to be told as: 1 for each of the first of a moment; 0 for what is only counted, and told with
            the first of the next moment. What was counted before a longer silence is no part of what comes after it.
        """
        now_s = self._clock()
        with self._lock:
            moment = self._moments.get(what)
            if moment is None or now_s - moment.began_s >= MOMENT_S:
                is_going_on = moment is not None and now_s - moment.began_s < 2 * MOMENT_S
                times = 1 + (moment.untold if moment is not None and is_going_on else 0)
                self._moments[what] = _Moment(now_s, 1)
                self._moments.move_to_end(what)
                while len(self._moments) > MAX_REMEMBERED:
                    self._moments.popitem(last=False)
                return times
            if moment.told < TOLD_A_MOMENT:
                moment.told += 1
                return 1
            moment.untold += 1
            return 0
