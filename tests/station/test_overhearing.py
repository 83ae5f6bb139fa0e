"""Beside a real router and a real second proxy: the station says who they are."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bootbeam.journal.events import Event, EventKind
from bootbeam.lab.lan import INTERFACE, Lan
from bootbeam.lab.netns import Namespace
from bootbeam.lab.station import StationProcess
from tests.dhcp_packets import build, pxe_options
from tests.station.conftest import ask_dhcp

pytestmark = pytest.mark.peer
MAC = "f4:4d:30:01:02:03"


def test_the_router_and_a_second_proxy_are_heard_and_told_apart(tmp_path: Path, script: Path) -> None:
    with Lan(tmp_path) as lan:
        second = lan.add_host("second", "192.168.1.60")
        client = lan.add_host("client", "192.168.1.7")
        log = tmp_path / "second.log"
        second.start(
            *("dnsmasq", "--conf-file=/dev/null", "--no-daemon", "--user=root", "--group=root", "--pid-file"),
            *("--port=0", f"--interface={INTERFACE}", "--bind-interfaces", "--log-facility=-"),
            *("--dhcp-range=192.168.1.0,proxy", "--pxe-service=x86-64_EFI,other,other.efi"),
            output=log,
        )
        with StationProcess(lan, script) as station:
            wait_for_text(log, "sockets bound")
            ask_dhcp(client, build(1, options=pxe_options(7, "003016")))
            router = station.wait_for(EventKind.OTHER_SERVER_ANSWERED, 10, mac=MAC, where=is_from("192.168.1.1"))
            proxy = station.wait_for(EventKind.OTHER_SERVER_ANSWERED, 10, mac=MAC, where=is_from("192.168.1.60"))
            kinds = [event.kind for event in station.events(MAC)]
    assert router.facts["message"] == proxy.facts["message"] == "offer"
    assert str(router.facts["address_given"]).startswith("192.168.1.")
    assert (proxy.facts["address_given"], proxy.facts["vendor_class"]) == (None, "PXEClient")
    assert kinds[0] is EventKind.CLIENT_SEEN, "an answer is told after its question"


def is_from(server: str) -> Callable[[Event], bool]:
    return lambda event: event.facts["server"] == server


def wait_for_text(path: Path, text: str) -> None:
    deadline = time.monotonic() + 10
    while text not in path.read_text("utf-8", "replace"):
        assert time.monotonic() < deadline, path.read_text("utf-8", "replace")
        time.sleep(0.02)


def test_without_the_right_to_listen_the_station_says_so_and_goes_on(
    lan: Lan, client: Namespace, script: Path, tmp_path: Path
) -> None:
    log = tmp_path / "events.jsonl"
    lan.station.start(
        *("setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw"),
        *(sys.executable, "-m", "bootbeam", "serve", str(script), "--interface", INTERFACE, "--keep-boots", "0"),
        *("--log-format", "json"),
        output=log,
    )
    wait_for_text(log, "cannot be heard")
    assert "CAP_NET_RAW" in log.read_text()
    assert len(ask_dhcp(client, build(1, options=pxe_options(7, "003016")))) == 1
