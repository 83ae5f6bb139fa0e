"""Shapes: every kind of value against every kind of shape, and sentences that help."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.install.document import Node
from bootbeam.install.finding import Severity
from bootbeam.install.shape import (
    COMMANDS_HINT,
    Anything,
    Either,
    Flag,
    Keys,
    ListOf,
    MapOf,
    Null,
    Number,
    Shape,
    Text,
    Whole,
    Words,
    check_shape,
)
from bootbeam.install.yaml_text import parse_yaml
from tests.install.test_json_text import values

SCALARS: dict[str, tuple[Shape, ...]] = {
    "text": (Text(), Words(("text", "other")), Anything()),
    "3": (Whole(), Whole(0, 3), Number(), Anything()),
    "2.5": (Number(), Anything()),
    "true": (Flag(), Anything()),
    "~": (Null(), Anything()),
    "[a, b]": (ListOf(Text()), Anything()),
    "{a: b}": (MapOf(Text()), Keys({"a": Text()}), Anything()),
}
ALL = {shape for shapes in SCALARS.values() for shape in shapes if not isinstance(shape, Keys)}


def node(text: str) -> Node:
    root = parse_yaml(text).root
    assert root is not None
    return root


@pytest.mark.parametrize("text", SCALARS)
def test_a_value_fits_its_own_shapes_and_no_others(text: str) -> None:
    for shape in ALL:
        findings = check_shape(node(text), shape, "x")
        assert bool(findings) != (shape in SCALARS[text]), (shape, findings)
    for own in SCALARS[text]:
        assert check_shape(node(text), own) == []


@pytest.mark.parametrize(
    ("text", "shape", "what", "why", "fix"),
    [
        ("a: no", Keys({"a": Text()}), "a should be a text", "YAML reads a plain no as false", '"no"'),
        ("a: 1:20", Keys({"a": Text()}), "a should be a text", "as the number 80", '"1:20"'),
        ("a: 3", Keys({"a": Flag()}), "a should be true or false", "as the number 3", ""),
        ("a: []", Keys({"a": Text()}), "a should be a text", "it is a list", ""),
        ("a:", Keys({"a": Text()}), "a should be a text", "there is no value", ""),
        ("a: rebot", Keys({"a": Words(("reboot", "poweroff"))}), "'rebot' will not do", "", "did you mean reboot?"),
        ("a: xyz", Keys({"a": Words(("reboot", "poweroff"))}), "'xyz' will not do", "", "one of reboot, poweroff"),
        ("a: 9", Keys({"a": Whole(1, 1)}), "a: 9 is out of range", "it has to be 1", ""),
        ("a: x", Keys({"a": ListOf(Text())}), "a should be a list", "the text 'x'", '"- "'),
        ("idenity: x", Keys({"identity": Text()}), "there is no idenity", "refused", "did you mean identity?"),
        ("b: 1", Keys({"b": Whole()}, required=("a",)), "a is missing", "does not go on", ""),
        ("- 1", Keys({}), "the file should be a mapping", "it is a list", ""),
        ("a: 1.5", Keys({"a": Either((Text(), Null()))}), "a should be a text or empty", "1.5", ""),
    ],
)
def test_what_is_said(text: str, shape: Shape, what: str, why: str, fix: str) -> None:
    finding = check_shape(node(text), shape)[0]
    assert what in finding.what
    assert why in finding.why
    assert fix in finding.fix
    assert finding.line == 1


def test_of_several_shapes_the_one_of_the_values_own_type_is_explained() -> None:
    shape = Either((ListOf(Text()), Keys({"append": ListOf(Text())})))
    (finding,) = check_shape(node("apend: [x]"), shape, "groups")
    assert finding.what == "there is no groups.apend"
    assert check_shape(node("[x]"), shape) == []


def test_a_hint_stands_with_an_entry_of_another_type() -> None:
    shape = ListOf(Either((Text(), ListOf(Text()))), hint=COMMANDS_HINT)
    (finding,) = check_shape(node("- echo\n- echo a: b\n"), shape, "late-commands")
    assert (finding.line, finding.fix) == (2, COMMANDS_HINT)
    assert "late-commands, entry 2" in finding.what


def test_an_older_spelling_counts_as_the_present_one() -> None:
    shape = Keys({"root-password": Text()}, required=("root-password",), aliases={"root_password": "root-password"})
    assert check_shape(node("root_password: x"), shape) == []


def test_unknown_keys_as_the_installer_takes_them() -> None:
    assert check_shape(node("a: 1"), Keys({}, others="allowed")) == []
    assert check_shape(node("a: 1"), Keys({}, others="warning"))[0].severity is Severity.WARNING
    assert check_shape(node("a: 1"), Keys({}))[0].severity is Severity.PROBLEM


def _node(value: object) -> Node:
    if isinstance(value, dict):
        return Node({key: _node(item) for key, item in value.items()}, 1)
    if isinstance(value, list):
        return Node([_node(item) for item in value], 1)
    assert value is None or isinstance(value, str | int | float | bool)
    return Node(value, 1)


@given(values, st.sampled_from(sorted(ALL, key=str)))
def test_whatever_the_value_the_check_answers(value: object, shape: Shape) -> None:
    check_shape(_node(value), shape)
    check_shape(_node(value), Either((shape, Keys({"a": shape}))))
