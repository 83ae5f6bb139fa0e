"""TOML with lines, and texts written for it."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.install.toml_text import parse_toml, toml_text, toml_texts

TEXT = """\
top = 1
[global]
fqdn.source = "from-dhcp"
"root password" = "x"

[network]  # remark
filter.ID_NET = "a"
dates = [2024-01-01, 2024-01-02]
"""


def test_lines_of_keys_in_tables_and_dotted() -> None:
    root = parse_toml(TEXT).root
    assert root is not None
    assert root.key_lines == {"top": 1, "global": 2, "network": 6}
    section = root.get("global")
    assert section is not None
    assert section.key_lines == {"fqdn": 3, "root password": 4}
    found = root.get("network", "filter", "ID_NET")
    assert found is not None
    assert (found.line, found.value) == (7, "a")
    dates = root.get("network", "dates")
    assert dates is not None
    assert dates.plain() == ["2024-01-01", "2024-01-02"]


@pytest.mark.parametrize(("text", "line"), [("a = 1\nb = x\n", 2), ("a = 1\na = 2\n", 2), ('a = "x\n', 1)])
def test_what_is_no_toml_is_said_with_its_line(text: str, line: int) -> None:
    (finding,) = parse_toml(text).findings
    assert finding.line == line
    assert "(at line" not in finding.why


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40)))
def test_texts_are_read_back(texts: list[str]) -> None:
    written = f"a = {toml_texts(tuple(texts))}\n" + "".join(f"b{n} = {toml_text(t)}\n" for n, t in enumerate(texts))
    read = tomllib.loads(written)
    assert read["a"] == texts
    assert [read[f"b{n}"] for n in range(len(texts))] == texts


@given(
    st.text(max_size=100)
    | st.lists(st.sampled_from([*'[]={}."\n#1a', "a = 1\n", "[t]\n", "a.b = [", "1979-05-27"])).map("".join)
)
def test_no_text_makes_it_fail(text: str) -> None:
    parse_toml(text)


def test_deep_nesting_is_refused() -> None:
    assert parse_toml("a = " + "[" * 100 + "]" * 100).root is None
    assert parse_toml("a = " + "[" * 100_000).root is None
