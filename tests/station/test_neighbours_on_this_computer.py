"""Programs that people have on the same computer: libvirt's dnsmasq on its virtual network, with its TFTP server."""

from pathlib import Path

import pytest

from bootbeam.lab.lan import Lan
from bootbeam.lab.netns import Namespace
from bootbeam.lab.station import StationProcess

pytestmark = pytest.mark.peer


def test_the_station_starts_beside_a_virtual_networks_own_servers(
    lan: Lan, client: Namespace, script: Path, tmp_path: Path
) -> None:
    lan.station.ip("link", "add", "virbr0", "type", "bridge")
    lan.station.ip("address", "add", "192.168.122.1/24", "dev", "virbr0")
    lan.station.ip("link", "set", "virbr0", "up")
    log = tmp_path / "libvirt.log"
    lan.station.start(
        *("dnsmasq", "--conf-file=/dev/null", "--no-daemon", "--user=root", "--group=root", "--pid-file", "--port=0"),
        *("--interface=virbr0", "--except-interface=lo", "--bind-dynamic", "--dhcp-range=192.168.122.2,192.168.122.40"),
        *("--enable-tftp", f"--tftp-root={tmp_path}", "--log-facility=-"),
        output=log,
    )
    lan.station.run("sh", "-c", "until ss -nlu | grep -q 192.168.122.1:69; do sleep 0.05; done")
    with StationProcess(lan, script):
        assert client.run("curl", "--silent", "--fail", "tftp://192.168.1.50/hello.ipxe") == script.read_text()
