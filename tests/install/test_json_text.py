"""JSON with lines."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.install.json_text import parse_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(values, st.sampled_from([None, 2, "\t"]), st.booleans())
def test_it_reads_what_json_reads(value: object, indent: int | str | None, ascii_only: bool) -> None:
    assert parse_json(json.dumps(value, indent=indent, ensure_ascii=ascii_only)).plain == value


def test_lines() -> None:
    root = parse_json('{\n "a": [\n  1,\n  {"b": "x\\ny"}\n ],\n "c": {}\n}').root
    assert root is not None
    assert root.key_lines == {"a": 2, "c": 6}
    a = root.get("a")
    assert a is not None
    assert [item.line for item in a.items()] == [3, 4]


def test_a_key_that_is_there_twice() -> None:
    (finding,) = parse_json('{"a": 1,\n"a": 2}').findings
    assert (finding.line, finding.what) == (2, "a is there twice")


@pytest.mark.parametrize(
    ("text", "line", "fix"),
    [
        ('{"a": 1,\n}', None, "no comma after the last"),
        ("{a: 1}", 1, "double quotes"),
        ('{"a": 1\n"b": 2}', 2, "a comma is missing"),
        ('{"a": // x\n1}', 1, "no comments"),
        ('{"a": "\n"}', 1, "written \\n"),
        ("{} {}", 1, "after the closing brace"),
        ('{"a": "\\x"}', 1, "written twice"),
        ("", 1, ""),
    ],
)
def test_what_is_no_json_is_said_with_its_line(text: str, line: int | None, fix: str) -> None:
    parsed = parse_json(text)
    assert parsed.root is None
    (finding,) = parsed.findings
    assert line is None or finding.line == line
    assert fix.removeprefix("after") in finding.fix


@pytest.mark.parametrize("text", ['{"a": NaN}', "[" * 100_000, "[" * 80 + "]" * 80, "1" * 5000])
def test_what_no_installer_reads(text: str) -> None:
    assert parse_json(text).root is None


@given(st.text(max_size=100) | st.lists(st.sampled_from([*'{}[],:"\\ \n1a', "null", '"x"'])).map("".join))
def test_no_text_makes_it_fail(text: str) -> None:
    parse_json(text)
