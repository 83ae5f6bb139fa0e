"""What the firewall does to a boot: our judgement of real rulesets, held against what the kernel does with packets."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Interface, IPv6Interface
from pathlib import Path

import pytest

from bootbeam.doctor.finding import Level
from bootbeam.doctor.firewall import boot_traffic, check_firewall
from bootbeam.lab.lan import Lan
from bootbeam.lab.netns import Namespace
from bootbeam.net.firewall import Firewall
from bootbeam.net.firewall_rules import Fate, Field, judge
from bootbeam.net.interfaces import Interface
from bootbeam.net.iptables import parse_iptables
from bootbeam.net.nftables import parse_nft
from tests.rulesets import EVERYTHING, RULESETS, Ruleset

PROJECT = Path(__file__).parents[2]
PORTS = (32768, 60999)
LAN = Interface("eth0", 2, "", (IPv4Interface("192.168.1.50/24"),), True, 1500, False, False, True)
READ = """
import json
from bootbeam.net.firewall import read_firewall
from tests.doctor.test_firewall import passes
print(json.dumps(passes(read_firewall(["eth0"]))))
"""


def passes(firewall: Firewall) -> dict[str, bool | None]:
    """What the judgement says of each word of ``tests.firewall_talk``; None: perhaps."""
    said: dict[str, bool | None] = {}
    for traffic in boot_traffic(LAN, 8080, PORTS, ipv6=False):
        direction = "in" if traffic.packet.is_incoming else "out"
        key = f"{direction} {traffic.protocol} {traffic.port} {traffic.packet.words[Field.STATE]}"
        fate = judge(firewall.chains, traffic.packet).fate
        said[key] = None if fate is Fate.MAY_BE_LOST else fate is Fate.PASSES

    def both(*keys: str) -> bool | None:
        answers = [said[key] for key in keys]
        return False if False in answers else None if None in answers else True

    read, data = "in udp 69 new", "out udp 0 new"
    return {
        "67": said["in udp 67 new"],
        "offer": both("in udp 67 new", "out udp 67 new"),
        "4011": said["in udp 4011 new"],
        "answer": both("in udp 4011 new", "out udp 4011 established"),
        "69": said[read],
        "data": both(read, data),
        "ack": both(read, data, "in udp 0 established"),
        "http": both("in tcp 8080 new", "in tcp 8080 established", "out tcp 8080 established"),
    }


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Namespace, Namespace]]:
    with Lan(tmp_path_factory.mktemp("lan"), router=False) as lan:
        yield lan.station, lan.add_host("client", "192.168.1.7")


def inside(host: Namespace, *arguments: str) -> list[str]:
    return ["ip", "netns", "exec", host.name, "env", f"PYTHONPATH={PROJECT}", sys.executable, *arguments]


def load(host: Namespace, ruleset: Ruleset) -> None:
    host.run("nft", "flush", "ruleset")
    for option in ("-F", "-X"):
        host.run("iptables-legacy", option)
    host.run("iptables-legacy", "-P", "INPUT", "ACCEPT")
    program = ["nft", "-f", "-"] if ruleset.program == "nft" else [f"{ruleset.program}-restore"]
    command = ["ip", "netns", "exec", host.name, *program]
    subprocess.run(command, input=ruleset.text, text=True, check=True, timeout=10)


def talk(station: Namespace, client: Namespace) -> set[str]:
    """What got through."""
    with subprocess.Popen(
        inside(station, "-m", "tests.firewall_talk", "station"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "ready\n"
        heard = subprocess.run(
            inside(client, "-m", "tests.firewall_talk", "client"),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=20,
        )
        process.stdin.close()
        return {*process.stdout.read().split(), *heard.stdout.split()}


@pytest.mark.peer
@pytest.mark.parametrize("ruleset", RULESETS, ids=lambda ruleset: ruleset.name)
def test_the_kernel_does_what_was_judged(machines: tuple[Namespace, Namespace], ruleset: Ruleset) -> None:
    station, client = machines
    load(station, ruleset)
    judged: Mapping[str, bool | None] = json.loads(subprocess.check_output(inside(station, "-c", READ), timeout=20))
    assert {word for word, passes in judged.items() if passes} == ruleset.passes
    assert None not in judged.values()
    assert talk(station, client) == ruleset.passes


def by_hand(*rules: str, policy: str = "ACCEPT") -> Firewall:
    lines = ["*filter", f":INPUT {policy} [0:0]", ":OUTPUT ACCEPT [0:0]", *rules, "COMMIT"]
    return Firewall(tuple(parse_iptables("\n".join(lines), "iptables")))


def test_what_cannot_be_told_is_a_warning() -> None:
    for rule in (
        "-A INPUT -p udp -m recent --update --seconds 60 -j DROP",
        "-A INPUT -p udp -m udp --dport 67 -m limit --limit 1/s -j DROP",
        "-A INPUT -p udp -m udp --dport 69 -j NFQUEUE --queue-num 0",
        "-A INPUT -s 192.168.1.128/25 -j DROP",
    ):
        found = check_firewall(by_hand(rule), [LAN], 8080, PORTS, ipv6=True)
        assert [finding.level for finding in found] == [Level.WARNING], rule
        assert rule in found[0].why


def test_the_rule_and_the_command_that_opens_it_are_named() -> None:
    [finding] = check_firewall(by_hand("-A INPUT -p udp -m udp --dport 69 -j REJECT"), [LAN], 8080, PORTS, ipv6=True)
    assert finding.level is Level.PROBLEM
    assert finding.what == "drops what goes to UDP 69 on eth0"
    assert "-A INPUT -p udp -m udp --dport 69 -j REJECT" in finding.why
    assert finding.fix == "sudo iptables -I INPUT -i eth0 -p udp --dport 69 -j ACCEPT"


def test_without_rules_all_is_well() -> None:
    [finding] = check_firewall(Firewall(), [LAN], 8080, PORTS, ipv6=True)
    assert finding.level is Level.OK
    assert set(passes(Firewall()).values()) == {True}
    assert passes(Firewall()).keys() == EVERYTHING


def test_unread_rules_are_said_so() -> None:
    [finding] = check_firewall(Firewall(unread=("only root may read firewall rules",)), [LAN], 8080, PORTS, ipv6=True)
    assert finding.level is Level.WARNING
    assert finding.fix == "sudo bootbeam doctor"


def test_ipv6_alone_closed_is_a_warning_where_ipv4_is_open() -> None:
    rules = "*filter\n:INPUT DROP [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT"
    firewall = Firewall(tuple(parse_iptables(rules, "ip6tables")))
    both = Interface("eth0", 2, "", LAN.addresses, True, 1500, False, False, True, (IPv6Interface("fd00::50/64"),))
    [finding] = check_firewall(firewall, [both], 8080, PORTS, ipv6=True)
    assert finding.level is Level.WARNING
    assert "UDP 69, 547, 4011" in finding.what
    assert finding.what.endswith("over IPv6")
    assert "sudo ip6tables -I INPUT -i eth0 -p udp -m multiport --dports 69,547,4011 -j ACCEPT" in finding.fix
    assert [each.level for each in check_firewall(firewall, [both], 8080, PORTS, ipv6=False)] == [Level.OK]


def test_a_broken_listing_is_not_taken_for_an_open_firewall() -> None:
    for text in ("{}", "[]", '{"nftables": [{"chain": {"family": "inet"}}]}', "not json"):
        with pytest.raises(ValueError, match=r"."):
            parse_nft(text)
    with pytest.raises(ValueError, match="not there"):
        parse_iptables("*filter\n-A INPUT -j DROP\nCOMMIT", "iptables")
