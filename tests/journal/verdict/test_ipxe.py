"""Verdicts on an iPXE that does not get to what it is to start."""

from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.verdict.finding import Sureness
from tests.verdict_timelines import at, downloaded, findings, only, seen


def asks(*secs: int) -> list[Event]:
    moments = (0, 1, 3, 7)
    return [event for moment, said in zip(moments, secs, strict=True) for event in seen(moment, "ipxe", secs=said)]


def requested(second: float, secs: int) -> Event:
    return at(second, EventKind.ADDRESS_REQUESTED, address_requested="192.168.1.7", server="192.168.1.1", secs=secs)


def test_it_hears_nobody() -> None:
    assert findings(asks(4, 8, 12, 16), 11) == []
    finding = only(asks(4, 8, 12, 16), 12.1)
    assert finding.id == "BB-050"
    assert "040ee119" in finding.screen[0]


def test_it_has_not_heard_us() -> None:
    events = [*seen(0, "ipxe"), requested(3, 10)]
    assert findings(events, 47) == []
    assert only(events, 49).id == "BB-051"


def test_it_does_not_reach_the_web_server() -> None:
    events = [*seen(0, "ipxe"), requested(3, 11)]
    assert findings(events, 47) == []
    finding = only(events, 49)
    assert finding.id == "BB-052"
    assert any("curl http://192.168.1.50:8080/boot.ipxe" in line for line in finding.fix)
    assert findings([*events, at(19, EventKind.SCRIPT_SENT, entry="the menu")], 500) == []


def test_a_script_whose_files_are_not_fetched() -> None:
    sent = at(19, EventKind.SCRIPT_SENT, entry="linux: Linux 6.1")
    events = [*seen(0, "ipxe"), requested(3, 11), sent]
    assert findings(events, 68) == []
    assert only(events, 70).id == "BB-053"
    assert findings([*events, *downloaded(20, "linux", "kernel", "http")], 70) == []


def test_a_person_at_the_menu_takes_all_the_time_in_the_world() -> None:
    sent = at(19, EventKind.SCRIPT_SENT, entry="the menu")
    assert findings([*seen(0, "ipxe"), requested(3, 11), sent], 100_000) == []


def test_an_error_that_ipxe_reports() -> None:
    failed = at(30, EventKind.LOADER_FAILED, entry="xen: Multiboot kernel", error="2e008081")
    sent = at(30, EventKind.SCRIPT_SENT, entry="xen: Multiboot kernel")
    finding = only([*seen(0, "ipxe"), *downloaded(20, "xen", "kernel", "http"), failed, sent], 31)
    assert finding.id == "BB-054"
    assert finding.title == "xen: Multiboot kernel does not start: Exec format error"
    assert finding.sure is Sureness.SURELY
    assert "(http://ipxe.org/2e008081)" in finding.screen[0]


def test_an_error_that_is_in_no_table() -> None:
    failed = at(30, EventKind.LOADER_FAILED, entry="xen", error="4c126135")
    finding = only([*seen(0, "ipxe"), failed], 31)
    assert "TFTP" in finding.cause
    assert finding.sure is Sureness.MOST_LIKELY
