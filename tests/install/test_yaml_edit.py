"""An entry put into somebody's YAML: it is there, and nothing else has changed."""

import copy

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.install.yaml_edit import append_item, insert_entry

VALUE = {"type": "webhook", "endpoint": "http://192.168.1.50/", "level": "INFO"}


def test_the_rest_of_the_file_stays_letter_by_letter() -> None:
    text = "#cloud-config\n# mine\nautoinstall:   # remark\n    version: 1\n    locale: 'no' # why\n"
    edited = insert_entry(text, ("autoinstall", "reporting"), "bootbeam", VALUE)
    added = '    reporting: {"bootbeam": {"type": "webhook", "endpoint": "http://192.168.1.50/", "level": "INFO"}}\n'
    assert edited == text.replace("    version: 1\n", added + "    version: 1\n")


@pytest.mark.parametrize(
    "text",
    [
        "a:\n  reporting:\n    x: {type: print}\n  version: 1\n",
        "a: {version: 1, reporting: {x: {type: print}}}\n",
        "a: {version: 1, reporting: {}}\n",
        "a: {}\n",
        "a:\n  reporting:\n  version: 1\n",
        "a:\r\n  version: 1\r\n  # remark\r\n",
        "a:\n  ? version\n  : 1\n",
        "x: &x {version: 1}\na: *x\n",
        "a: &x\n  version: 1\nb: *x\n",
        "a: !!map\n  version: 1\n",
        "a:\n- 1\nb: {a: 1}",
        "---\na:\n  version: 1\n...\n",
        '"a":\n    "version": 1',
        "a: { # remark\n  version: 1 }",
    ],
)
def test_every_style_of_mapping(text: str) -> None:
    before = yaml.safe_load(text)
    edited = insert_entry(text, ("a", "reporting"), "bootbeam", VALUE)
    if isinstance(before["a"], list):
        assert edited == text
        return
    wanted = copy.deepcopy(before)
    wanted["a"] = {**wanted["a"], "reporting": {**(wanted["a"].get("reporting") or {}), "bootbeam": VALUE}}
    assert yaml.safe_load(edited) == wanted


def test_what_is_there_already_stays() -> None:
    text = "a:\n  reporting: {bootbeam: {type: none}}\n"
    assert insert_entry(text, ("a", "reporting"), "bootbeam", VALUE) == text


@pytest.mark.parametrize("text", ["", "a: [\n", "- x\n", "a: x\n", "\t"])
def test_a_file_without_a_place_for_it_comes_back(text: str) -> None:
    assert insert_entry(text, ("a", "b"), "c", VALUE) == text


def test_when_a_file_is_written_anew_its_first_comments_stay() -> None:
    text = "#cloud-config\n# mine\nx: &x {version: 1}\nautoinstall: *x\n"
    edited = insert_entry(text, ("autoinstall",), "c", 1)
    assert edited.startswith("#cloud-config\n# mine\nx:")
    assert yaml.safe_load(edited) == {"x": {"version": 1}, "autoinstall": {"version": 1, "c": 1}}


keys = st.sampled_from(["a", "b", "c", "no", "x y"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(keys, values, min_size=1, max_size=4),
    st.lists(keys, max_size=2),
    st.sampled_from([True, False, None]),
    st.integers(2, 6),
)
def test_whatever_the_file_the_entry_is_added_and_nothing_lost(
    content: dict[str, object], path: list[str], flow: bool | None, indent: int
) -> None:
    text = yaml.safe_dump(content, default_flow_style=flow, indent=indent)
    read = yaml.safe_load(insert_entry(text, tuple(path), "added", [1, "x"]))
    wanted = copy.deepcopy(content)
    place: object = wanted
    for step in path:
        if not isinstance(place, dict):
            break
        if place.get(step) is None:
            place[step] = {}
        place = place[step]
    if isinstance(place, dict):
        place["added"] = [1, "x"]
        assert read == wanted
    else:
        assert read == content


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a:\n  b:\n  - x  # why\n  # next\n  c: 1\n", 'a:\n  b:\n  - x  # why\n  - "new"\n  # next\n  c: 1\n'),
        ("a:\n  b:\n    - [x, y]\n    - z", 'a:\n  b:\n    - [x, y]\n    - z\n    - "new"\n'),
        ("a: {b: [x, 'y' ], c: 1}\n", "a: {b: [x, 'y', \"new\" ], c: 1}\n"),
        ("a:\r\n  b:\r\n  - x\r\n  c: 1\r\n", 'a:\r\n  b:\r\n  - x\r\n  - "new"\r\n  c: 1\r\n'),
        ("a:\n  b:\n  - |\n    x\n    y\n\n  c: 1\n", 'a:\n  b:\n  - |\n    x\n    y\n  - "new"\n\n  c: 1\n'),
        ("a:\n  b:\n  - k: v\n    l: w\n\n  c: 1\n", 'a:\n  b:\n  - k: v\n    l: w\n  - "new"\n\n  c: 1\n'),
    ],
)
def test_an_item_comes_last_in_its_list_and_the_rest_stays_letter_by_letter(text: str, wanted: str) -> None:
    edited = append_item(text, ("a", "b"), "new")
    assert edited == wanted
    content = yaml.safe_load(text)
    assert yaml.safe_load(edited) == {"a": {**content["a"], "b": [*content["a"]["b"], "new"]}}
    assert append_item(edited, ("a", "b"), "new") == edited


@pytest.mark.parametrize(
    "text",
    [
        "a: {c: 1}\n",
        "a:\n  b:\n  c: 1\n",
        "a: {b: []}\n",
        "a:\n  b: [x, ]\n",
        "a:\n  b:\n  - |+\n    x\n\n  c: 1\n",
        "a:\n  b:\n  -\n  c: 1\n",
        "a:\n  e: &l [x]\n  b: *l\n",
        "a:\n  b: &l\n  - x\n  e: *l\n",
        "a:\n  ? b\n  : - x\n",
        "a:\n  b:\n  - - x\n    - y\n",
    ],
)
def test_every_style_of_list(text: str) -> None:
    content = yaml.safe_load(text)
    wanted = {"a": {**content["a"], "b": [*(content["a"].get("b") or []), {"k": "new"}]}}
    assert yaml.safe_load(append_item(text, ("a", "b"), {"k": "new"})) == wanted


@pytest.mark.parametrize("text", ["", "a: [\n", "- x\n", "a: x\n", "a: {b: x}\n", "a: {b: {}}\n"])
def test_a_file_without_a_list_there_comes_back(text: str) -> None:
    assert append_item(text, ("a", "b"), "new") == text
