"""The metrics: what a Prometheus server reads, and that it stays small whatever machines say."""

import re

import pytest

from bootbeam.journal.events import Event, EventKind, Fact
from bootbeam.web.counters import MAX_BOOTS, SETTLED_AFTER_S, Counters
from bootbeam.web.transfers import Transfers
from tests.boot_events import START_S, event, good_boot
from tests.web.asking import ask
from tests.web.recorded_station import RecordedStation
from tests.web.stories import boot_under_way

SAMPLE = re.compile(r'([a-z_]+)(\{(?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*\})? (\d+(?:\.\d+)?)')


def parse(text: str) -> dict[str, float]:
    """Samples by name and labels, read as the exposition format says; each name has been introduced by its type."""
    samples, types = {}, set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            types.add(line.split()[2])
        if line.startswith("#"):
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        assert re.sub("_(bucket|sum|count)$", "", match[1]) in types or match[1] in types, line
        key = match[1] + (match[2] or "")
        assert key not in samples, f"twice: {key}"
        samples[key] = float(match[3])
    assert text.endswith("\n")
    return samples


def counted(events: list[Event], now_s: float = 0.0) -> dict[str, float]:
    counters, transfers = Counters(), Transfers()
    for each in events:
        counters.add(each)
        transfers.add(each)
    counters.settle(now_s)
    return parse(counters.render("0.1.0", transfers.under_way()))


def test_a_good_boot_is_counted() -> None:
    samples = counted(good_boot(), START_S + 28 + SETTLED_AFTER_S)
    expected = {
        'bootbeam_questions_total{kind="uefi-pxe"}': 1,
        'bootbeam_questions_total{kind="ipxe"}': 1,
        'bootbeam_dhcp_answers_total{kind="offer",what="loader"}': 1,
        'bootbeam_dhcp_answers_total{kind="boot-server-ack",what="loader"}': 1,
        'bootbeam_sent_bytes_total{protocol="tftp"}': 10**6,
        'bootbeam_sent_bytes_total{protocol="http"}': 2 * 10**6,
        'bootbeam_transfers_total{protocol="http",result="finished"}': 2,
        'bootbeam_transfers_under_way{protocol="http"}': 0,
        'bootbeam_boot_part_seconds_bucket{part="iPXE looks for an IPv6 router",le="10"}': 0,
        'bootbeam_boot_part_seconds_bucket{part="iPXE looks for an IPv6 router",le="20"}': 1,
        'bootbeam_boot_part_seconds_bucket{part="iPXE looks for an IPv6 router",le="+Inf"}': 1,
        'bootbeam_boot_part_seconds_count{part="TFTP"}': 1,
    }
    assert expected.items() <= samples.items()
    assert samples['bootbeam_boot_part_seconds_sum{part="iPXE looks for an IPv6 router"}'] == pytest.approx(16)


def test_parts_are_counted_when_the_boot_is_over_and_once() -> None:
    assert not [name for name in counted(good_boot(), START_S + 60) if "boot_part" in name]
    counters = Counters()
    for each in good_boot():
        counters.add(each)
    counters.settle(START_S + 1000)
    counters.add(event(2000, EventKind.SYSTEM_SEEN, vendor_class="d-i"))
    counters.settle(START_S + 9000)
    assert parse(counters.render("0.1.0", []))['bootbeam_boot_part_seconds_count{part="TFTP"}'] == 1


def test_a_transfer_under_way_and_what_goes_wrong() -> None:
    failure: dict[str, Fact] = {"protocol": "tftp", "file": "x", "sent_bytes": 5, "size_bytes": 9, "retransmissions": 4}
    samples = counted(
        [
            *boot_under_way(),
            event(20, EventKind.TRANSFER_FAILED, transfer="tftp-5", **failure),
            event(21, EventKind.FINDING, id="BB-023", title="t"),
            event(22, EventKind.ANSWER_NOT_SENT, port=67, why="down"),
            event(23, EventKind.FILE_REFUSED, protocol="http", file="y"),
            event(24, EventKind.DATAGRAM_DROPPED, port=69, reason="short"),
        ]
    )
    expected = {
        'bootbeam_transfers_under_way{protocol="http"}': 1,
        'bootbeam_transfers_total{protocol="tftp",result="failed"}': 1,
        'bootbeam_sent_bytes_total{protocol="tftp"}': 10**6 + 5,
        "bootbeam_tftp_retransmissions_total": 4,
        'bootbeam_findings_total{id="BB-023"}': 1,
        "bootbeam_dhcp_answers_not_sent_total": 1,
        'bootbeam_files_refused_total{protocol="http"}': 1,
        "bootbeam_datagrams_dropped_total": 1,
    }
    assert expected.items() <= samples.items()


def test_nothing_a_machine_says_becomes_a_label() -> None:
    counters = Counters()
    for number in range(3000):
        odd = f'evil{number}"}}\n'
        attempt = f"a{number}"
        facts: dict[str, Fact] = {"transfer": odd, "file": odd, "size_bytes": 1, "role": odd, "protocol": odd}
        for kind, more in (
            (EventKind.CLIENT_SEEN, {"kind_of_client": odd, "firmware": odd, "vendor_class": odd}),
            (EventKind.OFFERED, {"what": odd, "file": odd}),
            (EventKind.TRANSFER_STARTED, facts),
            (EventKind.TRANSFER_FINISHED, facts),
            (EventKind.FINDING, {"id": odd}),
            (EventKind.FILE_REFUSED, {"protocol": odd}),
        ):
            counters.add(Event(kind, float(number), "52:54:00:00:00:01", None, odd, more, attempt))
    assert len(counters._boots) <= MAX_BOOTS
    counters.settle(1e9)
    text = counters.render("0.1.0", [])
    assert len(text.splitlines()) < 1500
    assert "evil" not in re.sub("part=.*", "", text)
    parse(text)


def test_the_port_gives_them_out(station: RecordedStation, good: str, failed: str) -> None:
    status, headers, body = ask(station, "/metrics")
    assert (status, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    samples = parse(body.decode())
    expected = {
        "bootbeam_boots_begun_total": 2,
        'bootbeam_boots_total{outcome="booted"}': 1,
        'bootbeam_boots_total{outcome="failed"}': 1,
        'bootbeam_boots_total{outcome="installed"}': 0,
        'bootbeam_findings_total{id="BB-023"}': 1,
        "bootbeam_events_dropped_total": 0,
    }
    assert expected.items() <= samples.items()
