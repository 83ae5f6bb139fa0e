"""What iptables-save says, as chains: the options that people's rulesets have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.net.firewall_rules import Condition, Field, Hook, Rule, Verdict, address_range
from bootbeam.net.iptables import parse_iptables


def rule(line: str, program: str = "iptables") -> Rule:
    chains = parse_iptables(f"*filter\n:INPUT DROP [0:0]\n:foo - [0:0]\n-A INPUT {line}\nCOMMIT", program)
    assert (chains[0].hook, chains[0].policy, chains[1].hook) == (Hook.INPUT, Verdict.DROP, None)
    return chains[0].rules[0]


@pytest.mark.parametrize(
    ("line", "conditions"),
    [
        ("-i eth+ -j DROP", [Condition(Field.IN_INTERFACE, words=frozenset({"eth*"}))]),
        ("! -i eth0 -j DROP", [Condition(Field.IN_INTERFACE, words=frozenset({"eth0"}), is_negated=True)]),
        ("-s 10.0.0.0/8 -j DROP", [Condition(Field.SOURCE, (address_range("10.0.0.0/8"),))]),
        (
            "-m iprange --dst-range 10.0.0.1-10.0.0.9 -j DROP",
            [Condition(Field.DESTINATION, (address_range("10.0.0.1-10.0.0.9"),))],
        ),
        ("-m multiport --dports 67,4000:4011 -j DROP", [Condition(Field.DESTINATION_PORT, ((67, 67), (4000, 4011)))]),
        ("-m udp --sport 1024: -j DROP", [Condition(Field.SOURCE_PORT, ((1024, 65535),))]),
        ("-m conntrack --ctstate RELATED,NEW -j DROP", [Condition(Field.STATE, words=frozenset({"related", "new"}))]),
        (
            "-m rpfilter --loose --invert -j DROP",
            [Condition(Field.REVERSE_PATH, words=frozenset({"true"}), is_negated=True)],
        ),
        ("-m mark --mark 0x8000/0x8000 -j DROP", [Condition(Field.MARK, ((0x8000, 0x8000),))]),
        ("-m tcp --tcp-flags FIN,SYN SYN -j DROP", [Condition(Field.TCP_FLAGS, ((2, 2),), mask=3)]),
        ('-m comment --comment "it\'s -j ACCEPT" -j DROP', []),
        ("-f -j DROP", [Condition(Field.OTHER)]),
    ],
)
def test_what_a_rule_asks(line: str, conditions: list[Condition]) -> None:
    read = rule(line)
    assert list(read.conditions) == conditions
    assert read.verdict is Verdict.DROP


@pytest.mark.parametrize(
    ("line", "verdict", "target"),
    [
        ("-j foo", Verdict.JUMP, "foo"),
        ("-g foo", Verdict.GOTO, "foo"),
        ("-j REJECT --reject-with icmp-port-unreachable", Verdict.DROP, ""),
        ("-p udp", Verdict.GO_ON, ""),
        ('-j LOG --log-prefix "[x] "', Verdict.GO_ON, ""),
        ("-j REDIRECT --to-ports 1", Verdict.DIVERT, ""),
    ],
)
def test_what_it_does(line: str, verdict: Verdict, target: str) -> None:
    read = rule(line)
    assert (read.verdict, read.target) == (verdict, target)
    assert read.text == f"-A INPUT {line}"


def test_ip6tables_is_of_the_other_family() -> None:
    [chain] = parse_iptables("*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT", "ip6tables-legacy")
    assert (chain.family, chain.is_nat, chain.priority) == ("ip6", True, -100)


@given(
    st.lists(
        st.sampled_from(["-A", "INPUT", "-j", "!", "-s", "x", "--dport", "1:", '"', ":INPUT", "*filter", "\n", "-m"])
    )
)
def test_anything_else_is_a_value_error(words: list[str]) -> None:
    try:
        parse_iptables("*filter\n:INPUT ACCEPT\n-A INPUT " + " ".join(words), "iptables")
    except ValueError:
        return
