"""A station that starts behind a closed firewall says so at once, and starts."""

from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.lan import Lan
from bootbeam.lab.station import StationProcess

pytestmark = pytest.mark.peer


def test_it_is_said_at_the_start(lan: Lan, script: Path) -> None:
    lan.station.run("nft", "add table inet f; add chain inet f in { type filter hook input priority 0; policy drop; }")
    lan.station.run("nft", "add", "rule", "inet", "f", "in", "tcp", "dport", "8080", "accept")
    with StationProcess(lan, script) as station:
        problem = station.wait_for(EventKind.PROBLEM, 20)
    assert str(problem.facts["what"]).startswith("the firewall drops what goes to UDP 67, 69, 4011")
    assert "sudo nft insert rule inet f in iifname eth0 udp dport" in str(problem.facts["fix"])


def test_an_open_one_is_not_mentioned(lan: Lan, script: Path) -> None:
    lan.station.run(
        "nft", "add table inet f; add chain inet f in { type filter hook input priority 0; policy accept; }"
    )
    with StationProcess(lan, script) as station:
        pass
    assert [event for event in station.events() if event.kind is EventKind.PROBLEM] == []
