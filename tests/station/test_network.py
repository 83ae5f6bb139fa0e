"""Broadcasts, interfaces and paths of the running station, on a real (virtual) wire."""

import sys
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.lan import Lan
from bootbeam.lab.netns import Namespace
from bootbeam.lab.station import StationProcess
from tests.dhcp_packets import build, pxe_options
from tests.station.conftest import ask_dhcp

pytestmark = pytest.mark.peer


def test_a_discover_is_answered_by_broadcast_and_port_4011_by_unicast(
    lan: Lan, client: Namespace, script: Path
) -> None:
    with StationProcess(lan, script) as station:
        [(source, offer)] = ask_dhcp(client, build(1, options=pxe_options(7, "003016")))
        assert source == "192.168.1.50"
        assert offer.option(53) == b"\x02"
        assert offer.addresses["siaddr"] == "192.168.1.50"
        request = build(3, options=pxe_options(7, "003016"), ciaddr="192.168.1.7", flags=0)
        [(source, acknowledgement)] = ask_dhcp(client, request, "192.168.1.50")
        assert source == "192.168.1.50"
        assert acknowledgement.option(53) == b"\x05"
        assert acknowledgement.file == offer.file
        kinds = [event.kind for event in station.events("f4:4d:30:01:02:03")]
        assert [kind for kind in kinds if kind is not EventKind.ADDRESS_SOUGHT] == [
            EventKind.CLIENT_SEEN,
            EventKind.OFFERED,
            EventKind.BOOT_SERVER_ASKED,
            EventKind.BOOT_SERVER_ACKNOWLEDGED,
        ]


def test_a_request_to_the_router_and_other_machines_dhcp_get_silence(lan: Lan, client: Namespace, script: Path) -> None:
    with StationProcess(lan, script):
        router = (54, bytes((192, 168, 1, 1)))
        assert ask_dhcp(client, build(3, options=[router, *pxe_options(7, "003016")])) == []
        assert ask_dhcp(client, build(1, options=[(60, b"MSFT 5.0")])) == []
        assert ask_dhcp(client, b"noise") == []


def test_each_interface_gets_its_own_server_address(lan: Lan, client: Namespace, script: Path) -> None:
    second = lan.add_host("second", "10.0.0.7")
    second.ip("link", "set", "eth0", "down")
    second.ip("link", "delete", "eth0")
    second.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth1", "netns", lan.station.name)
    second.ip("address", "add", "10.0.0.7/24", "dev", "eth0")
    second.ip("link", "set", "eth0", "up")
    lan.station.ip("address", "add", "10.0.0.50/24", "dev", "eth1")
    lan.station.ip("link", "set", "eth1", "up")
    http_boot = build(1, options=pxe_options(16, "003000", prefix="HTTPClient"))
    with StationProcess(lan, script, "--interface", "eth1"):
        for host, server in ((client, "192.168.1.50"), (second, "10.0.0.50")):
            [(source, offer)] = ask_dhcp(host, http_boot)
            assert source == server
            assert offer.option(54) == bytes(int(part) for part in server.split("."))
            assert offer.option(67).startswith(f"http://{server}:8080/".encode())
            text = host.run("curl", "--silent", "--fail", f"http://{server}:8080/boot.ipxe")
            assert f"http://{server}:8080/ipxe/" in text
            by_tftp = host.run("curl", "--silent", "--fail", f"tftp://{server}/hello.ipxe")
            assert by_tftp == script.read_text()


@pytest.mark.parametrize(
    "path", ["../../etc/passwd", "..%2f..%2fetc/passwd", "/etc/passwd", "hello.ipxe%00", "nothing"]
)
def test_nothing_but_what_is_served_can_be_fetched(lan: Lan, client: Namespace, script: Path, path: str) -> None:
    with StationProcess(lan, script):
        url = f"http://192.168.1.50:8080/{path}"
        code = client.run(
            "curl", "--silent", "--path-as-is", "--output", "/dev/null", "--write-out", "%{http_code}", url
        )
        assert code in ("400", "404")


def test_backslashes_and_leading_slashes_lead_to_the_file(lan: Lan, client: Namespace, script: Path) -> None:
    program = (
        "import socket,sys\n"
        "s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.settimeout(5)\n"
        "s.sendto(b'\\0\\1'+sys.argv[1].encode()+b'\\0octet\\0',('192.168.1.50',69))\n"
        "print(s.recv(600)[4:].decode(),end='')\n"
    )
    with StationProcess(lan, script):
        for name in ("hello.ipxe", "/hello.ipxe", "\\hello.ipxe", "//hello.ipxe", ".\\hello.ipxe"):
            assert client.run(sys.executable, "-c", program, name) == script.read_text()
