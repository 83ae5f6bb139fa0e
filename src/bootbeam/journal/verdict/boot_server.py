"""Rules: the machine has an address and our offer, and does not get from there to its boot file."""

import math

from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.verdict.course import LOADING, Course, Try, seconds, text
from bootbeam.journal.verdict.finding import Judged, Later, Match, Rule, Screen, Sureness
from bootbeam.journal.verdict.other_servers import NO_BOOT_LINES

ASKED_AGAIN = 3
"""edk2 asks port 4011 four times, after 0, 1, 3 and 6 s; the third time is no accident."""
BOOT_SERVER_WAIT_S = 7.0
"""UEFI asks port 4011 within a second of having its address, and gives up after 10 s."""
SILENT_WAIT_S = 20.0
"""By then it has gone on to its next way of booting, or is not there any more."""
MAY_BE_OFF = "the machine was switched off, or lost its network; if not, a firewall drops UDP port {}"
DOWNLOAD_WAIT_S = 12.0
"""The first request for the boot file follows within a second."""
NEXT_ANSWER_S = 6.0
"""Firmware asks again after 4 s, and what kept our answer back may be over by then."""
TAKEN_LATE_S = 3.0
"""A station that has much to do takes a question so late, and no later."""
AT_ONCE_S = 3.5
"""A firmware that gives up of itself, and not for want of an answer, goes on so soon."""
OPEN_PORTS = (
    "see what this computer's firewall holds back:",
    "    sudo bootbeam doctor",
    "and let it through; with ufw:",
    "    sudo ufw allow 67,69,547,4011/udp",
    "    sudo ufw allow {http_port}/tcp",
    "with firewalld:",
    "    sudo firewall-cmd --add-port=67/udp --add-port=69/udp --add-port=547/udp --add-port=4011/udp",
    "    sudo firewall-cmd --add-port={http_port}/tcp",
    "with anything else, change the rules that drop or reject UDP:",
    "    sudo nft list ruleset",
)


def _lease_taken(each: Try) -> Event | None:
    """When the machine asked a DHCP server for its address."""
    asked = each.of(EventKind.ADDRESS_REQUESTED)
    return asked[-1] if asked else None


def judge_not_sent(course: Course) -> Judged:
    """This computer itself did not let our answer out."""
    failed = course.of(EventKind.ANSWER_NOT_SENT)
    sent = (EventKind.OFFERED, EventKind.BOOT_SERVER_ACKNOWLEDGED)
    if not failed or course.came_on or course.after(failed[-1], *sent):
        return None
    last = failed[-1]
    if len(failed) == 1 and course.now < last.at_s + NEXT_ANSWER_S:
        return Later(last.at_s + NEXT_ANSWER_S)
    return Match(
        f"{len(failed)} answers from port {text(last, 'port')} could not be sent; this computer says: "
        f"{text(last, 'why')}"
        if len(failed) > 1
        else f"our answer from port {text(last, 'port')} could not be sent; this computer says: {text(last, 'why')}"
    )


TAKEN = {
    "67": (EventKind.CLIENT_SEEN, EventKind.ADDRESS_REQUESTED),
    "4011": (EventKind.BOOT_SERVER_ASKED, EventKind.BOOT_SERVER_ACKNOWLEDGED),
    "69": (),
}
"""What shows that a question to this port was taken after all; a download always does."""
PORT_WORDS = {
    "67": "its question who boots it (UDP port 67)",
    "4011": "its question for its boot file (UDP port 4011)",
    "69": "its request for its boot file (TFTP, UDP port 69)",
}


def judge_held_back(course: Course) -> Judged:
    """This computer itself did not let the machine's question in."""
    held = course.last(EventKind.QUESTION_HELD_BACK)
    if held is None:
        return None
    port = text(held, "port")
    if course.after(held, *TAKEN.get(port, ()), *LOADING):
        return None
    if course.now < held.at_s + TAKEN_LATE_S:
        return Later(held.at_s + TAKEN_LATE_S)
    what = PORT_WORDS.get(port, f"its question to UDP port {port}")
    return Match(f"{what} came to this computer's network card, again and again, and never to the station")


def judge_question_lost(course: Course) -> Judged:
    """UEFI has an address and must ask port 4011, and no question comes."""
    later: Judged = None
    for each in course.tries_of("uefi-pxe"):
        asked, offers = _lease_taken(each), each.of(EventKind.OFFERED)
        is_done = each.has_come_on or each.of(EventKind.BOOT_SERVER_ASKED, EventKind.BOOT_SERVER_ACKNOWLEDGED)
        if asked is None or is_done or not offers or offers[-1].facts.get("address_offered"):
            continue  # to an address that is ours, over IPv6, belongs the file's name: it need not ask
        judged = _question_lost(course, each, asked)
        if isinstance(judged, Match):
            return judged
        later = later or judged
    return later


def _question_lost(course: Course, each: Try, asked: Event) -> Judged:
    """Most likely lost where something shows that the machine is still there; else it may have been switched off."""
    has_looked, has_moved_on = _looked_for_us(each, asked, BOOT_SERVER_WAIT_S), each.ended_at_s is not None
    wait_s = BOOT_SERVER_WAIT_S if has_looked or has_moved_on else SILENT_WAIT_S
    stood = each.stood_still(asked, course.now)
    if stood < wait_s:
        return None if has_moved_on else Later(asked.at_s + wait_s)
    took = "over IPv6 it asked for" if each.is_ipv6 else "it took"  # there the answer goes to the machine alone
    looked = "; it did look for this computer's network card (ARP)" if has_looked else ""
    address = text(asked, "address_requested") or "its address"
    seen = f"{took} {address} and then did not ask port 4011 here, for {stood:.0f} s{looked}"
    if has_looked or has_moved_on:
        return Match(seen)
    return Match(f"{seen}; what became of it was not heard", sure=Sureness.POSSIBLY, cause=MAY_BE_OFF.format(4011))


def _looked_for_us(each: Try, asked: Event, within_s: float = math.inf) -> bool:
    sought = [event for event in each.of(EventKind.ADDRESS_SOUGHT) if 0 <= event.at_s - asked.at_s <= within_s]
    return any(event.facts.get("is_ours") for event in sought)


def judge_goes_elsewhere(course: Course) -> Judged:
    """It has an address, and looks for somebody else than this station."""
    later: Judged = None
    for each in course.tries_of("uefi-pxe", "bios-pxe", "uefi-http"):
        asked = _lease_taken(each)
        if asked is None or each.has_come_on or each.of(EventKind.BOOT_SERVER_ASKED) or _looked_for_us(each, asked):
            continue
        own = {text(asked, "address_requested")}
        if each.kind != "uefi-pxe":
            own.add(text(asked, "server"))  # a BIOS looks for its router before it begins
        sought = [
            text(event, "address_sought")
            for event in each.of(EventKind.ADDRESS_SOUGHT)
            if event.at_s >= asked.at_s and text(event, "address_sought") not in own
        ]
        if not sought:
            continue
        stood = each.stood_still(asked, course.now)
        if stood >= DOWNLOAD_WAIT_S or (each.ended_at_s is not None and stood >= AT_ONCE_S):
            return _elsewhere(asked, sought)
        if each.ended_at_s is None:
            later = Later(asked.at_s + DOWNLOAD_WAIT_S)
    return later


def _elsewhere(asked: Event, sought: list[str]) -> Match:
    """Whom it looked for; the DHCP server itself only where it looked for nobody else."""
    server = text(asked, "server")
    other = next((address for address in reversed(sought) if address != server), server)
    address = text(asked, "address_requested") or "its address"
    whom = f"{other} (ARP), which is the DHCP server" if other == server else f"{other} (ARP)"
    seen = f"it took {address}, and then looked for {whom}, and not for this station"
    return Match(seen, {"other": other, "router": server or "of this network"})


def judge_answer_lost(course: Course) -> Judged:
    """It asks port 4011 again and again though we answer."""
    for each in course.tries_of("uefi-pxe", "bios-pxe"):
        asked = each.of(EventKind.BOOT_SERVER_ASKED)
        if len(asked) >= ASKED_AGAIN and not each.has_come_on:
            return Match(f"it asked port 4011 {len(asked)} times, at {seconds(asked)}, and we answered each time")
    return None


def judge_gave_up(course: Course) -> Judged:
    """It has our answer from port 4011, and goes on to its next boot device at once."""
    for each in course.tries_of("uefi-pxe", "bios-pxe"):
        answered = _answered(each)
        if answered is None or each.ended_at_s is None or each.has_come_on:
            continue
        stood = each.stood_still(answered, course.now)
        if stood < AT_ONCE_S and len(each.of(EventKind.BOOT_SERVER_ASKED)) < ASKED_AGAIN:
            return Match(f"port 4011 told it {text(answered, 'file')}, and {stood:.1f} s later it tried something else")
    return None


def judge_download_not_begun(course: Course) -> Judged:
    """It has our answer from port 4011, and never asks for the file."""
    later: Judged = None
    for each in course.tries_of("uefi-pxe", "bios-pxe"):
        answered = _answered(each) or _address_given(each)
        is_other = len(each.of(EventKind.BOOT_SERVER_ASKED)) >= ASKED_AGAIN
        if answered is None or each.has_come_on or is_other:
            continue
        stood = each.stood_still(answered, course.now)
        if stood >= DOWNLOAD_WAIT_S:
            if answered.kind is EventKind.ADDRESS_GIVEN:
                offered = each.of(EventKind.OFFERED)
                file = text(offered[-1], "file") if offered else "its boot file"
                told = f"it took {text(answered, 'address_given')}, which we gave it over IPv6 with the name {file}"
            else:
                told = f"port 4011 told it to load {text(answered, 'file')} from {text(answered, 'siaddr')}"
            return Match(f"{told}, and no request for it has come for {stood:.0f} s")
        if each.ended_at_s is None:
            later = Later(answered.at_s + DOWNLOAD_WAIT_S)
    return later


def _answered(each: Try) -> Event | None:
    answers = each.of(EventKind.BOOT_SERVER_ACKNOWLEDGED)
    return answers[-1] if answers else None


def _address_given(each: Try) -> Event | None:
    """Over IPv6 the file's name comes with the address that this station gives."""
    given = each.of(EventKind.ADDRESS_GIVEN)
    return given[-1] if given else None


def judge_bios_download_not_begun(course: Course) -> Judged:
    """A BIOS has an address, goes straight for the file, and no request comes."""
    later: Judged = None
    for each in course.tries_of("bios-pxe"):
        asked = _lease_taken(each)
        if asked is None or each.has_come_on or each.of(EventKind.BOOT_SERVER_ASKED) or not each.is_offered:
            continue
        looked = [0 <= event.at_s - asked.at_s <= BOOT_SERVER_WAIT_S for event in each.of(EventKind.ADDRESS_SOUGHT)]
        is_there = each.ended_at_s is not None or any(looked)
        wait_s = DOWNLOAD_WAIT_S if is_there else SILENT_WAIT_S
        stood = each.stood_still(asked, course.now)
        if stood >= wait_s:
            address = text(asked, "address_requested") or "its address"
            seen = f"it took {address}, and no request for its boot file has come for {stood:.0f} s"
            return Match(seen) if is_there else Match(seen, sure=Sureness.POSSIBLY, cause=MAY_BE_OFF.format(69))
        if each.ended_at_s is None:
            later = Later(asked.at_s + wait_s)
    return later


RULES = (
    Rule(
        "BB-026",
        "this computer's own firewall holds the machine's question back",
        judge_held_back,
        "a machine's question to UDP port 67, 69 or 4011 is heard on the network card twice, and does not come to the "
        "station",
        "a firewall on this computer (nftables, iptables, ufw, firewalld) drops or rejects it",
        Sureness.SURELY,
        {
            Screen.UEFI: (
                "PXE-E16: No valid offer received.",
                "PXE-E18: Server response timeout.",
            ),
            Screen.BIOS: (
                "PXE-E51: No DHCP or proxyDHCP offers were received.",
                "PXE-E53: No boot filename received",
                "PXE-E32: TFTP open timeout",
            ),
            Screen.IPXE: ("Nothing to boot: No such file or directory (http://ipxe.org/2d03e13b)",),
        },
        OPEN_PORTS,
        explains=frozenset({"BB-002", "BB-005", "BB-020", "BB-022", "BB-023", "BB-024"}),
    ),
    Rule(
        "BB-025",
        "this computer does not let our answers out",
        judge_not_sent,
        "sending the answer fails on this computer itself",
        "with `Operation not permitted`, this computer's own firewall has a rule for what it sends; with "
        "`Network is unreachable`, its interface has lost its address or its cable",
        Sureness.MOST_LIKELY,
        {
            Screen.UEFI: ("PXE-E16: No valid offer received.",),
            Screen.BIOS: ("PXE-E53: No boot filename received",),
            Screen.IPXE: ("Nothing to boot: No such file or directory (http://ipxe.org/2d03e13b)",),
        },
        (
            "look for rules that drop or reject outgoing UDP from ports 67, 69 and 4011:",
            "    sudo nft list ruleset     (or: sudo iptables -S OUTPUT)",
            "look at the interface:",
            "    ip address show {interface}",
        ),
        explains=frozenset({"BB-002", "BB-003", "BB-005", "BB-020", "BB-021", "BB-023", "BB-024"}),
    ),
    Rule(
        "BB-017",
        "the machine goes to another server for its boot file",
        judge_goes_elsewhere,
        "a machine takes an address, and then looks for an address that is not this station's (ARP)",
        "another server's boot settings (option 60, 66, 67, next-server) reached it too, and it follows those, though "
        "nothing may answer there; or the DHCP server gave it an address of another network",
        Sureness.MOST_LIKELY,
        {
            Screen.UEFI: ("PXE-E18: Server response timeout.", "(or PXE-E16, PXE-E23)"),
            Screen.BIOS: ("PXE-E32: TFTP open timeout", "(or PXE-E11: ARP timeout)"),
        },
        (
            "see who {other} is, and stop what it serves for booting:",
            "    ip neighbour show {other}",
            "    sudo tcpdump -ni {interface} -v host {other} and udp",
            "most often the DHCP server {router} has boot settings of its own; take them out of it:",
            *NO_BOOT_LINES,
        ),
        explains=frozenset({"BB-020", "BB-024", "BB-061"}),
    ),
    Rule(
        "BB-021",
        "our answer from port 4011 does not reach the machine",
        judge_answer_lost,
        "three or more questions to port 4011 (at about 0, 1, 3 and 6 s), each answered, and no request for a file",
        "a firewall drops what this computer sends from UDP port 4011, or sends it out another way than it came in "
        "(two network interfaces in one network, a VPN)",
        Sureness.MOST_LIKELY,
        {
            Screen.UEFI: ("PXE-E16: No valid offer received.",),
            Screen.BIOS: ("PXE-E55: proxyDHCP service did not reply to request on port 4011",),
        },
        (
            *OPEN_PORTS,
            "the same on any firewall between this computer and the machine",
            "see whether the answers leave by {interface}:",
            "    sudo tcpdump -ni {interface} udp port 4011",
        ),
    ),
    Rule(
        "BB-020",
        "the machine's question to port 4011 does not arrive",
        judge_question_lost,
        "UEFI takes an address, and no question comes to port 4011, where it has to ask next, though it looks for this "
        "computer (ARP) or goes on to something else; with `possibly`, nothing more is heard of it at all",
        "a firewall, on this computer or between it and the machine, drops UDP port 4011",
        Sureness.MOST_LIKELY,
        {Screen.UEFI: ("PXE-E16: No valid offer received.",)},
        (
            *OPEN_PORTS,
            "see whether the question arrives; if it does not, a switch or another firewall holds it back:",
            "    sudo tcpdump -ni {interface} udp port 4011",
            "if that shows nothing and there is no firewall: the DHCP server {router} may say `PXEClient` (option 60) "
            "itself; take that out of it",
        ),
    ),
    Rule(
        "BB-022",
        "the machine gives up network boot right after our answer",
        judge_gave_up,
        "port 4011 is asked and answered once; no request for a file, and within 3 s a new question from the firmware",
        "a firewall rejects TFTP (UDP port 69), if the screen says that the file has 0 bytes; or somebody pressed Esc, "
        "or the firmware wants a boot menu, if it says PXE-E21 and nothing of a file",
        Sureness.POSSIBLY,
        {
            Screen.UEFI: (
                "NBP filesize is 0 Bytes",
                "PXE-E99: Unexpected network error.",
                "(or PXE-E22: Client received ICMP error from server.)",
                "or only PXE-E21: Remote boot cancelled.",
            ),
            Screen.BIOS: ("PXE-E32: TFTP open timeout",),
        },
        (
            "with `0 Bytes`, PXE-E99 or PXE-E22:",
            *OPEN_PORTS,
            "with PXE-E21 alone: boot it again and press nothing: it gets our answer in another form then, a menu say; "
            "to begin with that:",
            "    bootbeam serve ... --reply {mac}:answer=menu",
        ),
    ),
    Rule(
        "BB-023",
        "the machine's request for its boot file does not arrive",
        judge_download_not_begun,
        "port 4011 is asked and answered, or over IPv6 an address and the file's name are taken; then no request for "
        "the file comes to the TFTP server",
        "a firewall, on this computer or between it and the machine, drops TFTP (UDP port 69)",
        Sureness.MOST_LIKELY,
        {
            Screen.UEFI: ("NBP filesize is 0 Bytes", "PXE-E18: Server response timeout."),
            Screen.BIOS: ("PXE-E32: TFTP open timeout", "(or PXE-E11: ARP timeout)"),
        },
        (
            *OPEN_PORTS,
            "see whether the request arrives; if it does not, something between holds it back:",
            "    sudo tcpdump -ni {interface} udp port 69",
            "between two networks: the machine must be able to reach {station}, and UDP 67, 69, 4011 must pass",
        ),
    ),
    Rule(
        "BB-024",
        "the machine has an address and never asks for its boot file",
        judge_bios_download_not_begun,
        "a BIOS takes an address; then no request for the file comes to the TFTP server; with `possibly`, nothing more "
        "is heard of it at all",
        "a firewall, on this computer or between it and the machine, drops TFTP (UDP port 69); or the machine follows "
        "another server's offer",
        Sureness.MOST_LIKELY,
        {Screen.BIOS: ("PXE-E32: TFTP open timeout", "(or PXE-E11: ARP timeout, PXE-E53: No boot filename received)")},
        (
            *OPEN_PORTS,
            "see whether the request arrives:",
            "    sudo tcpdump -ni {interface} udp port 69",
            "if the screen says PXE-E53: take boot settings out of the DHCP server {router}",
        ),
    ),
)
