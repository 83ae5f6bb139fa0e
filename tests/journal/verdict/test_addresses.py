"""Verdicts on machines that get no address, or somebody else's boot settings."""

import pytest

from bootbeam.journal.events import Event, EventKind, Fact
from bootbeam.journal.verdict.finding import Sureness
from tests.verdict_timelines import (
    ROUTER,
    START_S,
    address_requested,
    asked,
    at,
    downloaded,
    findings,
    lease_offered,
    only,
    seen,
    to_loader,
    verdict,
)


def asks_in_vain(kind: str = "uefi-pxe", secs: tuple[int, ...] = (0, 4, 12, 28)) -> list[Event]:
    moments = (0, 4, 12, 28)
    return [event for moment, said in zip(moments, secs, strict=True) for event in seen(moment, kind, secs=said)]


@pytest.mark.parametrize("kind", ["bios-pxe", "uefi-pxe", "uefi-http"])
def test_nobody_gives_an_address(kind: str) -> None:
    events = asks_in_vain(kind)
    assert findings(events[:6], 21) == []
    finding = only(events[:6], 22.1)
    assert finding.id == "BB-002"
    assert "asked 3 times, at 0, 4 and 12 s" in finding.seen
    assert any("doctor --interface eno1" in line for line in finding.fix)


def test_the_verdict_says_when_to_look_again() -> None:
    assert verdict(asks_in_vain()[:6], 13).look_again_at_s == START_S + 22
    assert verdict(asks_in_vain()[:2], 2).look_again_at_s is None


def test_the_screen_is_the_firmwares_own() -> None:
    assert only(asks_in_vain("uefi-pxe"), 40).screen == ("PXE-E16: No valid offer received.",)
    assert only(asks_in_vain("bios-pxe"), 40).screen[0].startswith("PXE-E52")
    [ipxe] = verdict(asks_in_vain("ipxe", (4, 9, 13, 17)), 40).findings
    assert ipxe.id == "BB-002"
    assert "ipxe.org" in ipxe.screen[0]


def test_a_slow_dhcp_server_is_no_fault() -> None:
    events = [*asks_in_vain()[:6], address_requested(13)]
    assert findings([*events, *asked(13.5)], 18) == []


def test_addresses_are_given_to_others_only() -> None:
    other = at(
        -30, EventKind.OTHER_SERVER_ANSWERED, mac="52:54:00:00:00:01", address_given="192.168.1.8", server=ROUTER
    )
    finding = only(asks_in_vain(), 40, (other,))
    assert finding.id == "BB-003"
    assert ROUTER in finding.seen


def test_an_offer_that_is_not_taken() -> None:
    events = asks_in_vain()
    finding = only([*events[:2], lease_offered(0.1), *events[2:], lease_offered(28.1)], 40)
    assert finding.id == "BB-005"
    assert any("dhcp-boot=x64/snponly.efi,,192.168.1.50" in line for line in finding.fix)


def test_a_refused_address() -> None:
    nak = at(5, EventKind.OTHER_SERVER_ANSWERED, message="nak", server="192.168.1.9", xid="a1b2c3d4")
    events = [*seen(0), lease_offered(0.1), address_requested(4), nak]
    assert findings(events, 12.5) == [], "no consequence is named before its cause"
    finding = only(events, 14)
    assert finding.id == "BB-004"
    assert "192.168.1.9 refused it the address 192.168.1.7" in finding.seen
    assert findings([*to_loader(), nak], 30) == []


def test_two_dhcp_servers_of_different_networks() -> None:
    other = lease_offered(0.2, server="10.0.0.1", address_given="10.0.0.77")
    events = [*seen(0), lease_offered(0.1), other, address_requested(4)]
    assert findings(events, 30)[0] == "BB-010"
    same = lease_offered(0.2, server="192.168.1.2", address_given="192.168.1.99")
    assert "BB-010" not in findings([*seen(0), lease_offered(0.1), same, address_requested(4)], 30)


def test_the_router_says_that_it_is_a_boot_server() -> None:
    events = [*seen(0), lease_offered(0.1, vendor_class="PXEClient"), address_requested(4)]
    assert findings(events, 11.5) == [], "its cause is not plain yet, and a consequence is not named before it"
    finding = only(events, 30)
    assert finding.id == "BB-007"
    assert finding.sure is Sureness.SURELY


def test_the_routers_own_boot_file() -> None:
    events = [*seen(0, "bios-pxe"), lease_offered(0.1, file="pxelinux.0", siaddr="192.168.1.4"), address_requested(4)]
    finding = only(events, 30)
    assert finding.id == "BB-009"
    assert "'pxelinux.0' from 192.168.1.4" in finding.seen
    events[2] = lease_offered(0.1, file="pxelinux.0", siaddr="192.168.1.1", server_name="gone.example")
    assert "'pxelinux.0' from gone.example" in only(events, 30).seen


def test_a_boot_file_of_the_router_that_the_machine_leaves_alone_is_no_fault() -> None:
    events = to_loader()
    events[2] = lease_offered(0.1, file="pxelinux.0", vendor_class="PXEClient")
    assert findings(events, 12) == []


def test_another_boot_server() -> None:
    proxy = lease_offered(
        0.2, server="192.168.1.9", address_given=None, vendor_class="PXEClient", file="pxelinux.0", server_mac="02::1"
    )
    finding = only([*seen(0), lease_offered(0.1), proxy, address_requested(4)], 30)
    assert finding.id == "BB-008"
    assert "192.168.1.9" in finding.seen
    assert any("192.168.1.9" in line for line in finding.fix)
    assert findings([*to_loader(), proxy], 12) == []
    by_its_file = [*seen(0), lease_offered(0.1), proxy, address_requested(4), *seen(17, "ipxe", xid="00112233")]
    assert only(by_its_file, 18).screen[0].startswith("PXE-E16"), (
        "it was the firmware's choice, though iPXE runs by now"
    )


def test_a_late_link() -> None:
    finding = only([*seen(0, secs=28), address_requested(4), *asked(4.5), *downloaded(5)], 6)
    assert finding.id == "BB-006"
    assert "28 s" in finding.seen
    assert findings(seen(0, secs=4), 2) == []


def test_an_address_of_another_network() -> None:
    taken = at(4, EventKind.ADDRESS_REQUESTED, address_requested="10.9.9.12", server="10.9.9.1")
    events = [*seen(0), lease_offered(0.1, server="10.9.9.1", address_given="10.9.9.12"), taken]
    assert findings(events, 15.5) == []
    finding = only(events, 17)
    assert finding.id == "BB-011"
    assert "it took 10.9.9.12 from 10.9.9.1; for that address this station, 192.168.1.50, is in another" in finding.seen


def test_another_boot_server_that_ipxe_believes() -> None:
    proxy = lease_offered(30.2, server="192.168.1.9", address_given=None, vendor_class="PXEClient", server_mac="02::1")
    events = [*to_loader(), *seen(30, "ipxe", "77"), proxy]
    assert findings(events, 64) == []
    assert findings(events, 66)[0] == "BB-008"
    assert findings([*events, at(50, EventKind.SCRIPT_SENT, entry="linux")], 66) == []


def test_the_netmask_tells_networks_apart() -> None:
    given = {"server": "192.168.0.1", "address_given": "192.168.0.12", "netmask": "255.255.255.0"}
    taken = at(4, EventKind.ADDRESS_REQUESTED, address_requested="192.168.0.12", server="192.168.0.1")
    assert findings([*seen(0), lease_offered(0.1, **given), taken], 17) == ["BB-011"]
    wide = {**given, "netmask": "255.255.0.0"}
    assert "BB-011" not in findings([*seen(0), lease_offered(0.1, **wide), taken], 17)
    both = [*seen(0), lease_offered(0.1, **given), lease_offered(0.2)]
    assert findings([*both, address_requested(4)], 30)[0] == "BB-010"


def claimed(second: float) -> Event:
    facts: dict[str, Fact] = {"address_claimed": "192.168.1.50", "claimer": "52:54:00:65:43:21"}
    return Event(EventKind.ADDRESS_CLAIMED, START_S + second, None, None, "eno1", facts)


def test_another_computer_with_our_address() -> None:
    events = [*seen(0), lease_offered(0.1), address_requested(4)]
    assert findings(events, 9, (claimed(4.5),)) == []
    finding = only(events, 40, (claimed(4.5),))
    assert finding.id == "BB-018"
    assert "52:54:00:65:43:21" in f"{finding.seen} {finding.fix}"


def test_a_machine_that_reaches_us_all_the_same_is_not_spoken_of() -> None:
    assert "BB-018" not in findings(to_loader(), 40, (claimed(4.5),))
    assert "BB-018" not in findings([*seen(0), address_requested(4)], 5000, (claimed(4.5),)), "long ago"


def test_a_dhcp_server_that_is_late() -> None:
    events = asks_in_vain("uefi-pxe")
    late = [*events[:6], lease_offered(20), *events[6:]]
    assert findings(late[:6], 20) == [], "it may yet answer"
    finding = only(late, 40)
    assert finding.id == "BB-014"
    assert "after 20 s" in finding.seen
    assert "dhcp-reply-delay" in "".join(finding.fix)
    ipxe = [each for second in (50, 51, 53, 57) for each in seen(second, "ipxe", xid="00112233", secs=4)]
    assert findings([*late[:7], address_requested(28), *asked(28.5), *downloaded(29), *ipxe], 69) == ["BB-014"]
    assert "BB-014" not in findings([*events[:2], lease_offered(3), *events[2:]], 40)


def test_the_routers_own_address_for_http_boot() -> None:
    url = "http://192.168.1.77/boot.efi"
    offer = lease_offered(0.1, file=url, vendor_class="HTTPClient")
    finding = only([*seen(0, "uefi-http"), offer, address_requested(4)], 40)
    assert finding.id == "BB-009"
    assert f"told it to load '{url}';" in finding.seen
    assert "HTTP server" in finding.screen[0]
