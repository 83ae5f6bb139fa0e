"""The page of a real station in a real browser: a machine asks, its steps appear, what is wrong can be read."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.lab.lan import Lan
from bootbeam.lab.netns import Namespace
from bootbeam.lab.station import StationProcess
from tests.dhcp_packets import build, pxe_options
from tests.station.conftest import ask_dhcp
from tests.web.devtools import Browser

pytestmark = pytest.mark.peer
MAC = "f4:4d:30:01:02:03"
PAGE = "http://127.0.0.1:8088"
DISCOVER = pxe_options(7, "003016")


def inside(lan: Lan) -> tuple[str, ...]:
    """Words before a command that is to run on the station's computer."""
    return ("ip", "netns", "exec", lan.station.name)


def curl(lan: Lan, *arguments: str) -> str:
    return subprocess.run(
        [*inside(lan), "curl", "--silent", "--show-error", "--max-time", "10", *arguments],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_a_boot_appears_in_a_browser_and_tells_what_is_wrong(
    lan: Lan, client: Namespace, script: Path, tmp_path: Path
) -> None:
    with StationProcess(lan, script) as station, Browser(tmp_path / "profile", inside(lan)) as browser:
        ready = station.wait_for(EventKind.STATION_READY, 20)
        assert ready.facts["page"] == f"{PAGE}/"
        browser.open(f"{PAGE}/")
        browser.wait_for("document.getElementById('link').textContent.includes('live')")
        assert "hello" in browser.evaluate("document.getElementById('entries').textContent")
        ask_dhcp(client, build(1, xid=1, options=DISCOVER))
        browser.wait_for("document.querySelectorAll('.card .steps li').length >= 2")
        assert MAC in browser.evaluate("document.querySelector('.card').textContent")
        # Another machine asks for a file that is not there, and stops.
        client.start("curl", "tftp://192.168.1.50/no-such-file.efi", output=tmp_path / "curl")
        finding = station.wait_for(EventKind.FINDING, 30, where=lambda event: event.mac != MAC)
        attempt = finding.attempt
        browser.wait_for(f"document.querySelector('[data-attempt=\"{attempt}\"] .finding')")
        browser.evaluate(f"document.querySelector('[data-attempt=\"{attempt}\"] h3 a').click()")
        browser.wait_for("document.querySelector('.timeline') && document.querySelector('#boot > section .finding')")
        shown = browser.evaluate("document.getElementById('boot').innerText")
        assert str(finding.facts["title"]) in shown
        assert str(finding.facts["seen"]) in shown
        assert "no-such-file.efi" in shown
        assert browser.complaints == []
        assert [event.facts for event in station.events() if event.kind is EventKind.PROBLEM] == []


def test_machines_cannot_reach_it_and_programs_on_this_computer_can(lan: Lan, client: Namespace, script: Path) -> None:
    with StationProcess(lan, script):
        ask_dhcp(client, build(1, xid=1, options=DISCOVER))
        assert "bootbeam_boots_begun_total 1\n" in curl(lan, f"{PAGE}/metrics")
        assert json.loads(curl(lan, f"{PAGE}/api/v1/boots"))["boots"][0]["mac"] == MAC
        status = ("--output", "/dev/null", "--write-out", "%{http_code}")
        assert curl(lan, "http://192.168.1.50:8080/api/v1/boots", *status) == "404", "not on the machines' port"
        command = [
            "ip",
            "netns",
            "exec",
            client.name,
            "curl",
            "--silent",
            "--max-time",
            "5",
            "http://192.168.1.50:8088/",
        ]
        assert subprocess.run(command, check=False).returncode == 7, "refused"


def test_a_taken_port_is_said_and_machines_boot_all_the_same(lan: Lan, client: Namespace, script: Path) -> None:
    holder = [*inside(lan), sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "8088"]
    with subprocess.Popen(holder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as taken:
        while curl_fails(lan):
            assert taken.poll() is None
        with StationProcess(lan, script) as station:
            assert station.wait_for(EventKind.STATION_READY, 20).facts["page"] is None
            problem = station.wait_for(EventKind.PROBLEM, 20)
            assert "TCP port 8088 is taken by python" in str(problem.facts["what"])
            assert f"sudo kill {taken.pid}" in str(problem.facts["fix"])
            assert "--page" in str(problem.facts["fix"])
            assert ask_dhcp(client, build(1, xid=1, options=DISCOVER))
        taken.kill()


def curl_fails(lan: Lan) -> bool:
    command = [*inside(lan), "curl", "--silent", "--output", "/dev/null", f"{PAGE}/"]
    return subprocess.run(command, check=False).returncode != 0


def test_another_address_or_none(lan: Lan, client: Namespace, script: Path) -> None:
    with StationProcess(lan, script, "--page", "192.168.1.50:9000") as station:
        assert station.wait_for(EventKind.STATION_READY, 20).facts["page"] == "http://192.168.1.50:9000/"
        assert "<title>bootbeam</title>" in client.run("curl", "--silent", "http://192.168.1.50:9000/")
    with StationProcess(lan, script, "--page", "[::1]:9000") as station:
        assert station.wait_for(EventKind.STATION_READY, 20).facts["page"] == "http://[::1]:9000/"
        assert "<title>bootbeam</title>" in curl(lan, "http://[::1]:9000/")
    with StationProcess(lan, script, "--no-page") as station:
        assert station.wait_for(EventKind.STATION_READY, 20).facts["page"] is None
        assert curl_fails(lan)
