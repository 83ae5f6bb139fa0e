"""``bootbeam doctor`` on a LAN: the whole command, where all is well and where much is wrong."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bootbeam.lab.lan import Lan
from tests.image_bytes import bzimage
from tests.loader_bytes import ipxe_efi, packed_nbp, write

pytestmark = pytest.mark.peer


@pytest.fixture
def loaders(tmp_path: Path) -> Path:
    return write(tmp_path / "loaders", undionly__kpxe=packed_nbp(), snponly__efi=ipxe_efi())


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "linux"
    path.write_bytes(bzimage())
    return path


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Lan]:
    """A LAN with a router that gives addresses."""
    logs = tmp_path / "logs"
    logs.mkdir()
    with Lan(logs) as made:
        yield made


def run(network: Lan, *arguments: str | Path) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """The exit code, and the findings by area."""
    done = subprocess.run(
        ["ip", "netns", "exec", network.station.name, sys.executable, "-m", "bootbeam", "doctor", "--json", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        timeout=30,
        check=False,
    )
    by_area: dict[str, list[dict[str, Any]]] = {}
    for finding in json.loads(done.stdout)["findings"]:
        by_area.setdefault(finding["area"], []).append(finding)
    return done.returncode, by_area


def test_a_good_network(network: Lan, loaders: Path, image: Path) -> None:
    code, found = run(network, image, "--loaders", loaders)
    assert code == 0
    levels = {area: {finding["level"] for finding in findings} for area, findings in found.items()}
    good = ("rights", "interface", "ports", "firewall", "image", "clock", "DHCP", "IPv6")
    assert {area: levels[area] for area in good} == {area: {"ok"} for area in good}


def test_faults_are_found_all_at_once(network: Lan, loaders: Path, tmp_path: Path) -> None:
    network.station.run(
        "nft", "add table inet f; add chain inet f in { type filter hook input priority 0; policy drop; }"
    )
    network.station.ip("link", "add", "docker0", "type", "bridge")
    listen = "import socket, time; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('', 69)); time.sleep(60)"
    holder = network.station.start(sys.executable, "-c", listen, output=tmp_path / "holder.log")
    other = network.add_host("other", "192.168.1.60")
    other.start(
        *("dnsmasq", "--conf-file=/dev/null", "--no-daemon", "--user=root", "--group=root", "--pid-file", "--port=0"),
        *("--interface=eth0", "--dhcp-range=192.168.1.0,proxy", "--pxe-service=X86-64_EFI,b,b.efi"),
        output=tmp_path / "proxy.log",
    )
    code, found = run(network, tmp_path / "gone.iso", "--loaders", loaders)
    assert code == 1
    [ports] = found["ports"]
    assert ports["level"] == "problem"
    assert "UDP 69 is taken by python" in ports["what"]
    assert f"(process {holder.pid})" in ports["what"]
    [firewall] = found["firewall"]
    assert firewall["what"].startswith("drops what goes to UDP 67, 69, 4011 and TCP 8080")
    assert "sudo nft insert rule inet f in iifname eth0 udp dport '{ 67, 69, 4011 }' accept" in firewall["fix"]
    assert "gone.iso does not exist" in found["image"][0]["what"]
    assert "docker0 (a network of Docker)" in found["interface"][1]["what"]
    problems = [finding["what"] for finding in found["DHCP"] if finding["level"] == "problem"]
    assert len(problems) == 1
    assert "another network boot server answers on eth0: 192.168.1.60" in problems[0]


def test_where_several_interfaces_could_be_the_lan_each_is_asked(network: Lan, loaders: Path) -> None:
    network.station.ip("link", "add", "eth1", "type", "bridge")
    network.station.ip("address", "add", "10.0.0.1/24", "dev", "eth1")
    network.station.ip("link", "set", "eth1", "up")
    network.station.ip("route", "delete", "default")
    code, found = run(network, "--loaders", loaders)
    assert code == 1
    assert "several interfaces could be the LAN" in found["interface"][0]["what"]
    assert [finding["what"].replace("192.168.1.1 ", "") for finding in found["DHCP"]] == [
        "on eth0: gives addresses",
        "on eth1: no DHCP server answers",
    ]
