"""This computer's own firewall, met by a machine that is played packet by packet."""

import pytest

from tests.faults.fault_lab import FaultLab
from tests.faults.played import PlayedMachine

pytestmark = [pytest.mark.firmware, pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.mark.parametrize("rule", ["udp dport 67 drop", "udp dport 67 reject"])
def test_questions_are_held_back(fault: FaultLab, rule: str) -> None:
    fault.inject(f"this computer's own firewall: {rule} (played packet by packet)")
    lan = fault.network()
    fault.serve()
    fault.filter(lan.station, "input", rule)
    machine = PlayedMachine(fault, lan)
    machine.ask_in_vain()
    finding = fault.expect(machine.mac, "BB-026", 30)
    assert "ufw allow" in str(finding.facts["fix"])
