"""Rules: iPXE or GRUB runs, and does not get to what it is to start."""

import math
import re

from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.verdict.addresses import ASKED_IN_VAIN, in_vain
from bootbeam.journal.verdict.boot_server import OPEN_PORTS
from bootbeam.journal.verdict.course import Course, Try, number, text
from bootbeam.journal.verdict.finding import UNKNOWN_VALUES, Judged, Later, Match, Rule, Screen, Sureness
from bootbeam.journal.verdict.ipxe_errors import find_error

HEARD_DHCP, HEARD_US = 2, 1
"""The low bits of an iPXE's ``secs``: what it has heard so far (ipxe: dhcp_tx)."""
SCRIPT_WAIT_S = 45.0
"""An iPXE of 2019 waits up to 16 s for an IPv6 router before it fetches its script, twice on a slow machine."""
CONNECT_WAIT_S = 12.0
"""Once it looks for our network card, it fetches its script at once."""
GAVE_UP_S = 5.0
"""An iPXE that ends sooner did not try: a person pressed a key, or it went on by another network card."""
FILES_WAIT_S = 50.0
"""A warning stands for 15 s before a script fetches anything."""
FETCHES_NOTHING = re.compile(r"the menu$|its own disk|GRUB for |iPXE \(")
TRIES_TOLD = 2
AT_ITS_SHELL = (
    "a firewall, on this computer or between it and the machine, drops TCP port {http_port}; or somebody is at iPXE's "
    "prompt: `chain http://{station}:{http_port}/boot.ipxe` goes on from there"
)
NOT_FOUND = ("2d0c61", "2d1261")
"""iPXE's numbers for a file that a web server, or a TFTP server, does not have."""


def _heard(each: Try) -> int:
    return int(number(each.questions[-1], "secs")) & 3


def judge_hears_nobody(course: Course) -> Judged:
    """iPXE asks again and again, and says that it hears nobody."""
    later: Judged = None
    for each in course.tries_of("ipxe"):
        judged = in_vain(each, course.now)
        if isinstance(judged, Match) and _heard(each) == 0:
            return Match(f"{judged.seen}; its questions say that it has heard no answer at all, though we sent ours")
        if isinstance(judged, Later):
            later = judged
    return later


def judge_misses_us(course: Course) -> Judged:
    """iPXE has an address, and says that it has not heard us."""
    asked = _asked_by_ipxe(course)
    if asked is None or asked.facts.get("secs") is None:
        return None
    if int(number(asked, "secs")) & 3 != HEARD_DHCP or _fetched_after(course, asked):
        return None
    moment = asked.at_s + SCRIPT_WAIT_S
    if course.now < moment:
        return Later(moment)
    return Match(
        f"it took {text(asked, 'address_requested')} from {text(asked, 'server')}, and its question says that it had "
        "not heard our offer"
    )


def judge_script_not_fetched(course: Course) -> Judged:
    """iPXE has an address and our offer, and never fetches its script."""
    for each in course.tries_of("ipxe"):
        requested = each.of(EventKind.ADDRESS_REQUESTED)
        if each.ended_at_s is None or each.is_ipv6 or not requested or each.has_come_on or not _looked_for_us(each):
            continue
        if not course.of(EventKind.SCRIPT_SENT, EventKind.MESSAGE_SHOWN):
            address = text(requested[-1], "address_requested") or "its address"
            seen = f"iPXE took {address}, asked our web server for nothing, and gave up"
            return Match(seen, screens=(Screen.IPXE,))
    asked = _asked_by_ipxe(course)
    if asked is None:
        return _judge_script_over_ipv6(course)
    if _fetched_after(course, asked):
        return None
    secs = asked.facts.get("secs")
    if secs is not None and int(number(asked, "secs")) & HEARD_US == 0:
        return None
    sought = course.after(asked, EventKind.ADDRESS_SOUGHT, where=lambda event: bool(event.facts.get("is_ours")))
    moment = sought[0].at_s + CONNECT_WAIT_S if sought else asked.at_s + SCRIPT_WAIT_S
    if course.now < moment and course.kind == "ipxe":
        return Later(moment)
    address = text(asked, "address_requested") or "its address"
    looked = ", looked for this computer's network card (ARP)" if sought else ""
    seen = f"iPXE took {address}{looked}, and has asked our web server for nothing"
    if not sought:
        cause = AT_ITS_SHELL.format_map({**UNKNOWN_VALUES, **course.values})
        return Match(seen, screens=(Screen.IPXE,), sure=Sureness.POSSIBLY, cause=cause)
    return Match(seen, screens=(Screen.IPXE,))


def _judge_script_over_ipv6(course: Course) -> Judged:
    """The same where nothing is heard of the address that it takes: over IPv6, or where this station gives it one."""
    tries = course.tries_of("ipxe")
    if not tries or course.kind != "ipxe":
        return None
    offered = tries[-1].of(EventKind.OFFERED)
    is_over_ipv6 = tries[-1].is_ipv6 or any(event.facts.get("address_offered") for event in offered)
    last = tries[-1].questions[-1]
    if not offered or not is_over_ipv6 or len(tries[-1].questions) >= ASKED_IN_VAIN or _fetched_after(course, last):
        return None
    moment = last.at_s + SCRIPT_WAIT_S
    if course.now < moment:
        return Later(moment)
    seen = (
        f"iPXE was told over IPv6 where its script is, and for {SCRIPT_WAIT_S:.0f} s it has asked our web server for "
    )
    return Match(f"{seen}nothing", screens=(Screen.IPXE,))


def _looked_for_us(each: Try) -> bool:
    return any(event.facts.get("is_ours") for event in each.of(EventKind.ADDRESS_SOUGHT))


def _asked_by_ipxe(course: Course) -> Event | None:
    """When the newest iPXE asked for its address: one that runs, or that gave up, so that the firmware asks again."""
    tries = course.tries_of("ipxe")
    if not tries or tries[-1].is_ipv6:
        return None
    asked = tries[-1].of(EventKind.ADDRESS_REQUESTED)
    if not asked or (tries[-1].ended_at_s or math.inf) - asked[-1].at_s < GAVE_UP_S:
        return None
    return asked[-1]


def _fetched_after(course: Course, asked: Event) -> bool:
    fetched = (
        EventKind.SCRIPT_SENT,
        EventKind.MESSAGE_SHOWN,
        EventKind.TRANSFER_STARTED,
        EventKind.BLOCKS_READ,
        EventKind.FILE_REFUSED,
        EventKind.IMAGE_HELD_BACK,
        EventKind.LOADER_FAILED,
        EventKind.SYSTEM_SEEN,
    )
    # An autoexec script may be ahead of the question for an address.
    return bool(course.after(asked, *fetched)) or any(event.kind is EventKind.SCRIPT_SENT for event in course.events)


def judge_files_not_fetched(course: Course) -> Judged:
    """A script was sent, and what it names is never asked for."""
    sent = course.last(EventKind.SCRIPT_SENT)
    if sent is None or FETCHES_NOTHING.search(text(sent, "entry")) or course.after(sent):
        return None
    moment = sent.at_s + FILES_WAIT_S
    if course.now < moment:
        return Later(moment)
    return Match(f"it was sent the script for {text(sent, 'entry')}, and has asked for none of its files")


def judge_loader_failed(course: Course) -> Judged:
    """iPXE itself reports an error."""
    reported = course.of(EventKind.LOADER_FAILED)
    if not reported:
        return None
    newest = reported[-1]
    error, entry = text(newest, "error"), text(newest, "entry")
    known = find_error(error)
    if known is None or (error[:6] in NOT_FOUND and course.of(EventKind.FILE_REFUSED)):
        return None  # what was not found is a finding of its own
    times = f", {len(reported)} times so far" if len(reported) >= TRIES_TOLD else ""
    values = {**UNKNOWN_VALUES, **course.values}
    return Match(
        f"it could not start {entry}: {known.message} (http://ipxe.org/{error}){times}",
        {"error": error, "message": known.message, "entry": entry},
        cause=known.meaning.format_map(values),
        sure=Sureness.SURELY if known.is_certain else Sureness.MOST_LIKELY,
        fix=tuple(line.format_map(values) for line in known.fix),
        screens=(Screen.IPXE,),
    )


RULES = (
    Rule(
        "BB-054",
        "{entry} does not start: {message}",
        judge_loader_failed,
        "iPXE reports, in the address of the script it fetches next, with which error the boot ended",
        "what the number on the screen says; docs/troubleshooting.md has a table of them",
        Sureness.SURELY,
        {
            Screen.IPXE: (
                "Could not boot: {message} (http://ipxe.org/{error})",
                "bootbeam: this did not start; the reason is in iPXE's own words above.",
            )
        },
        ("look the number up:", "    bootbeam explain 2e008081"),
        explains=frozenset({"BB-053", "BB-070", "BB-046"}),
    ),
    Rule(
        "BB-050",
        "iPXE hears no answer to its questions",
        judge_hears_nobody,
        "iPXE asks four times or more; the low bits of `secs` say that it has heard nobody",
        "the network is not there again yet after iPXE took the network card over: the switch holds the port back for "
        "30 s (spanning tree), or this iPXE has no working driver for the card",
        Sureness.MOST_LIKELY,
        {Screen.IPXE: ("No configuration methods succeeded (http://ipxe.org/040ee119)",)},
        (
            "make the machine's port on the switch an edge port (portfast), or put a small switch between",
            "bring a newer iPXE, and start the station again:",
            "    sudo bootbeam loaders fetch",
        ),
    ),
    Rule(
        "BB-051",
        "iPXE has an address and has not heard our offer",
        judge_misses_us,
        "iPXE takes an address; the low bits of `secs` say that it heard the DHCP server and not us",
        "our offer came later than 2 s after the DHCP server's, or another device filters answers of a second DHCP "
        "server "
        "(DHCP snooping on a switch)",
        Sureness.MOST_LIKELY,
        {Screen.IPXE: ("Nothing to boot: No such file or directory (http://ipxe.org/2d03e13b)",)},
        (
            "boot it again; if it happens each time, name this computer's port on the switch a trusted one:",
            "    Cisco: ip dhcp snooping trust",
            "or let the DHCP server {router} name the script itself:",
            "    dnsmasq: dhcp-match=set:ipxe,175   and   dhcp-boot=tag:ipxe,http://{station}:{http_port}/boot.ipxe",
        ),
    ),
    Rule(
        "BB-052",
        "iPXE does not reach the station's web server",
        judge_script_not_fetched,
        "iPXE takes an address, and then fetches nothing over HTTP for 45 s",
        "a firewall, on this computer or between it and the machine, drops TCP port {http_port}",
        Sureness.MOST_LIKELY,
        {
            Screen.IPXE: (
                "http://{station}:{http_port}/boot.ipxe... Connection timed out (http://ipxe.org/4c0a6035)",
                "http://{station}:{http_port}/boot.ipxe... Connection reset (http://ipxe.org/0f0a6039)",
            )
        },
        (
            *OPEN_PORTS,
            "try it from another computer of this network:",
            "    curl http://{station}:{http_port}/boot.ipxe",
        ),
    ),
    Rule(
        "BB-053",
        "the machine has its script and fetches none of the files in it",
        judge_files_not_fetched,
        "a script was sent, and no file of it is asked for within 50 s",
        "the script stopped on the machine: its screen says why; or somebody is at its iPXE shell",
        Sureness.POSSIBLY,
        {Screen.IPXE: ("(an error of iPXE with a number: bootbeam explain NUMBER)",), Screen.UEFI: (), Screen.BIOS: ()},
        (
            "look at the machine's screen, and look the number in brackets up:",
            "    bootbeam explain http://ipxe.org/...",
            "see the script that it was sent:",
            "    curl http://{station}:{http_port}/boot.ipxe",
        ),
    ),
)
