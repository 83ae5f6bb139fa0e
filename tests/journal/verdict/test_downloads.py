"""Verdicts on files that do not come over whole."""

import pytest

from bootbeam.journal.events import Event, EventKind, Fact
from bootbeam.journal.verdict.downloads import BEGAN_ANEW, PORT_CLOSED
from bootbeam.tftp.actions import Failed
from bootbeam.tftp.negotiation import Caps
from bootbeam.tftp.transfer import ReadTransfer
from bootbeam.wire.tftp import Rrq, decode_packet
from tests.verdict_timelines import (
    LOADER,
    address_requested,
    asked,
    at,
    downloaded,
    failed,
    findings,
    only,
    read_requested,
    seen,
)

BEFORE = [*seen(0), address_requested(4), *asked(4.5), read_requested(5.5)]


def test_our_files_do_not_reach_the_machine() -> None:
    again = [read_requested(9.5, times=2), read_requested(13.5, times=3)]
    assert findings([*BEFORE, again[0]], 12) == []
    finding = only([*BEFORE, *again], 13.6)
    assert finding.id == "BB-030"
    assert "3 times" in finding.seen
    assert only([*BEFORE, failed(36, "options", "the client never acknowledged the OACK")], 36).id == "BB-030"


def test_large_packets_do_not_get_through() -> None:
    finding = only([*BEFORE, failed(36, "first-block", "block 1 was never acknowledged")], 36)
    assert finding.id == "BB-032"
    assert any("--tftp-blksize 512" in line for line in finding.fix)


def test_a_download_that_stops_in_the_middle() -> None:
    stopped = failed(40, "blocks", "the client fell silent after block 70 of 137", sent=102_760)
    finding = only([*BEFORE, stopped], 40)
    assert finding.id == "BB-033"
    assert "102,760 of 200,000" in finding.seen
    assert findings([*BEFORE, stopped, *downloaded(41)], 45) == []


def test_a_loader_that_runs_has_come_over_whole_though_its_last_acknowledgement_was_lost() -> None:
    runs = seen(35, "ipxe")
    stopped = failed(64, "blocks", "the client fell silent after block 116 of 119", sent=170_288)
    assert findings([*BEFORE, *runs, stopped], 70) == []


def test_a_download_that_the_machine_breaks_off() -> None:
    ended = failed(6, "blocks", "the client ended it after block 70 of 137 with ERROR 8", error_code=8, sent=1)
    assert findings([*BEFORE, ended], 7) == []
    assert only([*BEFORE, ended], 15).id == "BB-034"
    assert findings([*BEFORE, ended, *downloaded(8)], 15) == []


def test_a_loader_that_has_read_enough_is_no_fault() -> None:
    closed = failed(6, "blocks", "the client ended it after block 70 of 137 with ERROR 0 'closed'", error_code=0)
    assert findings([*BEFORE, closed], 15) == []


def test_options_that_are_refused() -> None:
    refused = failed(6, "options", "the client refused the OACK (blksize 1468) with ERROR 4", error_code=4)
    assert only([*BEFORE, refused], 15).id == "BB-035"


def test_a_rejecting_firewall() -> None:
    rejected = failed(6, "blocks", "the client closed its port, or a firewall on it rejects what is sent there")
    assert only([*BEFORE, rejected], 15).id == "BB-031"
    last = failed(6, "blocks", "the client closed its port without acknowledging the last block, it may well have it")
    assert findings([*BEFORE, last], 15) == []


def test_a_file_that_is_not_here() -> None:
    refused = at(6, EventKind.FILE_REFUSED, protocol="tftp", file="menu.c32", reason="there is no such file here")
    assert findings([*BEFORE, refused], 17) == []
    finding = only([*BEFORE, refused], 19)
    assert finding.id == "BB-036"
    assert "'menu.c32' by TFTP" in finding.seen
    assert findings([*BEFORE, refused, *downloaded(8)], 30) == []


@pytest.mark.parametrize(
    "name",
    ["x64/revocations_sku.efi", "x64/shim_certificate_0.efi", "grub/x86_64-efi/fs.lst", "x64/autoexec.ipxe"],
)
def test_a_file_that_is_not_missed(name: str) -> None:
    refused = at(6, EventKind.FILE_REFUSED, protocol="tftp", file=name, reason="there is no such file here")
    assert findings([*BEFORE, refused], 30) == []


def test_a_name_with_a_layer_added() -> None:
    name = f"{LOADER}.0"
    refused = at(6, EventKind.FILE_REFUSED, protocol="tftp", file=name, reason="there is no such file here")
    assert only([*BEFORE, refused], 30).id == "BB-038"


def test_a_file_replaced_in_the_middle() -> None:
    events = [
        *BEFORE,
        at(5.5, EventKind.SIZE_PROBED, protocol="tftp", file=LOADER, size_bytes=200_000),
        at(5.6, EventKind.TRANSFER_STARTED, protocol="tftp", file=LOADER, size_bytes=300_000),
        failed(6, "blocks", "the client ended it after block 137 of 205 with ERROR 3", error_code=3),
    ]
    assert only(events, 7).id == "BB-037"


def test_a_strangers_name_does_not_get_into_a_command() -> None:
    refused = at(6, EventKind.FILE_REFUSED, protocol="tftp", file="$(reboot)`x`", reason="there is no such file here")
    assert not any("$(reboot)" in line for line in only([*BEFORE, refused], 19).fix)


def test_the_reasons_of_the_transfer_itself_are_known() -> None:
    """They are told apart by how they begin; here from the real transfer, played packet by packet."""
    request = decode_packet(b"\x00\x01snponly.efi\x00octet\x00blksize\x001468\x00")
    assert isinstance(request, Rrq)
    transfer = ReadTransfer(request, 200_000, Caps(1468, 16))
    transfer.handle_datagram(b"\x00\x01snponly.efi\x00octet\x00blksize\x001468\x00", 0.0)
    transfer.handle_datagram(b"\x00\x04\x00\x00", 0.1)
    closed = transfer.handle_port_closed()
    assert isinstance(closed, Failed)
    assert closed.reason.startswith(PORT_CLOSED)
    assert only([*BEFORE, failed(6, "blocks", closed.reason)], 15).id == "BB-031"
    again = ReadTransfer(request, 200_000, Caps(1468, 16))
    again.handle_datagram(b"\x00\x01snponly.efi\x00octet\x00blksize\x001468\x00", 0.0)
    again.handle_datagram(b"\x00\x04\x00\x00", 0.1)
    [ended] = again.handle_datagram(b"\x00\x01other.efi\x00octet\x00", 0.2)
    assert isinstance(ended, Failed)
    assert ended.reason.startswith(BEGAN_ANEW)
    assert findings([*BEFORE, failed(6, "blocks", ended.reason)], 15) == []


@pytest.mark.parametrize(
    ("reason", "cause", "fix"),
    [
        (
            "not everybody on this computer may read a.efi, so nobody gets it: chmod o+r a.efi",
            "not everybody on this computer may read a.efi",
            "    chmod o+r a.efi",
        ),
        ("a.efi is a directory", "a.efi is a directory", "put a plain, readable file there"),
    ],
)
def test_a_file_that_is_there_and_not_given_out(reason: str, cause: str, fix: str) -> None:
    refused = at(5, EventKind.FILE_REFUSED, protocol="tftp", file="a.efi", reason=reason, is_searched=False)
    finding = only([*seen(0), address_requested(4), refused], 20)
    assert finding.id == "BB-036"
    assert cause in finding.cause
    assert "does not have" not in finding.cause
    assert fix in finding.fix


def stalled(second: float, sent: int, file: str = "linux", role: str = "kernel") -> Event:
    facts: dict[str, Fact] = {"protocol": "http", "file": file, "role": role, "size_bytes": 8_000_000}
    return at(second, EventKind.TRANSFER_STALLED, transfer="http-9", sent_bytes=sent, stalled_s=15.0, **facts)


def test_large_packets_do_not_get_through_by_http() -> None:
    script = at(30, EventKind.SCRIPT_SENT, entry="linux")
    events = [*BEFORE, script, at(31, EventKind.TRANSFER_STARTED, protocol="http", file="linux")]
    finding = only([*events, stalled(46, 0)], 80)
    assert finding.id == "BB-032"
    assert "    sudo ip link set dev eno1 mtu 1280" in finding.fix
    assert "    ping -M do -s 1472 192.168.1.7" in finding.fix
    by_ipxe = only([*seen(29, "ipxe"), *events[len(BEFORE) :], stalled(46, 0)], 80)
    assert by_ipxe.screen[1] == "Connection timed out (http://ipxe.org/4c0a6035)"
    assert findings([*events, stalled(46, 100_000)], 80) == ["BB-070"]
    resumed = at(47, EventKind.TRANSFER_RESUMED, protocol="http", file="linux", stalled_s=16.0)
    assert findings([*events, stalled(46, 0), resumed], 80) == []
    assert findings([*events, stalled(46, 100_000), resumed], 80) == []


def test_the_screen_of_http_boot_speaks_of_http() -> None:
    facts: dict[str, Fact] = {"protocol": "http", "file": "gone.efi", "reason": "there is no such file here"}
    refused = at(5, EventKind.FILE_REFUSED, status=404, user_agent="UefiHttpBoot/1.0", is_searched=False, **facts)
    finding = only([*seen(0, "uefi-http"), address_requested(4), refused], 30)
    assert finding.id == "BB-036"
    assert finding.screen[0] == "Client Error: 404 Not Found"
    assert "PXE" not in " ".join(finding.screen)


@pytest.mark.parametrize(
    ("kind", "loaders", "words"),
    [
        ("uefi-pxe", ["x64/shimx64.efi", "x64/grubx64.efi"], "error: file `vmlinuz' not found."),
        ("bios-pxe", ["pxelinux.0"], "Could not find kernel image: vmlinuz"),
        ("uefi-pxe", [], "PXE-E23"),
    ],
)
def test_the_screen_is_that_of_the_program_which_asks(kind: str, loaders: list[str], words: str) -> None:
    loaded = [event for number, file in enumerate(loaders) for event in downloaded(5 + number, file)]
    refused = at(9, EventKind.FILE_REFUSED, protocol="tftp", file="vmlinuz", reason="none", is_searched=False)
    finding = only([*seen(0, kind), address_requested(4), *loaded, refused], 30)
    assert finding.id == "BB-036"
    assert words in " ".join(finding.screen)
    assert ("PXE-" in " ".join(finding.screen)) is not bool(loaders)
