"""Verdicts on UEFI HTTP boot."""

from bootbeam.journal.events import EventKind
from tests.verdict_timelines import LOADER, address_requested, at, downloaded, findings, only, seen


def test_the_url_is_not_fetched() -> None:
    events = [*seen(0, "uefi-http"), address_requested(4)]
    assert findings(events, 15) == []
    finding = only(events, 17)
    assert finding.id == "BB-061"
    assert any(f"http://192.168.1.50:8080/{LOADER}" in line for line in finding.fix)
    assert findings([*events, *downloaded(4.5, protocol="http")], 17) == []


def test_only_a_size_was_asked_for() -> None:
    probed = at(4.5, EventKind.SIZE_PROBED, protocol="http", file=LOADER, size_bytes=1)
    assert findings([*seen(0, "uefi-http"), address_requested(4), probed], 17) == []


def test_a_download_that_is_broken_off() -> None:
    started = at(4.5, EventKind.TRANSFER_STARTED, protocol="http", file=LOADER, size_bytes=200_000)
    failed = at(8, EventKind.TRANSFER_FAILED, protocol="http", file=LOADER, sent_bytes=1000, size_bytes=200_000)
    events = [*seen(0, "uefi-http"), address_requested(4), started, failed]
    assert findings(events, 9) == []
    assert only(events, 19).id == "BB-062"
    assert findings([*events, *downloaded(9, protocol="http")], 19) == []
