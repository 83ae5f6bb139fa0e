"""Misfortunes with addresses and answers that are played packet by packet."""

import sys
import time

import pytest

from bootbeam.lab.lan import INTERFACE, Lan
from bootbeam.lab.netns import Namespace
from tests.faults.fault_lab import FaultLab
from tests.faults.played import BIOS, PlayedMachine, lease_to_guest
from tests.faults.test_addresses import add_rogue

OTHER_STATION = "192.168.1.60"
AFTERWARDS_S = 20.0
"""A verdict that is wrong about a good boot has come by then."""
pytestmark = [pytest.mark.firmware, pytest.mark.slow, pytest.mark.timeout(300)]


def mac_of(host: Namespace) -> str:
    """Of its network card."""
    return host.run("cat", "/sys/class/net/eth0/address").strip()


def test_nobody_asks(fault: FaultLab) -> None:
    fault.inject("no machine is set to network boot: nothing asks for two minutes")
    fault.network()
    fault.serve()
    fault.expect(None, "BB-001", 150)


def test_the_last_address_went_to_another_machine(fault: FaultLab) -> None:
    fault.inject("the router's range is used up: its only address has gone to another machine")
    lan = fault.network(router_arguments=("--dhcp-range=192.168.1.2,192.168.1.2,255.255.255.0,12h",))
    fault.serve()
    lease_to_guest(lan.add_host("guest", "192.168.1.71"))
    machine = PlayedMachine(fault, lan)
    machine.ask_in_vain()
    finding = fault.expect(machine.mac, "BB-003", 30)
    assert "192.168.1.1" in str(finding.facts["fix"])


def test_an_address_that_is_refused(fault: FaultLab) -> None:
    fault.inject("the machine wants the address it had in another network, and the router refuses it (DHCPNAK)")
    lan = fault.network()
    fault.serve()
    machine = PlayedMachine(fault, lan)
    machine.ask()
    machine.take_address(address="10.1.2.3", server=None)
    fault.expect(machine.mac, "BB-004", 30)


def test_two_dhcp_servers_of_different_networks(fault: FaultLab) -> None:
    fault.inject("a second router gives addresses of a network of its own")
    lan = fault.network()
    add_rogue(fault, lan)
    fault.serve()
    machine = PlayedMachine(fault, lan)
    machine.ask()
    finding = fault.expect(machine.mac, "BB-010", 40)
    assert "10.9.9.1" in str(finding.facts["seen"])


def test_a_machine_that_follows_somebody_else(fault: FaultLab) -> None:
    fault.inject("a machine takes its address and then looks for a server that is not there any more")
    lan = fault.network()
    fault.serve()
    machine = PlayedMachine(fault, lan)
    machine.ask()
    machine.take_address()
    machine.look_for("192.168.1.77")
    finding = fault.expect(machine.mac, "BB-017", 40)
    assert "192.168.1.77" in str(finding.facts["seen"])


def test_a_bios_whose_download_does_not_begin(fault: FaultLab) -> None:
    fault.inject("a BIOS takes its address; its request for the boot file gets lost")
    lan = fault.network()
    fault.serve()
    machine = PlayedMachine(fault, lan)
    machine.ask(BIOS)
    machine.take_address(BIOS)
    fault.expect(machine.mac, "BB-024", 40)


def test_an_architecture_without_a_boot_loader(fault: FaultLab) -> None:
    fault.inject("a machine with a processor that no boot loader here is for (LoongArch)")
    lan = fault.network()
    fault.serve()
    machine = PlayedMachine(fault, lan)
    machine.ask((39, "003000"))
    finding = fault.expect(machine.mac, "BB-081", 30)
    assert "loaders" in str(finding.facts["fix"])


def test_a_lease_taken_and_nothing_after_it_is_no_haste(fault: FaultLab) -> None:
    """What is not wrong yet is not told: the rules wait as long as real machines may take."""
    fault.inject("nothing yet: a machine that has had its address for 3 s")
    lan = fault.network()
    fault.serve()
    machine = PlayedMachine(fault, lan)
    machine.ask()
    machine.take_address()
    time.sleep(3)
    fault.expect_nothing(machine.mac)


def test_another_computer_has_the_stations_address(fault: FaultLab) -> None:
    fault.inject("another computer has this computer's address too")
    lan = fault.network()
    fault.serve()
    twin = lan.add_host("twin", "192.168.1.50")
    machine = PlayedMachine(fault, lan)
    machine.ask()
    machine.take_address()
    machine.look_for("192.168.1.50")
    finding = fault.expect(machine.mac, "BB-018", 40)
    assert mac_of(twin) in str(finding.facts["seen"])


def add_station(fault: FaultLab, lan: Lan) -> None:
    """A second bootbeam on the same network, which serves something else."""
    host = lan.add_host("other", OTHER_STATION)
    log = lan.log_dir / "other.jsonl"
    host.start(
        *(sys.executable, "-m", "bootbeam", "serve", "/usr/lib/ipxe/snponly.efi", "--interface", INTERFACE),
        *("--log-format", "json", "--state", str(lan.log_dir / "other.state")),
        output=log,
    )
    deadline = time.monotonic() + 60
    while "station-ready" not in log.read_text("utf-8"):
        assert time.monotonic() < deadline, log.read_text("utf-8")
        time.sleep(0.1)


def test_a_machine_that_follows_another_station(fault: FaultLab) -> None:
    fault.inject("a second bootbeam is on this network, and the machine takes its offer")
    lan = fault.network()
    add_station(fault, lan)
    fault.serve()
    machine = PlayedMachine(fault, lan)
    machine.ask()
    machine.take_address()
    machine.look_for(OTHER_STATION)
    finding = fault.expect(machine.mac, "BB-008", 40)
    assert OTHER_STATION in str(finding.facts["seen"])
    assert "another bootbeam" in str(finding.facts["fix"])


def test_a_machine_that_comes_to_this_one_of_two_stations(fault: FaultLab) -> None:
    fault.inject("nothing that matters: a second bootbeam is there, and the machine takes ours")
    lan = fault.network()
    add_station(fault, lan)
    fault.serve()
    machine = PlayedMachine(fault, lan)
    machine.ask()
    machine.take_address()
    machine.load("x64/snponly.efi")
    machine.ask_as_ipxe()
    machine.take_address(BIOS, xid=2)
    machine.fetch_images(machine.script())
    time.sleep(AFTERWARDS_S)
    fault.expect_nothing(machine.mac)


def test_a_router_whose_boot_server_has_a_name_that_nobody_knows(fault: FaultLab) -> None:
    fault.inject("the router names a boot server that cannot be resolved (option 66) and a file of it (option 67)")
    fault_options = ("--dhcp-option-force=66,gone.example", "--dhcp-option-force=67,old.0")
    lan = fault.network(router_arguments=fault_options)
    fault.serve()
    machine = PlayedMachine(fault, lan)
    machine.ask(BIOS)
    machine.take_address(BIOS)
    finding = fault.expect(machine.mac, "BB-009", 40)
    assert "gone.example" in str(finding.facts["seen"])
