"""A finding: what is wrong with one boot, in words for people; and the rule that it is made by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bootbeam.journal.verdict.course import Course

EXAMPLE_VALUES: Mapping[str, str] = {
    "station": "192.168.1.50",
    "interface": "eno1",
    "http_port": "8080",
    "file": "x64/snponly.efi",
    "url": "http://192.168.1.50:8080/x64/snponly.efi",
    "mac": "52:54:00:12:34:56",
    "router": "192.168.1.1",
    "other": "192.168.1.9",
    "claimer": "52:54:00:65:43:21",
    "entry": "linux",
    "error": "2e008081",
    "message": "Exec format error",
    "title": "... cannot boot on this machine",
    "why": "...",
    "fix": "...",
}
"""What stands for the words in braces where no case is at hand: on the page, and in ``bootbeam explain``."""


class Sureness(StrEnum):
    """How sure a cause is."""

    SURELY = "surely"
    MOST_LIKELY = "most likely"
    POSSIBLY = "possibly"


class Screen(StrEnum):
    """Whose words a machine's screen shows."""

    UEFI = "UEFI"
    BIOS = "BIOS"
    IPXE = "iPXE"
    SHIM = "shim or GRUB"
    SYSTEM = "the system"


UNKNOWN_VALUES: Mapping[str, str] = {
    **EXAMPLE_VALUES,
    "station": "THIS-COMPUTER",
    "interface": "INTERFACE",
    "file": "the boot file",
    "url": "http://THIS-COMPUTER:8080/",
    "mac": "MAC",
    "router": "of this network",
    "other": "the other server",
    "claimer": "MAC",
    "entry": "the image",
}
"""The same in a case that does not tell: no address that is nobody's."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one boot of one machine."""

    id: str
    """``BB-023``: the rule's, which never changes."""
    title: str
    seen: str
    """What was seen, with the numbers of this case."""
    cause: str
    sure: Sureness
    screen: tuple[str, ...]
    """What the machine shows now, in its exact words; empty when nothing is known of that."""
    fix: tuple[str, ...]
    """What to do; a line that begins with four spaces is a command or a line to paste."""


@dataclass(frozen=True, slots=True)
class Match:
    """A rule applies."""

    seen: str
    values: Mapping[str, str] = field(default_factory=dict)
    """For the words in braces in the rule's texts, beside those that every case has."""
    sure: Sureness | None = None
    """When it is another than the rule's."""
    cause: str | None = None
    """Instead of the rule's; taken as it is."""
    fix: tuple[str, ...] | None = None
    """The same."""
    screens: tuple[Screen, ...] | None = None
    """Whose words the machine shows, when the course alone does not tell."""
    screen: tuple[str, ...] | None = None
    """What it shows, instead of the rule's; taken as it is."""


@dataclass(frozen=True, slots=True)
class Later:
    """Time has to pass before the rule can tell."""

    at_s: float


Judged = Match | Later | None


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that goes wrong. Its texts may hold words in braces, those of ``EXAMPLE_VALUES``."""

    id: str
    title: str
    judge: "Callable[[Course], Judged]"
    sees: str
    """What the station sees, for the page."""
    cause: str
    sure: Sureness
    screens: Mapping[Screen, tuple[str, ...]]
    fix: tuple[str, ...]
    explains: frozenset[str] = frozenset()
    """Ids of findings that are but its consequences."""

    def example(self, line: str) -> str:
        """One of its lines, filled in where there is no case."""
        return line.format_map({**EXAMPLE_VALUES, "id": self.id})

    def find(self, course: "Course", match: Match) -> Finding:
        """The finding for one case."""
        values = {**UNKNOWN_VALUES, **course.values, **match.values}
        shown = course.screens if match.screens is None else match.screens
        if Screen.SYSTEM in self.screens:
            shown = (Screen.SYSTEM,)  # whatever loaded it has gone from the screen
        return Finding(
            self.id,
            self.title.format_map(values),
            match.seen,
            match.cause or self.cause.format_map(values),
            match.sure or self.sure,
            match.screen or tuple(line.format_map(values) for screen in shown for line in self.screens.get(screen, ())),
            match.fix or tuple(line.format_map(values) for line in self.fix),
        )
