"""The story of a boot, as a person reads it."""

from dataclasses import replace

import pytest

from bootbeam.journal.events import Event, EventKind, Fact
from bootbeam.journal.story import Line, Story, Tone, size

MAC = "52:54:00:12:34:56"


def event(kind: EventKind, **facts: Fact) -> Event:
    return Event(kind, 1000.0, MAC, "192.168.1.7", "eth0", facts)


def story() -> Story:
    return Story({MAC: "QEMU/KVM"}.get)


def seen(kind: str, xid: str, **facts: Fact) -> Event:
    return event(EventKind.CLIENT_SEEN, kind_of_client=kind, xid=xid, firmware="UEFI x64", **facts)


def texts(lines: list[Line | None]) -> list[str]:
    return [line.text for line in lines if line is not None]


def test_answers_in_another_form() -> None:
    facts: dict[str, Fact] = {"observed": "took no offer", "before": "offer=none", "variant": "offer=menu", "fix": "x"}
    told = story()
    assert told.tell(event(EventKind.REPLY_VARIANT_CHANGED, **facts, is_exhausted=False)) == Line(
        "took no offer: it gets offer=menu in place of offer=none", Tone.WARNING, ("what to do: x",)
    )
    again = told.tell(event(EventKind.REPLY_VARIANT_CHANGED, **facts, is_exhausted=True))
    assert again is not None
    assert "all forms of answer were tried, it gets the first again" in again.text
    kept = told.tell(event(EventKind.REPLY_VARIANT_KEPT, variant="offer=menu"))
    assert kept is not None
    assert kept.text == "goes on with offer=menu: remembered for this machine"
    assert kept.more == (f"another station is told so with: --reply {MAC}:offer=menu",)


def test_a_whole_boot() -> None:
    told = story()
    lines = [
        told.tell(each)
        for each in (
            seen("uefi-pxe", "01"),
            event(EventKind.OFFERED, what="loader", file="x64/snponly.efi", siaddr="192.168.1.50"),
            seen("uefi-pxe", "01"),
            event(EventKind.OFFERED, what="loader", file="x64/snponly.efi", siaddr="192.168.1.50"),
            event(EventKind.BOOT_SERVER_ACKNOWLEDGED, what="loader", file="x64/snponly.efi"),
            event(EventKind.SIZE_PROBED, file="x64/snponly.efi"),
            event(
                EventKind.TRANSFER_FINISHED,
                protocol="tftp",
                file="x64/snponly.efi",
                size_bytes=218_000,
                duration_s=0.5,
                retransmissions=2,
                role="loader",
            ),
            seen("ipxe", "02", ipxe_version="1.0.0"),
            event(EventKind.OFFERED, what="script", file="http://192.168.1.50:8080/boot.ipxe"),
            event(
                EventKind.SCRIPT_SENT, entry="Linux 6.1", manufacturer="QEMU", product="Q35", ipxe_version="1.21.1+git1"
            ),
        )
    ]
    assert texts(lines) == [
        "asks to boot: UEFI x64, network card by QEMU/KVM",
        "offered x64/snponly.efi from 192.168.1.50",
        "asked on port 4011, confirmed x64/snponly.efi",
        "boot loader x64/snponly.efi: 218 kB in 0.5 s, 436 kB/s by TFTP, 2 repeated",
        "iPXE is up and asks what to do",
        "QEMU Q35: gets Linux 6.1 (iPXE 1.21.1)",
    ]


def test_an_ipxe_of_the_machines_own_is_the_beginning() -> None:
    assert texts([story().tell(seen("ipxe", "01", ipxe_version="1.0.0"))]) == [
        "asks to boot: iPXE of its own, UEFI x64, network card by QEMU/KVM"
    ]


def test_an_ipxe_that_firmware_loaded_and_that_asks_anew_is_none_of_the_machines_own() -> None:
    told = story()
    asked = [seen("uefi-pxe", "01"), seen("ipxe", "02"), seen("ipxe", "03"), seen("ipxe", "03")]
    assert texts([told.tell(replace(each, attempt="a1")) for each in asked]) == [
        "asks to boot: UEFI x64, network card by QEMU/KVM",
        "iPXE is up and asks what to do",
        "iPXE asks once more what to do",
    ]
    line = told.tell(replace(seen("ipxe", "04"), attempt="a2"))
    assert line is not None
    assert line.text.startswith("asks to boot: iPXE of its own")


def test_a_reset_begins_the_story_anew() -> None:
    told = story()
    offered = event(EventKind.OFFERED, what="loader", file="f", siaddr="s")
    first = texts([told.tell(each) for each in (seen("uefi-pxe", "01"), offered)])
    second = texts([told.tell(each) for each in (seen("uefi-pxe", "02"), offered)])
    assert first == second


def test_an_image_names_its_version() -> None:
    line = story().tell(
        event(
            EventKind.TRANSFER_FINISHED,
            protocol="http",
            file="file/1/linux",
            size_bytes=8_200_000,
            duration_s=0.4,
            role="kernel",
            version_mtime_s=1_700_000_000.0,
            version_sha256="3f2a9c1d0b7e",
        )
    )
    assert line is not None
    assert line.text == "kernel file/1/linux: 8.2 MB in 0.4 s, 20.5 MB/s"
    assert "sha256 3f2a9c1d0b7e" in line.more[0]
    assert "2023-11-1" in line.more[0]


@pytest.mark.parametrize(
    ("told", "text", "tone", "more"),
    [
        (
            event(EventKind.CLIENT_IGNORED, reason="no loader", fix="install ipxe"),
            "gets no answer: no loader",
            Tone.WARNING,
            (),
        ),
        (
            event(EventKind.MESSAGE_SHOWN, title="x cannot boot", why="Multiboot", fix="legacy mode"),
            "its screen says: x cannot boot",
            Tone.PROBLEM,
            ("why: Multiboot", "what to do: legacy mode"),
        ),
        (
            event(EventKind.TRANSFER_FAILED, file="linux", sent_bytes=500, size_bytes=1000, reason="it went away"),
            "linux stopped after 500 B of 1 kB: it went away",
            Tone.WARNING,
            (),
        ),
        (
            event(EventKind.FILE_REFUSED, file="autoexec.ipxe", reason="there is no such file here"),
            "asked for autoexec.ipxe: there is no such file here",
            Tone.QUIET,
            (),
        ),
        (
            event(EventKind.FIRST_PROGRAM_CHANGED, remark="it refused iPXE", fix="bootbeam loaders fetch"),
            "it refused iPXE",
            Tone.WARNING,
            (),
        ),
        (
            event(EventKind.SCRIPT_SENT, entry="linux", loader="GRUB", secure_boot=True),
            "gets linux (GRUB, Secure Boot on)",
            Tone.GOOD,
            (),
        ),
        (event(EventKind.SCRIPT_SENT, entry="linux", times=90), "gets linux, 90 times within a moment", Tone.GOOD, ()),
        (
            event(EventKind.IMAGE_HELD_BACK, file="k", reason="still being written"),
            "k is held back: still being written",
            Tone.WARNING,
            (),
        ),
        (
            event(EventKind.PROBLEM, what="cannot send", why="link down", fix="plug it in"),
            "cannot send",
            Tone.PROBLEM,
            ("why: link down", "what to do: plug it in"),
        ),
    ],
)
def test_single_lines(told: Event, text: str, tone: Tone, more: tuple[str, ...]) -> None:
    assert story().tell(told) == Line(text, tone, more)


def test_a_rebuilt_image_is_told_once_the_station_is_ready() -> None:
    loaded = event(
        EventKind.IMAGE_LOADED,
        file="k",
        description="Multiboot kernel",
        size_bytes=5000,
        sha256="ab" * 32,
        mtime_s=1.7e9,
    )
    told = story()
    assert told.tell(loaded) is None
    ready = told.tell(
        event(EventKind.STATION_READY, interfaces="eth0 10.0.0.1", http_port=8080, entries="k: x", loaders="")
    )
    assert ready is not None
    assert "eth0 10.0.0.1" in ready.text
    assert ready.more[0] == "boots k: x"
    line = told.tell(loaded)
    assert line is not None
    assert line.text == "new k: Multiboot kernel, 5 kB"
    assert line.more[0].endswith("sha256 abababababab")


def test_what_needs_no_reading_is_left_out() -> None:
    told = story()
    assert told.tell(event(EventKind.SIZE_PROBED, file="x")) is None
    assert told.tell(event(EventKind.TRANSFER_STARTED, file="x")) is None


@pytest.mark.parametrize(
    ("size_bytes", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (12_345_678, "12.3 MB"), (3e9, "3 GB")]
)
def test_sizes(size_bytes: float, text: str) -> None:
    assert size(size_bytes) == text


def test_many_machines_are_not_remembered_for_ever() -> None:
    told = story()
    for number in range(3000):
        told.tell(Event(EventKind.OFFERED, 0.0, f"mac {number}", None, None, {"what": "loader", "file": "f"}))
    assert len(told._machines) <= 1000


def test_a_message_on_a_screen_that_is_asked_for_again_and_again_is_told_once() -> None:
    told = story()
    shown = event(EventKind.MESSAGE_SHOWN, title="x cannot boot", why="it is unsigned", fix="sign it")
    other = event(EventKind.MESSAGE_SHOWN, title="x cannot boot", why="it is broken", fix="mend it")
    assert [told.tell(one) is not None for one in (shown, shown, other, shown)] == [True, False, True, False]


def test_a_finding_is_a_block_of_its_own() -> None:
    line = story().tell(
        event(
            EventKind.FINDING,
            id="BB-020",
            title="the machine's question to port 4011 does not arrive",
            seen="it took 192.168.1.7 and then did not ask",
            cause="a firewall",
            sure="most likely",
            screen="PXE-E16: No valid offer received.",
            fix="open the ports:\n    sudo ufw allow 4011/udp",
        )
    )
    assert line == Line(
        "BB-020: the machine's question to port 4011 does not arrive",
        Tone.PROBLEM,
        (
            "seen:           it took 192.168.1.7 and then did not ask",
            "most likely:    a firewall",
            "on its screen:  PXE-E16: No valid offer received.",
            "what to do:     open the ports:",
            "                    sudo ufw allow 4011/udp",
            "more:           bootbeam explain BB-020",
        ),
    )


def answered(server: str, **facts: Fact) -> Event:
    return event(EventKind.OTHER_SERVER_ANSWERED, message="offer", server=server, **facts)


def test_other_servers_are_told_of_once_each_and_second_proxies_are_a_warning() -> None:
    told = story()
    lines = [
        told.tell(each)
        for each in (
            answered("192.168.1.1", address_given="192.168.1.7"),
            answered("192.168.1.1", address_given="192.168.1.8"),
            answered("192.168.1.9", vendor_class="PXEClient", file="other.efi"),
            answered("192.168.1.9", vendor_class="PXEClient", file="other.efi"),
            answered("192.168.1.2", address_given="192.168.1.9", vendor_class="PXEClient"),
            answered("192.168.1.3"),
            event(EventKind.OTHER_SERVER_ANSWERED, message="nak", server="192.168.1.4", vendor_class="PXEClient"),
        )
    ]
    assert [(line.text, line.tone) for line in lines if line] == [
        ("addresses here are given by the DHCP server 192.168.1.1", Tone.QUIET),
        ("there is a second boot server: 192.168.1.9, which offers other.efi", Tone.WARNING),
        ("the DHCP server 192.168.1.2 tells machines what to boot, too: it says PXEClient", Tone.WARNING),
    ]


def test_what_was_booted_is_told_by_the_name_it_gives_itself() -> None:
    told = story()
    line = told.tell(event(EventKind.SYSTEM_SEEN, vendor_class="d-i", hostname="ubuntu"))
    assert line == Line("the system it booted asks for an address (d-i, ubuntu)", Tone.GOOD)
    assert told.tell(event(EventKind.SYSTEM_SEEN, vendor_class="d-i", hostname="ubuntu")) is None


def test_what_a_boot_program_tries_on_its_way_to_its_configuration_is_not_told() -> None:
    tried = event(EventKind.FILE_REFUSED, file="pxelinux.cfg/C0A8", reason="there is no such file", is_searched=True)
    found = event(
        EventKind.TRANSFER_FINISHED, role="configuration", file="pxelinux.cfg/default", protocol="tftp", size_bytes=90
    )
    told = story()
    assert texts([told.tell(tried), told.tell(found)]) == ["configuration pxelinux.cfg/default: 90 B in 0.0 s by TFTP"]
