"""What a check has to say about a person's file, and the word they may have meant."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

MAX_FINDINGS = 100
"""A file with more is not the file it is taken for; the first hundred say so well enough."""
MAX_SHOWN_CHARACTERS = 60


class Severity(StrEnum):
    """How bad it is."""

    PROBLEM = "problem"
    """The installation stops, asks, or does something other than the file says."""
    WARNING = "warning"
    """It may be meant so."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a file."""

    severity: Severity
    line: int | None
    """Counted from 1; None when it is about the file as a whole."""
    what: str
    why: str = ""
    fix: str = ""

    @property
    def where(self) -> str:
        """The place, for people: "line 12", or "" for the whole file."""
        return "" if self.line is None else f"line {self.line}"

    def __str__(self) -> str:
        parts = (self.where, self.what, self.why, f"to do: {self.fix}" if self.fix else "")
        return f"{self.severity}: " + ": ".join(part for part in parts if part)


def problem(line: int | None, what: str, why: str = "", fix: str = "") -> Finding:
    """A finding that has to be put right."""
    return Finding(Severity.PROBLEM, line, what, why, fix)


def warning(line: int | None, what: str, why: str = "", fix: str = "") -> Finding:
    """A finding that may be meant so."""
    return Finding(Severity.WARNING, line, what, why, fix)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """By line, those about the whole file first, without repetitions, at most ``MAX_FINDINGS``."""
    return sorted(dict.fromkeys(findings), key=lambda finding: finding.line or 0)[:MAX_FINDINGS]


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` is most like; None when it is like none of them."""
    by_folded = {name.lower().replace("_", "-"): name for name in known}
    matches = difflib.get_close_matches(word.lower().replace("_", "-"), by_folded, n=1, cutoff=0.6)
    return by_folded[matches[0]] if matches else None


def shown(text: object) -> str:
    """A value of somebody's file, quoted and cut, fit to stand in a sentence."""
    quoted = repr(text if isinstance(text, str) else str(text))
    return quoted if len(quoted) <= MAX_SHOWN_CHARACTERS else quoted[: MAX_SHOWN_CHARACTERS - 4] + "..." + quoted[-1]
