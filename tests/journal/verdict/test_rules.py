"""All rules together: their ids, their words, and what several of them make of one boot."""

import re

import pytest

from bootbeam.journal.verdict.finding import Rule
from bootbeam.journal.verdict.rules import BY_ID, RULES
from tests.verdict_timelines import address_requested, findings, lease_offered, seen


def test_ids_are_unique_and_have_one_form() -> None:
    assert len(BY_ID) == len(RULES) >= 40
    assert all(re.fullmatch(r"BB-\d{3}", rule.id) for rule in RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_says_what_to_do_in_words_that_can_be_filled_in(rule: Rule) -> None:
    lines = (rule.title, rule.sees, rule.cause, *rule.fix, *(line for shown in rule.screens.values() for line in shown))
    for line in lines:
        assert line.strip(), rule.id
        assert rule.example(line)
    assert rule.fix
    assert rule.screens
    assert rule.title[0].islower() or rule.title.startswith(("iPXE", "HTTP", "Secure", "{entry}"))
    assert rule.explains <= set(BY_ID)


def test_the_root_cause_is_named_and_its_consequences_are_not() -> None:
    router = lease_offered(0.1, vendor_class="PXEClient", file="boot.bin")
    assert findings([*seen(0), router, address_requested(4)], 60) == ["BB-007"]
