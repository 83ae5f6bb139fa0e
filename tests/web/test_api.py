"""The API answers with the words and numbers of ``bootbeam boots``."""

import io
import json
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from tests.boot_events import good_boot
from tests.web.asking import ask, ask_json
from tests.web.conftest import FAILED_MAC, GOOD_MAC
from tests.web.recorded_station import RecordedStation


def boots_command(tmp_path: Path, *arguments: str) -> object:
    command = [sys.executable, "-m", "bootbeam", "boots", "--state", str(tmp_path / "state"), *arguments, "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def test_one_boot_is_what_the_command_tells(station: RecordedStation, good: str, failed: str, tmp_path: Path) -> None:
    for attempt in (good, failed):
        station.wait_until_written(attempt)
        assert ask_json(station, f"/api/v1/boots/{attempt}") == boots_command(tmp_path, "show", attempt)
    told = ask_json(station, "/api/v1/boots/last")
    assert (told["attempt"], told["outcome"], told["mac"]) == (good, "booted", GOOD_MAC)
    assert ("iPXE looks for an IPv6 router", 16.0) in [
        (step["text"], round(step["duration_s"], 3)) for step in told["timeline"] if step["kind"] == "gap"
    ]


def test_pages_have_every_boot_once(station: RecordedStation) -> None:
    made = [
        station.record(good_boot(), at_s=time.time() - 5000 + 400 * n, mac=f"f4:4d:30:00:00:{n:02x}") for n in range(7)
    ]
    path, found = "/api/v1/boots?limit=3", []
    while path:
        page = ask_json(station, path)
        found += [each["attempt"] for each in page["boots"]]
        path = page["next"]
    assert found == made[::-1]


def test_an_export_is_a_zip_without_secrets(station: RecordedStation, good: str) -> None:
    station.wait_until_written(good)
    status, headers, body = ask(station, f"/api/v1/boots/{good}/export.zip")
    assert (status, headers["content-type"]) == (200, "application/zip")
    assert headers["content-disposition"] == f'attachment; filename="bootbeam-boot-{good}.zip"'
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert f"boot-{good}/timeline.txt" in archive.namelist()
        assert "hunter2" not in archive.read(f"boot-{good}/station.json").decode()


def test_secrets_are_left_out_of_every_answer(station: RecordedStation) -> None:
    entry = "Linux root_password=hunter2 /home/joe/vmlinuz"
    station.journal.record(EventKind.STATION_READY, interfaces="eno1", entries=entry, loaders="", http_port=8080)
    station.journal.record(EventKind.PROBLEM, what="/home/joe/x", why="token=hunter2", fix="")
    station.journal.record(
        EventKind.CLIENT_SEEN, mac=GOOD_MAC, kind_of_client="uefi-pxe", xid="1", secs=0, ip_version=4
    )
    station.journal.record(EventKind.SCRIPT_SENT, mac=GOOD_MAC, entry=entry, notes="password=hunter2")
    station.journal.record(EventKind.FINDING, mac=GOOD_MAC, id="BB-001", title=entry, seen=entry, fix=f"    {entry}")
    for path in ("station", "live", "boots", "boots/last", "machines", "findings"):
        body = ask(station, f"/api/v1/{path}")[2].decode()
        assert "hunter2" not in body, path
        assert "joe" not in body, path
    for path in ("/", f"/boots/{ask_json(station, '/api/v1/boots')['boots'][0]['attempt']}", "/metrics"):
        assert b"hunter2" not in ask(station, path)[2]


def test_machines_findings_and_what_is_served(station: RecordedStation, good: str, failed: str) -> None:
    machines = ask_json(station, "/api/v1/machines")["machines"]
    assert [(each["mac"], each["last_boot"], each["boots"]) for each in machines] == [
        (GOOD_MAC, good, 1),
        (FAILED_MAC, failed, 1),
    ]
    [finding] = ask_json(station, "/api/v1/findings")["findings"]
    assert (finding["attempt"], finding["id"], finding["fix"][-1]) == (
        failed,
        "BB-023",
        "Then start the machine again.",
    )
    served = ask_json(station, "/api/v1/station")
    assert served["entries"] == ["Linux 6.1", "BitVisor, then the machine's own disk"]
    assert served["interfaces"] == "eno1 192.168.1.50"


def test_the_paths_are_told_and_lead_somewhere(station: RecordedStation, good: str) -> None:
    for path in ask_json(station, "/api/v1/")["paths"]:
        if not path.endswith("/events"):
            assert ask(station, path.replace("ID", good))[0] == 200, path


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/boots/nothing", 404),
        ("/api/v1/boots/..%2f..%2fetc%2fpasswd", 404),
        ("/api/v1/boots/%27%20OR%201=1", 404),
        ("/api/v1/boots/%ff%00", 404),
        ("/api/v1/boots/" + "a" * 900, 404),
        ("/api/v1/boots/nothing/export.zip", 404),
        ("/api/v1/boots?limit=0", 400),
        ("/api/v1/boots?limit=9999999999999999999", 400),
        ("/api/v1/boots?limit=%D9%A1", 400),
        ("/api/v1/boots?mac=%27--", 400),
        ("/api/v1/boots?before=../x", 400),
        ("/api/v2/boots", 404),
        ("/assets/..%2fguard.py", 404),
        ("/boots/nothing", 404),
    ],
)
def test_an_error_says_what_and_what_to_do(station: RecordedStation, path: str, status: int) -> None:
    error = ask_json(station, path, status)["error"]
    assert set(error) == {"what", "why", "fix"}
    assert error["what"]
    assert error["fix"]
