"""Reading this computer's own rules, with the real programs in a namespace of their own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootbeam.lab.claim import Claim
from bootbeam.lab.netns import Namespace
from bootbeam.net.firewall import Firewall, read_firewall

PROJECT = Path(__file__).parents[2]
READ = """
import json
from bootbeam.net.firewall import read_firewall
firewall = read_firewall()
chains = [(chain.program, chain.family, chain.table, chain.name, len(chain.rules)) for chain in firewall.chains]
print(json.dumps([chains, firewall.unread, firewall.is_ufw, firewall.firewalld_zones]))
"""


@pytest.fixture
def host() -> Iterator[Namespace]:
    claim = Claim()
    try:
        with Namespace(claim.run_id, "host") as namespace:
            yield namespace
    finally:
        claim.release()


def read(host: Namespace) -> tuple[set[tuple[object, ...]], list[str], bool, dict[str, str] | None]:
    said = subprocess.check_output(
        ["ip", "netns", "exec", host.name, sys.executable, "-c", READ], cwd=PROJECT, text=True, timeout=20
    )
    chains, unread, is_ufw, zones = json.loads(said)
    return {tuple(chain) for chain in chains}, unread, is_ufw, zones


@pytest.mark.peer
def test_each_rule_is_read_once_whichever_program_made_it(host: Namespace) -> None:
    host.run("nft", "add table inet mine; add chain inet mine in { type filter hook input priority 0; }")
    host.run("nft", "add", "rule", "inet", "mine", "in", "udp", "dport", "67", "accept")
    host.run("iptables-nft", "-A", "INPUT", "-p", "udp", "--dport", "69", "-j", "ACCEPT")
    host.run("ip6tables-nft", "-A", "INPUT", "-j", "ACCEPT")
    chains, unread, is_ufw, zones = read(host)
    assert ("nft", "inet", "mine", "in", 1) in chains
    assert ("iptables", "ip", "filter", "INPUT", 1) in chains
    assert ("ip6tables", "ip6", "filter", "INPUT", 1) in chains
    assert len([chain for chain in chains if chain[3] == "INPUT"]) == 2
    assert (unread, is_ufw, zones) == ([], False, None)


@pytest.mark.peer
def test_legacy_rules_and_ufws_are_known(host: Namespace) -> None:
    host.run("iptables-legacy", "-N", "ufw-before-input")
    host.run("iptables-legacy", "-A", "INPUT", "-j", "ufw-before-input")
    chains, _, is_ufw, _ = read(host)
    assert ("iptables-legacy", "ip", "filter", "INPUT", 1) in chains
    assert is_ufw


@pytest.mark.peer
def test_looking_makes_nothing(host: Namespace) -> None:
    assert read(host)[0] == set()
    assert host.run("nft", "list", "ruleset") == ""


def test_who_is_not_root_is_told_what_was_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert read_firewall() == Firewall(unread=("only root may read firewall rules",))
