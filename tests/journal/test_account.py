"""What a person reads of past boots, in a narrow window and a wide one."""

import time

import pytest

from bootbeam.journal.account import duration, list_boots, tell_boot
from bootbeam.journal.events import EventKind
from bootbeam.journal.story import Tone
from bootbeam.journal.summary import Outcome, Summary
from tests.boot_events import ATTEMPT, MAC, START_S, event, good_boot, seen


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def summary() -> Summary:
    made = Summary(ATTEMPT, MAC, START_S, START_S)
    for each in good_boot():
        made.add(each)
    return made


def maker_of(mac: str) -> str | None:
    return "QEMU/KVM"


def test_a_boot_in_a_narrow_window() -> None:
    rows = tell_boot(summary(), good_boot(), maker_of, 80)
    assert (
        "\n".join(text for text, _ in rows)
        == """\
boot v5k2m0q of 52:54:00:12:34:56 on eth0
machine: QEMU Q35, UEFI x64, 192.168.1.7
image:   Linux 6.1
time:    began 2027-01-15 08:00:00, heard of for 27.6 s
result:  booted: its system asked for an address (d-i)

     0.0 s  asks to boot: UEFI x64, network card by QEMU/KVM
     0.0 s  offered x64/snponly.efi from 192.168.1.50
              ... 4.0 s: firmware waits for offers
     4.1 s  asked on port 4011, confirmed x64/snponly.efi
     5.5 s  boot loader x64/snponly.efi: 1 MB in 1.2 s, 833 kB/s by TFTP
              ... 2.0 s: the boot loader starts, and sets up the network
     7.5 s  iPXE is up and asks what to do
              ... 1.0 s: iPXE gets its address
              ... 16.0 s: iPXE looks for an IPv6 router
    24.5 s  QEMU Q35: gets Linux 6.1
    25.1 s  kernel vmlinuz: 1 MB in 0.5 s, 2 MB/s
    25.6 s  initrd initrd.img: 1 MB in 0.5 s, 2 MB/s
              ... 2.0 s: the system starts and works
    27.6 s  the system it booted asks for an address (d-i)

where the time went
     4.0 s  firmware waits for offers
     0.1 s  firmware takes its address
     0.1 s  firmware makes ready to load
     0.1 s  firmware loads
     1.2 s  TFTP
     2.0 s  the boot loader starts, and sets up the network
     1.0 s  iPXE gets its address
    16.0 s  iPXE looks for an IPv6 router
     0.1 s  the script runs
     1.0 s  HTTP
     2.0 s  the system starts and works"""
    )
    assert ("result:  booted: its system asked for an address (d-i)", Tone.GOOD) in rows


def test_a_silence_is_told_before_what_ends_it_and_after_what_others_said_meanwhile() -> None:
    router = event(0.3, EventKind.OTHER_SERVER_ANSWERED, message="offer", server="10.0.0.1", address_given="10.0.0.2")
    asked = event(4, EventKind.BOOT_SERVER_ACKNOWLEDGED, file="ipxe.efi")
    texts = [text.strip() for text, _ in tell_boot(summary(), [seen(0, "uefi-pxe", "1"), router, asked], maker_of, 0)]
    told = [text for text in texts if "10.0.0.1" in text or "..." in text or "4011" in text]
    assert told == [
        "0.3 s  addresses here are given by the DHCP server 10.0.0.1",
        "... 4.0 s: firmware waits for offers",
        "4.0 s  asked on port 4011, confirmed ipxe.efi",
    ]


def test_a_finding_is_part_of_it_and_commands_stay_whole() -> None:
    command = "sudo nft insert rule inet filter input udp dport { 67, 69, 4011 } accept comment bootbeam-boot-station"
    finding = event(
        30,
        EventKind.FINDING,
        id="BB-020",
        title="the machine's question to port 4011 does not arrive, as a firewall on this computer drops it",
        seen="it took an address and did not ask",
        cause="a firewall",
        sure="most likely",
        screen="PXE-E16",
        fix=f"open the ports:\n{command}",
    )
    rows = tell_boot(summary(), [seen(0, "uefi-pxe", "1"), finding], maker_of, 60)
    texts = [text for text, _ in rows]
    assert any(text.endswith(command) for text in texts)
    assert any("30.0 s  BB-020:" in text for text in texts)
    assert ("              ... 30.0 s", Tone.QUIET) not in rows, "a finding is no step of the machine"


@pytest.mark.parametrize("width", [70, 80, 120, 200])
def test_no_line_is_longer_than_the_window(width: int) -> None:
    long = summary()
    long.image = "Debian GNU/Linux 12.5.0 amd64 netinst, installs unattended, without a recipe of its own " * 2
    rows = [*tell_boot(long, good_boot(), maker_of, width), *list_boots([long], maker_of, width)]
    assert max(len(text) for text, _ in rows) <= width


def test_the_list_has_a_line_for_each_where_there_is_room_and_two_where_not() -> None:
    failed = Summary("v5k2m0r", MAC, START_S, START_S + 200, Outcome.FAILED, "BB-020: port 4011", "UEFI x64")
    wide = list_boots([summary(), failed], maker_of, 200)
    assert [text for text, _ in wide] == [
        "v5k2m0q  2027-01-15 08:00:00  52:54:00:12:34:56  booted       27.6 s  "
        "QEMU Q35, UEFI x64; gets Linux 6.1; its system asked for an address (d-i)",
        "v5k2m0r  2027-01-15 08:00:00  52:54:00:12:34:56  failed     3 min 20 s  "
        "card by QEMU/KVM, UEFI x64; BB-020: port 4011",
    ]
    assert [tone for _, tone in wide] == [Tone.GOOD, Tone.PROBLEM]
    narrow = [text for text, _ in list_boots([summary()], maker_of, 80)]
    assert narrow == [
        "v5k2m0q  2027-01-15 08:00:00  52:54:00:12:34:56  booted       27.6 s",
        "         QEMU Q35, UEFI x64; gets Linux 6.1; its system asked for an address",
        "         (d-i)",
    ]
    assert len(list_boots([summary()], maker_of, 0)) == 1, "whole for grep where there is no window"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.04, "0.0 s"), (59.94, "59.9 s"), (200, "3 min 20 s"), (3900, "1 h 5 min")]
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words
