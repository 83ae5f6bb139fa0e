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


def test_an_ipxe_that_gives_up_before_it_fetched_its_script() -> None:
    """A firewall that rejects makes iPXE end at once; the firmware then tries its next way."""
    looked = at(19, EventKind.ADDRESS_SOUGHT, address_sought="192.168.1.50", asker="192.168.1.7", is_ours=True)
    events = [*seen(0, "ipxe"), requested(3, 11), looked]
    assert findings(events, 20) == []
    assert findings([*events, *seen(25, "uefi-http", "f1")], 26) == ["BB-052"]


def test_a_file_that_a_script_names_and_nobody_has_is_named_itself() -> None:
    refused = at(20, EventKind.FILE_REFUSED, protocol="http", file="nothing/vmlinuz", reason="there is no such file")
    failed = at(26, EventKind.LOADER_FAILED, entry="mine", error="2d0c613b")
    events = [*seen(0, "ipxe"), at(19, EventKind.SCRIPT_SENT, entry="mine"), refused, failed]
    assert findings([*events, at(26, EventKind.SCRIPT_SENT, entry="mine")], 27) == ["BB-036"]
