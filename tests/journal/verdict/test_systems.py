"""Verdicts on systems that stop while they are loaded, or after."""

from dataclasses import replace

import pytest

from bootbeam.journal.events import Event, EventKind, Fact
from bootbeam.journal.timeline import Timeline
from bootbeam.journal.verdict.rules import judge
from tests.verdict_timelines import MAC, READY, START_S, at, downloaded, findings, only, seen


def started(**facts: Fact) -> list[Event]:
    return [
        *seen(0, "ipxe"),
        at(19, EventKind.SCRIPT_SENT, entry="ubuntu", **facts),
        *downloaded(20, "iso/ubuntu/casper/vmlinuz", "kernel", "http"),
        *downloaded(22, "iso/ubuntu/casper/initrd", "initrd", "http"),
    ]


def test_a_download_that_stops() -> None:
    failed = at(
        25,
        EventKind.TRANSFER_FAILED,
        protocol="http",
        role="initrd",
        file="initrd",
        sent_bytes=5,
        size_bytes=10,
        reason="the client is gone",
    )
    events = [*seen(0, "ipxe"), at(19, EventKind.SCRIPT_SENT, entry="x"), failed]
    assert findings(events, 44) == []
    finding = only(events, 46)
    assert finding.id == "BB-070"
    assert "5 of 10" in finding.seen
    assert findings([*events, *downloaded(30, "initrd", "initrd", "http")], 60) == []


def test_an_installer_that_does_not_fetch_its_answers() -> None:
    events = started(unattended=True)
    assert findings(events, 321) == []
    assert only(events, 323).id == "BB-071"
    assert findings([*events, at(60, EventKind.ANSWERS_FETCHED, file="user-data")], 10_000) == []
    assert findings([*events, *downloaded(300, "iso/ubuntu/whole.iso", "image", "http")], 590) == []


def test_a_system_that_is_not_heard_of() -> None:
    assert findings(started(), 261) == []
    assert only(started(), 263).id == "BB-072"
    assert findings([*started(), at(40, EventKind.SYSTEM_SEEN, vendor_class="d-i")], 10_000) == []


def test_a_kernel_of_ones_own_need_not_say_anything() -> None:
    events = [
        *seen(0, "ipxe"),
        at(19, EventKind.SCRIPT_SENT, entry="linux"),
        *downloaded(20, "linux", "kernel", "http"),
    ]
    assert findings([*events, *downloaded(22, "initrd.img", "initrd", "http")], 100_000) == []


def without_initrd(**facts: Fact) -> list[Event]:
    script = at(19, EventKind.SCRIPT_SENT, entry="vmlinuz: Linux kernel 6.1.0-50-amd64", lacks_initrd=True, **facts)
    return [*seen(0, "ipxe"), script, *downloaded(20, "vmlinuz", "kernel", "http")]


def test_a_distributions_kernel_without_its_initrd() -> None:
    assert findings(without_initrd(), 79) == []
    finding = only(without_initrd(), 81)
    assert finding.id == "BB-077"
    assert "bootbeam serve KERNEL INITRD" in "".join(finding.fix)
    system = at(45, EventKind.SYSTEM_SEEN, vendor_class="udhcp", hostname="")
    assert findings([*without_initrd(), system], 10_000) == []


def test_too_little_memory() -> None:
    events = started(warning="this machine has 1 GB of memory and this needs 4 GB")
    assert findings(events, 141) == []
    finding = only(events, 143)
    assert finding.id == "BB-074"
    assert "1 GB of memory" in finding.seen
    assert only(events, 5000).id == "BB-074"


def test_an_installation_that_failed() -> None:
    failed = at(500, EventKind.INSTALL_FAILED, step="curthooks", description="installing grub")
    finding = only([*started(unattended=True), failed], 501)
    assert finding.id == "BB-073"
    assert "installing grub" in finding.seen


@pytest.mark.parametrize(
    ("events", "id", "words"),
    [
        (started(), "BB-072", "(initramfs)"),
        (started(warning="this machine has 1 GB of memory"), "BB-074", "Kernel panic"),
        (started(unattended=True), "BB-071", "a question of the installer"),
        ([*started(unattended=True), at(500, EventKind.INSTALL_FAILED, step="x")], "BB-073", "the installer's own"),
        (without_initrd(), "BB-077", "Unable to mount root fs"),
    ],
)
def test_what_the_screen_shows_is_the_systems(events: list[Event], id: str, words: str) -> None:
    finding = only(events, 1000)
    assert finding.id == id
    assert words in " ".join(finding.screen)


def test_a_machine_that_waits_for_an_image() -> None:
    held = at(10, EventKind.IMAGE_HELD_BACK, file="linux", reason="it is still being written")
    events = [*seen(0, "ipxe"), held]
    assert findings(events, 29) == []
    assert only(events, 31).id == "BB-075"
    assert findings([*events, at(15, EventKind.SCRIPT_SENT, entry="the menu")], 60) == []


def power_ons(*seconds: float, version: str = "d8808aa4ca18", entry: str = "linux") -> list[list[Event]]:
    """What is recorded at each of several power-ons: a kernel is loaded, and nothing after that."""
    boots = []
    for number, second in enumerate(seconds):
        kernel = downloaded(second + 20, "linux", "kernel", "http")
        told = [replace(event, facts={**event.facts, "version_sha256": version}) for event in kernel]
        script = at(second + 19, EventKind.SCRIPT_SENT, entry=entry)
        boots.append([*seen(second, "bios-pxe", xid=f"{number:08x}"), script, *told])
    return boots


def judged(boots: list[list[Event]], second: float) -> list[str]:
    kept = (EventKind.TRANSFER_FINISHED, EventKind.CLIENT_SEEN, EventKind.SCRIPT_SENT)
    earlier = tuple(event for boot in boots[:-1] for event in boot if event.kind in kept)
    return [each.id for each in judge(Timeline(MAC, tuple(boots[-1]), (READY,), earlier), START_S + second).findings]


def test_a_machine_that_is_back_again_and_again() -> None:
    assert judged(power_ons(0, 40, 80), 105) == []
    assert judged(power_ons(0, 40, 80, 120), 145) == ["BB-076"]


def test_a_machine_that_is_started_again_now_and_then_or_with_another_kernel_is_well() -> None:
    assert judged(power_ons(0, 300, 600, 900), 925) == []
    changed = [*power_ons(0, 40, 80), *power_ons(120, version="aaaaaaaaaaaa")]
    assert judged(changed, 145) == []


def test_a_person_who_boots_four_times_in_ten_minutes_is_no_machine_that_restarts() -> None:
    """What resets itself does it each time as long after the kernel; nobody at a keyboard does."""
    assert judged(power_ons(0, 55, 165, 230), 255) == []
    assert judged(power_ons(0, 130, 170, 300), 325) == []
    assert judged(power_ons(0, 40, 86, 130), 155) == ["BB-076"], "a busy computer's virtual machine"


def test_what_fetches_a_kernel_many_times_a_second_is_no_machine_that_restarts() -> None:
    assert judged(power_ons(0, 0.2, 0.4, 0.6, 0.8, 1), 25) == []


def test_a_script_that_is_fetched_again_and_again_is_no_system_that_restarts() -> None:
    assert judged(power_ons(0, 40, 80, 120, entry="own.ipxe: iPXE script"), 145) == []
    system = [*power_ons(0, 40, 80, 120)]
    system[-1].append(at(160, EventKind.SYSTEM_SEEN, vendor_class="d-i"))
    assert judged(system, 170) == []
