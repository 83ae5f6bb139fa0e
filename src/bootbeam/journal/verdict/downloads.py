"""Rules: a file is asked for, and does not come over whole."""

import re

from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.verdict.boot_server import OPEN_PORTS
from bootbeam.journal.verdict.course import Course, number, text
from bootbeam.journal.verdict.finding import UNKNOWN_VALUES, Judged, Later, Match, Rule, Screen, Sureness
from bootbeam.journal.verdict.onlookers import TOOLS

OPTIONS, FIRST_BLOCK, BLOCKS = "options", "first-block", "blocks"
"""The stages at which a TFTP transfer ends: see ``EventKind.TRANSFER_FAILED``."""
PORT_CLOSED = "the client closed its port"
BEGAN_ANEW = ("the client began anew", "the client asked for something else")
"""How reasons of ``tftp.transfer`` begin that no fact tells apart."""
FILE_CLOSED = 0
"""ERROR 0: GRUB and PXELINUX say so when they have read enough."""
ASKED_AGAIN = 3
"""So many requests for one file in a row, each answered, are no accident."""
FULL_PACKET_BYTES = 1460
"""What one TCP packet carries in an Ethernet that nothing is taken away from."""
GOES_ON_S = 8.0
"""A client that can help itself asks again within 4 s."""
REFUSED_WAIT_S = 12.0
"""Whoever is refused a file it can do without goes on at once."""
NOT_MISSED = re.compile(
    r"(^|/)(revocations[^/]*\.efi|shim_certificate_\d+\.efi|(mm|fb)[a-z0-9]+\.efi|autoexec\.ipxe|bootsig\.bin"
    r"|[^/]*\.lst|grub\.cfg[^/]*|grubenv|unicode\.pf2|[^/]*\.(mo|gmo)|favicon\.ico|robots\.txt"
    r"|(updates|product)\.img|\.?treeinfo|\.discinfo|driverupdate|vendor-data|network-config"
    r"|InRelease|Release\.gpg|Packages\.\w+|Translation-\w+|[^/]*\.(asc|sig))$"
)
"""Files that programs ask for and do without: shim, GRUB, iPXE, browsers, installers (Anaconda's updates, linuxrc's
driver updates, cloud-init's further data, apt's other forms of its lists)."""
GOING_ON = (
    EventKind.TRANSFER_STARTED,
    EventKind.TRANSFER_FINISHED,
    EventKind.BLOCKS_READ,
    EventKind.SCRIPT_SENT,
    EventKind.SYSTEM_SEEN,
)
NOT_GIVEN_OUT = re.compile(r"may read|cannot be read|symbolic link out of|is a directory|no regular file")
"""What a refusal says of a file that is there."""
BY_TOOL = (
    "the system that is starting looks for a part of itself that is not here; or somebody typed that address on it"
)
BOOT_AGAIN = "then boot the machine again; the station need not be started anew"
PXELINUX = re.compile(r"pxelinux\.0$", re.IGNORECASE)
EMPTY_DIGITS = re.compile(r"\.0$")


def _stopped(course: Course, *stages: str, by_client: bool = False) -> Event | None:
    """The newest TFTP transfer that ended at one of these stages, by the client's ERROR or by silence, if its file has
    not come over whole since."""
    failed = course.last(EventKind.TRANSFER_FAILED, where=lambda event: text(event, "stage") in stages)
    if failed is None or by_client != (failed.facts.get("error_code") is not None):
        return None
    reason, file = text(failed, "reason"), text(failed, "file")
    if failed.facts.get("error_code") == FILE_CLOSED or reason.startswith((PORT_CLOSED, *BEGAN_ANEW)):
        return None
    whole = course.after(failed, EventKind.TRANSFER_FINISHED, where=lambda event: text(event, "file") == file)
    return None if whole or _runs(course, file) else failed


def _runs(course: Course, file: str) -> bool:
    """What was asked for last under this name runs: it was the acknowledgement of its end that was lost."""
    asked = course.last(EventKind.READ_REQUESTED, where=lambda event: text(event, "file") == file)
    if asked is None:
        return False
    is_ipxe = course.after(asked, EventKind.CLIENT_SEEN, where=lambda event: text(event, "kind_of_client") == "ipxe")
    return bool(is_ipxe or course.after(asked, EventKind.SCRIPT_SENT, EventKind.SYSTEM_SEEN))


def _after_waiting(course: Course, failed: Event, wait_s: float, match: Match) -> Judged:
    """``match``, unless the machine goes on within ``wait_s``."""
    if course.after(failed, *GOING_ON):
        return None
    moment = failed.at_s + wait_s
    return match if course.now >= moment else Later(moment)


def judge_answers_lost(course: Course) -> Judged:
    """It asks for the file again and again, and never hears our answers."""
    begun = (EventKind.TRANSFER_STARTED, EventKind.TRANSFER_FINISHED, EventKind.SIZE_PROBED)
    for each in course.tries:
        for asked in each.of(EventKind.READ_REQUESTED):
            times, file = number(asked, "times"), text(asked, "file")
            if times >= ASKED_AGAIN and not [event for event in each.of(*begun) if text(event, "file") == file]:
                return Match(f"it asked for {file} {times:.0f} times, and nothing shows that our answers reach it")
    failed = _stopped(course, OPTIONS)
    if failed is None:
        return None
    return Match(f"it asked for {text(failed, 'file')}, and our answer was never acknowledged, though sent 6 times")


def judge_packets_too_large(course: Course) -> Judged:
    """Small packets come through, full ones do not."""
    failed = _stopped(course, FIRST_BLOCK)
    if failed is None:
        return _judge_packets_too_large_by_http(course)
    return Match(f"our answer to its request for {text(failed, 'file')} arrived, the first full block never did")


def _judge_packets_too_large_by_http(course: Course) -> Judged:
    """It asks for a large file, and takes not one byte of that; what is small it has got by HTTP too."""
    stalled = course.last(EventKind.TRANSFER_STALLED, where=lambda event: text(event, "protocol") == "http")
    if stalled is None or number(stalled, "sent_bytes") > 0 or number(stalled, "size_bytes") < FULL_PACKET_BYTES:
        return None
    if course.after(stalled, EventKind.TRANSFER_RESUMED):
        return None
    seen = f"it asked for {text(stalled, 'file')} by HTTP and took not one byte of it for "
    seen += f"{number(stalled, 'stalled_s'):.0f} s, though its question, which is small, had come through"
    values = {**UNKNOWN_VALUES, **course.values, "machine": stalled.address or "ADDRESS-OF-THE-MACHINE"}
    screen = STANDS_STILL if course.kind == "ipxe" else None
    match = Match(seen, fix=tuple(line.format_map(values) for line in SMALLER_PACKETS), screen=screen)
    return _after_waiting(course, stalled, 0.0, match)


def judge_stopped_midway(course: Course) -> Judged:
    """A TFTP download stops in the middle."""
    failed = _stopped(course, BLOCKS)
    if failed is None:
        return None
    sent, whole = number(failed, "sent_bytes"), number(failed, "size_bytes")
    seen = f"{text(failed, 'file')} stopped after {sent:,.0f} of {whole:,.0f} bytes, and no block after that arrived"
    return _after_waiting(course, failed, 0.0, Match(seen))


def judge_ended_by_client(course: Course) -> Judged:
    """The client ends a download with an ERROR."""
    failed = _stopped(course, FIRST_BLOCK, BLOCKS, by_client=True)
    if failed is None:
        return None
    sent, whole = number(failed, "sent_bytes"), number(failed, "size_bytes")
    seen = f"{text(failed, 'file')}: after {sent:,.0f} of {whole:,.0f} bytes {text(failed, 'reason')}"
    return _after_waiting(course, failed, GOES_ON_S, Match(seen))


def judge_options_refused(course: Course) -> Judged:
    """The client does not like what we agreed to."""
    failed = _stopped(course, OPTIONS, by_client=True)
    if failed is None:
        return None
    return _after_waiting(course, failed, GOES_ON_S, Match(f"{text(failed, 'file')}: {text(failed, 'reason')}"))


def judge_port_closed(course: Course) -> Judged:
    """The client's own side rejects what we send."""
    failed = course.last(EventKind.TRANSFER_FAILED, where=lambda event: text(event, "reason").startswith(PORT_CLOSED))
    if failed is None or "last block" in text(failed, "reason"):
        return None
    seen = f"{text(failed, 'file')} stopped: {text(failed, 'reason')}"
    return _after_waiting(course, failed, GOES_ON_S, Match(seen))


def judge_file_missing(course: Course) -> Judged:
    """It asks for a file that is not here, and stops."""
    refused = course.last(
        EventKind.FILE_REFUSED,
        where=lambda event: (
            not event.facts.get("is_searched") and not NOT_MISSED.search(text(event, "file").replace("\\", "/"))
        ),
    )
    if refused is None:
        return None
    file, reason = text(refused, "file"), text(refused, "reason")
    seen = f"it asked for {file!r} by {text(refused, 'protocol').upper()}: {reason}"
    screen = _screen_of_asker(course, refused)
    match = Match(seen, {"file": _shown(file)}, screen=screen)
    if TOOLS.match(text(refused, "user_agent")):
        match = Match(seen, {"file": _shown(file)}, sure=Sureness.POSSIBLY, cause=BY_TOOL, screens=())
    if NOT_GIVEN_OUT.search(reason):
        why, _, command = reason.rpartition(": ")
        mend = ("in the directory of that file:", f"    {command}") if why else ("put a plain, readable file there",)
        cause = f"the file is there, and is not given out: {why or reason}"
        match = Match(seen, cause=cause, fix=(*mend, BOOT_AGAIN), screen=screen)
    if course.after(refused, EventKind.LOADER_FAILED):
        return match
    return _after_waiting(course, refused, REFUSED_WAIT_S, match)


def _screen_of_asker(course: Course, refused: Event) -> tuple[str, ...] | None:
    """The words of the program that asked, where that is neither a firmware's PXE nor an iPXE."""
    before = course.events[: course.events.index(refused)]
    loaded = [
        event for event in before if event.kind is EventKind.TRANSFER_FINISHED and text(event, "role") == "loader"
    ]
    if course.kind == "ipxe":
        return None
    if not loaded:
        return HTTP_BOOT_SCREEN if course.kind == "uefi-http" and text(refused, "protocol") == "http" else None
    file = _shown(text(refused, "file"))
    if PXELINUX.search(text(loaded[-1], "file")):
        return (f"Could not find kernel image: {file}", "(or: Failed to load ldlinux.c32)")
    return (f"error: file `{file}' not found.",) if course.kind.startswith("uefi") else None


def judge_suffix_added(course: Course) -> Judged:
    """The firmware asks for our file with `.0` at its end."""
    refused = course.last(EventKind.FILE_REFUSED, where=lambda event: bool(EMPTY_DIGITS.search(text(event, "file"))))
    if refused is None:
        return None
    match = Match(f"it asked for {text(refused, 'file')!r}, which is our file's name with `.0` added")
    return _after_waiting(course, refused, REFUSED_WAIT_S, match)


def _shown(file: str) -> str:
    """A name that a stranger sent, fit to stand in a command."""
    return re.sub(r"[^A-Za-z0-9._/-]", "_", file)


def judge_size_changed(course: Course) -> Judged:
    """The file was replaced between the question for its size and the download."""
    for probed in course.of(EventKind.SIZE_PROBED):
        size = number(probed, "size_bytes")
        same = [
            event
            for event in course.after(probed, EventKind.TRANSFER_STARTED)
            if text(event, "file") == text(probed, "file")
        ]
        if not size or not same or number(same[0], "size_bytes") == size:
            continue
        failed = _stopped(course, FIRST_BLOCK, BLOCKS, by_client=True)
        if failed is not None:
            seen = f"{text(probed, 'file')} had {size:,.0f} bytes when its size was asked for, and "
            seen += f"{number(same[0], 'size_bytes'):,.0f} when it was fetched; the machine broke off"
            return Match(seen)
    return None


SMALLER_PACKETS = (
    "let this computer send smaller packets (until it is started again), and boot the machine again:",
    "    sudo ip link set dev {interface} mtu 1280",
    "if it boots then, find out what lies between: a VPN, a tunnel or a VLAN whose MTU is too small. How large packets "
    "may be shows in how large a ping is still answered, between 1200 and 1472:",
    "    ping -M do -s 1472 {machine}",
)
HTTP_BOOT_SCREEN = ("Client Error: 404 Not Found", "Error: Could not retrieve NBP file size from HTTP server.")
STANDS_STILL = ("(stands still at 0 %, then)", "Connection timed out (http://ipxe.org/4c0a6035)")
NOT_REACHED = "PXE-E18: Server response timeout."
RULES = (
    Rule(
        "BB-030",
        "our files do not reach the machine",
        judge_answers_lost,
        "the same request for a file three times or more, each answered, and no sign that an answer arrived",
        "a firewall drops what this computer sends by TFTP: each transfer leaves from a port of its own, above 1023, "
        "not from 69",
        Sureness.MOST_LIKELY,
        {
            Screen.UEFI: ("NBP filesize is 0 Bytes", NOT_REACHED),
            Screen.BIOS: ("PXE-E32: TFTP open timeout",),
            Screen.IPXE: ("Connection timed out (http://ipxe.org/4c126035)",),
            Screen.SHIM: ("error: timeout reading `grub.cfg'.",),
        },
        (
            "let answers out of this computer, and through any firewall or NAT between it and the machine:",
            *OPEN_PORTS,
            "see whether the answers leave by {interface}, and to which address:",
            "    sudo tcpdump -ni {interface} udp and host {station}",
        ),
    ),
    Rule(
        "BB-032",
        "large packets do not get through to the machine",
        judge_packets_too_large,
        "the small answer to a TFTP request is acknowledged, the first full block never; or, by HTTP, not one byte of "
        "a large file arrives for 15 s",
        "something on the way carries smaller packets only (MTU): a VPN, PPPoE, a VLAN tag, a tunnel between switches",
        Sureness.MOST_LIKELY,
        {
            Screen.UEFI: ("(stands still after `NBP filesize is ... Bytes`, then)", NOT_REACHED),
            Screen.BIOS: ("PXE-E35: TFTP read timeout",),
            Screen.IPXE: (
                "Connection timed out (http://ipxe.org/4c126035)",
                "(or, by HTTP: stands still at 0 %, then) Connection timed out (http://ipxe.org/4c0a6035)",
            ),
        },
        (
            "send smaller blocks: start the station with",
            "    bootbeam serve ... --tftp-blksize 512",
            "and find out how large packets may be on the way to the machine:",
            "    ping -M do -s 1472 ADDRESS-OF-THE-MACHINE",
        ),
        explains=frozenset({"BB-062", "BB-070"}),
    ),
    Rule(
        "BB-037",
        "the boot file was replaced in the middle of its download",
        judge_size_changed,
        "the file's size at the size probe and at the download differ, and the machine breaks off",
        "the file was written anew between the firmware's question for its size and the download",
        Sureness.MOST_LIKELY,
        {Screen.UEFI: ("PXE-E05: Buffer size is smaller than the requested file.",)},
        ("boot the machine again; nothing else is needed",),
        explains=frozenset({"BB-034"}),
    ),
    Rule(
        "BB-033",
        "the download stops in the middle",
        judge_stopped_midway,
        "a TFTP transfer goes well up to some block, and nothing is heard of the machine after that",
        "the cable or the switch loses packets, the machine was switched off or reset, or its firmware's network "
        "driver hangs; always the same place speaks for the firmware, always another for the cable",
        Sureness.POSSIBLY,
        {
            Screen.UEFI: ("(stands still)", NOT_REACHED),
            Screen.BIOS: ("PXE-E35: TFTP read timeout",),
            Screen.IPXE: ("Connection timed out (http://ipxe.org/4c126035)",),
        },
        (
            "try another cable and another port of the switch; look for errors on this computer's side:",
            "    ip -s link show {interface}",
            "always at the same place: go slower, one block at a time",
            "    bootbeam serve ... --tftp-windowsize 1 --tftp-blksize 1024",
        ),
    ),
    Rule(
        "BB-036",
        "the machine asks for a file that is not served here",
        judge_file_missing,
        "a request for a file that does not exist here, and nothing after it",
        "a boot menu, a script or a setting on the DHCP server names a file that this station does not have, or "
        "spells it differently",
        Sureness.SURELY,
        {
            Screen.UEFI: ("NBP filesize is 0 Bytes", "PXE-E23: Client received TFTP error from server."),
            Screen.BIOS: ("PXE-T01: File not found", "PXE-E3B: TFTP Error - File Not found"),
            Screen.IPXE: ("No such file or directory (http://ipxe.org/2d12613b, by HTTP 2d0c613b)",),
            Screen.SHIM: ("error: file `...' not found.",),
        },
        (
            "see what is served, and under which names:",
            "    curl http://{station}:{http_port}/",
            "is the name from the DHCP server {router}? Then take its boot file out: bootbeam names the right one",
        ),
    ),
    Rule(
        "BB-035",
        "the machine does not accept how its file would be sent",
        judge_options_refused,
        "the machine answers our OACK with an ERROR, and does not ask again",
        "its firmware does not keep to the size of blocks that it asked for, or to the number of blocks at once",
        Sureness.MOST_LIKELY,
        {
            Screen.UEFI: ("PXE-E99: Unexpected network error.",),
            Screen.BIOS: ("PXE-E3F: TFTP packet size is invalid",),
        },
        (
            "start the station with smaller steps:",
            "    bootbeam serve ... --tftp-blksize 512 --tftp-windowsize 1",
        ),
    ),
    Rule(
        "BB-034",
        "the machine breaks its download off",
        judge_ended_by_client,
        "the machine ends a TFTP transfer with an ERROR in the middle, and does not ask again",
        "somebody pressed a key, or the file does not fit into the memory that the firmware keeps for it",
        Sureness.POSSIBLY,
        {
            Screen.UEFI: ("PXE-E21: Remote boot cancelled.", "(or PXE-E05, PXE-E09)"),
            Screen.BIOS: ("PXE-E79: NBP is too big to fit in free base memory", "(or PXE-EA0: Network boot canceled)"),
        },
        ("boot it again and press nothing; if it happens again, update the machine's firmware",),
    ),
    Rule(
        "BB-031",
        "the machine, or a firewall before it, rejects what we send",
        judge_port_closed,
        "an ICMP message says that nobody listens where our blocks go, in the middle of a transfer",
        "the machine was reset, or a firewall between rejects TFTP's data",
        Sureness.POSSIBLY,
        {Screen.UEFI: (NOT_REACHED,), Screen.BIOS: ("PXE-E35: TFTP read timeout",)},
        ("boot it again; if it happens again, open the way for UDP from {station}, all ports:", *OPEN_PORTS),
    ),
    Rule(
        "BB-038",
        "the firmware changes the name of the boot file",
        judge_suffix_added,
        "a request for our boot file with `.0` added to its name",
        "a second boot server's menu adds the number of a layer to the name (dnsmasq's pxe-service with a name "
        "without a dot does)",
        Sureness.MOST_LIKELY,
        {
            Screen.UEFI: ("PXE-E23: Client received TFTP error from server.",),
            Screen.BIOS: ("PXE-T01: File not found", "PXE-E3B: TFTP Error - File Not found"),
        },
        ("take the boot settings out of the DHCP server {router}; in dnsmasq: the lines with pxe-service=",),
        explains=frozenset({"BB-036"}),
    ),
)
