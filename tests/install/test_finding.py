"""Findings: for people, in order, and the word that was meant."""

import pytest

from bootbeam.install.finding import MAX_FINDINGS, in_order, nearest, problem, shown, warning


def test_a_finding_says_where_what_why_and_what_to_do() -> None:
    assert str(problem(3, "it is wrong", "no reason", "mend it")) == (
        "problem: line 3: it is wrong: no reason: to do: mend it"
    )
    assert str(warning(None, "hm")) == "warning: hm"
    assert problem(3, "x").where == "line 3"
    assert problem(None, "x").where == ""


def test_they_come_by_line_once_each_and_not_without_end() -> None:
    findings = [problem(9, "b"), problem(2, "a"), problem(9, "b"), problem(None, "c")]
    assert [finding.what for finding in in_order(findings)] == ["c", "a", "b"]
    assert len(in_order(problem(number, "x") for number in range(1000))) == MAX_FINDINGS


@pytest.mark.parametrize(
    ("word", "meant"),
    [("idenity", "identity"), ("late_commands", "late-commands"), ("SSH", "ssh"), ("zebra", None), ("", None)],
)
def test_the_word_that_was_meant(word: str, meant: str | None) -> None:
    assert nearest(word, ("identity", "late-commands", "ssh")) == meant


def test_a_value_is_shown_quoted_and_cut() -> None:
    assert shown("a\nb") == "'a\\nb'"
    assert len(shown("x" * 500)) <= 61
    assert shown("x" * 500).endswith("...'")
    assert shown(12) == "'12'"
