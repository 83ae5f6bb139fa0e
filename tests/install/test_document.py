"""Nodes: values by path, and back to plain ones."""

from hypothesis import given

from bootbeam.install.document import MAX_TEXT_CHARACTERS, Node, Parsed, check_size
from tests.install.test_json_text import values
from tests.install.test_shape import _node


@given(values)
def test_a_value_comes_back_as_it_was(value: object) -> None:
    assert _node(value).plain() == value


def test_values_by_path() -> None:
    root = _node({"a": {"b": "x", "c": 1}})
    assert root.text("a", "b") == "x"
    assert root.text("a", "c") == ""
    assert root.text("a", "b", "c") == ""
    assert root.get("a", "z") is None
    inner = root.get("a")
    assert inner is not None
    assert [node.value for node in inner.items()] == ["x", 1]


def test_what_could_not_be_read_is_nothing() -> None:
    assert Parsed(None).plain is None
    assert Parsed(Node(1, 1)).plain == 1


def test_a_file_of_that_size_was_named_by_mistake() -> None:
    assert check_size("x" * MAX_TEXT_CHARACTERS) is None
    finding = check_size("x" * (MAX_TEXT_CHARACTERS + 1))
    assert finding is not None
    assert str(MAX_TEXT_CHARACTERS) in finding.why
