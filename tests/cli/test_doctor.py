"""How ``bootbeam doctor`` shows its findings; the whole command runs in tests/station/test_doctor.py."""

import io

from rich.console import Console

from bootbeam.cli import doctor as command
from bootbeam.doctor.finding import Finding, Level

BAD = Finding(
    Level.PROBLEM,
    "firewall",
    "drops " + "what goes in " * 12,
    "by a rule",
    "sudo nft insert rule " + "x " * 60 + "\nsecond",
)


def shown(width: int, *, terminal: bool) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=terminal, color_system="standard" if terminal else None)
    command._show(console, BAD)
    return stream.getvalue()


def test_piped_lines_are_whole_and_without_colour() -> None:
    lines = shown(80, terminal=False).splitlines()
    assert lines[0].startswith("problem  firewall  drops what goes in")
    assert [line.strip() for line in lines[1:]] == [
        "by a rule",
        "fix: sudo nft insert rule " + ("x " * 60).strip(),
        "second",
    ]
    assert "\x1b" not in "".join(lines)


def test_on_a_terminal_text_is_folded_and_commands_are_not() -> None:
    text = shown(80, terminal=True)
    assert "\x1b[" in text
    commands = [line for line in text.splitlines() if "x x" in line]
    assert len(commands) == 1
    assert sum("what goes in" in line for line in text.splitlines()) > 1
