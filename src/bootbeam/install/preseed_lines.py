"""The lines of a preseed file as Debian's installer puts them together.

Seen in the installer's own reader (package preseed-common, Debian 12): lines beginning with ``#`` and empty ones are
dropped first, even within a continued line; leading white space goes; a backslash at the very end continues the line,
the parts joined by one space. The owner is read and not used.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_WORDS = re.compile(r"(\S+)(?:[ \t]+(\S+)(?:[ \t]+(\S+)(?:[ \t]+(.*))?)?)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class LogicalLine:
    """One answer: ``OWNER QUESTION TYPE VALUE``, "" for what is not there."""

    line: int
    """Where it begins, counted from 1."""
    start: int
    """Offset of its first character in the text."""
    end: int
    """Offset after its last one, the line end included."""
    owner: str
    question: str
    type: str
    value: str
    is_open: bool = False
    """Whether its last part promises another that never comes."""


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line as it stands in the file."""

    number: int
    start: int
    end: int
    """After the line end."""
    text: str
    """Without the line end."""

    @property
    def is_dropped(self) -> bool:
        """Whether the installer leaves it out before it joins any."""
        return self.text.startswith("#") or not self.text.strip()


def text_lines(text: str) -> Iterator[TextLine]:
    """The text's lines; LF and CR LF end one, nothing else does."""
    start, number = 0, 1
    for part in re.split(r"(?<=\n)", text):
        if part:
            yield TextLine(number, start, start + len(part), part.rstrip("\n").replace("\r", ""))
            start += len(part)
            number += 1


def logical_lines(text: str) -> Iterator[LogicalLine]:
    """Every answer in the text, in order."""
    parts: list[str] = []
    first: TextLine | None = None
    for line in text_lines(text):
        if line.is_dropped:
            continue
        first = first or line
        stripped = line.text.lstrip()
        if stripped.endswith("\\"):
            parts.append(stripped[:-1].rstrip())
            last = line
            continue
        yield _answer(" ".join([*parts, stripped]), first, line.end)
        parts, first = [], None
    if first is not None:
        yield _answer(" ".join(parts), first, last.end, is_open=True)


def _answer(joined: str, first: TextLine, end: int, is_open: bool = False) -> LogicalLine:
    match = _WORDS.match(joined.lstrip())
    owner, question, kind, value = match.groups(default="") if match else ("", "", "", "")
    return LogicalLine(first.number, first.start, end, owner, question, kind, value, is_open)
