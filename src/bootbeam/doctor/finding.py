"""One line of what the doctor says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """Some machines may not boot, boots are slower than need be, or something could not be looked at."""
    PROBLEM = "problem"
    """No machine boots before it is put right."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was seen, what it means and what to do."""

    level: Level
    area: str
    """A word or two: ports, firewall, image ..."""
    what: str
    """What was seen, one sentence without a full stop."""
    why: str = ""
    """What it does to a boot, or where it comes from."""
    fix: str = ""
    """The next step, as commands where there are any, one on each line."""


def ok(area: str, what: str) -> Finding:
    """All is as it should be."""
    return Finding(Level.OK, area, what)


def warning(area: str, what: str, why: str = "", fix: str = "") -> Finding:
    """Something some machines may fail at."""
    return Finding(Level.WARNING, area, what, why, fix)


def problem(area: str, what: str, why: str = "", fix: str = "") -> Finding:
    """Something no machine boots with."""
    return Finding(Level.PROBLEM, area, what, why, fix)


def port_words(ports: Iterable[tuple[str, int]]) -> str:
    """Ports as people write them: "UDP 67, 69, 4011 and TCP 8080"."""
    by_transport: dict[str, set[int]] = {"UDP": set(), "TCP": set()}
    for transport, port in ports:
        by_transport[transport.upper()].add(port)
    return " and ".join(
        f"{name} {', '.join(map(str, sorted(numbers)))}" for name, numbers in by_transport.items() if numbers
    )


def summary(findings: Sequence[Finding]) -> str:
    """The last line: how many of each, and the areas of what is wrong."""
    counts = []
    for level in (Level.PROBLEM, Level.WARNING):
        number = sum(finding.level is level for finding in findings)
        if number:
            counts.append(f"{number} {level}{'s' if number > 1 else ''}")
    if not counts:
        return "No problem found: ready to serve."
    worst = sorted(
        (each for each in findings if each.level is not Level.OK), key=lambda each: each.level is not Level.PROBLEM
    )
    return f"{', '.join(counts)}: {', '.join(dict.fromkeys(finding.area for finding in worst))}"
