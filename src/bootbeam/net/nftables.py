"""Rules as ``nft --json list ruleset`` prints them (libnftables-json(5)), as chains that can be judged.

What is not known here becomes a condition that cannot be told, never a rule left out.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bootbeam.net.firewall_rules import (
    TCP_FLAGS,
    Chain,
    Condition,
    Field,
    Hook,
    Range,
    Rule,
    Verdict,
    address_range,
    merged,
)

_UNTOLD = Condition(Field.OTHER)
_NEVER = Condition(Field.STATE)
"""Holds for no packet."""
_META = {
    "iif": Field.IN_INTERFACE,
    "iifname": Field.IN_INTERFACE,
    "oif": Field.OUT_INTERFACE,
    "oifname": Field.OUT_INTERFACE,
    "l4proto": Field.PROTOCOL,
    "nfproto": Field.FAMILY,
    "protocol": Field.FAMILY,
    "pkttype": Field.PACKET_TYPE,
    "mark": Field.MARK,
}
_CT = {"state": Field.STATE, "status": Field.STATUS, "mark": Field.MARK}
_PORTS = {"sport": Field.SOURCE_PORT, "dport": Field.DESTINATION_PORT}
_ADDRESSES = {"saddr": Field.SOURCE, "daddr": Field.DESTINATION}
_NUMBERS = frozenset((*_PORTS.values(), *_ADDRESSES.values(), Field.MARK))
_PLAIN_WORDS = {"ip": "ipv4", "ip6": "ipv6", "host": "unicast", "ipv6-icmp": "icmpv6", "17": "udp", "6": "tcp"}
"""Different words for the same."""
_VERDICTS = {
    "accept": Verdict.ACCEPT,
    "drop": Verdict.DROP,
    "reject": Verdict.DROP,
    "return": Verdict.RETURN,
    "jump": Verdict.JUMP,
    "goto": Verdict.GOTO,
    "queue": Verdict.UNKNOWN,
    "dnat": Verdict.DIVERT,
    "redirect": Verdict.DIVERT,
    "tproxy": Verdict.DIVERT,
    "snat": Verdict.ACCEPT,
    "masquerade": Verdict.ACCEPT,
}
_HOOKS = {hook.value: hook for hook in Hook}
_UNTELLING = frozenset({"xt", "limit", "quota", "ct count", "ct expectation", "socket", "osf", "synproxy"})
"""Statements that let some packets go on to the rest of the rule."""

MAX_ALTERNATIVES = 256
"""Elements that one rule is taken apart into; one with more cannot be told."""
_ANY = "*"
"""The key of a map that holds for every other."""

Sets = Mapping[str, Sequence[Any]]
"""The elements of a table's named sets and maps."""


def parse_nft(text: str) -> list[Chain]:
    """The chains of the families ip, ip6 and inet.

    Raises:
        ValueError: it is not what nft prints.
    """
    try:
        objects = json.loads(text)["nftables"]
        sets: dict[tuple[str, str], dict[str, Sequence[Any]]] = {}
        chains: dict[tuple[str, str, str], Chain] = {}
        for each in objects:
            kind, facts = _only(each)
            if kind == "metainfo" or facts.get("family") not in ("ip", "ip6", "inet"):
                continue
            if kind in ("set", "map"):
                sets.setdefault((facts["family"], facts["table"]), {})[facts["name"]] = facts.get("elem", ())
            elif kind == "chain":
                chains[facts["family"], facts["table"], facts["name"]] = _chain(facts)
        for each in objects:
            if "rule" in each and (key := _key(each["rule"])) in chains:
                chains[key] = replace(chains[key], rules=chains[key].rules + _read_rule(each["rule"], sets))
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"not the JSON of nft: {error!r}") from None
    return list(chains.values())


def _read_rule(facts: Mapping[str, Any], sets: Mapping[tuple[str, str], Sets]) -> tuple[Rule, ...]:
    """The rule; one that a newer nft words in a way not known here may do anything, and is not left out."""
    try:
        return tuple(_rules(facts, sets.get((facts["family"], facts["table"]), {})))
    except (KeyError, TypeError, AttributeError, IndexError, ValueError):
        text = f"{_place(facts)}, which could not be understood"
        return (Rule((_UNTOLD,), Verdict.UNKNOWN, text=text),)


def _place(facts: Mapping[str, Any]) -> str:
    return f"rule {facts.get('handle', '?')} of its chain {facts['chain']}"


def _key(facts: Mapping[str, Any]) -> tuple[str, str, str]:
    return facts["family"], facts["table"], facts["chain"]


def _chain(facts: Mapping[str, Any]) -> Chain:
    return Chain(
        program="nft",
        family=facts["family"],
        table=facts["table"],
        name=facts["name"],
        hook=_HOOKS.get(facts.get("hook", "")),
        priority=int(facts.get("prio", 0)),
        policy=_VERDICTS[facts.get("policy", "accept")],
        is_nat=facts.get("type") == "nat",
    )


def _rules(facts: Mapping[str, Any], sets: Sets) -> Iterator[Rule]:
    """The rule; one for each element where it looks several things up at once, or its verdict in a map."""
    alternatives: list[list[Condition]] = [[]]
    text = _place(facts)
    for statement in facts.get("expr", ()):
        kind: str
        value: Any
        kind, value = _only(statement) if isinstance(statement, dict) else (str(statement), None)
        if kind == "match":
            found = _alternatives(value["op"], value["left"], value["right"], sets)
            alternatives = [[*before, *more] for before in alternatives for more in found][:MAX_ALTERNATIVES]
        elif kind == "vmap":
            # What holds for every other key comes last.
            elements = sorted(_elements(value["data"], sets), key=lambda element: element[0] == _ANY)
            for key, verdict in elements:
                wanted = [] if key == _ANY else _match("==", value["key"], key, sets)
                yield from (_rule((*each, *wanted), *_only(verdict), text) for each in alternatives)
        elif kind in _VERDICTS:
            yield from (_rule(tuple(each), kind, value, text) for each in alternatives)
        elif kind in _UNTELLING:
            alternatives = [[*each, _UNTOLD] for each in alternatives]


def _only(statement: Mapping[str, Any]) -> tuple[str, Any]:
    """The one key of a JSON object, and its value."""
    for key, value in statement.items():
        return key, value
    raise ValueError("an empty statement")


def _rule(conditions: tuple[Condition, ...], kind: str, value: Any, text: str) -> Rule:
    target = value["target"] if kind in ("jump", "goto") else ""
    return Rule(conditions, _VERDICTS.get(kind, Verdict.GO_ON), target, text)


def _alternatives(operator: str, left: Any, right: Any, sets: Sets) -> list[list[Condition]]:
    """What may hold instead of each other: one list of conditions, or one for each element of a concatenation."""
    if not (isinstance(left, dict) and "concat" in left) or operator != "==":
        return [_match(operator, left, right, sets)]
    elements = _elements(right, sets)
    if len(elements) > MAX_ALTERNATIVES:
        return [[_UNTOLD]]
    return [_match(operator, left, element, sets) for element in elements] or [[_NEVER]]


def _match(operator: str, left: Any, right: Any, sets: Sets) -> list[Condition]:
    if isinstance(left, dict) and "concat" in left:
        return _match_concatenation(operator, left["concat"], right, sets)
    field, needed = _field(left)
    if field is Field.TCP_FLAGS:
        return [*needed, _flags_condition(operator, left, right)]
    if field is Field.OTHER or operator not in ("==", "!=", "in"):
        return [*needed, _UNTOLD]
    values = [_value(element) for element in _elements(right, sets)]
    is_negated = operator == "!="
    try:
        if field in _NUMBERS:
            ranges = merged(_range(field, value) for value in values)
            return [*needed, Condition(field, ranges, is_negated=is_negated)]
        return [*needed, Condition(field, words=frozenset(map(_word, values)), is_negated=is_negated)]
    except ValueError:
        return [*needed, _UNTOLD]


def _flags_condition(operator: str, left: Mapping[str, Any], right: Any) -> Condition:
    """``tcp flags & (fin | syn) == syn``, or ``tcp flags syn``: any of these."""
    try:
        wanted = _flag_bits(right)
        if operator == "in":
            return Condition(Field.TCP_FLAGS, ((0, 0),), is_negated=True, mask=wanted)
        mask = _flag_bits(left["&"][1]) if "&" in left else None
    except (ValueError, TypeError):
        return _UNTOLD
    if operator not in ("==", "!="):
        return _UNTOLD
    return Condition(Field.TCP_FLAGS, ((wanted, wanted),), is_negated=operator == "!=", mask=mask)


def _flag_bits(value: Any) -> int:
    """Raises ValueError: none that is known."""
    if isinstance(value, dict):
        value = value.get("|", value)
    if isinstance(value, list):
        bits = 0
        for each in value:
            bits |= _flag_bits(each)
        return bits
    if isinstance(value, int):
        return value
    if value not in TCP_FLAGS:
        raise ValueError(value)
    return TCP_FLAGS[value]


def _match_concatenation(operator: str, parts: Sequence[Any], element: Any, sets: Sets) -> list[Condition]:
    """Several things asked at once, ``ip saddr . udp dport``, of one element."""
    if operator != "==":
        return [_UNTOLD]
    pairs = zip(parts, _value(element)["concat"], strict=True)
    return [condition for part, value in pairs for condition in _match("==", part, value, sets)]


def _elements(right: Any, sets: Sets) -> list[Any]:
    if isinstance(right, str) and right.startswith("@"):
        return list(sets.get(right[1:], ()))
    if isinstance(right, dict) and "set" in right:
        return list(right["set"])
    return list(right) if isinstance(right, list) else [right]


def _value(element: Any) -> Any:
    """An element without its time limit, counter or comment."""
    return element["elem"]["val"] if isinstance(element, dict) and "elem" in element else element


def _field(left: Any) -> tuple[Field, list[Condition]]:
    """What is asked, and what has to hold for it to be asked at all: a UDP port is asked of UDP only."""
    if not isinstance(left, dict):
        return Field.OTHER, []
    kind, facts = _only(left)
    if kind == "&" and isinstance(facts, list):  # bits of a mark, which is 0, are 0
        field, needed = _field(facts[0])
        return (field if field in (Field.MARK, Field.TCP_FLAGS) else Field.OTHER), needed
    if kind == "meta":
        return _META.get(facts["key"], Field.OTHER), []
    if kind == "ct" and "dir" not in facts:
        return _CT.get(facts["key"], Field.OTHER), []
    if kind == "payload" and "protocol" in facts:
        return _payload_field(facts["protocol"], facts["field"])
    if kind == "fib":
        return _fib_field(facts["result"], facts["flags"]), []
    return Field.OTHER, []


def _payload_field(protocol: str, name: str) -> tuple[Field, list[Condition]]:
    if protocol in ("ip", "ip6"):
        family = Condition(Field.FAMILY, words=frozenset({_PLAIN_WORDS[protocol]}))
        is_protocol = name in ("protocol", "nexthdr")
        return (Field.PROTOCOL if is_protocol else _ADDRESSES.get(name, Field.OTHER)), [family]
    if protocol in ("ether", "vlan", "arp"):
        return Field.OTHER, []
    needed = [] if protocol == "th" else [Condition(Field.PROTOCOL, words=frozenset({protocol}))]
    if (protocol, name) == ("tcp", "flags"):
        return Field.TCP_FLAGS, needed
    return _PORTS.get(name, Field.OTHER), needed


def _fib_field(result: str, flags: Sequence[str] | str) -> Field:
    asked = {flags} if isinstance(flags, str) else set(flags)
    if result == "type":
        return Field.SOURCE_TYPE if "saddr" in asked else Field.DESTINATION_TYPE
    return Field.REVERSE_PATH if result == "oif" and {"saddr", "iif"} <= asked else Field.OTHER


def _word(value: Any) -> str:
    if not isinstance(value, str | int):
        raise ValueError(value)
    word = str(value).lower() if isinstance(value, bool) else str(value)
    return _PLAIN_WORDS.get(word, word)


def _range(field: Field, value: Any) -> Range:
    """Raises ValueError: not a number, an address or a range of them."""
    if isinstance(value, dict) and "range" in value:
        first, last = (_range(field, end) for end in value["range"])
        return first[0], last[1]
    if isinstance(value, dict) and "prefix" in value:
        return address_range(f"{value['prefix']['addr']}/{value['prefix']['len']}")
    if isinstance(value, int):
        return value, value
    if isinstance(value, str) and field in _ADDRESSES.values():
        return address_range(value)
    raise ValueError(value)
