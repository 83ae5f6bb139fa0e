"""Verdicts on machines that have an address and do not get to their boot file."""

import pytest

from bootbeam.journal.events import Event, EventKind, Fact
from tests.verdict_timelines import (
    address_requested,
    asked,
    at,
    findings,
    lease_offered,
    only,
    read_requested,
    seen,
    to_loader,
)


def test_a_way_as_it_should_be() -> None:
    for second in range(12):
        events = [event for event in to_loader() if event.at_s <= 1_000_000 + second]
        assert findings(events, second) == []


def test_the_question_to_port_4011_does_not_arrive() -> None:
    ours = at(4.1, EventKind.ADDRESS_SOUGHT, address_sought="192.168.1.50", asker="192.168.1.7", is_ours=True)
    events = [*seen(0), lease_offered(0.1), address_requested(4), ours]
    assert findings(events, 10) == []
    finding = only(events, 11.5)
    assert (finding.id, finding.sure) == ("BB-020", "most likely")
    assert finding.screen == ("PXE-E16: No valid offer received.",)
    assert "    sudo ufw allow 67,69,547,4011/udp" in finding.fix
    assert "    sudo ufw allow 8080/tcp" in finding.fix


def test_it_is_told_though_the_firmware_has_moved_on() -> None:
    events = [*seen(0), address_requested(4), *seen(14, "uefi-http", "ffff")]
    finding = only(events, 14.5)
    assert (finding.id, finding.sure) == ("BB-020", "most likely")


@pytest.mark.parametrize("ip_version", [4, 6])
def test_a_machine_of_which_nothing_more_is_heard_may_have_been_switched_off(ip_version: int) -> None:
    """A firmware that is not answered gives up after 10 s, and then tries something else, which is heard."""
    facts: dict[str, Fact] = {"kind_of_client": "uefi-pxe", "architecture": 7, "xid": "a1", "ip_version": ip_version}
    asks = [at(0, EventKind.CLIENT_SEEN, secs=0, **facts), at(0, EventKind.OFFERED, what="loader", file="a.efi")]
    events = [*asks, address_requested(4)]
    assert findings(events, 22) == []
    finding = only(events, 25)
    assert (finding.id, finding.sure) == ("BB-020", "possibly")
    assert "switched off" in finding.cause
    assert "    sudo ufw allow 8080/tcp" in finding.fix
    assert only([*events, *seen(15, "uefi-http", "ffff")], 16).sure == "most likely"
    later = at(18, EventKind.ADDRESS_SOUGHT, address_sought="192.168.1.50", asker="192.168.1.7", is_ours=True)
    assert findings([*events, later], 19) == [], "the system on its disk, and somebody at it"
    assert only([*events, later], 60).sure == "possibly"


def test_a_machine_reset_in_the_middle_is_no_fault() -> None:
    assert findings([*seen(0), address_requested(4), *seen(9, "uefi-http", "ffff")], 12) == []


def test_our_answers_from_port_4011_do_not_arrive() -> None:
    events = [*seen(0), address_requested(4), *asked(4), *asked(5)]
    assert findings(events, 5.5) == []
    finding = only([*events, *asked(7)], 7.1)
    assert finding.id == "BB-021"
    assert "3 times, at 0, 1 and 3 s" in finding.seen


def test_a_firmware_that_gives_up_at_once() -> None:
    events = [*seen(0), address_requested(4), *asked(4.5), *seen(5.5, "uefi-http", "ffff")]
    finding = only(events, 6)
    assert finding.id == "BB-022"
    assert any("E21" in line for line in finding.screen)


def test_the_request_for_the_file_does_not_arrive() -> None:
    events = [*seen(0), address_requested(4), *asked(4.5)]
    assert findings(events, 16) == []
    assert only(events, 17).id == "BB-023"
    assert only([*events, *seen(29, "uefi-http", "ffff")], 30).id == "BB-023"
    assert findings([*events, read_requested(5)], 17) == []


def test_a_bios_goes_straight_for_the_file() -> None:
    ours = at(4.1, EventKind.ADDRESS_SOUGHT, address_sought="192.168.1.50", asker="192.168.1.7", is_ours=True)
    events = [*seen(0, "bios-pxe"), address_requested(4), ours]
    assert findings(events, 15) == []
    finding = only(events, 17)
    assert (finding.id, finding.sure) == ("BB-024", "most likely")
    assert findings([*events, read_requested(5)], 17) == []


def test_a_bios_of_which_nothing_more_is_heard_may_have_been_switched_off() -> None:
    events = [*seen(0, "bios-pxe"), address_requested(4)]
    assert findings(events, 22) == []
    finding = only(events, 25)
    assert (finding.id, finding.sure) == ("BB-024", "possibly")
    assert "switched off" in finding.cause


def test_this_computer_does_not_let_the_answer_out() -> None:
    not_sent = at(0, EventKind.ANSWER_NOT_SENT, port=67, why="Operation not permitted")
    events = [*seen(0)[:1], not_sent, lease_offered(0.1)]
    assert findings(events, 5) == [], "the next answer may leave"
    assert findings([*events, *seen(4), address_requested(8), *asked(8.5)], 12) == []
    finding = only(events, 7)
    assert finding.id == "BB-025"
    again = [*events, *seen(4)[:1], at(4, EventKind.ANSWER_NOT_SENT, port=67, why="Operation not permitted")]
    assert only(again, 4.5).seen.startswith("2 answers from port 67")
    assert finding.seen.endswith("port 67 could not be sent; this computer says: Operation not permitted")
    assert findings([*events, *to_loader()], 12) == []


def test_a_machine_that_looks_for_somebody_else() -> None:
    elsewhere = at(5, EventKind.ADDRESS_SOUGHT, address_sought="192.168.1.9", asker="192.168.1.7", is_ours=False)
    events = [*seen(0), address_requested(4), elsewhere]
    finding = only(events, 17)
    assert finding.id == "BB-017"
    assert any("192.168.1.9" in line for line in finding.fix)
    ours = at(5, EventKind.ADDRESS_SOUGHT, address_sought="192.168.1.50", asker="192.168.1.7", is_ours=True)
    finding = only([*events, ours], 17)
    assert finding.id == "BB-020"
    assert "look for this computer" in finding.seen


def test_looking_for_the_router_or_for_its_own_address_is_no_fault() -> None:
    own = at(5, EventKind.ADDRESS_SOUGHT, address_sought="192.168.1.7", asker="0.0.0.0", is_ours=False)
    router = at(5, EventKind.ADDRESS_SOUGHT, address_sought="192.168.1.1", asker="192.168.1.7", is_ours=False)
    assert findings([*seen(0, "bios-pxe"), address_requested(4), own, router], 17) == ["BB-024"]


def held_back(second: float, port: int) -> Event:
    return at(second, EventKind.QUESTION_HELD_BACK, port=port)


@pytest.mark.parametrize("port", [67, 69, 4011])
def test_this_computers_own_firewall_is_named_surely_and_alone(port: int) -> None:
    before: dict[int, list[Event]] = {
        67: [],
        4011: [*seen(0), address_requested(4)],
        69: [*seen(0), address_requested(4), *asked(4.5)],
    }
    assert findings([*before[port], held_back(5.5, port)], 6) == [], "a busy station may yet take it"
    for second in (9, 30):
        finding = only([*before[port], held_back(5.5, port)], second)
        assert (finding.id, finding.sure) == ("BB-026", "surely")
        assert f"port {port}" in finding.seen


def test_a_question_that_is_let_in_after_all_is_no_fault() -> None:
    assert "BB-026" not in findings([held_back(0, 67), *seen(4)], 5)
    assert "BB-026" not in findings([*seen(0), address_requested(4), held_back(5, 4011), *asked(6)], 7)
    assert "BB-026" not in findings([*seen(0), held_back(5, 69), read_requested(6)], 7)


def sought(second: float, address: str) -> Event:
    return at(second, EventKind.ADDRESS_SOUGHT, address_sought=address, asker="192.168.1.7", is_ours=False)


def test_a_machine_that_gives_up_at_another_server_before_its_time_is_over() -> None:
    """Kea sends its offer to the machine alone, so that nothing of its boot settings is heard."""
    events = [*seen(0), address_requested(4), sought(4.1, "192.168.1.77")]
    assert findings(events, 12) == []
    finding = only([*events, *seen(14.6, "uefi-http", "f1")], 15)
    assert finding.id == "BB-017"
    assert "192.168.1.77" in finding.seen
    assert any("next-server" in line for line in finding.fix)


def test_a_uefi_machine_that_looks_for_the_dhcp_server_and_never_for_us_follows_that() -> None:
    finding = only([*seen(0), address_requested(4), sought(4.1, "192.168.1.1")], 17)
    assert finding.id == "BB-017"
    assert "which is the DHCP server" in finding.seen
    ours = at(4.2, EventKind.ADDRESS_SOUGHT, address_sought="192.168.1.50", asker="192.168.1.7", is_ours=True)
    assert findings([*seen(0), address_requested(4), sought(4.1, "192.168.1.1"), ours], 17) == ["BB-020"]
