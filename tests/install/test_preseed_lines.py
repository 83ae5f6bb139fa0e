"""Lines put together as the installer's reader does, which is asked itself."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.install.preseed_lines import logical_lines, text_lines
from tests.install.installer import answers_set_by

TEXT = "# remark\nd-i a/b string one \\\n   two\\\n\n# left out\n three\r\n  d-i c/d string\tx  y \nd-i e/f note\n"


def test_parts_are_joined_by_one_space_and_remarks_left_out() -> None:
    first, second, third = logical_lines(TEXT)
    assert (first.line, first.question, first.type, first.value) == (2, "a/b", "string", "one two three")
    assert (second.line, second.value) == (7, "x  y ")
    assert (third.question, third.type, third.value) == ("e/f", "note", "")
    assert TEXT[second.start : second.end] == "  d-i c/d string\tx  y \n"
    assert TEXT[first.start :].startswith("d-i a/b")
    assert first.end == second.start


def test_a_line_without_end_is_marked() -> None:
    assert [line.is_open for line in logical_lines("d-i a/b string x\\\n")] == [True]
    assert [line.is_open for line in logical_lines("d-i a/b string x\\\n y")] == [False]


@pytest.mark.peer
def test_the_installer_puts_them_together_so(installer_root: Path) -> None:
    said = answers_set_by(installer_root, TEXT)
    assert {line.question: line.value for line in logical_lines(TEXT)} == said


@given(st.text("d-i/ab#\\ \t\r\n", max_size=80))
def test_every_character_is_in_exactly_one_line(text: str) -> None:
    assert "".join(text[line.start : line.end] for line in text_lines(text)) == text
    ends = [0]
    for line in logical_lines(text):
        assert ends[-1] <= line.start < line.end <= len(text)
        ends.append(line.end)
