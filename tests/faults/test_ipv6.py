"""Networks without IPv4: what goes wrong there."""

import pytest

from bootbeam.lab.firmware import OVMF
from bootbeam.lab.ipv6_router import RouterIpv6
from tests.faults.fault_lab import FaultLab
from tests.firmware.test_ipv6 import NO_PXE, NO_PXE_OVER_IPV4

pytestmark = [pytest.mark.firmware, pytest.mark.slow, pytest.mark.timeout(300)]


def test_our_answers_do_not_arrive(fault: FaultLab) -> None:
    fault.inject("no IPv4; a switch drops DHCPv6 answers that are not the router's (DHCPv6 guard)")
    lan = fault.network(ipv4=False, ipv6=RouterIpv6.SLAAC)
    fault.serve()
    fault.drop_from_station(lan, "udp sport 547")
    pc = fault.power_on(OVMF, *NO_PXE_OVER_IPV4)
    finding = fault.expect(pc.mac, "BB-012", 120)
    fault.expect_on_screen(pc, finding)


def test_the_routers_answers_do_not_arrive(fault: FaultLab) -> None:
    fault.inject("no IPv4; the router's DHCPv6 server does not answer this machine")
    lan = fault.network(ipv4=False, ipv6=RouterIpv6.DHCP6)
    fault.serve()
    pc = fault.power_on(OVMF, *NO_PXE_OVER_IPV4)
    fault.drop_at_switch(lan, f"ether daddr {pc.mac} iifname {fault.port_to('router')} udp sport 547")
    finding = fault.expect(pc.mac, "BB-013", 120)
    fault.expect_on_screen(pc, finding)


def test_the_question_to_4011_is_dropped(fault: FaultLab) -> None:
    fault.inject("no IPv4; a switch drops what machines send to UDP port 4011")
    lan = fault.network(ipv4=False, ipv6=RouterIpv6.DHCP6)
    fault.serve()
    fault.drop_to_station(lan, "udp dport 4011")
    pc = fault.power_on(OVMF, *NO_PXE_OVER_IPV4)
    finding = fault.expect(pc.mac, "BB-020", 120)
    assert "over IPv6" in str(finding.facts["seen"])


def test_tftp_is_dropped(fault: FaultLab) -> None:
    fault.inject("no IPv4; a firewall on the way drops TFTP (UDP port 69)")
    lan = fault.network(ipv4=False, ipv6=RouterIpv6.SLAAC)
    fault.serve()
    fault.drop_to_station(lan, "udp dport 69")
    pc = fault.power_on(OVMF, *NO_PXE_OVER_IPV4)
    finding = fault.expect(pc.mac, "BB-023", 120)
    assert "over IPv6" in str(finding.facts["seen"])


def test_http_is_dropped_and_ipxe_runs(fault: FaultLab) -> None:
    fault.inject("no IPv4; this computer's own firewall drops HTTP, which iPXE needs")
    lan = fault.network(ipv4=False, ipv6=RouterIpv6.SLAAC)
    fault.serve()
    fault.filter(lan.station, "input", "tcp dport 8080 drop")
    pc = fault.power_on(OVMF, *NO_PXE_OVER_IPV4)
    fault.expect(pc.mac, "BB-052", 180)


def test_http_boot_with_its_port_closed(fault: FaultLab) -> None:
    fault.inject("no IPv4; this computer's own firewall drops HTTP, and the firmware boots by HTTP")
    lan = fault.network(ipv4=False, ipv6=RouterIpv6.SLAAC)
    fault.serve()
    fault.filter(lan.station, "input", "tcp dport 8080 drop")
    pc = fault.power_on(OVMF, *NO_PXE)
    fault.expect(pc.mac, "BB-061", 200)
