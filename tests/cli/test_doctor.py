"""``bootbeam doctor``: the whole command on a LAN, good and with faults, and how it is shown."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bootbeam.cli import doctor as command
from bootbeam.doctor.finding import Finding, Level
from bootbeam.lab.lan import Lan
from tests.image_bytes import bzimage
from tests.loader_bytes import ipxe_efi, packed_nbp, write

BAD = Finding(
    Level.PROBLEM,
    "firewall",
    "drops " + "what goes in " * 12,
    "by a rule",
    "sudo nft insert rule " + "x " * 60 + "\nsecond",
)


@pytest.fixture
def loaders(tmp_path: Path) -> Path:
    return write(tmp_path / "loaders", undionly__kpxe=packed_nbp(), snponly__efi=ipxe_efi())


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "linux"
    path.write_bytes(bzimage())
    return path


@pytest.fixture
def lan(tmp_path: Path) -> Iterator[Lan]:
    logs = tmp_path / "logs"
    logs.mkdir()
    with Lan(logs) as made:
        yield made


def run(lan: Lan, *arguments: str | Path) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """The exit code, and the findings by area."""
    done = subprocess.run(
        ["ip", "netns", "exec", lan.station.name, sys.executable, "-m", "bootbeam", "doctor", "--json", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        timeout=30,
        check=False,
    )
    by_area: dict[str, list[dict[str, Any]]] = {}
    for finding in json.loads(done.stdout)["findings"]:
        by_area.setdefault(finding["area"], []).append(finding)
    return done.returncode, by_area


@pytest.mark.peer
def test_a_good_network(lan: Lan, loaders: Path, image: Path) -> None:
    code, found = run(lan, image, "--loaders", loaders)
    assert code == 0
    levels = {area: {finding["level"] for finding in findings} for area, findings in found.items()}
    good = ("rights", "interface", "ports", "firewall", "image", "clock", "DHCP", "IPv6")
    assert {area: levels[area] for area in good} == {area: {"ok"} for area in good}


@pytest.mark.peer
def test_faults_are_found_all_at_once(lan: Lan, loaders: Path, tmp_path: Path) -> None:
    lan.station.run("nft", "add table inet f; add chain inet f in { type filter hook input priority 0; policy drop; }")
    lan.station.ip("link", "add", "docker0", "type", "bridge")
    listen = "import socket, time; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('', 69)); time.sleep(60)"
    holder = lan.station.start(sys.executable, "-c", listen, output=tmp_path / "holder.log")
    other = lan.add_host("other", "192.168.1.60")
    other.start(
        *("dnsmasq", "--conf-file=/dev/null", "--no-daemon", "--user=root", "--group=root", "--pid-file", "--port=0"),
        *("--interface=eth0", "--dhcp-range=192.168.1.0,proxy", "--pxe-service=X86-64_EFI,b,b.efi"),
        output=tmp_path / "proxy.log",
    )
    code, found = run(lan, tmp_path / "gone.iso", "--loaders", loaders)
    assert code == 1
    [ports] = found["ports"]
    assert ports["level"] == "problem"
    assert "UDP 69 is taken by python" in ports["what"]
    assert f"(process {holder.pid})" in ports["what"]
    [firewall] = found["firewall"]
    assert firewall["what"].startswith("drops what goes to UDP 67, 69, 4011 and TCP 8080")
    assert "sudo nft insert rule inet f in iifname eth0 udp dport '{ 67, 69, 4011 }' accept" in firewall["fix"]
    assert "gone.iso cannot be read" in found["image"][0]["what"]
    assert "docker0 (a network of Docker)" in found["interface"][1]["what"]
    problems = [finding["what"] for finding in found["DHCP"] if finding["level"] == "problem"]
    assert len(problems) == 1
    assert "another network boot server answers on eth0: 192.168.1.60" in problems[0]


@pytest.mark.peer
def test_where_several_interfaces_could_be_the_lan_each_is_asked(lan: Lan, loaders: Path) -> None:
    lan.station.ip("link", "add", "eth1", "type", "bridge")
    lan.station.ip("address", "add", "10.0.0.1/24", "dev", "eth1")
    lan.station.ip("link", "set", "eth1", "up")
    lan.station.ip("route", "delete", "default")
    code, found = run(lan, "--loaders", loaders)
    assert code == 1
    assert "several interfaces could be the LAN" in found["interface"][0]["what"]
    assert [finding["what"].replace("192.168.1.1 ", "") for finding in found["DHCP"]] == [
        "on eth0: gives addresses",
        "on eth1: no DHCP server answers",
    ]


def shown(width: int, *, terminal: bool) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=terminal, color_system="standard" if terminal else None)
    command._show(console, BAD)
    return stream.getvalue()


def test_piped_lines_are_whole_and_without_colour() -> None:
    lines = shown(80, terminal=False).splitlines()
    assert lines[0].startswith("problem  firewall  drops what goes in")
    assert [line.strip() for line in lines[1:]] == [
        "by a rule",
        "fix: sudo nft insert rule " + ("x " * 60).strip(),
        "second",
    ]
    assert "\x1b" not in "".join(lines)


def test_on_a_terminal_text_is_folded_and_commands_are_not() -> None:
    text = shown(80, terminal=True)
    assert "\x1b[" in text
    commands = [line for line in text.splitlines() if "x x" in line]
    assert len(commands) == 1
    assert sum("what goes in" in line for line in text.splitlines()) > 1
