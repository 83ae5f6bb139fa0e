"""Verdicts on machines that ask over IPv6."""

import pytest

from bootbeam.journal.events import Event, EventKind
from tests.verdict_timelines import LOADER, at, downloaded, findings, lease_offered, only, seen

ADDRESS = "fd00::5054:ff:fe12:3456"


def asks(second: float, *, ours: bool = True, kind: str = "uefi-pxe", xid: str = "6a6a6a") -> list[Event]:
    """A question over IPv6 and our answer."""
    question, offer = seen(second, kind, xid)
    address = ADDRESS if ours else None
    return [
        at(second, EventKind.CLIENT_SEEN, **{**question.facts, "ip_version": 6}),
        at(second, EventKind.OFFERED, **{**offer.facts, "siaddr": "fe80::50", "address_offered": address}),
    ]


def given(second: float) -> Event:
    return at(second, EventKind.ADDRESS_GIVEN, address_given=ADDRESS)


def in_vain(*, ours: bool, kind: str = "uefi-pxe") -> list[Event]:
    return [event for second in (0, 4, 12) for event in asks(second, ours=ours, kind=kind)]


@pytest.mark.parametrize("kind", ["uefi-pxe", "uefi-http", "ipxe"])
@pytest.mark.parametrize(("ours", "id"), [(True, "BB-012"), (False, "BB-013")])
def test_questions_in_vain(kind: str, ours: bool, id: str) -> None:
    events = in_vain(ours=ours, kind=kind)
    assert findings(events, 16) == []
    finding = only(events, 60)
    assert finding.id == id
    assert "IPv4" in finding.fix[0], "the quickest way round"
    assert finding.screen


@pytest.mark.parametrize(
    "goes_on", [[given(13)], [at(13, EventKind.BOOT_SERVER_ASKED, xid="1", secs=0)], downloaded(13)]
)
def test_a_machine_that_goes_on_is_not_spoken_of(goes_on: list[Event]) -> None:
    for ours in (True, False):
        told = findings([*in_vain(ours=ours), *goes_on], 20)
        assert "BB-012" not in told
        assert "BB-013" not in told


def test_a_router_is_not_asked_for_where_this_station_gives_the_address() -> None:
    assert "BB-002" not in findings(in_vain(ours=True), 60)


def test_no_address_over_ipv4_is_named_first() -> None:
    over_ipv4 = [event for second in (0, 4, 12, 28) for event in seen(second, xid="44444444")]
    over_ipv6 = [event for second in (64, 68, 76) for event in asks(second)]
    assert findings([*over_ipv4, *over_ipv6], 120)[0] == "BB-002"


def test_a_firmware_that_asks_once_and_waits_for_an_address() -> None:
    assert findings(asks(0, ours=False), 14) == []
    assert only(asks(0, ours=False), 16).id == "BB-013"
    assert findings(asks(0, ours=True), 100) == []


def nobody_gives(second: float) -> list[Event]:
    """A question over IPv6 on a network without IPv6: there is no address to give, and no other server."""
    question, offer = asks(second, ours=False)
    return [question, at(second, EventKind.OFFERED, **{**offer.facts, "has_address_server": False})]


def test_where_there_is_no_ipv6_network_no_other_server_is_blamed() -> None:
    assert findings(nobody_gives(0), 14) == []
    finding = only(nobody_gives(0), 16)
    assert finding.id == "BB-013"
    assert "no IPv6 network here" in finding.seen
    assert "IPv4" in finding.fix[0]
    assert finding.fix[-1].endswith(f"/64 dev {nobody_gives(0)[0].interface}")
    assert "another server" not in f"{finding.seen} {finding.cause} {finding.fix}"


def test_a_machine_that_boots_over_ipv4_and_tries_ipv6_in_passing_is_not_spoken_of() -> None:
    over_ipv4 = [*seen(0), *downloaded(2)]
    assert "BB-013" not in findings([*over_ipv4, *nobody_gives(6)], 40)


def test_the_question_to_port_4011_over_ipv6() -> None:
    requested = at(5, EventKind.ADDRESS_REQUESTED, address_requested="fd00::17f", server=None, secs=None)
    events = [*asks(0, ours=False), requested]
    assert findings([*events, *seen(9, "uefi-http", "ffff")], 20) == []
    finding = only([*events, *seen(16, "uefi-http", "ffff")], 17)
    assert (finding.id, finding.sure) == ("BB-020", "most likely")
    assert findings([*events, at(6, EventKind.BOOT_SERVER_ASKED, xid="1", secs=0)], 13) == []
    assert "over IPv6" in finding.seen


def test_the_file_that_came_with_the_address_is_not_asked_for() -> None:
    events = [*asks(0), given(1)]
    assert findings(events, 12) == []
    finding = only(events, 14)
    assert finding.id == "BB-023"
    assert ADDRESS in finding.seen
    assert LOADER in finding.seen
    assert findings([*events, *downloaded(2)], 14) == []


def test_an_http_boot_over_ipv6_that_does_not_fetch() -> None:
    events = [*asks(0, kind="uefi-http"), given(1)]
    finding = only(events, 14)
    assert finding.id == "BB-061"
    assert any("curl" in line and LOADER in line for line in finding.fix)


def test_an_ipxe_over_ipv6_that_does_not_fetch_its_script() -> None:
    before = [*asks(0), given(1), *downloaded(2)]
    events = [*before, *asks(10, kind="ipxe", xid="6b6b6b")]
    assert findings(events, 54) == []
    assert only(events, 56).id == "BB-052"
    script = at(12, EventKind.SCRIPT_SENT, entry="the menu")
    assert findings([*events, script], 70) == []


def test_an_ipxe_that_has_an_address_of_ours_over_ipv4_to_fetch_its_script_over_ipv6() -> None:
    question, offer = seen(10, "ipxe", "6b6b6b")
    facts = {**offer.facts, "address_offered": "192.0.0.8", "siaddr": "0.0.0.0"}
    events = [*asks(0), given(1), *downloaded(2), question, at(10, EventKind.OFFERED, **facts)]
    assert findings(events, 54) == []
    assert only(events, 56).id == "BB-052"
    assert findings([*events, at(12, EventKind.SCRIPT_SENT, entry="the menu")], 70) == []


def test_another_dhcp_servers_answers_over_ipv4_say_nothing_of_ipv6() -> None:
    over_ipv4 = [*seen(0, xid="44444444"), lease_offered(0.1)]
    assert findings([*over_ipv4, *in_vain(ours=True)], 60) == ["BB-012"]
