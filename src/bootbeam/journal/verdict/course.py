"""A timeline as the rules look at it: what came after what, and the words that a case fills their texts with."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.timeline import Timeline
from bootbeam.journal.verdict.finding import Screen
from bootbeam.journal.verdict.onlookers import without_onlookers

BIOS_ARCHITECTURE = 0
FIRMWARE_KINDS = ("bios-pxe", "uefi-pxe", "uefi-http")
OTHER_FIRMWARE_KINDS = ("u-boot", "raspberry-pi")
"""With words of their own, which no rule has."""
Where = Callable[[Event], bool]


@dataclass(frozen=True, slots=True)
class Try:
    """One way of booting that a firmware tries at one power-on: by PXE, then by HTTP, each over IPv4 and IPv6; or an
    iPXE that asks. It lasts from its first question to the next one's."""

    kind: str
    """Of client, as in ``CLIENT_SEEN``."""
    events: tuple[Event, ...]
    """From its first question on."""
    ended_at_s: float | None
    """When another try began; None while this is the newest."""

    @property
    def questions(self) -> list[Event]:
        """Each time its question came."""
        return [event for event in self.events if event.kind is EventKind.CLIENT_SEEN]

    @property
    def is_ipv6(self) -> bool:
        """Whether it asks over IPv6."""
        return self.questions[0].facts.get("ip_version") == 6

    @property
    def is_offered(self) -> bool:
        """Whether it got an answer from us."""
        return bool(self.of(EventKind.OFFERED))

    @property
    def has_come_on(self) -> bool:
        """Whether it has reached our file servers."""
        return any(event.kind in LOADING for event in self.events)

    def of(self, *kinds: EventKind) -> list[Event]:
        """Its events of these kinds, oldest first."""
        return [event for event in self.events if event.kind in kinds]

    def stood_still(self, since: Event, now: float) -> float:
        """How many seconds have passed since ``since``, or had when the next try began."""
        return (now if self.ended_at_s is None else self.ended_at_s) - since.at_s


class Course:
    """One boot attempt up to a moment.

    Args:
        timeline: the attempt.
        now: seconds since the epoch.
    """

    def __init__(self, timeline: Timeline, now: float) -> None:
        self.timeline = timeline
        self.events = without_onlookers(timeline.events)
        self.now = now

    def of(self, *kinds: EventKind) -> list[Event]:
        """The events of these kinds, oldest first."""
        return [event for event in self.events if event.kind in kinds]

    def last(self, *kinds: EventKind, where: Where = lambda _: True) -> Event | None:
        """The newest event of these kinds for which ``where`` is true."""
        return next((event for event in reversed(self.events) if event.kind in kinds and where(event)), None)

    def after(self, event: Event, *kinds: EventKind, where: Where = lambda _: True) -> list[Event]:
        """The events after ``event``; with ``kinds``, those of these kinds."""
        number = next(number for number, each in enumerate(self.events) if each is event)
        return [each for each in self.events[number + 1 :] if (not kinds or each.kind in kinds) and where(each)]

    @cached_property
    def seen(self) -> list[Event]:
        """Its questions to port 67 (or 547), oldest first."""
        return self.of(EventKind.CLIENT_SEEN)

    @cached_property
    def tries(self) -> list[Try]:
        """The ways of booting it has tried, oldest first. The repetitions of one question carry the same xid."""
        if not self.seen:
            return []
        starts = [0]
        before: tuple[str, str] | None = None
        numbers = [number for number, event in enumerate(self.events) if event.kind is EventKind.CLIENT_SEEN]
        for number in numbers:
            asked = (text(self.events[number], "kind_of_client"), text(self.events[number], "xid"))
            if before is not None and asked != before:
                starts.append(number)
            before = asked
        tries = []
        for start, end in zip(starts, [*starts[1:], len(self.events)], strict=True):
            events = self.events[start:end]
            kind = next(text(event, "kind_of_client") for event in events if event.kind is EventKind.CLIENT_SEEN)
            ended_at_s = self.events[end].at_s if end < len(self.events) else None
            tries.append(Try(kind, events, ended_at_s))
        return tries

    def tries_of(self, *kinds: str) -> list[Try]:
        """The tries of these kinds of client."""
        return [each for each in self.tries if each.kind in kinds]

    @cached_property
    def firmware(self) -> str:
        """What kind of client its firmware was when last seen; "" when only an iPXE was."""
        kinds = [text(event, "kind_of_client") for event in self.seen]
        return next((kind for kind in reversed(kinds) if kind in FIRMWARE_KINDS), "")

    @cached_property
    def kind(self) -> str:
        """What kind of client asked last; "" when none has."""
        return text(self.seen[-1], "kind_of_client") if self.seen else ""

    @cached_property
    def is_bios(self) -> bool:
        """Whether its firmware is a BIOS."""
        return bool(self.seen) and self.seen[-1].facts.get("architecture") == BIOS_ARCHITECTURE

    @cached_property
    def screens(self) -> tuple[Screen, ...]:
        """Whose words it shows, as far as it has come."""
        if self.kind == "ipxe":
            return (Screen.IPXE,)
        if self.kind in OTHER_FIRMWARE_KINDS:
            return ()
        if not self.seen:
            return (Screen.UEFI, Screen.BIOS)
        return (Screen.BIOS,) if self.is_bios else (Screen.UEFI,)

    @cached_property
    def values(self) -> dict[str, str]:
        """What stands for the words in braces."""
        known = {
            "mac": self.timeline.mac,
            "station": self._station,
            "interface": self._interface,
            "http_port": self._http_port,
            "file": self._file,
            "router": self._router,
        }
        return {name: value for name, value in known.items() if value}

    @cached_property
    def station_ready(self) -> Event | None:
        """When the station began; None where that is not known."""
        surroundings = self.timeline.surroundings
        return next((event for event in reversed(surroundings) if event.kind is EventKind.STATION_READY), None)

    @property
    def _station(self) -> str:
        offered = [text(event, "siaddr") for event in self.of(EventKind.OFFERED)]
        # Firmware that has failed over IPv4 asks over IPv6 too: what is to be typed holds the address people know.
        known = [siaddr for siaddr in offered if siaddr not in ("", "0.0.0.0")]
        if known:
            return next((siaddr for siaddr in reversed(known) if ":" not in siaddr), known[-1])
        words = text(self.station_ready, "interfaces").split() if self.station_ready else []
        return words[1].rstrip(",") if len(words) > 1 else ""

    @property
    def _interface(self) -> str:
        named = next((event.interface for event in self.events if event.interface), None)
        words = text(self.station_ready, "interfaces").split() if self.station_ready else []
        return named or (words[0] if words else "")

    @property
    def _http_port(self) -> str:
        return text(self.station_ready, "http_port") if self.station_ready else ""

    @property
    def _file(self) -> str:
        offered = self.last(EventKind.OFFERED, where=lambda event: text(event, "what") != "script")
        return text(offered, "file") if offered else ""

    @property
    def _router(self) -> str:
        asked = self.last(EventKind.ADDRESS_REQUESTED, where=lambda event: bool(event.facts.get("server")))
        if asked is not None:
            return text(asked, "server")
        return next((text(event, "server") for event in self.leases_offered), "")

    @cached_property
    def leases_offered(self) -> list[Event]:
        """What other servers offered this machine as an address."""
        return [event for event in self.of(EventKind.OTHER_SERVER_ANSWERED) if event.facts.get("address_given")]

    @cached_property
    def came_on(self) -> bool:
        """Whether it has loaded anything from here."""
        return any(event.kind in LOADING for event in self.events)


LOADING = (
    EventKind.READ_REQUESTED,
    EventKind.SIZE_PROBED,
    EventKind.TRANSFER_STARTED,
    EventKind.TRANSFER_FINISHED,
    EventKind.TRANSFER_FAILED,
    EventKind.FILE_REFUSED,
    EventKind.BLOCKS_READ,
    EventKind.SCRIPT_SENT,
    EventKind.MESSAGE_SHOWN,
)
"""What shows that a machine reaches our file servers."""


def text(event: Event, fact: str) -> str:
    """A fact as text; "" when it is absent."""
    value = event.facts.get(fact)
    return "" if value is None else str(value)


def number(event: Event, fact: str) -> float:
    """A fact as a number; 0 when it is none."""
    value = event.facts.get(fact)
    return float(value) if isinstance(value, int | float) else 0.0


def seconds(times: Iterable[Event]) -> str:
    """When these events happened, seen from the first: "0, 4 and 12 s"."""
    moments = [event.at_s for event in times]
    words = [f"{moment - moments[0]:.0f}" for moment in moments]
    return f"{', '.join(words[:-1])} and {words[-1]} s" if len(words) > 1 else f"{''.join(words)} s"
