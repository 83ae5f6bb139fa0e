"""Misfortunes of real networks: slow ones, lossy ones, neighbours and copies, with real firmware in the midst."""

import shutil
import time
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.firmware import OVMF, SEABIOS, Firmware
from bootbeam.lab.initrd import command_line, expected_marker
from bootbeam.lab.lan import INTERFACE
from bootbeam.lab.machine import PcSpec, VirtualMachine
from bootbeam.lab.netns import Namespace
from tests.faults.fault_lab import FaultLab

pytestmark = [pytest.mark.firmware, pytest.mark.slow, pytest.mark.timeout(400)]

NONCE = "misfortune"
COPIED_MAC = "52:54:00:b0:08:01"
GONE = "192.168.1.77"
BOOT_TIMEOUT_S = 240.0
AFTERWARDS_S = 30.0
"""A verdict that is wrong about a boot that went well has come by then."""
FLAP_S = 22.0
"""Longer than a download may stand still before it is told of."""


def serve_linux(fault: FaultLab) -> None:
    """A Linux that proves itself."""
    payload = fault.payload()
    fault.serve("--kernel", payload.kernel, "--initrd", payload.initrd, "--cmdline", command_line(NONCE))


def expect_good_boot(fault: FaultLab, pc: VirtualMachine) -> None:
    """It boots, and nothing is said against it, neither before nor after."""
    pc.wait_for(expected_marker(NONCE), BOOT_TIMEOUT_S)
    time.sleep(AFTERWARDS_S)
    fault.expect_nothing(pc.mac)


def slow_down(station: Namespace, rate: str) -> None:
    """What leaves the station goes no faster."""
    station.run(*f"tc qdisc add dev {INTERFACE} root tbf rate {rate} burst 32k latency 400ms".split())


def test_a_slow_path(fault: FaultLab) -> None:
    fault.inject("nothing, but the path carries 2 Mbit/s only")
    lan = fault.network()
    slow_down(lan.station, "2mbit")
    serve_linux(fault)
    expect_good_boot(fault, fault.power_on(OVMF))


def test_packets_are_lost(fault: FaultLab) -> None:
    fault.inject("nothing that lasts: one packet in five is lost")
    lan = fault.network()
    fault.drop_at_switch(lan, "numgen random mod 100 < 20")
    serve_linux(fault)
    expect_good_boot(fault, fault.power_on(OVMF))


def test_a_cable_that_is_pulled_for_a_moment(fault: FaultLab) -> None:
    fault.inject("nothing that lasts: the cable is pulled for 22 s while the kernel comes over")
    lan = fault.network()
    slow_down(lan.station, "4mbit")
    serve_linux(fault)
    pc = fault.power_on(SEABIOS)
    fault.sees(pc, EventKind.SCRIPT_SENT, 60)
    time.sleep(3)
    port = fault.port_of_pc(lan)
    lan.switch.ip("link", "set", port, "down")
    time.sleep(FLAP_S)
    lan.switch.ip("link", "set", port, "up")
    fault.station.wait_for(EventKind.TRANSFER_RESUMED, 60)
    expect_good_boot(fault, pc)


def test_a_dhcp_server_that_is_late(fault: FaultLab) -> None:
    fault.inject("the DHCP server answers 20 s after it was asked (dhcp-reply-delay=20)")
    fault.network(router_arguments=("--dhcp-reply-delay=20",))
    fault.serve()
    pc = fault.power_on(OVMF)
    finding = fault.expect(pc.mac, "BB-014", 120)
    assert "192.168.1.1" in str(finding.facts["fix"])


def test_two_machines_with_one_hardware_address(fault: FaultLab) -> None:
    fault.inject("a virtual machine was copied with its MAC, and boots two seconds after the first")
    fault.network()
    fault.serve()
    fault.add_machine(PcSpec("original", OVMF, mac=COPIED_MAC))
    # Quirk: EDK2: draws its transaction numbers from a clock of seconds. Within one second both have the same.
    time.sleep(2)
    fault.add_machine(PcSpec("copy", OVMF, mac=COPIED_MAC))
    finding = fault.expect(COPIED_MAC, "BB-019", 100)
    assert COPIED_MAC in str(finding.facts["fix"])


def test_a_tunnel_that_takes_no_full_packets(fault: FaultLab) -> None:
    fault.inject("TCP packets of more than 1400 bytes are lost on the way, and nobody says so")
    lan = fault.network()
    fault.serve()
    fault.drop_from_station(lan, "ip protocol tcp ip length > 1400")
    pc = fault.power_on(SEABIOS)
    finding = fault.expect(pc.mac, "BB-032", 100)
    assert f"ip link set dev {INTERFACE} mtu" in str(finding.facts["fix"])


@pytest.mark.parametrize("firmware", [SEABIOS, OVMF], ids=lambda firmware: firmware.name)
def test_the_router_has_a_boot_loader_of_its_own_and_says_so_to_all(
    fault: FaultLab, tmp_path: Path, firmware: Firmware
) -> None:
    fault.inject("nothing that matters: the router has dhcp-boot=undionly.kpxe for all, and enable-tftp")
    shutil.copy("/usr/lib/ipxe/undionly.kpxe", tmp_path)
    tftp = ("--enable-tftp", f"--tftp-root={tmp_path}", "--tftp-no-fail")
    fault.network(router_arguments=("--dhcp-boot=undionly.kpxe", *tftp))
    serve_linux(fault)
    expect_good_boot(fault, fault.power_on(firmware))


def test_the_router_names_a_web_address_for_http_boot(fault: FaultLab) -> None:
    fault.inject("dnsmasq names an address of its own for HTTP boot, on a computer that is gone")
    http = ("--dhcp-match=set:http,option:client-arch,16", "--dhcp-option-force=tag:http,60,HTTPClient")
    fault.network(router_arguments=(*http, f"--dhcp-boot=tag:http,http://{GONE}/boot.efi"))
    fault.serve()
    pc = fault.power_on(OVMF.without_pxe)
    finding = fault.expect(pc.mac, "BB-009", 120)
    assert GONE in str(finding.facts["seen"])
    fault.expect_on_screen(pc, finding)
