"""The doctor's questions, put to real DHCP servers as people set them up, and what it makes of the answers."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bootbeam.doctor.finding import Finding, Level
from bootbeam.lab.ipv6_router import RouterIpv6
from bootbeam.lab.lan import Lan
from bootbeam.lab.netns import Namespace
from tests.dhcp_peers import start_dnsmasq, start_kea

pytestmark = pytest.mark.peer
PROJECT = Path(__file__).parents[2]
RANGE = "--dhcp-range=192.168.1.2,192.168.1.49,255.255.255.0,12h"
ASK = """
import json
from dataclasses import asdict
from bootbeam.doctor.address_servers import check_dhcp
from bootbeam.doctor.asking import ask
from bootbeam.doctor.interface_choice import check_addresses
from bootbeam.doctor.ipv6_servers import check_ipv6
from bootbeam.net.interfaces import list_interfaces
[link] = ask([each for each in list_interfaces() if each.name == "eth0"], 0.8)
print(json.dumps([asdict(each) for each in (*check_addresses(link), *check_dhcp(link, ipv6=True), *check_ipv6(link))]))
"""


@pytest.fixture
def lan(tmp_path: Path) -> Iterator[Lan]:
    logs = tmp_path / "logs"
    logs.mkdir()
    with Lan(logs, router=False) as made:
        yield made


def ask(station: Namespace) -> list[Finding]:
    said = subprocess.check_output(
        ["ip", "netns", "exec", station.name, sys.executable, "-c", ASK], cwd=PROJECT, text=True, timeout=30
    )
    return [Finding(**{**each, "level": Level(each["level"])}) for each in json.loads(said)]


def about_dhcp(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.area == "DHCP"]


def test_a_home_router(lan: Lan, tmp_path: Path) -> None:
    start_dnsmasq(lan.router, tmp_path, RANGE)
    [finding] = about_dhcp(ask(lan.station))
    assert finding.level is Level.OK
    assert "192.168.1.1" in finding.what
    assert not (tmp_path / "dnsmasq.leases").read_text(), "nothing is leased by asking"


def test_another_machine_with_this_computers_address(lan: Lan) -> None:
    lan.add_host("twin", "192.168.1.50")
    twin = ask(lan.station)[0]
    assert (twin.level, twin.area) == (Level.PROBLEM, "interface")
    assert twin.what.startswith("192.168.1.50, this computer's address on eth0, is another machine's too: ")


def test_a_second_card_of_this_computer_is_no_other_machine(lan: Lan, tmp_path: Path) -> None:
    start_dnsmasq(lan.router, tmp_path, RANGE)
    lan.switch.ip("link", "add", "second", "type", "veth", "peer", "name", "eth1", "netns", lan.station.name)
    lan.switch.ip("link", "set", "second", "master", "br0", "up")
    lan.station.ip("address", "add", "192.168.1.51/24", "dev", "eth1")
    lan.station.ip("link", "set", "eth1", "up")
    assert [finding for finding in ask(lan.station) if finding.level is not Level.OK] == []


def test_a_range_that_is_used_up(lan: Lan, tmp_path: Path) -> None:
    (tmp_path / "dnsmasq.leases").write_text("4102444800 02:00:00:00:00:01 192.168.1.9 * *\n")
    start_dnsmasq(lan.router, tmp_path, "--dhcp-range=192.168.1.9,192.168.1.9,255.255.255.0,12h")
    [finding] = about_dhcp(ask(lan.station))
    assert finding.level is Level.PROBLEM
    assert "has no address for a new machine" in finding.what


def test_kea_as_it_should_be(lan: Lan, tmp_path: Path) -> None:
    start_kea(lan.router, tmp_path, pools=[{"pool": "192.168.1.2 - 192.168.1.49"}])
    assert [finding.level for finding in about_dhcp(ask(lan.station))] == [Level.OK]


def test_nobody(lan: Lan) -> None:
    dhcp, ipv6 = ask(lan.station)
    assert dhcp.level is Level.PROBLEM
    assert dhcp.what == "no DHCP server answers on eth0"
    assert ipv6.level is Level.OK
    assert "no router announces IPv6" in ipv6.what


@pytest.mark.parametrize("server", ["dnsmasq", "Kea"])
def test_no_address_left(lan: Lan, tmp_path: Path, server: str) -> None:
    if server == "Kea":
        start_kea(lan.router, tmp_path, pools=[])
    else:  # machines with a reservation only
        start_dnsmasq(
            lan.router, tmp_path, "--dhcp-range=192.168.1.0,static", "--dhcp-host=02:00:00:00:00:01,192.168.1.9"
        )
    [finding] = about_dhcp(ask(lan.station))
    assert finding.level is Level.PROBLEM
    assert "192.168.1.1" in finding.what
    assert "no address for a new machine" in finding.what


@pytest.mark.parametrize("option", ["--dhcp-option-force=60,PXEClient", "--pxe-service=X86-64_EFI,b,f"])
def test_a_router_that_calls_itself_a_boot_server(lan: Lan, tmp_path: Path, option: str) -> None:
    start_dnsmasq(lan.router, tmp_path, RANGE, option)
    wrong = [finding for finding in about_dhcp(ask(lan.station)) if finding.level is Level.PROBLEM]
    assert len(wrong) == 1
    assert "option 60 PXEClient" in wrong[0].what
    assert "PXE-E55" in wrong[0].why


def test_a_router_that_answers_http_boot_itself(lan: Lan, tmp_path: Path) -> None:
    start_dnsmasq(
        lan.router, tmp_path, RANGE, "--dhcp-vendorclass=set:http,HTTPClient",
        "--dhcp-option-force=tag:http,60,HTTPClient", "--dhcp-boot=tag:http,http://192.168.1.9/x.efi",
    )  # fmt: skip
    [finding] = about_dhcp(ask(lan.station))
    assert finding.level is Level.PROBLEM
    assert "answers UEFI HTTP boot itself" in finding.what
    assert "http://192.168.1.9/x.efi" in finding.why


def test_a_router_with_options_66_and_67(lan: Lan, tmp_path: Path) -> None:
    start_dnsmasq(
        lan.router, tmp_path, RANGE, "--dhcp-option-force=66,192.168.1.99", "--dhcp-option-force=67,old/pxelinux.0"
    )
    [finding] = about_dhcp(ask(lan.station))
    assert finding.level is Level.WARNING
    assert "old/pxelinux.0 from 192.168.1.99" in finding.what


def test_kea_with_a_next_server_and_a_boot_file(lan: Lan, tmp_path: Path) -> None:
    boot = {"next-server": "192.168.1.9", "boot-file-name": "undionly.kpxe"}
    start_kea(lan.router, tmp_path, pools=[{"pool": "192.168.1.2 - 192.168.1.49"}], **boot)
    [finding] = about_dhcp(ask(lan.station))
    assert finding.level is Level.WARNING
    assert "undionly.kpxe from 192.168.1.9" in finding.what


def test_a_second_proxy(lan: Lan, tmp_path: Path) -> None:
    start_dnsmasq(lan.router, tmp_path, RANGE)
    other = lan.add_host("other", "192.168.1.60")
    start_dnsmasq(
        other, tmp_path, "--dhcp-range=192.168.1.0,proxy", "--pxe-service=X86-64_EFI,boot,x.efi", name="proxy"
    )
    fine, proxy = about_dhcp(ask(lan.station))
    assert fine.level is Level.OK
    assert proxy.level is Level.PROBLEM
    assert "another network boot server answers on eth0: 192.168.1.60" in proxy.what


def test_two_dhcp_servers(lan: Lan, tmp_path: Path) -> None:
    start_dnsmasq(lan.router, tmp_path, RANGE)
    other = lan.add_host("other", "192.168.1.60")
    start_dnsmasq(other, tmp_path, "--dhcp-range=192.168.1.70,192.168.1.80", name="other")
    several = about_dhcp(ask(lan.station))[0]
    assert several.level is Level.WARNING
    assert "192.168.1.1 and 192.168.1.60" in several.what


def test_a_server_that_leaves_booting_machines_out(lan: Lan, tmp_path: Path) -> None:
    start_dnsmasq(lan.router, tmp_path, RANGE, "--dhcp-vendorclass=set:pxe,PXEClient", "--dhcp-ignore=tag:pxe")
    [finding] = about_dhcp(ask(lan.station))
    assert finding.level is Level.PROBLEM
    assert "none to BIOS and UEFI machines" in finding.what


def test_a_server_of_another_network(lan: Lan, tmp_path: Path) -> None:
    lan.router.ip("address", "add", "10.0.0.1/24", "dev", "eth0")
    lan.router.ip("address", "delete", "192.168.1.1/24", "dev", "eth0")
    start_dnsmasq(lan.router, tmp_path, "--dhcp-range=10.0.0.20,10.0.0.30,255.255.255.0")
    [finding] = about_dhcp(ask(lan.station))
    assert finding.level is Level.WARNING
    assert "gives addresses of another network: 10.0.0." in finding.what


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (RouterIpv6.SLAAC, "no DHCPv6 server gives addresses"),
        (RouterIpv6.DHCP6, "gives addresses by DHCPv6"),
    ],
)
def test_routers_over_ipv6(tmp_path: Path, kind: RouterIpv6, words: str) -> None:
    with Lan(tmp_path, ipv6=kind) as lan:
        findings = ask(lan.station)
    assert [finding.level for finding in findings] == [Level.OK, Level.OK]
    assert words in findings[1].what
    assert ("flags M O" in findings[1].what) is (kind is RouterIpv6.DHCP6)


def test_a_dhcp6_server_with_a_boot_file(tmp_path: Path) -> None:
    with Lan(tmp_path, ipv6=RouterIpv6.SILENT) as lan:
        start_dnsmasq(
            lan.router, tmp_path, "--dhcp-range=fd00:b007:b007:1::100,fd00:b007:b007:1::1ff,64",
            "--dhcp-option=option6:bootfile-url,tftp://[fd00::9]/x.efi", name="six",
        )  # fmt: skip
        finding = ask(lan.station)[-1]
    assert finding.level is Level.WARNING
    assert "tftp://[fd00::9]/x.efi" in finding.what
