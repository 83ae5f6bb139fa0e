"""Each rule is proven by a boot that is broken in exactly that way: a case of ``tests/faults`` names it."""

import ast
from pathlib import Path

import pytest

from bootbeam.journal.verdict.rules import BY_ID

FAULTS = Path(__file__).parents[2] / "faults"
NOT_INJECTED: dict[str, str] = {}
"""Rules without a case, and why there is none."""


def injected() -> dict[str, list[str]]:
    """Each finding's id, and the cases that wait for it to be named first."""
    cases: dict[str, list[str]] = {}
    for path in sorted(FAULTS.glob("test_*.py")):
        for function in ast.parse(path.read_text("utf-8")).body:
            if not isinstance(function, ast.FunctionDef) or not function.name.startswith("test_"):
                continue
            for node in ast.walk(function):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                    continue
                if node.func.attr != "expect" or len(node.args) < 2:
                    continue
                finding = node.args[1]
                assert isinstance(finding, ast.Constant), f"{path.name}: {function.name} names no finding"
                cases.setdefault(str(finding.value), []).append(f"{path.stem}::{function.name}")
    return cases


def test_there_are_cases() -> None:
    assert len(injected()) >= 24


@pytest.mark.parametrize("id", BY_ID)
def test_each_rule_is_proven_by_a_fault_or_has_a_reason_why_not(id: str) -> None:
    if id in NOT_INJECTED:
        assert NOT_INJECTED[id], "a reason has words"
        assert id not in injected(), "it has a case by now: take the reason out"
    else:
        assert injected().get(id), f"no case of tests/faults waits for {id}: {BY_ID[id].title}"


def test_cases_wait_for_rules_that_exist() -> None:
    assert set(injected()) <= set(BY_ID)
    assert set(NOT_INJECTED) <= set(BY_ID)
