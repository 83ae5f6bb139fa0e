"""Verdicts on boot loaders that came over whole and do not run."""

from dataclasses import replace

import pytest

from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.timeline import Timeline
from bootbeam.journal.verdict.rules import judge
from tests.verdict_timelines import (
    LOADER,
    MAC,
    READY,
    START_S,
    address_requested,
    at,
    downloaded,
    findings,
    only,
    read_requested,
    seen,
    to_loader,
)


def signed() -> list[Event]:
    return [*to_loader()[:-3], *downloaded(5.6, "x64/shimx64.efi")]


def refused(second: float, file: str) -> Event:
    return at(second, EventKind.FILE_REFUSED, protocol="tftp", file=file, reason="there is no such file here")


IPXE_IS_UP = [*seen(10, "ipxe", "e1"), at(26, EventKind.SCRIPT_SENT, entry="linux")]


def test_a_loader_that_is_never_heard_of() -> None:
    assert findings(to_loader(), 50) == []
    finding = only(to_loader(), 51)
    assert finding.id == "BB-041"
    assert any("Secure Boot" in line for line in finding.fix)
    assert any("Access Denied" in line for line in finding.screen)


@pytest.mark.parametrize("life", [IPXE_IS_UP[:1], [read_requested(7, file="autoexec script")], IPXE_IS_UP[2:]])
def test_a_loader_that_is_heard_of(life: list[Event]) -> None:
    assert "BB-041" not in findings([*to_loader(), *life], 60)


def test_on_a_bios_it_is_not_secure_boot() -> None:
    events = [*seen(0, "bios-pxe"), address_requested(4), read_requested(5), *downloaded(5.5, "bios/undionly.kpxe")]
    finding = only(events, 60)
    assert finding.id == "BB-041"
    assert "Secure Boot" not in f"{finding.cause} {finding.fix}"


@pytest.mark.parametrize("file", ["x64/snponly.efi", "x64/shimx64.efi"])
def test_an_efi_program_that_a_bios_loads_in_vain_is_not_secure_boot(file: str) -> None:
    told = at(42, EventKind.FIRST_PROGRAM_SILENT, file=file, fix="Secure Boot is on")
    for kind in ("bios-pxe", "ipxe"):
        asked = [replace(event, facts={**event.facts, "architecture": 0}) for event in seen(0, kind)]
        events = [*asked, address_requested(4), read_requested(5, file=file), *downloaded(5.5, file), told]
        for second in (30, 60, 120):
            assert "Secure Boot" not in str(findings(events, second))


def test_a_machine_whose_dhcp_is_not_heard_is_a_bios_by_what_it_loads() -> None:
    finding = only([read_requested(5), *downloaded(5.5, "bios/undionly.kpxe")], 60)
    assert finding.id == "BB-041"
    assert "Secure Boot" not in f"{finding.cause} {finding.fix}"


def test_a_refused_loader_where_there_is_nothing_signed() -> None:
    changed = at(
        6.6, EventKind.FIRST_PROGRAM_CHANGED, remark=f"{LOADER} was loaded whole", fix="bootbeam loaders fetch"
    )
    back = seen(6.5, "uefi-http", "f1")
    events = [*to_loader(), *back, changed]
    assert findings(events, 26) == []
    finding = only(events, 27)
    assert finding.id == "BB-040"
    assert "bootbeam loaders fetch" in finding.fix


def test_a_refusal_that_the_station_mends_by_itself_is_no_fault() -> None:
    changed = at(6.6, EventKind.FIRST_PROGRAM_CHANGED, remark=f"{LOADER} was loaded whole", fix="")
    assert findings([*to_loader(), *seen(6.5, "uefi-http", "f1"), changed], 50) == []


def test_a_refusal_that_http_boot_gets_round_is_no_fault() -> None:
    changed = at(6.6, EventKind.FIRST_PROGRAM_CHANGED, remark="the signed GRUB is too old for PXE", fix="fetch")
    loaded = downloaded(12, "x64/signed.img", "loader", "http")
    events = [*to_loader(), *seen(6.5, "uefi-http", "f1"), changed, address_requested(10), *loaded]
    assert findings(events, 40) == []


def test_shim_is_refused() -> None:
    assert findings(signed(), 20) == []
    assert only(signed(), 21).id == "BB-042"
    assert only([*signed(), *seen(6, "uefi-http", "f1")], 6.5).id == "BB-042"


def test_shim_asks_for_what_it_can_do_without_first() -> None:
    asked = [refused(5.8, "x64/revocations_sku.efi"), *downloaded(6, "x64/grubx64.efi")]
    assert findings([*signed(), *asked, read_requested(6.5, file="GRUB's start script")], 60) == []


def test_the_program_after_shim_is_missing() -> None:
    finding = only([*signed(), refused(5.8, "x64/revocations_sku.efi"), refused(6, "x64/grubx64.efi")], 7)
    assert finding.id == "BB-043"
    assert "'x64/grubx64.efi'" in finding.seen


def test_the_program_after_shim_is_refused() -> None:
    events = [*signed(), *downloaded(6, "x64/grubx64.efi")]
    assert findings(events, 20) == []
    assert only(events, 22).id == "BB-044"


def test_a_loop_within_one_attempt() -> None:
    events = [event for number in range(4) for event in downloaded(10 + 20 * number)]
    loop = [*seen(0), address_requested(4), *events]
    assert findings(loop[:-2], 60) == []
    assert findings(loop, 71) == ["BB-045"]


def test_a_loop_of_a_machine_that_resets() -> None:
    earlier = tuple(event for number in range(3) for event in downloaded(-150 + 40 * number))
    timeline = Timeline(MAC, tuple(to_loader()), (READY,), earlier)
    assert [finding.id for finding in judge(timeline, START_S + 7).findings] == ["BB-045"]
    booted = (*earlier, *downloaded(-20, "linux", "kernel", "http"))
    assert judge(Timeline(MAC, tuple(to_loader()), (READY,), booted), START_S + 7).findings == ()


def test_a_script_that_goes_round_in_a_circle() -> None:
    scripts = [at(10 + 5 * number, EventKind.SCRIPT_SENT, entry="mine: iPXE script") for number in range(6)]
    assert findings([*seen(0, "ipxe"), *scripts[:5]], 31) == []
    assert findings([*seen(0, "ipxe"), *scripts], 36) == ["BB-046"]
    quick = [at(10 + number, EventKind.SCRIPT_SENT, entry="mine: iPXE script", times=3) for number in range(2)]
    assert "6 times within 1 s" in only([*seen(0, "ipxe"), *quick], 12).seen
    menus = [at(10 + 5 * number, EventKind.SCRIPT_SENT, entry="the menu") for number in range(20)]
    assert findings([*seen(0, "ipxe"), *menus], 200) == []


def test_a_script_of_ones_own_between_two_loads_is_no_boot() -> None:
    events = [*seen(0), address_requested(4)]
    for number in range(4):
        second = 10 + 20 * number
        events += [at(second - 2, EventKind.SCRIPT_SENT, entry="own.ipxe: iPXE script")]
        events += [*downloaded(second - 1, "own.ipxe", "image", "http"), *downloaded(second)]
    assert findings(events, 71) == ["BB-045"]


def test_a_script_that_loads_the_loader_again() -> None:
    once = [*downloaded(-150, "mine.ipxe", "kernel", "http"), *downloaded(-149)]
    earlier = tuple(replace(event, at_s=event.at_s + 20 * number) for number in range(4) for event in once)
    timeline = Timeline(MAC, (*seen(0, "ipxe"),), (READY,), earlier)
    assert [finding.id for finding in judge(timeline, START_S + 1).findings] == ["BB-045"]


def test_a_refusal_that_http_boot_repeats() -> None:
    changed = at(6.6, EventKind.FIRST_PROGRAM_CHANGED, remark=f"{LOADER} was loaded whole", fix="switch it off")
    by_http = [*seen(11, "uefi-http", "f2"), address_requested(15), *downloaded(15.5, LOADER, "loader", "http")]
    events = [*to_loader(), *seen(6.5, "uefi-pxe", "f1"), changed, *by_http]
    assert findings(events, 40) == []
    assert "BB-040" in findings([*events, *seen(16, "uefi-http", "f3")], 17)


def test_a_shim_by_another_name() -> None:
    asks = [refused(5.8, "revocations_sku.efi"), refused(5.9, "shim_certificate_0.efi")]
    events = [*to_loader()[:-3], *downloaded(5.6, "bootx64.efi"), *asks]
    assert only([*events, *downloaded(6, "grubx64.efi")], 22).id == "BB-044"
    assert only([*events, refused(6, "grubx64.efi")], 7).id == "BB-043"
