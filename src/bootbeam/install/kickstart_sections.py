"""The parts of a kickstart file: commands, one a line, and sections from ``%name`` to ``%end``.

Source: pykickstart's documentation, "Kickstart Documentation", chapters 1 to 9.
"""

import re
from dataclasses import dataclass, field

SECTIONS = (
    *("%packages", "%pre", "%pre-install", "%post", "%onerror", "%traceback", "%addon", "%certificate"),
    *("%anaconda", "%include", "%ksappend"),
)
CLOSED_BY_END = frozenset(SECTIONS) - {"%include", "%ksappend"}
MAX_SECTIONS = 1000
_ESXI = re.compile(r"^\s*(vm)?accepteula\b", re.MULTILINE)


@dataclass(slots=True)
class Section:
    """One section, or the commands outside of all (its name is "")."""

    name: str
    line: int
    options: str = ""
    """What follows the name on its line."""
    lines: list[tuple[int, str]] = field(default_factory=list)
    """Number and text of each line in it."""
    is_closed: bool = False


@dataclass(slots=True)
class KickstartFile:
    """A kickstart file in its parts."""

    commands: Section
    sections: list[Section]
    stray_ends: list[int]
    """Lines with an ``%end`` that ends nothing."""
    inner: list[tuple[int, str, str]]
    """Section headers within an open section: line, header, the open one."""
    includes: list[int]
    """Lines that bring in another file, so that not everything is here."""


def split_sections(text: str) -> KickstartFile:
    """The parts of ``text``; never fails."""
    file = KickstartFile(Section("", 1), [], [], [], [])
    current = file.commands
    for number, line in enumerate(text.splitlines(), start=1):
        word, rest = (*line.split(maxsplit=1), "", "")[:2]
        if word in ("%include", "%ksappend"):
            file.includes.append(number)
        elif word == "%end":
            if current is file.commands:
                file.stray_ends.append(number)
            current.is_closed = True
            current = file.commands
        elif _opens_section(word, current is file.commands) and len(file.sections) < MAX_SECTIONS:
            if current is not file.commands:
                file.inner.append((number, word, current.name))
            current = Section(word, number, rest.strip())
            file.sections.append(current)
        else:
            current.lines.append((number, line))
    return file


def is_of_esxi(text: str) -> bool:
    """Whether it is for VMware ESXi, whose kickstart has the name in common, other commands, and no ``%end``."""
    return _ESXI.search(text) is not None


def has_open_section(text: str) -> bool:
    """Whether something added at the end would stand within a section."""
    return any(not section.is_closed for section in split_sections(text).sections)


def _opens_section(word: str, is_outside: bool) -> bool:
    """Within a section only the known names do: a script may hold any other word that begins with ``%``."""
    return word.startswith("%") if is_outside else word in CLOSED_BY_END
