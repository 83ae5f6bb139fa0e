"""Two machines with one hardware address, and what is none."""

from dataclasses import replace

from bootbeam.journal.events import Event, EventKind, Fact
from tests.journal.verdict.test_watch import Lab
from tests.verdict_timelines import address_requested, asked, at, downloaded, findings, lease_offered, only, seen

ONE, OTHER = "a1b2c3d4", "0badcafe"


def requested(second: float, xid: str) -> Event:
    event = address_requested(second)
    return replace(event, facts={**event.facts, "xid": xid})


def as_uuid(events: list[Event], uuid: str) -> list[Event]:
    told: dict[str, Fact] = {"uuid": uuid}
    return [replace(each, facts={**each.facts, **told}) for each in events]


def test_questions_in_turns() -> None:
    first, second = as_uuid(seen(0), "1111"), as_uuid(seen(1, xid=OTHER), "2222")
    assert findings([*first, *second], 3) == []
    finding = only([*first, *second, *seen(4)], 4)
    assert finding.id == "BB-019"
    assert "1111" in finding.seen
    assert "2222" in finding.seen
    assert any("--macaddress1 auto" in line for line in finding.fix)


def test_each_takes_its_address_in_turn() -> None:
    """Nobody repeats a question where answers come: the requests tell."""
    lab = Lab()
    turns = [*seen(0), *seen(1, xid=OTHER), requested(4, ONE), requested(5, OTHER)]
    assert lab.play(turns, 5) == ["BB-019"]


def test_one_machine_that_is_reset_is_one() -> None:
    lab = Lab()
    first = [*seen(0), lease_offered(0.1), requested(4, ONE), *asked(4.5), *downloaded(5)]
    again = [*seen(20, xid=OTHER), lease_offered(20.1), requested(24, OTHER), *asked(24.5), *downloaded(25)]
    ipxe = seen(28, "ipxe", xid="00112233")
    assert lab.play([*first, *again, *ipxe], 30) == []


def test_a_rom_that_has_one_number_for_ever_is_one() -> None:
    """An old ROM's transaction number is made of its hardware address."""
    events = [
        *seen(0, "bios-pxe"),
        *seen(9, "ipxe", xid=OTHER),
        *seen(30, "bios-pxe"),
        *seen(39, "ipxe", xid="00112233"),
    ]
    assert "BB-019" not in findings(events, 40)


def test_turns_of_long_ago_do_not_count() -> None:
    events = [*seen(0), *seen(100, xid=OTHER), *seen(200)]
    assert "BB-019" not in findings(events, 201)


def test_a_request_of_nobody_known_is_left_alone() -> None:
    events = [*seen(0), requested(1, OTHER), at(2, EventKind.SYSTEM_SEEN), requested(4, ONE)]
    assert "BB-019" not in findings(events, 5)


def test_a_u_boot_that_goes_on_with_an_earlier_number_is_one() -> None:
    questions = [*seen(0, "u-boot"), *seen(0.3, "u-boot", xid=OTHER), *seen(0.8, "u-boot", xid="00b01487")]
    assert "BB-019" not in findings([*questions, requested(1, ONE)], 2)
