"""The running station over IPv6, on a real (virtual) wire, beside real routers."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.ipv6_router import PREFIX, RouterIpv6
from bootbeam.lab.lan import INTERFACE, Lan
from bootbeam.lab.netns import Namespace
from bootbeam.lab.station import StationProcess
from tests import dhcp6_packets as packets
from tests.dhcp6_packets import Reply6, boot_options, build6, ia_na
from tests.dhcp_packets import build, pxe_options
from tests.station.conftest import PROJECT, ask_dhcp

pytestmark = pytest.mark.peer

STATION = "fd00:b007:b007:1::50"
CLIENT = "192.168.1.7"
IPXE = [*boot_options(), (15, b"\0\4iPXE")]


@contextmanager
def lan_of(tmp_path: Path, kind: RouterIpv6, *, ipv4: bool = False) -> Iterator[tuple[Lan, Namespace]]:
    """A network with this router, and a client machine on it."""
    logs = tmp_path / "logs"
    logs.mkdir()
    with Lan(logs, ipv4=ipv4, ipv6=kind) as lan:
        yield lan, lan.add_host("client", CLIENT)


def ask(host: Namespace, packet: bytes, server: str | None = None) -> list[tuple[str, Reply6]]:
    """Send ``packet`` from ``host``; the answers, each with the address it came from."""
    arguments = [packet.hex(), *([server] if server else [])]
    lines = host.run("env", f"PYTHONPATH={PROJECT}", sys.executable, "-m", "tests.dhcp6_client", *arguments)
    return [(line.split()[0], Reply6(bytes.fromhex(line.split()[1]))) for line in lines.splitlines()]


def from_the_station(answers: list[tuple[str, Reply6]]) -> list[Reply6]:
    """Those that name a boot file; the lab's routers know nothing of booting."""
    return [reply for _, reply in answers if 59 in reply.codes]


def link_local(host: Namespace) -> str:
    rows = host.ip("-6", "-oneline", "address", "show", "dev", INTERFACE, "scope", "link").split()
    return rows[rows.index("inet6") + 1].split("/")[0]


def own_address(host: Namespace) -> IPv6Address:
    """The address the machine would make for itself in the LAN's prefix."""
    return PREFIX[int(IPv6Address(link_local(host))) & (2**64 - 1)]


def curl(host: Namespace, url: str) -> str:
    return host.run("curl", "--silent", "--show-error", "--fail", "--globoff", "--max-time", "10", url)


def test_without_a_dhcpv6_server_a_machine_gets_its_own_address_and_its_files(tmp_path: Path, script: Path) -> None:
    with lan_of(tmp_path, RouterIpv6.SLAAC) as (lan, client), StationProcess(lan, script) as station:
        [(source, offer)] = ask(client, packets.OVMF_PXE_SOLICIT)
        assert source == link_local(lan.station)
        assert offer.url == f"tftp://[{STATION}]/x64/snponly.efi"
        assert offer.address == str(own_address(client))
        request = build6(3, [(2, offer.option(2)), ia_na(7, [str(own_address(client))]), *boot_options()])
        [(_, reply)] = ask(client, request)
        assert reply.message_type == 7
        assert reply.address == offer.address

        client.ip("address", "add", f"{offer.address}/64", "dev", INTERFACE, "nodad")
        for url in (f"tftp://[{STATION}]/hello.ipxe", f"http://[{STATION}]:8080/hello.ipxe"):
            assert curl(client, url) == script.read_text()
        assert f"http://[{STATION}]:8080/ipxe/" in curl(client, f"http://[{STATION}]:8080/boot.ipxe")
        [given] = [event for event in station.events() if event.kind is EventKind.ADDRESS_GIVEN]
        assert given.facts["address_given"] == offer.address
        finished = station.wait_for(EventKind.TRANSFER_FINISHED, 20, where=lambda event: event.address == offer.address)
        mac = client.ip("-oneline", "link", "show", "dev", INTERFACE).split("link/ether ")[1].split()[0]
        assert finished.mac == given.mac == mac


def test_beside_a_dhcpv6_server_it_is_a_proxy_from_the_start(tmp_path: Path, script: Path) -> None:
    with lan_of(tmp_path, RouterIpv6.DHCP6) as (lan, client), StationProcess(lan, script):
        answers = ask(client, packets.OVMF_PXE_SOLICIT)
        [offer] = from_the_station(answers)
        assert 3 not in offer.codes, "dnsmasq's answer to the station's own question has told it of dnsmasq"
        [leased] = [reply for _, reply in answers if 59 not in reply.codes]
        assert leased.address is not None
        [(source, reply)] = ask(client, packets.OVMF_PXE_BOOT_SERVER_REQUEST, STATION)
        assert source == STATION
        assert reply.url == offer.url == f"tftp://[{STATION}]/x64/snponly.efi"


def test_an_address_of_the_routers_server_is_known_by_its_mac(tmp_path: Path, script: Path) -> None:
    with lan_of(tmp_path, RouterIpv6.DHCP6) as (lan, client), StationProcess(lan, script) as station:
        mac = client.ip("-oneline", "link", "show", "dev", INTERFACE).split("link/ether ")[1].split()[0]
        [leased] = [reply for _, reply in ask(client, packets.OVMF_PXE_SOLICIT) if 59 not in reply.codes]
        ask(client, build6(3, [(2, leased.option(2)), ia_na(7, [str(leased.address)]), *boot_options()]))
        client.ip("address", "add", f"{leased.address}/64", "dev", INTERFACE, "nodad")
        curl(client, f"http://[{STATION}]:8080/hello.ipxe")
        finished = station.wait_for(
            EventKind.TRANSFER_FINISHED, 5, where=lambda event: event.address == str(leased.address)
        )
        assert finished.mac == mac


def test_an_ipxe_with_an_address_is_told_its_script(tmp_path: Path, script: Path) -> None:
    with lan_of(tmp_path, RouterIpv6.STATELESS) as (lan, client), StationProcess(lan, script):
        [reply] = from_the_station(ask(client, packets.IPXE_INFORMATION_REQUEST))
        assert reply.url == f"http://[{STATION}]:8080/boot.ipxe"


def test_over_link_local_addresses_alone_files_and_scripts_come_too(tmp_path: Path, script: Path) -> None:
    with lan_of(tmp_path, RouterIpv6.SILENT) as (lan, client), StationProcess(lan, script):
        client.ip("-6", "address", "flush", "dev", INTERFACE, "scope", "global")
        station = link_local(lan.station)
        for scheme, port in (("tftp", ""), ("http", ":8080")):
            assert curl(client, f"{scheme}://[{station}%25{INTERFACE}]{port}/hello.ipxe") == script.read_text()
        start = curl(client, f"http://[{station}%25{INTERFACE}]:8080/boot.ipxe")
        assert f"http://[{station}]:8080/ipxe/" in start, "without the zone: it is this client's own word"


def test_a_new_prefix_is_used_without_a_restart(tmp_path: Path, script: Path) -> None:
    with lan_of(tmp_path, RouterIpv6.SILENT) as (lan, client), StationProcess(lan, script):
        lan.station.ip("address", "delete", f"{STATION}/64", "dev", INTERFACE)
        lan.station.ip("address", "add", "2001:db8:7::50/64", "dev", INTERFACE, "nodad")
        time.sleep(4)  # the station looks anew every two seconds
        [offer] = from_the_station(ask(client, packets.OVMF_PXE_SOLICIT))
        assert offer.url == "tftp://[2001:db8:7::50]/x64/snponly.efi"
        client.ip("address", "add", "2001:db8:7::7/64", "dev", INTERFACE, "nodad")
        assert curl(client, "http://[2001:db8:7::50]:8080/hello.ipxe") == script.read_text()


@pytest.mark.parametrize("ipv4", [False, True], ids=["the station without IPv4", "the station with IPv4"])
def test_an_ipxe_that_no_dhcpv4_server_answers_is_told_its_script_there(
    tmp_path: Path, script: Path, ipv4: bool
) -> None:
    with lan_of(tmp_path, RouterIpv6.SLAAC, ipv4=ipv4) as (lan, client), StationProcess(lan, script):
        mac = "52:54:00:b0:07:01"
        client.ip("link", "set", INTERFACE, "down")
        client.ip("link", "set", INTERFACE, "address", mac, "up")
        time.sleep(0.2)
        if ipv4:
            lan.router.run("sh", "-c", "ip link set eth0 down")  # its DHCPv4 server is to be silent
        assert len(from_the_station(ask(client, packets.OVMF_PXE_SOLICIT))) == 1
        discover = build(1, mac, options=[*pxe_options(7, "003010"), (77, b"iPXE")], flags=0)
        for _ in range(5):
            assert all(offer.addresses["yiaddr"] == "0.0.0.0" for _, offer in ask_dhcp(client, discover, wait_s=1))
        [(_, offer)] = ask_dhcp(client, discover)
        assert offer.addresses["yiaddr"] == "192.0.0.8"
        assert offer.file == f"http://[{link_local(lan.station)}]:8080/boot.ipxe"


def test_ipv6_can_be_switched_off(tmp_path: Path, script: Path) -> None:
    with lan_of(tmp_path, RouterIpv6.SLAAC, ipv4=True) as (lan, client), StationProcess(lan, script, "--no-ipv6"):
        assert ask(client, packets.OVMF_PXE_SOLICIT) == []
        sockets = lan.station.run("ss", "-6lntu")
        assert not any(f":{port} " in sockets for port in (547, 4011, 69, 8080))
