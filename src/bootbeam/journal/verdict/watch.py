"""Watches the journal and records what is wrong with a boot, once per attempt and finding."""

import heapq
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bootbeam.journal.attempts import is_older
from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.journal import Record
from bootbeam.journal.timeline import Timeline

if TYPE_CHECKING:
    from bootbeam.journal.verdict.finding import Finding

LOOK_INTERVAL_S = 0.1
"""How often somebody should call ``look``."""
MAX_MACHINES = 10_000
MAX_EVENTS_PER_MACHINE = 300
"""Of one attempt; a whole boot is some 30."""
MAX_SURROUNDINGS = 100
MAX_EARLIER = 60
EARLIER_KINDS = frozenset(
    {EventKind.TRANSFER_FINISHED, EventKind.CLIENT_SEEN, EventKind.SCRIPT_SENT, EventKind.MESSAGE_SHOWN}
)
NO_MACHINE = ""
"""Under which the station itself is judged, until a machine is heard."""
LOOK_BUDGET_S = 0.002
"""A look judges no further machine after so long: 2 % of the time, whatever happens. The others' turn comes next."""

SURROUNDING_KINDS = frozenset(
    {
        EventKind.PROBLEM,
        EventKind.IMAGE_LOADED,
        EventKind.IMAGE_HELD_BACK,
        EventKind.ADDRESS_CLAIMED,
    }
)
NOT_JUDGED = frozenset({EventKind.TRANSFER_PROGRESS, EventKind.FINDING})


@dataclass(slots=True)
class _Machine:
    """One machine's attempt under way."""

    attempt: str
    earlier: deque[Event]
    """What it asked and loaded in the attempts before."""
    events: list[Event] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    look_at_s: float | None = None
    """When it is to be judged again though nothing happens."""


class VerdictWatch:
    """Judges each machine's boot when something has happened to it and when time has passed. Safe to use from several
    threads: ``watch`` only keeps the event, ``look`` does the work.

    Args:
        record: the journal.
        clock: seconds since the epoch.
        stopwatch: any clock's seconds, for the time that a look may take.
    """

    def __init__(self, record: Record, clock: Callable[[], float], stopwatch: Callable[[], float]) -> None:
        self._record = record
        self._clock = clock
        self._stopwatch = stopwatch
        self._machines: OrderedDict[str, _Machine] = OrderedDict()
        self._waiting: OrderedDict[str, None] = OrderedDict()
        self._deadlines: list[tuple[float, str]] = []
        self._surroundings: deque[Event] = deque(maxlen=MAX_SURROUNDINGS)
        self._ready: tuple[Event, ...] = ()
        self._ipxe_of: OrderedDict[str, Event] = OrderedDict()
        """By the machine's number (UUID), the newest question of an iPXE on it."""
        self._lock = threading.Lock()
        self._is_anybody_heard = False
        self._is_in_trouble = False

    def watch(self, event: Event) -> None:
        """Keep one event."""
        if event.kind in NOT_JUDGED:
            return
        with self._lock:
            if event.kind in SURROUNDING_KINDS or event.kind is EventKind.OTHER_SERVER_ANSWERED:
                self._surroundings.append(event)
            elif event.kind is EventKind.STATION_READY:
                self._ready = (event,)
            elif event.kind is EventKind.CLIENT_SEEN and event.facts.get("kind_of_client") == "ipxe":
                self._keep_ipxe(event)
            if event.mac is not None and event.attempt is not None:
                if not self._is_anybody_heard:
                    self._forget(NO_MACHINE)
                    self._is_anybody_heard = True
                self._keep(event.mac, event.attempt, event)
            elif event.kind is EventKind.STATION_READY and not self._is_anybody_heard:
                self._keep(NO_MACHINE, "", event)

    def _keep_ipxe(self, event: Event) -> None:
        uuid = event.facts.get("uuid")
        if isinstance(uuid, str) and len(set(uuid) - {"-"}) > 1:  # all zeros, all ones: of a maker who gives none
            self._ipxe_of[uuid] = event
            self._ipxe_of.move_to_end(uuid)
            if len(self._ipxe_of) > MAX_MACHINES:
                self._ipxe_of.popitem(last=False)

    def _keep(self, mac: str, attempt: str, event: Event) -> None:
        machine = self._machines.get(mac)
        if machine is None or machine.attempt != attempt:
            if machine is not None and is_older(attempt, machine.attempt):
                return  # the end of something that a reset cut off
            # Handed on, not copied: nobody looks at the attempt before any more.
            earlier: deque[Event] = deque(maxlen=MAX_EARLIER) if machine is None else machine.earlier
            if machine is not None:
                earlier.extend([each for each in machine.events if each.kind in EARLIER_KINDS])
            machine = self._machines[mac] = _Machine(attempt, earlier)
        machine.events.append(event)
        if len(machine.events) > MAX_EVENTS_PER_MACHINE:
            del machine.events[0]
        self._machines.move_to_end(mac)
        self._waiting[mac] = None
        while len(self._machines) > MAX_MACHINES:
            self._forget(next(iter(self._machines)))

    def _forget(self, mac: str) -> None:
        self._machines.pop(mac, None)
        self._waiting.pop(mac, None)

    def look(self) -> None:
        """Judge the machines to which something has happened, or for which it is time."""
        now, until = self._clock(), self._stopwatch() + LOOK_BUDGET_S
        with self._lock:
            while self._deadlines and self._deadlines[0][0] <= now:
                moment, mac = heapq.heappop(self._deadlines)
                machine = self._machines.get(mac)
                if machine is not None and machine.look_at_s == moment:
                    machine.look_at_s = None
                    self._waiting[mac] = None
        while self._stopwatch() < until:
            with self._lock:
                if not self._waiting:
                    return
                mac, _ = self._waiting.popitem(last=False)
                machine, timeline = self._machines[mac], self._timeline(mac)
            try:
                self._judge(machine, timeline, now)
            except Exception as error:
                self._note_problem(error)

    def _note_problem(self, error: Exception) -> None:
        """A rule has a defect: told once; the other machines are judged all the same."""
        if self._is_in_trouble:
            return
        self._is_in_trouble = True
        why = f"{type(error).__name__}: {error}"
        fix = "boots go on; please report this line"
        self._record(EventKind.PROBLEM, what="a boot could not be judged", why=why, fix=fix)

    def _timeline(self, mac: str) -> Timeline:
        beside = tuple(event for event in self._surroundings if event.mac != mac)
        machine = self._machines[mac]
        uuids = {event.facts.get("uuid") for event in machine.events if event.kind is EventKind.CLIENT_SEEN}
        other_cards = [self._ipxe_of[uuid] for uuid in uuids if isinstance(uuid, str) and uuid in self._ipxe_of]
        beside = (*self._ready, *beside, *(event for event in other_cards if event.mac != mac))
        return Timeline(mac, tuple(machine.events), beside, tuple(machine.earlier))

    def _judge(self, machine: _Machine, timeline: Timeline, now: float) -> None:
        # Loaded with the first boot to be judged: the rules take 20 ms, by which the station is ready sooner.
        from bootbeam.journal.verdict.rules import judge

        verdict = judge(timeline, now)
        with self._lock:
            if verdict.look_again_at_s != machine.look_at_s:
                machine.look_at_s = verdict.look_again_at_s
                if machine.look_at_s is not None:
                    heapq.heappush(self._deadlines, (machine.look_at_s, timeline.mac))
        last = timeline.events[-1]
        for finding in verdict.findings:
            if finding.id not in machine.told:
                machine.told.add(finding.id)
                self._record(
                    EventKind.FINDING,
                    mac=timeline.mac or None,
                    address=last.address,
                    interface=last.interface,
                    **facts_of(finding),
                )


def facts_of(finding: "Finding") -> dict[str, str]:
    """A finding as the facts of an event."""
    return {
        "id": finding.id,
        "title": finding.title,
        "seen": finding.seen,
        "cause": finding.cause,
        "sure": finding.sure,
        "screen": "\n".join(finding.screen),
        "fix": "\n".join(finding.fix),
    }
