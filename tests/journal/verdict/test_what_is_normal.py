"""What looks like trouble in a trace and is none: nothing is found in it."""

from bootbeam.journal.events import Event, EventKind
from tests.verdict_timelines import (
    LOADER,
    address_requested,
    asked,
    at,
    downloaded,
    failed,
    findings,
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
