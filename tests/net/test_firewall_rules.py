"""The judge of rulesets, on chains put together by hand."""

from ipaddress import IPv4Network

import pytest

from bootbeam.net.firewall_rules import (
    Chain,
    Condition,
    Fate,
    Field,
    Hook,
    Packet,
    Rule,
    Verdict,
    address_range,
    judge,
    merged,
    network_range,
)

DISCOVER = Packet(
    {Field.DESTINATION_PORT: (67, 67), Field.SOURCE: address_range("192.168.1.0/24")},
    {Field.IN_INTERFACE: "eth0", Field.FAMILY: "ipv4", Field.PROTOCOL: "udp", Field.STATE: "new"},
)


def chain(*rules: Rule, policy: Verdict = Verdict.ACCEPT, name: str = "input", base: bool = True) -> Chain:
    return Chain("nft", "inet", "t", name, rules, Hook.INPUT if base else None, 0, policy)


def rule(verdict: Verdict, *conditions: Condition, target: str = "") -> Rule:
    return Rule(conditions, verdict, target)


UNTOLD = Condition(Field.OTHER)


@pytest.mark.parametrize(
    ("chains", "fate"),
    [
        ([], Fate.PASSES),
        ([chain(policy=Verdict.DROP)], Fate.LOST),
        ([chain(rule(Verdict.ACCEPT), policy=Verdict.DROP)], Fate.PASSES),
        ([chain(rule(Verdict.ACCEPT, UNTOLD), policy=Verdict.DROP)], Fate.MAY_BE_LOST),
        ([chain(rule(Verdict.DROP, UNTOLD), policy=Verdict.DROP)], Fate.LOST),
        ([chain(rule(Verdict.UNKNOWN))], Fate.MAY_BE_LOST),
        ([chain(rule(Verdict.DIVERT))], Fate.DIVERTED),
        ([chain(rule(Verdict.RETURN), rule(Verdict.DROP))], Fate.PASSES),
        (
            [
                chain(rule(Verdict.JUMP, target="x"), rule(Verdict.DROP)),
                chain(rule(Verdict.ACCEPT), name="x", base=False),
            ],
            Fate.PASSES,
        ),
        (
            [
                chain(rule(Verdict.JUMP, target="x"), rule(Verdict.DROP)),
                chain(rule(Verdict.RETURN), name="x", base=False),
            ],
            Fate.LOST,
        ),
        (
            [chain(rule(Verdict.GOTO, target="x"), rule(Verdict.DROP)), chain(name="x", base=False)],
            Fate.PASSES,
        ),
        (
            [
                chain(rule(Verdict.JUMP, UNTOLD, target="x"), rule(Verdict.DROP)),
                chain(rule(Verdict.ACCEPT), name="x", base=False),
            ],
            Fate.MAY_BE_LOST,
        ),
        ([chain(rule(Verdict.JUMP, target="gone"), rule(Verdict.DROP))], Fate.LOST),
        ([chain(rule(Verdict.JUMP, target="input"), rule(Verdict.DROP))], Fate.LOST),
    ],
)
def test_verdicts_and_jumps(chains: list[Chain], fate: Fate) -> None:
    assert judge(chains, DISCOVER).fate is fate


def test_a_later_chain_can_still_drop_what_an_earlier_one_accepts() -> None:
    first = Chain("nft", "ip", "a", "x", (rule(Verdict.ACCEPT),), Hook.INPUT, -10, Verdict.DROP)
    second = Chain("nft", "ip", "b", "x", (), Hook.INPUT, 0, Verdict.DROP)
    assert judge([second, first], DISCOVER).chain is second


def test_chains_of_the_other_family_and_direction_are_not_asked() -> None:
    chains = [
        Chain("nft", "ip6", "a", "x", (), Hook.INPUT, 0, Verdict.DROP),
        Chain("nft", "ip", "a", "y", (), Hook.OUTPUT, 0, Verdict.DROP),
        Chain("nft", "ip", "a", "z", (), None, 0, Verdict.DROP),
    ]
    assert judge(chains, DISCOVER).fate is Fate.PASSES


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (Condition(Field.DESTINATION_PORT, ((60, 67),)), True),
        (Condition(Field.DESTINATION_PORT, ((60, 66),)), False),
        (Condition(Field.DESTINATION_PORT, ((60, 66),), is_negated=True), True),
        (Condition(Field.SOURCE, (address_range("192.168.1.0-192.168.1.9"),)), None),
        (Condition(Field.SOURCE, (address_range("192.168.1.0-192.168.1.9"),), is_negated=True), None),
        (Condition(Field.SOURCE, (address_range("192.168.0.0/255.255.0.0"),)), True),
        (Condition(Field.IN_INTERFACE, words=frozenset({"eth*"})), True),
        (Condition(Field.IN_INTERFACE, words=frozenset({"eth"})), False),
        (Condition(Field.OUT_INTERFACE, words=frozenset({"eth0"})), False),
        (UNTOLD, None),
    ],
)
def test_conditions(condition: Condition, holds: bool | None) -> None:
    assert condition.holds(DISCOVER) is holds


def test_ranges() -> None:
    assert merged([(5, 6), (1, 2), (3, 4), (9, 9)]) == ((1, 6), (9, 9))
    assert network_range(IPv4Network("0.0.0.0/0")) == (0xFFFF00000000, 0xFFFFFFFFFFFF)
    assert address_range("::1") == (1, 1)
    with pytest.raises(ValueError, match=r"."):
        address_range("nowhere")
