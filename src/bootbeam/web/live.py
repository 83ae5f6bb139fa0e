"""What happens now: events as they come, numbered, so that whoever looks can go on where it stopped.

Events are only put aside as they happen (``web.waiting``), and taken up in the loop's thread, by ``advance``.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from bootbeam.journal.attempts import encode_id
from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.story import Line, Story
from bootbeam.journal.summary import Summary
from bootbeam.web.counters import Counters
from bootbeam.web.transfers import Transfers
from bootbeam.web.waiting import Waiting

MAX_KEPT = 2_000
"""Events that can be had again by who was away."""
MAX_BOOTS = 500
MAX_TOLD_BOOTS = 100
"""Boots whose steps are at hand."""
MAX_STEPS = 60
"""Of each."""
MAX_FINDINGS = 200
MAX_PROBLEMS = 50
MAX_IMAGES = 200
REMEMBERED_KINDS = frozenset({EventKind.STATION_READY, EventKind.FINDING, EventKind.PROBLEM, EventKind.IMAGE_LOADED})
"""Events that are at hand for longer than the others."""


@dataclass(slots=True)
class Told:
    """An event with its number and what the story says of it."""

    number: int
    event: Event
    line: Line | None
    encoded: bytes = b""
    """As it is sent to listeners, kept for the next one; b"" before the first."""


class Live:
    """The journal's newest events, and what follows from them.

    Args:
        waiting: where events are put aside.
        maker_of: the maker's name for a MAC, or None.
        clock: seconds since the epoch.
    """

    def __init__(self, waiting: Waiting, maker_of: Callable[[str], str | None], clock: Callable[[], float]) -> None:
        self.maker_of = maker_of
        self._clock = clock
        self._waiting = waiting
        self._untold = 0
        self._story = Story(maker_of)
        self._kept: deque[Told] = deque(maxlen=MAX_KEPT)
        self._steps: OrderedDict[str, deque[Told]] = OrderedDict()
        self._boots: OrderedDict[str, Summary] = OrderedDict()
        self.run = encode_id(int(clock() * 1000))
        """Which start of the station it is: numbers of another one mean nothing."""
        self.newest = 0
        """The number of the newest event; 0 for none."""
        self.counters = Counters()
        self.transfers = Transfers()
        self.ready: Event | None = None
        """The station's start."""
        self.images: OrderedDict[str, Event] = OrderedDict()
        """The newest version of each image."""
        self.findings: deque[Event] = deque(maxlen=MAX_FINDINGS)
        self.problems: deque[Event] = deque(maxlen=MAX_PROBLEMS)

    @property
    def now_s(self) -> float:
        """Seconds since the epoch."""
        return self._clock()

    def advance(self) -> None:
        """Take up what was put aside. For one thread only, as is everything here."""
        for event in self._waiting.take():
            try:
                self._take(event)
            except Exception:  # an event that cannot be told must not keep the others from being told
                self._untold += 1
        self.counters.events_lost = self._waiting.lost + self._untold
        self.counters.settle(self._clock())

    def boots(self) -> list[Summary]:
        """The boots that were heard of last, as they are now; the one heard of last comes last."""
        return [replace(summary) for summary in self._boots.values()]

    def boot(self, attempt: str | None) -> Summary | None:
        """One of them; None when it is forgotten."""
        return self._boots.get(attempt or "")

    def steps(self, attempt: str) -> list[Told]:
        """The newest steps of a boot that have a line, oldest first."""
        return list(self._steps.get(attempt, ()))

    def after(self, number: int) -> tuple[list[Told], bool]:
        """The events after ``number``, oldest first; and whether some between are no longer kept."""
        missing = self.newest - number
        if missing <= 0:
            return [], missing < 0
        return list(islice(self._kept, max(len(self._kept) - missing, 0), None)), missing > len(self._kept)

    def _take(self, event: Event) -> None:
        self.transfers.add(event)
        if event.kind is EventKind.TRANSFER_PROGRESS:
            return
        self.counters.add(event)
        self.newest += 1
        told = Told(self.newest, event, self._story.tell(event))
        self._kept.append(told)
        if event.attempt is not None:
            self._add_to_boot(told, event.attempt)
        if event.kind in REMEMBERED_KINDS:
            self._remember(event)

    def _add_to_boot(self, told: Told, attempt: str) -> None:
        event = told.event
        summary = self._boots.get(attempt)
        if summary is None:
            summary = self._boots[attempt] = Summary(attempt, event.mac or event.address or "", event.at_s, event.at_s)
            self.counters.boots_begun += 1
            _forget_oldest(self._boots, MAX_BOOTS)
        else:
            self._boots.move_to_end(attempt)
        before = summary.outcome
        summary.add(event)
        if summary.outcome is not before:
            self.counters.outcomes[summary.outcome] += 1
        if told.line is not None:
            steps = self._steps.get(attempt)
            if steps is None:
                steps = self._steps[attempt] = deque(maxlen=MAX_STEPS)
                _forget_oldest(self._steps, MAX_TOLD_BOOTS)
            steps.append(told)
            self._steps.move_to_end(attempt)

    def _remember(self, event: Event) -> None:
        match event.kind:
            case EventKind.STATION_READY:
                self.ready = event
            case EventKind.FINDING:
                self.findings.append(event)
            case EventKind.PROBLEM:
                self.problems.append(event)
            case EventKind.IMAGE_LOADED:
                file = str(event.facts.get("file"))
                self.images[file] = event
                self.images.move_to_end(file)
                _forget_oldest(self.images, MAX_IMAGES)


def _forget_oldest(kept: OrderedDict[str, Any], at_most: int) -> None:
    while len(kept) > at_most:
        kept.popitem(last=False)
