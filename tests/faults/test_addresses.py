"""The network is broken before the machine has an address and an offer."""

import time

import pytest

from bootbeam.lab.firmware import OVMF
from bootbeam.lab.lan import BRIDGE, Lan
from tests.faults.fault_lab import FaultLab

pytestmark = [pytest.mark.firmware, pytest.mark.slow, pytest.mark.timeout(300)]


def test_no_dhcp_server(fault: FaultLab) -> None:
    fault.inject("nobody gives addresses")
    fault.network(router=False)
    fault.serve()
    pc = fault.power_on(OVMF)
    finding = fault.expect(pc.mac, "BB-002", 100)
    fault.expect_on_screen(pc, finding)


def test_dhcp_server_that_knows_its_machines_only(fault: FaultLab) -> None:
    fault.inject("the router gives addresses only to machines it knows (dhcp-ignore=tag:!known)")
    fault.network(router_arguments=("--dhcp-ignore=tag:!known",))
    fault.serve()
    pc = fault.power_on(OVMF)
    finding = fault.expect(pc.mac, "BB-002", 100)
    fault.expect_on_screen(pc, finding)


def test_pool_used_up(fault: FaultLab) -> None:
    fault.inject("the router's only address is taken")
    fault.network(router_arguments=("--dhcp-range=192.168.1.1,192.168.1.1,255.255.255.0,12h",))
    fault.serve()
    pc = fault.power_on(OVMF)
    finding = fault.expect(pc.mac, "BB-002", 100)
    fault.expect_on_screen(pc, finding)


def test_router_announces_itself_as_a_boot_server(fault: FaultLab) -> None:
    fault.inject("the router's DHCP says PXEClient itself (option 60), and nothing answers there on port 4011")
    fault.network(router_arguments=("--dhcp-option-force=60,PXEClient",))
    fault.serve()
    pc = fault.power_on(OVMF)
    fault.expect(pc.mac, "BB-007", 120)


def test_router_names_a_boot_file_of_its_own(fault: FaultLab) -> None:
    fault.inject("the router hands out a boot file and server of its own (66/67), which does not exist")
    fault.network(router_arguments=("--dhcp-option-force=60,PXEClient", "--dhcp-boot=old.0,,192.168.1.77"))
    fault.serve()
    pc = fault.power_on(OVMF)
    fault.expect(pc.mac, "BB-007", 120)


def test_our_offers_do_not_arrive(fault: FaultLab) -> None:
    fault.inject("our offers are dropped on their way")
    lan = fault.network()
    fault.serve()
    fault.drop_from_station(lan, "udp sport 67")
    pc = fault.power_on(OVMF)
    finding = fault.expect(pc.mac, "BB-005", 100)
    fault.expect_on_screen(pc, finding)


def test_this_computers_firewall_holds_our_offers_back(fault: FaultLab) -> None:
    fault.inject("this computer's own firewall drops what it sends from UDP port 67")
    lan = fault.network()
    fault.serve()
    fault.filter(lan.station, "output", "udp sport 67 drop")
    pc = fault.power_on(OVMF)
    finding = fault.expect(pc.mac, "BB-025", 100)
    fault.expect_on_screen(pc, finding)


def test_this_computers_firewall_lets_no_question_in(fault: FaultLab) -> None:
    fault.inject("this computer's own firewall drops what comes to UDP port 67")
    lan = fault.network()
    fault.serve()
    fault.filter(lan.station, "input", "udp dport 67 drop")
    pc = fault.power_on(OVMF)
    finding = fault.expect(pc.mac, "BB-026", 100)
    fault.expect_on_screen(pc, finding)


def test_second_proxy(fault: FaultLab) -> None:
    fault.inject("a second proxyDHCP server, dnsmasq, offers a menu of its own")
    lan = fault.network()
    other = lan.add_host("other", "192.168.1.60")
    fault.start_in(
        other,
        "other",
        *("dnsmasq", "--conf-file=/dev/null", "--no-daemon", "--user=root", "--group=root", "--pid-file", "--port=0"),
        *("--interface=eth0", "--bind-interfaces", "--log-dhcp", "--dhcp-range=192.168.1.0,proxy"),
        *("--pxe-service=BC_EFI,old,old.efi", "--pxe-service=BC_EFI,older,older.efi", "--pxe-prompt=Old,0"),
    )
    fault.serve()
    pc = fault.power_on(OVMF)
    fault.expect(pc.mac, "BB-008", 120)


def add_rogue(fault: FaultLab, lan: Lan) -> None:
    """A DHCP server of another network, as a router that somebody has plugged in here too."""
    host = lan.add_host("rogue", "192.168.1.61")
    host.ip("address", "flush", "dev", "eth0", "scope", "global")
    host.ip("address", "add", "10.9.9.1/24", "dev", "eth0")
    fault.start_in(
        host,
        "rogue",
        *("dnsmasq", "--conf-file=/dev/null", "--no-daemon", "--user=root", "--group=root", "--pid-file"),
        *("--port=0", "--interface=eth0", "--bind-interfaces", "--no-ping"),
        *("--dhcp-range=10.9.9.10,10.9.9.20,255.255.255.0,1h", f"--dhcp-leasefile={lan.scratch_dir / 'rogue'}"),
    )


def test_dhcp_server_of_another_network(fault: FaultLab) -> None:
    fault.inject("the only DHCP server gives addresses of another network")
    lan = fault.network(router=False)
    add_rogue(fault, lan)
    fault.serve()
    pc = fault.power_on(OVMF)
    fault.expect(pc.mac, "BB-011", 150)


def test_link_that_is_late(fault: FaultLab) -> None:
    fault.inject("the switch passes nothing for the first 30 s (spanning tree)")
    lan = fault.network()
    fault.serve()
    pc = fault.power_on(OVMF)
    port = fault.port_of_pc(lan)
    lan.switch.ip("link", "set", port, "nomaster")
    time.sleep(30)
    lan.switch.ip("link", "set", port, "master", BRIDGE)
    fault.expect(pc.mac, "BB-006", 100)
