"""The file for a bug report."""

import io
import json
import zipfile

from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.export import BootReport, encode_report
from bootbeam.journal.packets import Packet
from bootbeam.journal.summary import Summary
from tests.boot_events import ATTEMPT, MAC, START_S, event, good_boot


def files_of(settings: str = "{}", *more: Event) -> dict[str, str]:
    events = [*good_boot(), *more]
    summary = Summary(ATTEMPT, MAC, START_S, START_S)
    for each in events:
        summary.add(each)
    beside = [Event(EventKind.PROBLEM, START_S, facts={"what": "trouble in /home/joe"})]
    packets = [Packet(ATTEMPT, START_S + 1, "eth0", b"later"), Packet(ATTEMPT, START_S, "eth0", b"sooner")]
    report = BootReport(summary, events, beside, packets, "0.1.0", settings)
    with zipfile.ZipFile(io.BytesIO(encode_report(report, lambda _: None))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode("latin-1") for name in archive.namelist()}


def test_all_there_is() -> None:
    files = files_of('{"cmdline": "quiet", "images": ["/srv/linux"]}')
    names = ("README.txt", "timeline.txt", "events.jsonl", "beside.jsonl", "packets.pcap", "boot.json", "station.json")
    assert list(files) == [f"boot-{ATTEMPT}/{name}" for name in names]
    lines = [json.loads(line) for line in files[f"boot-{ATTEMPT}/events.jsonl"].splitlines()]
    assert [line["kind"] for line in lines] == [each.kind.value for each in good_boot()]
    assert "iPXE looks for an IPv6 router" in files[f"boot-{ATTEMPT}/timeline.txt"]
    assert json.loads(files[f"boot-{ATTEMPT}/boot.json"])["outcome"] == "booted"
    station = json.loads(files[f"boot-{ATTEMPT}/station.json"])
    assert station == {"version": "0.1.0", "settings": {"cmdline": "quiet", "images": ["/srv/linux"]}}
    pcap = files[f"boot-{ATTEMPT}/packets.pcap"]
    assert pcap.index("sooner") < pcap.index("later"), "in the order of time"


def test_secrets_are_left_out_of_every_file() -> None:
    settings = json.dumps(
        {
            "cmdline": "root_password=hunter2 ks=https://joe:hunter2@10.0.0.1/",
            "images": ["/home/joe/linux"],
            "answers": [["preseed", "/home/joe/preseed.cfg"]],
        }
    )
    secret = "x token=hunter2 ssh-rsa AAAAB3hunter2 joe@desk $6$salt$hunter2 /home/joe/x"
    told = [
        event(30, EventKind.SCRIPT_SENT, entry=secret),
        event(31, EventKind.FINDING, id="BB-001", title=secret, fix=secret, screen=secret),
        event(32, EventKind.TRANSFER_FINISHED, role="kernel", file=secret, size_bytes=1, duration_s=1.0),
    ]
    for name, text in files_of(settings, *told).items():
        assert "hunter2" not in text, name
        assert "joe" not in text, name


def test_a_station_whose_settings_are_forgotten() -> None:
    assert json.loads(files_of("")[f"boot-{ATTEMPT}/station.json"])["settings"] == {}
