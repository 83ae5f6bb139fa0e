"""How a person is told of an error."""

import pytest

from bootbeam.cli import complaint
from bootbeam.errors import UserError


def test_a_command_stays_whole_and_a_reason_is_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    told: list[str] = []

    class Terminal:
        def write(self, text: str) -> int:
            told.append(text)
            return len(text)

        def flush(self) -> None:
            pass

        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stderr", Terminal())
    command = "sudo nft insert rule " + "x " * 60 + "accept"
    complaint.print_error(UserError("it does not work", "because " * 30, command))
    said = "".join(told)
    assert command in said
    assert max(line.count("because") for line in said.splitlines()) < 30
