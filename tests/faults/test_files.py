"""The machine has an address and an offer; its files do not come to it."""

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.firmware import OVMF
from tests.faults.fault_lab import FaultLab

pytestmark = [pytest.mark.firmware, pytest.mark.slow, pytest.mark.timeout(300)]

TFTP_ANSWERS = "udp sport != { 67, 4011, 547 }"


def test_the_question_to_4011_is_dropped(fault: FaultLab) -> None:
    fault.inject("a switch drops what machines send to UDP port 4011")
    lan = fault.network()
    fault.serve()
    fault.drop_to_station(lan, "udp dport 4011")
    pc = fault.power_on(OVMF)
    finding = fault.expect(pc.mac, "BB-020", 100)
    assert finding.facts["sure"] == "most likely"
    fault.expect_on_screen(pc, finding)


def test_this_computers_firewall_closes_4011(fault: FaultLab) -> None:
    fault.inject("this computer's own firewall drops what comes to UDP port 4011")
    lan = fault.network()
    fault.serve()
    fault.filter(lan.station, "input", "udp dport 4011 drop")
    pc = fault.power_on(OVMF)
    finding = fault.expect(pc.mac, "BB-026", 100)
    fault.expect_on_screen(pc, finding)


def test_the_answer_from_4011_is_dropped(fault: FaultLab) -> None:
    fault.inject("our answers from UDP port 4011 get lost")
    lan = fault.network()
    fault.serve()
    fault.drop_from_station(lan, "udp sport 4011")
    pc = fault.power_on(OVMF)
    finding = fault.expect(pc.mac, "BB-021", 100)
    fault.expect_on_screen(pc, finding)


def test_tftp_is_dropped(fault: FaultLab) -> None:
    fault.inject("this computer's own firewall drops TFTP (UDP port 69)")
    lan = fault.network()
    fault.serve()
    fault.filter(lan.station, "input", "udp dport 69 drop")
    pc = fault.power_on(OVMF)
    finding = fault.expect(pc.mac, "BB-026", 100)
    assert "69" in str(finding.facts["seen"])
    fault.expect_on_screen(pc, finding)


def test_tftp_is_dropped_on_its_way(fault: FaultLab) -> None:
    fault.inject("a firewall between the machine and this computer drops TFTP (UDP port 69)")
    lan = fault.network()
    fault.serve()
    fault.drop_to_station(lan, "udp dport 69")
    pc = fault.power_on(OVMF)
    finding = fault.expect(pc.mac, "BB-023", 100)
    fault.expect_on_screen(pc, finding)


def test_tftp_is_rejected(fault: FaultLab) -> None:
    fault.inject("this computer's own firewall rejects TFTP (UDP port 69)")
    lan = fault.network()
    fault.serve()
    fault.filter(lan.station, "input", "udp dport 69 reject")
    pc = fault.power_on(OVMF)
    finding = fault.expect(pc.mac, "BB-022", 100)
    fault.expect_on_screen(pc, finding)


def test_tftp_answers_are_dropped(fault: FaultLab) -> None:
    fault.inject("a firewall drops our TFTP answers, which come from another port than 69")
    lan = fault.network()
    fault.serve()
    fault.drop_from_station(lan, TFTP_ANSWERS)
    pc = fault.power_on(OVMF)
    finding = fault.expect(pc.mac, "BB-030", 100)
    fault.expect_on_screen(pc, finding)


def test_large_packets_are_lost(fault: FaultLab) -> None:
    fault.inject("a path of 576 bytes: larger packets are lost")
    lan = fault.network()
    fault.serve()
    fault.drop_from_station(lan, f"{TFTP_ANSWERS} udp length > 556")
    pc = fault.power_on(OVMF)
    fault.expect(pc.mac, "BB-032", 120)


def test_everything_is_lost_in_the_middle(fault: FaultLab) -> None:
    fault.inject("after 100 kB of the boot loader nothing comes through any more")
    lan = fault.network()
    fault.serve()
    fault.drop_from_station(lan, f"{TFTP_ANSWERS} quota over 100 kbytes")
    pc = fault.power_on(OVMF)
    fault.expect(pc.mac, "BB-033", 120)


def test_http_boot_with_its_port_closed(fault: FaultLab) -> None:
    fault.inject("this computer's own firewall drops HTTP, and the firmware boots by HTTP")
    lan = fault.network()
    fault.serve()
    fault.filter(lan.station, "input", "tcp dport 8080 drop")
    pc = fault.power_on(OVMF.without_pxe)
    finding = fault.expect(pc.mac, "BB-061", 120)
    fault.expect_on_screen(pc, finding)


def test_http_boot_that_is_cut(fault: FaultLab) -> None:
    fault.inject("HTTP boot: after 60 kB of the boot loader nothing comes through any more")
    lan = fault.network()
    fault.serve()
    fault.drop_from_station(lan, "tcp sport 8080 quota over 60 kbytes")
    pc = fault.power_on(OVMF.without_pxe)
    fault.expect(pc.mac, "BB-062", 150)


def test_http_boot_offer_that_does_not_arrive(fault: FaultLab) -> None:
    fault.inject("our offers to HTTP boot get lost")
    lan = fault.network()
    fault.serve()
    fault.drop_from_station(lan, "udp sport 67")
    pc = fault.power_on(OVMF.without_pxe)
    fault.expect(pc.mac, "BB-005", 150)


def test_http_boot_to_a_name_nobody_knows(fault: FaultLab) -> None:
    fault.inject("the router tells HTTP boot an address with a name that nobody can resolve")
    fault.network(
        router_arguments=(
            "--dhcp-vendorclass=set:http,HTTPClient",
            "--dhcp-option-force=tag:http,60,HTTPClient",
            "--dhcp-boot=tag:http,http://boot.example.org/x64.efi",
            "--dhcp-option=6,192.168.1.1",
        )
    )
    fault.serve()
    pc = fault.power_on(OVMF.without_pxe)
    fault.expect(pc.mac, "BB-009", 150)


def test_the_kernel_stops_on_its_way(fault: FaultLab) -> None:
    fault.inject("HTTP stops in the middle of the kernel")
    lan = fault.network()
    fault.serve()
    fault.drop_from_station(lan, "tcp sport 8080 quota over 2 mbytes")
    pc = fault.power_on(OVMF)
    finding = fault.expect(pc.mac, "BB-070", 200)
    assert fault.sees(pc, EventKind.TRANSFER_STARTED, 1, file="linux")
    assert "linux" in str(finding.facts["seen"])
