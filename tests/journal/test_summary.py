"""How an attempt ended, from what was seen of it."""

import pytest

from bootbeam.journal.events import Event, EventKind, Fact
from bootbeam.journal.summary import Outcome, Summary

MAC = "52:54:00:12:34:56"
Told = tuple[EventKind, dict[str, Fact]]

ASKS: Told = (EventKind.CLIENT_SEEN, {"kind_of_client": "uefi-pxe", "firmware": "UEFI x64"})
LOADER: Told = (EventKind.TRANSFER_FINISHED, {"role": "loader", "file": "ipxe.efi"})
IPXE: Told = (EventKind.CLIENT_SEEN, {"kind_of_client": "ipxe", "firmware": "UEFI x64"})
SCRIPT: Told = (EventKind.SCRIPT_SENT, {"entry": "Linux 6.1", "manufacturer": "QEMU", "product": "Q35"})
KERNEL: Told = (EventKind.TRANSFER_FINISHED, {"role": "kernel", "file": "vmlinuz"})
SYSTEM: Told = (EventKind.SYSTEM_SEEN, {"vendor_class": "d-i", "hostname": ""})
FINDING: Told = (EventKind.FINDING, {"id": "BB-020", "title": "port 4011 is not reached"})
STOPS: Told = (EventKind.FINDING, {"id": "BB-070", "title": "the download of the system stops"})
DOES_NOT_START: Told = (EventKind.FINDING, {"id": "BB-054", "title": "Exec format error"})
OTHER: Told = (EventKind.FINDING, {"id": "BB-099", "title": "a remark"})
INSTALLED: Told = (EventKind.INSTALL_FINISHED, {})


def after(*told: Told) -> Summary:
    summary = Summary("a", MAC, 100.0, 100.0)
    for number, (kind, facts) in enumerate(told):
        summary.add(Event(kind, 100.0 + number, MAC, f"192.168.1.{number}", "eth0", facts, "a"))
    return summary


@pytest.mark.parametrize(
    ("told", "outcome", "sign"),
    [
        ((ASKS,), Outcome.STOPPED, "its firmware asked to boot"),
        ((ASKS, LOADER), Outcome.STOPPED, "boot loader ipxe.efi fetched"),
        ((ASKS, LOADER, IPXE), Outcome.STOPPED, "iPXE asked what to do"),
        ((ASKS, LOADER, IPXE, SCRIPT), Outcome.STOPPED, "got its script"),
        ((ASKS, LOADER, IPXE, SCRIPT, KERNEL), Outcome.BOOTED, "kernel vmlinuz fetched"),
        ((ASKS, LOADER, IPXE, SCRIPT, KERNEL, SYSTEM), Outcome.BOOTED, "its system asked for an address (d-i)"),
        ((ASKS, FINDING), Outcome.FAILED, "BB-020: port 4011 is not reached"),
        ((ASKS, FINDING, OTHER, ASKS), Outcome.FAILED, "BB-020: port 4011 is not reached"),
        ((ASKS, FINDING, LOADER, KERNEL), Outcome.BOOTED, "kernel vmlinuz fetched"),
        ((ASKS, KERNEL, FINDING), Outcome.BOOTED, "kernel vmlinuz fetched"),
        ((ASKS, SCRIPT, KERNEL, STOPS), Outcome.FAILED, "BB-070: the download of the system stops"),
        ((ASKS, SCRIPT, KERNEL, STOPS, KERNEL), Outcome.BOOTED, "kernel vmlinuz fetched"),
        ((ASKS, SCRIPT, KERNEL, DOES_NOT_START), Outcome.FAILED, "BB-054: Exec format error"),
        ((ASKS, SCRIPT, KERNEL, SYSTEM, DOES_NOT_START), Outcome.BOOTED, "its system asked for an address (d-i)"),
        ((ASKS, SCRIPT, KERNEL, SYSTEM, STOPS), Outcome.FAILED, "BB-070: the download of the system stops"),
        ((ASKS, KERNEL, INSTALLED, SYSTEM), Outcome.INSTALLED, "the installer reported its end"),
        ((ASKS, KERNEL, (EventKind.INSTALL_FAILED, {})), Outcome.FAILED, "its installation failed"),
        ((ASKS, (EventKind.MESSAGE_SHOWN, {"title": "does not fit"})), Outcome.FAILED, "its screen says: does not fit"),
        ((ASKS, (EventKind.CLIENT_IGNORED, {"reason": "no loader"})), Outcome.FAILED, "no answer for it: no loader"),
        ((IPXE, (EventKind.SCRIPT_SENT, {"entry": "its own disk: x"})), Outcome.BOOTED, "sent to its own disk"),
    ],
)
def test_the_end_of_an_attempt(told: tuple[Told, ...], outcome: Outcome, sign: str) -> None:
    summary = after(*told)
    assert (summary.outcome, summary.last_sign) == (outcome, sign)


def test_the_machine_and_what_it_got() -> None:
    summary = after(ASKS, LOADER, IPXE, SCRIPT, KERNEL)
    assert (summary.firmware, summary.model, summary.image) == ("UEFI x64", "QEMU Q35", "Linux 6.1")
    assert (summary.address, summary.interface) == ("192.168.1.4", "eth0")
    assert summary.duration_s == 4.0


def test_long_words_are_cut() -> None:
    assert len(after((EventKind.SCRIPT_SENT, {"entry": "x" * 10_000})).image) == 200
