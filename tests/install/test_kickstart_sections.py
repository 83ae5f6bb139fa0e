"""Sections from %name to %end."""

from hypothesis import given
from hypothesis import strategies as st

from bootbeam.install.kickstart_sections import CLOSED_BY_END, has_open_section, split_sections

TEXT = """\
lang en_US
%packages --ignoremissing
@core
%end
%post
echo %date
printf '%s' x
  %end
reboot
%include /tmp/x
"""


def test_commands_and_sections_are_told_apart() -> None:
    file = split_sections(TEXT)
    assert [text for _, text in file.commands.lines] == ["lang en_US", "reboot"]
    assert [(s.name, s.line, s.options, s.is_closed) for s in file.sections] == [
        ("%packages", 2, "--ignoremissing", True),
        ("%post", 5, "", True),
    ]
    assert file.sections[1].lines == [(6, "echo %date"), (7, "printf '%s' x")]
    assert file.includes == [10]
    assert not has_open_section(TEXT)


def test_a_section_left_open_is_known_by_the_next_or_by_the_end() -> None:
    file = split_sections("%pre\nx\n%post\ny\n%end\n%end\n%packages\n")
    assert file.inner == [(3, "%post", "%pre")]
    assert file.stray_ends == [6]
    assert [section.is_closed for section in file.sections] == [False, True, False]
    assert has_open_section("%packages\n")


@given(st.lists(st.sampled_from([*CLOSED_BY_END, "%end", "%include x", "text", "  ", "#", "%x"]), max_size=20))
def test_every_line_has_its_place(words: list[str]) -> None:
    text = "\n".join(words)
    file = split_sections(text)
    placed = len(file.commands.lines) + sum(1 + len(s.lines) + s.is_closed for s in file.sections)
    assert placed + len(file.stray_ends) + len(file.includes) == len(text.splitlines())
