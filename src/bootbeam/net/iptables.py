"""Rules as ``iptables-save`` prints them (iptables-save(8), iptables-extensions(8)), as chains that can be judged.

What is not known here becomes a condition that cannot be told, never a rule left out.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bootbeam.net.firewall_rules import (
    TCP_FLAGS,
    Chain,
    Condition,
    Field,
    Hook,
    Rule,
    Verdict,
    address_range,
    merged,
)

_PRIORITIES = {"raw": -300, "mangle": -150, "nat": -100, "filter": 0, "security": 50}
_HOOKS = {hook.value.upper(): hook for hook in Hook}
_TARGETS = {
    "ACCEPT": Verdict.ACCEPT,
    "DROP": Verdict.DROP,
    "REJECT": Verdict.DROP,
    "TARPIT": Verdict.DROP,
    "RETURN": Verdict.RETURN,
    "DNAT": Verdict.DIVERT,
    "REDIRECT": Verdict.DIVERT,
    "TPROXY": Verdict.DIVERT,
    "NETMAP": Verdict.DIVERT,
    "NFQUEUE": Verdict.UNKNOWN,
    "QUEUE": Verdict.UNKNOWN,
    "SNAT": Verdict.ACCEPT,
    "MASQUERADE": Verdict.ACCEPT,
}
_WORDS = {
    "-i": Field.IN_INTERFACE,
    "-o": Field.OUT_INTERFACE,
    "-p": Field.PROTOCOL,
    "--ctstate": Field.STATE,
    "--state": Field.STATE,
    "--ctstatus": Field.STATUS,
    "--pkt-type": Field.PACKET_TYPE,
    "--dst-type": Field.DESTINATION_TYPE,
    "--src-type": Field.SOURCE_TYPE,
}
_ADDRESSES = {
    "-s": Field.SOURCE,
    "-d": Field.DESTINATION,
    "--src-range": Field.SOURCE,
    "--dst-range": Field.DESTINATION,
}
_PORTS = {
    "--sport": Field.SOURCE_PORT,
    "--sports": Field.SOURCE_PORT,
    "--dport": Field.DESTINATION_PORT,
    "--dports": Field.DESTINATION_PORT,
}
_PLAIN_WORDS = {"ipv6-icmp": "icmpv6", "17": "udp", "6": "tcp"}
_UNTOLD = Condition(Field.OTHER)
_SAYS_NOTHING = frozenset({"--comment", "--reject-with"})
"""Options that ask nothing of the packet."""


def parse_iptables(text: str, program: str) -> list[Chain]:
    """The chains.

    Args:
        text: what ``PROGRAM-save`` printed.
        program: iptables, ip6tables, iptables-legacy ...

    Raises:
        ValueError: it is not what that prints.
    """
    family = "ip6" if program.startswith("ip6") else "ip"
    table = ""
    chains: dict[tuple[str, str], Chain] = {}
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:].strip()
        elif line.startswith(":"):
            name, policy, *_ = (*line[1:].split(), "-")
            chains[table, name] = Chain(
                program=program,
                family=family,
                table=table,
                name=name,
                hook=_HOOKS.get(name) if policy != "-" else None,
                priority=_PRIORITIES.get(table, 0),
                policy=_TARGETS.get(policy, Verdict.ACCEPT),
                is_nat=table == "nat",
            )
        elif line.startswith("-A "):
            words = shlex.split(line)
            chain = chains.get((table, words[1]))
            if chain is None:
                raise ValueError(f"a rule of a chain that is not there: {line}")
            chains[table, words[1]] = replace(chain, rules=(*chain.rules, _parse_rule(words[2:], line)))
    return list(chains.values())


@dataclass(slots=True)
class _Reading:
    """A rule while its words are read."""

    conditions: list[Condition] = field(default_factory=list)
    verdict: Verdict = Verdict.GO_ON
    target: str = ""


def _parse_rule(words: Sequence[str], line: str) -> Rule:
    reading = _Reading()
    position, is_negated = 0, False
    while position < len(words):
        word = words[position]
        if word == "!":
            is_negated, position = True, position + 1
            continue
        values: list[str] = []
        position += 1
        while position < len(words) and words[position] != "!" and not words[position].startswith("-"):
            values.append(words[position])
            position += 1
        _take(reading, word, values, is_negated)
        is_negated = False
        if reading.verdict not in (Verdict.GO_ON, Verdict.JUMP, Verdict.GOTO):
            break  # what follows tells how to answer or where to send
    return Rule(tuple(reading.conditions), reading.verdict, reading.target, line)


def _take(reading: _Reading, word: str, values: Sequence[str], is_negated: bool) -> None:
    """One option of a rule and its values."""
    value = values[0] if values else ""
    if word in ("-j", "-g"):
        known = _TARGETS.get(value)
        is_chain = known is None and not _is_extension(value)
        jump = Verdict.GOTO if word == "-g" else Verdict.JUMP
        reading.verdict = known or (jump if is_chain else Verdict.GO_ON)
        reading.target = value if is_chain else ""
    elif word == "-m" or word in _SAYS_NOTHING or reading.verdict is not Verdict.GO_ON:
        if value == "rpfilter":
            reading.conditions.append(Condition(Field.REVERSE_PATH, words=frozenset({"true"})))
        elif value in ("recent", "connlimit", "set", "hashlimit", "limit", "statistic", "time", "mac", "string", "u32"):
            reading.conditions.append(_UNTOLD)
    elif word == "--invert":
        reading.conditions = [
            replace(each, is_negated=True) if each.field is Field.REVERSE_PATH else each for each in reading.conditions
        ]
    elif word in ("--loose", "--validmark", "--accept-local"):
        return
    else:
        reading.conditions.append(_condition(word, values, is_negated))


def _condition(word: str, values: Sequence[str], is_negated: bool) -> Condition:
    value = values[0] if values else ""
    try:
        if word == "--tcp-flags" and len(values) == 2:
            mask, wanted = (_flag_bits(each) for each in values)
            return Condition(Field.TCP_FLAGS, ((wanted, wanted),), is_negated=is_negated, mask=mask)
        if word in _WORDS:
            words = frozenset(_plain(each) for each in value.split(","))
            return Condition(_WORDS[word], words=words, is_negated=is_negated)
        if word in _ADDRESSES:
            return Condition(_ADDRESSES[word], (address_range(value),), is_negated=is_negated)
        if word in _PORTS:
            ranges = merged(_ports(each) for each in value.split(","))
            return Condition(_PORTS[word], ranges, is_negated=is_negated)
        if word == "--mark":
            mark = int(value.partition("/")[0], 0)
            return Condition(Field.MARK, ((mark, mark),), is_negated=is_negated)
    except ValueError:
        return _UNTOLD
    return _UNTOLD


def _plain(word: str) -> str:
    """Interfaces keep their case and end in * for any; everything else is small."""
    if word.endswith("+"):
        return f"{word[:-1]}*"
    small = word.lower() if word.isupper() else word
    return _PLAIN_WORDS.get(small, small)


def _flag_bits(text: str) -> int:
    """Raises ValueError: none that is known."""
    known = {**TCP_FLAGS, "all": 0x3F, "none": 0}
    names = text.lower().split(",")
    if not known.keys() >= set(names):
        raise ValueError(text)
    return sum({known[name] for name in names})


def _ports(text: str) -> tuple[int, int]:
    first, separator, last = text.partition(":")
    low = int(first or 0)
    return low, (int(last or 65535) if separator else low)


def _is_extension(target: str) -> bool:
    """Whether a target is something done to the packet on its way (LOG, MARK, CT ...) and no chain."""
    return target in (
        *(
            "LOG",
            "NFLOG",
            "ULOG",
            "MARK",
            "CONNMARK",
            "CT",
            "NOTRACK",
            "TCPMSS",
            "CHECKSUM",
            "CLASSIFY",
            "TRACE",
            "SET",
        ),
        *("DSCP", "TOS", "TTL", "HL", "AUDIT", "CONNSECMARK", "SECMARK", "TEE", "TCPOPTSTRIP", "IDLETIMER", "RATEEST"),
    )
