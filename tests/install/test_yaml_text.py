"""YAML as the installers read it: the traps of plain words, lines, and files that are none."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.install.document import MAX_TEXT_CHARACTERS
from bootbeam.install.yaml_text import dump_yaml, parse_yaml
from tests.install.examples import WICKED, lines


def test_values_keys_and_lines() -> None:
    root = parse_yaml("a: 1\nb:\n  - x\n  - {c: null}\n").root
    assert root is not None
    assert root.plain() == {"a": 1, "b": ["x", {"c": None}]}
    assert root.key_lines == {"a": 1, "b": 2}
    b = root.get("b")
    assert b is not None
    assert [item.line for item in b.items()] == [3, 4]
    assert root.get("b", "c") is None
    assert root.text("a") == ""


def test_an_empty_text_is_an_empty_document() -> None:
    assert parse_yaml("# only a remark\n").root is not None
    assert parse_yaml("").plain is None


def test_a_plain_word_keeps_how_it_was_written() -> None:
    root = parse_yaml("a: no\nb: 1:20\nc: 'no'\nd: no way\n").root
    assert root is not None
    sources = {key: (node.value, node.source) for key, node in ((k, root.get(k)) for k in "abcd") if node}
    assert sources == {"a": (False, "no"), "b": (80, "1:20"), "c": ("no", ""), "d": ("no way", "")}


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("a: 1:20\n", 1, "1:20 is not a text"),
        ("a:\n - yes\n", 2, "yes is not a word"),
        ("a: 2026-11-21\n", 1, "2026-11-21 is not a text"),
        ("on: push\n", 1, "the key on is no text"),
        ("a: 1\nb: 2\na: 3\n", 3, "a is there twice"),
        ("? [x]\n: y\n", 1, "a list or mapping stands where a key should"),
    ],
)
def test_traps_that_are_valid(text: str, line: int, what: str) -> None:
    (finding,) = parse_yaml(text).findings
    assert finding.line == line
    assert what in finding.what


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("a:\n\tb: 1\n", 2, "there is a tab"),
        ("a: b: c\n", 1, "a second colon"),
        ("a: @x\n", 1, "a character that means something to YAML"),
        ("a: *x\n", 1, "a character that means something to YAML"),
        ("a: 1\n---\nb: 2\n", 2, "a second --- begins another document"),
        ("a: [1, 2\nb: 3\n", 2, "bracket is not closed"),
        ("a: 1\nb: \x07\n", 2, "a character that YAML does not allow"),
    ],
)
def test_what_is_no_yaml_is_said_with_its_line(text: str, line: int, why: str) -> None:
    parsed = parse_yaml(text)
    assert parsed.root is None
    (finding,) = parsed.findings
    assert finding.line == line
    assert why in finding.why


def test_a_merged_mapping_gives_what_is_not_there() -> None:
    parsed = parse_yaml("x: &x {a: 1, b: 2}\ny: &y {c: 3}\nz:\n  <<: [*x, *y]\n  b: 5\n")
    assert isinstance(parsed.plain, dict)
    assert parsed.plain["z"] == {"a": 1, "b": 5, "c": 3}
    assert parsed.plain == yaml.safe_load("x: &x {a: 1, b: 2}\ny: &y {c: 3}\nz:\n  <<: [*x, *y]\n  b: 5\n")


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x]\n" + "".join(f"{c}: &{c} [{', '.join(['*' + chr(ord(c) - 1)] * 10)}]\n" for c in "bcdefghi"),
        "a: &a {k: v}\n"
        + "".join(f"{c}: &{c}\n  <<: [{', '.join(['*' + chr(ord(c) - 1)] * 10)}]\n" for c in "bcdefghi"),
        "[" * 5000,
        "a: &a\n  b: *a\n",
        "x" * (MAX_TEXT_CHARACTERS + 1),
    ],
)
def test_a_few_lines_cannot_stand_for_more_than_memory_holds(text: str) -> None:
    parsed = parse_yaml(text)
    assert parsed.root is None
    assert parsed.findings


@given(st.text(max_size=200))
def test_no_text_makes_it_fail(text: str) -> None:
    parse_yaml(text)


@given(
    st.lists(
        st.sampled_from([*"ab:-[]{}&*!|>'\"%@`#? \n\t", "  ", ": ", "- ", "<<: ", "&a ", "*a", "\n  "]), max_size=40
    )
)
def test_no_file_of_such_pieces_makes_it_fail(pieces: list[str]) -> None:
    text = "".join(pieces)
    parsed = parse_yaml(text)
    if parsed.root is not None and not parsed.findings:
        assert _texts(parsed.plain) == _texts(yaml.safe_load(text))


def _texts(value: object) -> object:
    """Keys and scalars as texts: what is compared is the structure."""
    if isinstance(value, dict):
        return {str(key): _texts(item) for key, item in value.items()}
    return [_texts(item) for item in value] if isinstance(value, list) else str(value)


@given(st.dictionaries(lines, lines | st.lists(lines)))
def test_what_is_written_is_read_back(value: dict[str, object]) -> None:
    assert yaml.safe_load(dump_yaml(value)) == value


@pytest.mark.parametrize("text", WICKED)
def test_wicked_texts_are_written_so_that_they_stay(text: str) -> None:
    assert parse_yaml(dump_yaml({"a": text})).plain == {"a": text}
