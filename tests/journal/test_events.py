"""The vocabulary: every kind is documented and its wire name is its own."""

from bootbeam.journal.events import EventKind


def test_names_are_kebab_case_and_distinct() -> None:
    assert all(kind.value == kind.name.lower().replace("_", "-") for kind in EventKind)
