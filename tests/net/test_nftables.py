"""What nft says in JSON, as chains: the statements that people's rulesets have."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bootbeam.net.firewall_rules import Field, Hook, Rule, Verdict, address_range
from bootbeam.net.nftables import parse_nft

CHAIN = {"family": "inet", "table": "t", "name": "c", "handle": 1, "type": "filter", "hook": "input", "prio": 5}


def rules(*expressions: list[Any], elements: list[Any] | None = None) -> tuple[Rule, ...]:
    objects: list[dict[str, Any]] = [{"metainfo": {"version": "1.0.6"}}, {"chain": {**CHAIN, "policy": "drop"}}]
    if elements is not None:
        objects.append({"set": {"family": "inet", "table": "t", "name": "s", "elem": elements}})
    objects += [
        {"rule": {"family": "inet", "table": "t", "chain": "c", "handle": 7, "expr": each}} for each in expressions
    ]
    [chain] = parse_nft(json.dumps({"nftables": objects}))
    assert (chain.hook, chain.priority, chain.policy) == (Hook.INPUT, 5, Verdict.DROP)
    return chain.rules


def match(left: Any, right: Any, op: str = "==") -> dict[str, Any]:
    return {"match": {"op": op, "left": left, "right": right}}


UDP_PORT = {"payload": {"protocol": "udp", "field": "dport"}}


def test_a_port_is_asked_of_its_protocol_only() -> None:
    [rule] = rules([match(UDP_PORT, {"set": [67, {"range": [69, 70]}]}), {"accept": None}])
    protocol, port = rule.conditions
    assert (protocol.field, protocol.words) == (Field.PROTOCOL, frozenset({"udp"}))
    assert (port.field, port.ranges) == (Field.DESTINATION_PORT, ((67, 67), (69, 70)))
    assert rule.verdict is Verdict.ACCEPT


def test_a_named_set_with_timeouts() -> None:
    elements = [{"elem": {"val": "10.0.0.1", "timeout": 30}}, {"prefix": {"addr": "10.1.0.0", "len": 16}}]
    [rule] = rules([match({"payload": {"protocol": "ip", "field": "saddr"}}, "@s"), {"drop": None}], elements=elements)
    assert rule.conditions[1].ranges == (address_range("10.0.0.1"), address_range("10.1.0.0/16"))


def test_statements_that_do_nothing_to_the_packet_are_passed_over() -> None:
    [rule] = rules([{"counter": {"packets": 0}}, {"log": {"prefix": "x"}}, {"jump": {"target": "d"}}])
    assert (rule.verdict, rule.target, rule.conditions) == (Verdict.JUMP, "d", ())
    assert rules([{"counter": {"packets": 0}}]) == ()


def test_what_is_not_known_cannot_be_told() -> None:
    for statement in (
        {"limit": {"rate": 1, "per": "second"}},
        {"xt": {"type": "match", "name": "u32"}},
        match({"meta": {"key": "cpu"}}, 1),
        match(UDP_PORT, 67, ">"),
        match({"payload": {"base": "th", "offset": 0, "len": 8}}, 1),
        match({"&": [UDP_PORT, 255]}, 67),
        match({"numgen": {"mode": "inc"}}, 1),
    ):
        [rule] = rules([statement, {"drop": None}])
        assert Field.OTHER in {condition.field for condition in rule.conditions}, statement


def test_a_verdict_map_is_a_rule_for_each_element() -> None:
    data = {"set": [["new", {"jump": {"target": "d"}}], ["invalid", {"drop": None}]]}
    found = rules([{"vmap": {"key": {"ct": {"key": "state"}}, "data": data}}])
    assert [(rule.verdict, rule.target) for rule in found] == [(Verdict.JUMP, "d"), (Verdict.DROP, "")]


def test_each_element_of_a_concatenation_is_a_rule_of_its_own() -> None:
    concatenated = {"concat": [{"meta": {"key": "iifname"}}, UDP_PORT]}
    elements = [{"concat": ["eth0", 67]}, {"elem": {"val": {"concat": ["eth1", 69]}, "timeout": 9}}]
    found = rules([match(concatenated, "@s"), {"accept": None}], elements=elements)
    assert [rule.conditions[0].words for rule in found] == [{"eth0"}, {"eth1"}]
    assert [rule.conditions[2].ranges for rule in found] == [((67, 67),), ((69, 69),)]
    [never] = rules([match(concatenated, "@s"), {"accept": None}], elements=[])
    assert never.conditions[0].words == frozenset()


def test_the_key_for_all_others_is_asked_last() -> None:
    data = {"set": [["*", {"drop": None}], [67, {"accept": None}]]}
    first, last = rules([{"vmap": {"key": UDP_PORT, "data": data}}])
    assert (first.verdict, last.verdict, last.conditions) == (Verdict.ACCEPT, Verdict.DROP, ())


def test_bridges_and_devices_are_not_asked() -> None:
    assert parse_nft(json.dumps({"nftables": [{"chain": {**CHAIN, "family": "bridge"}}]})) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["ip", "inet", "match", "==", "udp", "@s", "accept"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["match", "left", "right", "op", "payload", "protocol", "field", "set", "vmap", "key", "data"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=3))
def test_a_rule_that_is_not_understood_may_do_anything(expression: list[Any]) -> None:
    for rule in rules(expression):
        assert rule.verdict is not Verdict.UNKNOWN or "could not be understood" in rule.text


def test_new_words_for_a_set_do_not_hide_the_rest() -> None:
    concatenated = {"concat": [{"meta": {"key": "iifname"}}, UDP_PORT]}
    odd, drop = rules([match(concatenated, {"set": [{"new": 1}]}), {"accept": None}], [{"drop": None}])
    assert (odd.verdict, [condition.field for condition in odd.conditions]) == (Verdict.UNKNOWN, [Field.OTHER])
    assert drop.verdict is Verdict.DROP
