"""One boot in a file to send along with a bug report. Secrets are left out of it."""

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bootbeam.journal.account import MakerOf, tell_boot
from bootbeam.journal.event_json import event_line
from bootbeam.journal.events import Event
from bootbeam.journal.packets import Packet, encode_pcap
from bootbeam.journal.redaction import redact, redact_event, redact_summary
from bootbeam.journal.summary import Summary

if TYPE_CHECKING:
    from bootbeam.journal.boot_database import BootRecords

TEXT_WIDTH = 120
BESIDE_S = 60.0
"""What happened on the station so long before a boot is exported with it."""
README = """\
One boot, as a bootbeam station saw it.

timeline.txt    the boot in words
events.jsonl    its events, one JSON object a line
beside.jsonl    what happened on the station and the network at that time, of no boot in particular
packets.pcap    packets of it (tcpdump -r packets.pcap, or Wireshark): DHCP as it was heard, requests for files by TFTP,
                and the station's own DHCP answers as they were handed to the kernel
boot.json       machine, image, result
station.json    the station's version and its settings

Left out: what answers to installers contain; passwords and their hashes, keys and tokens in command lines, URLs and
texts (shown as ***); the names of home directories (shown as ~). Inside are MAC and IP addresses of your network,
names of files and of the machine. Look through it before you send it.
"""


@dataclass(frozen=True, slots=True)
class BootReport:
    """All that is known of one boot."""

    summary: Summary
    events: Sequence[Event]
    beside: Sequence[Event]
    packets: Sequence[Packet]
    version: str
    """The station's; "" when it is forgotten."""
    settings: str
    """The station's settings, JSON; "" likewise."""


def gather_report(records: "BootRecords", summary: Summary) -> BootReport:
    """All that ``records`` hold of one boot."""
    version, settings = records.run_of(summary.attempt) or ("", "")
    return BootReport(
        summary,
        records.events(summary.attempt),
        records.surroundings(summary.began_at_s - BESIDE_S, summary.last_at_s),
        records.packets(summary.attempt),
        version,
        settings,
    )


def encode_report(report: BootReport, maker_of: MakerOf) -> bytes:
    """A zip file of it."""
    events, summary = [redact_event(event) for event in report.events], redact_summary(report.summary)
    timeline = "\n".join(text for text, _ in tell_boot(summary, events, maker_of, TEXT_WIDTH))
    station = {"version": report.version, "settings": _redacted_json(report.settings)}
    files: dict[str, str | bytes] = {
        "README.txt": README,
        "timeline.txt": timeline + "\n",
        "events.jsonl": _lines(events),
        "beside.jsonl": _lines([redact_event(event) for event in report.beside]),
        "packets.pcap": encode_pcap(sorted(report.packets, key=lambda packet: packet.at_s)),
        "boot.json": json.dumps(asdict(summary), indent=2, ensure_ascii=False) + "\n",
        "station.json": json.dumps(station, indent=2, ensure_ascii=False) + "\n",
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"boot-{summary.attempt}/{name}", content)
    return target.getvalue()


def _lines(events: Sequence[Event]) -> str:
    return "".join(f"{event_line(event)}\n" for event in events)


def _redacted_json(text: str) -> Any:
    """Settings with every text in them redacted; the command line's words count one by one."""

    def walk(value: Any) -> Any:
        if isinstance(value, str):
            return redact(value)
        if isinstance(value, list):
            return [walk(each) for each in value]
        return {name: walk(each) for name, each in value.items()} if isinstance(value, dict) else value

    return walk(json.loads(text)) if text else {}
