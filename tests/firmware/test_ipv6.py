"""UEFI firmware that boots over IPv6, on networks without IPv4, to the kernel's userland."""

import secrets
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.firmware import OVMF
from bootbeam.lab.initrd import command_line, expected_marker, make_linux_payload
from bootbeam.lab.ipv6_router import RouterIpv6
from bootbeam.lab.lan import Lan
from bootbeam.lab.machine import PcSpec, VirtualMachine
from bootbeam.lab.station import StationProcess

pytestmark = [pytest.mark.firmware, pytest.mark.timeout(240)]

STATION = "fd00:b007:b007:1::50"
ADDRESS_OF_ITS_OWN = "fd00:b007:b007:1:5054:ff:feb0:"
BOOT_TIMEOUT_S = 150.0

NO_PXE_OVER_IPV4 = ("-fw_cfg", "name=opt/org.tianocore/IPv4PXESupport,string=n")
NO_PXE = (*NO_PXE_OVER_IPV4, "-fw_cfg", "name=opt/org.tianocore/IPv6PXESupport,string=n")
"""OVMF's switches: its PXE over IPv4 would be tried first, for a minute in vain. HTTP boot has no such switch."""


def boot_linux(lan: Lan, spec: PcSpec) -> tuple[StationProcess, str]:
    """Boot to userland; the station, which has ended, and the PC's MAC."""
    nonce = secrets.token_hex(8)
    payload = make_linux_payload(lan.log_dir)
    arguments = ("--kernel", payload.kernel, "--initrd", payload.initrd, "--cmdline", command_line(nonce))
    with StationProcess(lan, *arguments) as station, VirtualMachine(lan, spec) as pc:
        pc.wait_for(expected_marker(nonce), BOOT_TIMEOUT_S)
        kernels = [
            event
            for event in station.events(pc.mac)
            if event.kind is EventKind.TRANSFER_FINISHED and event.facts["role"] == "kernel"
        ]
        assert ":" in str(kernels[0].address), "over IPv6"
        return station, pc.mac


@pytest.mark.parametrize("kind", [RouterIpv6.SLAAC, RouterIpv6.MANAGED_ALONE], ids=str)
def test_pxe_over_ipv6_boots_beside_a_router_that_only_announces(tmp_path: Path, kind: RouterIpv6) -> None:
    with Lan(tmp_path, ipv4=False, ipv6=kind) as lan:
        station, mac = boot_linux(lan, PcSpec("pc", OVMF, extra_arguments=NO_PXE_OVER_IPV4))
        events = station.events(mac)
    offered = next(event for event in events if event.kind is EventKind.OFFERED)
    assert str(offered.facts["address_offered"]).startswith(ADDRESS_OF_ITS_OWN)
    assert any(event.kind is EventKind.ADDRESS_GIVEN for event in events)
    loader = next(event for event in events if event.kind is EventKind.TRANSFER_FINISHED)
    assert (loader.facts["protocol"], loader.facts["role"]) == ("tftp", "loader")


def test_pxe_over_ipv6_boots_by_a_proxys_offer_beside_a_dhcpv6_server(tmp_path: Path) -> None:
    with Lan(tmp_path, ipv4=False, ipv6=RouterIpv6.DHCP6) as lan:
        station, mac = boot_linux(lan, PcSpec("pc", OVMF, extra_arguments=NO_PXE_OVER_IPV4))
        events = station.events(mac)
        router_log = lan.router6_log.read_text()
    firmware = next(event for event in events if event.kind is EventKind.OFFERED)
    assert firmware.facts["address_offered"] is None
    assert any(event.kind is EventKind.BOOT_SERVER_ACKNOWLEDGED for event in events), "asked port 4011"
    loader = next(event for event in events if event.kind is EventKind.TRANSFER_FINISHED)
    assert f"DHCPREPLY(eth0) {loader.address} " in router_log, "the router's own server gave the address"


def test_pxe_over_ipv6_boots_where_no_router_is(tmp_path: Path) -> None:
    with Lan(tmp_path, ipv4=False, ipv6=RouterIpv6.SILENT) as lan:
        boot_linux(lan, PcSpec("pc", OVMF, extra_arguments=NO_PXE_OVER_IPV4))


@pytest.mark.slow  # HTTP boot over IPv4 is tried first, for a minute in vain
@pytest.mark.parametrize("kind", [RouterIpv6.STATELESS, RouterIpv6.DHCP6], ids=str)
def test_http_boot_over_ipv6_boots(tmp_path: Path, kind: RouterIpv6) -> None:
    with Lan(tmp_path, ipv4=False, ipv6=kind) as lan:
        station, mac = boot_linux(lan, PcSpec("pc", OVMF, extra_arguments=NO_PXE))
        events = station.events(mac)
    offered = next(event for event in events if event.kind is EventKind.OFFERED)
    assert offered.facts["what"] == "http-boot"
    assert str(offered.facts["file"]).startswith(f"http://[{STATION}]:8080/")
    assert (offered.facts["address_offered"] is None) == (kind is RouterIpv6.DHCP6)
    transfers = [event for event in events if event.kind is EventKind.TRANSFER_FINISHED]
    assert transfers[0].facts["role"] == "loader"
    assert {event.facts["protocol"] for event in transfers} == {"http"}, "no TFTP at all"
