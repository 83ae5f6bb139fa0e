"""What looks like trouble in a trace and is none: nothing is found in it."""

from dataclasses import replace

import pytest

from bootbeam.journal.events import Event, EventKind, Fact
from bootbeam.journal.timeline import Timeline
from bootbeam.journal.verdict.rules import judge
from tests.verdict_timelines import (
    LOADER,
    MAC,
    READY,
    START_S,
    address_requested,
    asked,
    at,
    downloaded,
    failed,
    findings,
    lease_offered,
    only,
    read_requested,
    seen,
    to_loader,
)

DAY_S = 86_400


def booting() -> list[Event]:
    return [
        *to_loader(),
        *seen(8, "ipxe", "e1"),
        address_requested(9),
        at(25, EventKind.SCRIPT_SENT, entry="live: Debian"),
    ]


def test_a_size_probe_that_is_aborted_and_the_download_after_it() -> None:
    """Firmware asks for the size, ends that with ERROR 8 or 0, and asks again."""
    events = [*seen(0), address_requested(4), *asked(4.5), read_requested(5)]
    probed = at(5.1, EventKind.SIZE_PROBED, protocol="tftp", file=LOADER, size_bytes=200_000)
    assert findings([*events, probed, read_requested(5.2), *downloaded(5.3)], 20) == []


def test_a_system_that_reads_its_image_piece_by_piece() -> None:
    """iPXE's HEAD and Range requests end when the system has taken over."""
    probed = at(26, EventKind.SIZE_PROBED, protocol="http", file="live.iso", size_bytes=10**9)
    read = [at(27 + number, EventKind.BLOCKS_READ, file="live.iso", requests=number) for number in range(5)]
    assert findings([*booting(), probed, *read], DAY_S) == []


def test_a_system_that_asks_for_an_address_of_its_own() -> None:
    loaded = [
        *downloaded(26, "iso/live/vmlinuz", "kernel", "http"),
        *downloaded(28, "iso/live/initrd", "initrd", "http"),
    ]
    system = at(40, EventKind.SYSTEM_SEEN, vendor_class="dracut", hostname="")
    assert findings([*booting(), *loaded, system], DAY_S) == []


def test_a_grub_that_reads_the_beginning_of_files_only() -> None:
    closed = failed(27, "blocks", "the client ended it after block 3 of 137 with ERROR 0 'closed'", error_code=0)
    http = at(28, EventKind.TRANSFER_FAILED, protocol="http", file="linux", role="kernel", sent_bytes=1, size_bytes=9)
    loaded = downloaded(29, "linux", "kernel", "http")
    assert findings([*booting(), closed, http, *loaded], DAY_S) == []


def test_a_machine_that_is_sent_to_its_own_disk() -> None:
    local = at(25, EventKind.SCRIPT_SENT, entry="its own disk: it was installed from debian")
    assert findings([*booting()[:-1], local], DAY_S) == []


def test_files_that_a_program_searches_for() -> None:
    names = ("pxelinux.cfg/01-52-54-00-12-34-56", "pxelinux.cfg/C0A80107")
    searched = [
        at(6 + number, EventKind.FILE_REFUSED, protocol="tftp", file=name, reason="none", is_searched=True)
        for number, name in enumerate(names)
    ]
    assert "BB-036" not in findings([*to_loader(), *searched], 40)


def test_a_station_that_is_started_while_a_machine_asks_already() -> None:
    """The questions that it has not heard were asked before it was there."""
    just_started = replace(READY, at_s=START_S - 3)
    assert findings(seen(0, secs=28), 2) == ["BB-006"]
    assert findings(seen(0, secs=28), 2, (just_started,)) == []
    assert findings(seen(0, "ipxe", secs=16), 2, (just_started,)) == []


def test_u_boot_counts_the_seconds_from_its_power_on() -> None:
    """Quirk: U-Boot: ``secs`` is how long the board runs, and somebody may have been at its prompt."""
    assert findings(seen(0, "u-boot", secs=40), 2) == []


def refusal(second: float, xid: str) -> Event:
    return at(second, EventKind.OTHER_SERVER_ANSWERED, message="nak", server="192.168.1.1", xid=xid)


def test_a_laptop_from_elsewhere_whose_system_wants_the_address_it_had_there() -> None:
    """Somebody pressed Esc at the network boot; the system on the disk asks for an old address first."""
    events = [*seen(0), lease_offered(0.1), refusal(30, "5eed0001")]
    assert findings(events, 60) == []


def test_a_refusal_after_which_the_machine_is_given_an_address_all_the_same() -> None:
    events = [*seen(0), address_requested(4), refusal(4.1, "a1b2c3d4")]
    assert findings(events, 5) == [], "it may yet go on"
    assert findings([*events, *asked(4.6), *downloaded(5)], 20) == []
    assert "BB-004" in findings(events, 30)


def loads_and_is_reset(*seconds: float, between: list[tuple[EventKind, dict[str, Fact]]]) -> tuple[Event, ...]:
    told = []
    for second in seconds:
        told += downloaded(second)
        told += [at(second + 5 + number, kind, **facts) for number, (kind, facts) in enumerate(between)]
    return tuple(told)


@pytest.mark.parametrize(
    "between",
    [
        [(EventKind.SCRIPT_SENT, {"entry": "the menu"})],
        [(EventKind.SCRIPT_SENT, {"entry": "its own disk: chosen in the menu"})],
        [(EventKind.SCRIPT_SENT, {"entry": "the menu"}), (EventKind.MESSAGE_SHOWN, {"finding": "BB-082"})],
    ],
)
def test_a_virtual_machine_that_is_reset_by_hand_at_its_menu(between: list[tuple[EventKind, dict[str, Fact]]]) -> None:
    earlier = loads_and_is_reset(-180, -130, -90, -40, between=between)
    timeline = Timeline(MAC, tuple(to_loader()), (READY,), earlier)
    assert judge(timeline, START_S + 7).findings == ()


def refused_by_http(second: float, file: str, user_agent: str) -> Event:
    facts: dict[str, Fact] = {"protocol": "http", "file": file, "reason": "there is no such file here", "status": 404}
    return at(second, EventKind.FILE_REFUSED, user_agent=user_agent, is_searched=False, **facts)


@pytest.mark.parametrize(
    "file",
    ["iso/fedora/images/updates.img", "iso/fedora/images/product.img", "iso/suse/driverupdate", "seed/vendor-data"],
)
def test_files_that_installers_look_for_and_do_without(file: str) -> None:
    loaded = [*downloaded(26, "iso/x/vmlinuz", "kernel", "http"), *downloaded(28, "iso/x/initrd", "initrd", "http")]
    events = [*booting(), *loaded, at(40, EventKind.SYSTEM_SEEN, vendor_class="anaconda", hostname="")]
    stage_2 = downloaded(42, "iso/x/images/install.img", "image", "http")
    assert findings([*events, *stage_2, refused_by_http(50, file, "curl/8.6.0")], DAY_S) == []


def test_an_ipxe_of_the_machines_own_behind_a_relay_that_looks_for_an_ipv6_router() -> None:
    """It is in another network, and for 20 s nothing is heard of it."""
    taken = at(3, EventKind.ADDRESS_REQUESTED, address_requested="10.9.9.12", server="10.9.9.1", secs=3, is_ipxe=True)
    others = lease_offered(0.1, server="10.9.9.1", address_given="10.9.9.12", netmask="255.255.255.0")
    second = lease_offered(0.2)
    for events in ([*seen(0, "ipxe"), taken], [*seen(0, "ipxe"), others, second, taken]):
        assert findings(events, 30) == []
        assert findings([*events, at(31, EventKind.SCRIPT_SENT, entry="the menu")], 300) == []
        assert findings(events, 60) != []


def booted() -> list[Event]:
    loaded = [*downloaded(26, "vmlinuz", "kernel", "http"), *downloaded(28, "initrd", "initrd", "http")]
    return [*booting(), *loaded, at(40, EventKind.SYSTEM_SEEN, vendor_class="dhcpcd", hostname="pc")]


PEOPLES = ("Mozilla/5.0 (X11; Linux x86_64)", "curl/8.6.0", "Wget/1.21.4 (linux-gnu)", "python-requests/2.31.0")


@pytest.mark.parametrize("user_agent", PEOPLES)
def test_a_person_on_the_machine_that_was_booted(user_agent: str) -> None:
    assert findings([*booted(), refused_by_http(900, "nothing/here", user_agent)], DAY_S) == []


@pytest.mark.parametrize("user_agent", PEOPLES)
def test_a_person_on_a_machine_that_loaded_no_system_from_here(user_agent: str) -> None:
    """It went on to its own disk."""
    local = at(25, EventKind.SCRIPT_SENT, entry="its own disk: it was installed from debian")
    assert findings([*booting()[:-1], local, refused_by_http(900, "missing", user_agent)], DAY_S) == []


def test_a_download_that_a_person_breaks_off() -> None:
    facts: dict[str, Fact] = {"transfer": "http-77", "protocol": "http", "file": "iso/a.iso", "size_bytes": 900_000}
    events = [
        *booted(),
        at(900, EventKind.TRANSFER_STARTED, status=200, user_agent="curl/8.6.0", **facts),
        at(920, EventKind.TRANSFER_FAILED, role="image", sent_bytes=5000, reason="the client went away", **facts),
    ]
    assert findings(events, DAY_S) == []


def test_a_system_that_is_coming_up_fetches_with_the_tools_of_people() -> None:
    """Dracut with curl, live systems with busybox's wget, an installer's last steps with either."""
    finding = only([*booted(), refused_by_http(60, "live/squashfs.img", "curl/8.6.0")], DAY_S)
    assert (finding.id, finding.sure, finding.screen) == ("BB-036", "possibly", ())
    assert "somebody typed" in finding.cause
    installs = at(60, EventKind.INSTALL_STARTED, step="started")
    assert findings([*booted(), installs, refused_by_http(1800, "after.sh", "Wget")], DAY_S) == ["BB-036"]
    done = at(2000, EventKind.INSTALL_FINISHED, step="installed")
    assert findings([*booted(), installs, done, refused_by_http(9000, "after.sh", "Wget")], DAY_S) == []


def test_a_firmware_that_nobody_has_heard_of_is_no_person() -> None:
    facts = seen(0, "uefi-http")
    refused = refused_by_http(5, "gone.efi", "Contoso Platform Firmware")
    assert findings([*facts, address_requested(4), refused], 30) == ["BB-036"]


def test_a_program_of_a_tree_that_asks_for_nothing_more() -> None:
    """A memory test, a kernel with its initrd in one EFI program: nothing is ever heard of them."""
    assert findings([*to_loader()[:-2], *downloaded(5.6, "bootx64.efi", "image")], DAY_S) == []
