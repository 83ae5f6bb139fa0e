"""Where the time of a boot went: what lay between its events, by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from bootbeam.journal.attempts import BOOTED_KINDS, BOOTED_ROLES, FIRMWARE_KINDS
from bootbeam.journal.events import Event, EventKind

LONG_SEARCH_S = 5.0
"""An iPXE that has its IPv4 address and goes on for so long looks for an IPv6 router: it gives up after 16 s."""

NOT_ITS_DOING = frozenset(
    {
        EventKind.TRANSFER_PROGRESS,
        EventKind.OTHER_SERVER_ANSWERED,
        EventKind.ADDRESS_SOUGHT,
        EventKind.FINDING,
        EventKind.FIRST_PROGRAM_SILENT,
        EventKind.FIRST_PROGRAM_CHANGED,
        EventKind.FIRST_PROGRAM_DOUBTFUL,
        EventKind.PROBLEM,
    }
)
"""Events that are not a step of the machine."""


@dataclass(slots=True)  # not frozen: that makes one take four times as long
class Span:
    """The time between two steps of a boot."""

    name: str
    """"firmware waits for offers", "TFTP"."""
    began_at_s: float
    duration_s: float
    is_transfer: bool
    """Something was on its way meanwhile; else the machine was silent."""

    @property
    def ended_at_s(self) -> float:
        """When the step after it came."""
        return self.began_at_s + self.duration_s


_TEACHING = BOOTED_KINDS | {
    EventKind.CLIENT_SEEN,
    EventKind.ADDRESS_REQUESTED,
    EventKind.ADDRESS_GIVEN,
    EventKind.TRANSFER_FINISHED,
    EventKind.SCRIPT_SENT,
}
"""Events that ``_Course`` changes with."""


class _Phase(Enum):
    """Who has the machine."""

    FIRMWARE = "firmware"
    LOADER = "boot loader"
    IPXE = "iPXE"
    SCRIPT = "script"
    SYSTEM = "system"


@dataclass(slots=True)
class _Course:
    """How far the machine is while its events are gone through."""

    phase: _Phase = _Phase.FIRMWARE
    has_address: bool = False
    has_menu: bool = False


class SpanFinder:
    """Names the time between the events of one attempt as they come, oldest first."""

    def __init__(self) -> None:
        self._course = _Course()
        self._under_way: dict[str, str] = {}
        self._before: Event | None = None

    def add(self, event: Event) -> Span | None:
        """The span that this event ends; None for the first, and for what is no step of the machine."""
        if event.kind in NOT_ITS_DOING:
            return None
        before, self._before = self._before, event
        if before is None:
            return None
        _learn(self._course, before)
        _follow_transfer(self._under_way, before)
        under_way = self._under_way
        name = next(reversed(under_way.values())) if under_way else _name(self._course, before, event)
        return Span(name, before.at_s, max(event.at_s - before.at_s, 0.0), bool(under_way))


def find_spans(events: Sequence[Event]) -> list[Span]:
    """The time between each event of an attempt and the next one, oldest first. Empty for fewer than two."""
    finder = SpanFinder()
    return [span for event in events if (span := finder.add(event)) is not None]


def totals(spans: Sequence[Span]) -> list[tuple[str, float]]:
    """How long each kind of span took altogether, in the order they first came."""
    sums: dict[str, float] = {}
    for span in spans:
        sums[span.name] = sums.get(span.name, 0.0) + span.duration_s
    return list(sums.items())


def _follow_transfer(under_way: dict[str, str], event: Event) -> None:
    """Which transfers are under way after ``event``, by id, with the protocol's name."""
    if event.kind is EventKind.TRANSFER_STARTED:
        under_way[str(event.facts.get("transfer"))] = str(event.facts.get("protocol")).upper()
    elif event.kind in (EventKind.TRANSFER_FINISHED, EventKind.TRANSFER_FAILED):
        under_way.pop(str(event.facts.get("transfer")), None)


def _learn(course: _Course, event: Event) -> None:
    if event.kind not in _TEACHING:
        return
    facts, role = event.facts, event.facts.get("role")
    if event.kind is EventKind.CLIENT_SEEN:
        is_firmware = facts.get("kind_of_client") in FIRMWARE_KINDS
        if is_firmware or course.phase is not _Phase.IPXE:
            course.has_address = False
        course.phase = _Phase.FIRMWARE if is_firmware else _Phase.IPXE
    elif event.kind in (EventKind.ADDRESS_REQUESTED, EventKind.ADDRESS_GIVEN):
        course.has_address = True
    elif event.kind is EventKind.TRANSFER_FINISHED and role == "loader":
        course.phase = _Phase.LOADER
    elif event.kind is EventKind.SCRIPT_SENT:
        course.phase = _Phase.SCRIPT
        course.has_menu = "menu" in str(facts.get("entry")).lower()
    elif event.kind in BOOTED_KINDS or (event.kind is EventKind.TRANSFER_FINISHED and role in BOOTED_ROLES):
        course.phase = _Phase.SYSTEM


def _name(course: _Course, before: Event, after: Event) -> str:
    """What the machine does between these two."""
    if after.kind is EventKind.CLIENT_SEEN and course.phase in (_Phase.FIRMWARE, _Phase.IPXE):
        return _name_of_asking_again(course, before, after)
    if course.phase is _Phase.FIRMWARE:
        return _name_in_firmware(course, before)
    if course.phase is _Phase.LOADER:
        return "the boot loader starts, and sets up the network"
    if course.phase is _Phase.IPXE:
        is_long = course.has_address and after.at_s - before.at_s >= LONG_SEARCH_S
        return "iPXE looks for an IPv6 router" if is_long else "iPXE gets its address"
    if course.phase is _Phase.SCRIPT:
        return "the menu waits for a choice" if course.has_menu else "the script runs"
    if after.kind in BOOTED_KINDS or before.kind in BOOTED_KINDS:
        return "the system starts and works"
    return "the system is loaded and started"


def _name_of_asking_again(course: _Course, before: Event, after: Event) -> str:
    """The machine was asking for an address or a boot server, and asks anew."""
    is_ipxe = course.phase is _Phase.IPXE
    who = "iPXE" if is_ipxe else "firmware"
    if after.facts.get("kind_of_client") == "ipxe" and not is_ipxe:
        return "iPXE is started"
    seen = before if before.kind is EventKind.CLIENT_SEEN else None
    is_other_way = seen is not None and any(
        seen.facts.get(fact) != after.facts.get(fact) for fact in ("kind_of_client", "ip_version")
    )
    if is_other_way or after.facts.get("secs") == 0:
        return f"{who} gives up, and tries the next way"
    return f"{who} waits for an address" if not course.has_address else f"{who} asks again"


def _name_in_firmware(course: _Course, before: Event) -> str:
    if before.kind in (EventKind.BOOT_SERVER_ASKED, EventKind.BOOT_SERVER_ACKNOWLEDGED):
        return "firmware makes ready to load"
    if before.kind in (EventKind.READ_REQUESTED, EventKind.SIZE_PROBED, EventKind.FILE_REFUSED):
        return "firmware loads"
    return "firmware takes its address" if course.has_address else "firmware waits for offers"
