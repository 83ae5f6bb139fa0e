"""The real command on a private LAN, with other machines' real programs as its clients. No virtual PC here."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootbeam.lab.lan import Lan
from bootbeam.lab.netns import Namespace
from tests.dhcp_packets import Reply

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def lan(tmp_path: Path) -> Iterator[Lan]:
    """A switch and the station's place on it; no router, nobody else answers."""
    logs = tmp_path / "logs"
    logs.mkdir()
    with Lan(logs, router=False) as made:
        yield made


@pytest.fixture
def client(lan: Lan) -> Namespace:
    """Another machine on the switch."""
    return lan.add_host("client", "192.168.1.7")


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The smallest image there is."""
    path = tmp_path / "hello.ipxe"
    path.write_text("#!ipxe\necho hello\n")
    return path


def ask_dhcp(
    host: Namespace, packet: bytes, server: str | None = None, *, wait_s: float = 4
) -> list[tuple[str, Reply]]:
    """Send ``packet`` from ``host``; the answers, each with the address it came from. The first may take ``wait_s``."""
    arguments = [packet.hex(), str(wait_s), *([server] if server else [])]
    lines = host.run("env", f"PYTHONPATH={PROJECT}", sys.executable, "-m", "tests.dhcp_client", *arguments)
    return [(line.split()[0], Reply(bytes.fromhex(line.split()[1]))) for line in lines.splitlines()]
