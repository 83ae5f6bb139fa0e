"""Rules: a firmware boots by HTTP (UEFI HTTP boot), and does not get its program."""

from bootbeam.journal.events import EventKind
from bootbeam.journal.verdict.boot_server import OPEN_PORTS
from bootbeam.journal.verdict.course import Course, number, text
from bootbeam.journal.verdict.finding import Judged, Later, Match, Rule, Screen, Sureness

FETCH_WAIT_S = 12.0
"""The first request follows within a second of the address."""
FAILED_WAIT_S = 10.0
NO_SIZE = "Error: Could not retrieve NBP file size from HTTP server."


def judge_not_fetched(course: Course) -> Judged:
    """HTTP boot has an address and our URL, and no request comes."""
    later: Judged = None
    for each in course.tries_of("uefi-http"):
        asked = each.of(EventKind.ADDRESS_GIVEN if each.is_ipv6 else EventKind.ADDRESS_REQUESTED)
        if not asked or each.has_come_on or not each.is_offered:
            continue
        stood = each.stood_still(asked[-1], course.now)
        if stood >= FETCH_WAIT_S:
            address = text(asked[-1], "address_given" if each.is_ipv6 else "address_requested") or "its address"
            url = text(each.of(EventKind.OFFERED)[-1], "file")
            return Match(f"it took {address}, was told {url}, and has asked for nothing", {"url": url})
        if each.ended_at_s is None:
            later = Later(asked[-1].at_s + FETCH_WAIT_S)
    return later


def judge_broken_off(course: Course) -> Judged:
    """HTTP boot begins to load its program, and breaks off."""
    for each in course.tries_of("uefi-http"):
        stopped = each.of(EventKind.TRANSFER_FAILED, EventKind.TRANSFER_STALLED)
        failed = [event for event in stopped if text(event, "protocol") == "http"]
        if not failed or any(text(event, "role") == "loader" for event in each.of(EventKind.TRANSFER_FINISHED)):
            continue
        if [event for event in each.events if event.at_s > failed[-1].at_s]:
            continue
        moment = failed[-1].at_s + FAILED_WAIT_S
        if course.now < moment and each.ended_at_s is None:
            return Later(moment)
        sent, whole = number(failed[-1], "sent_bytes"), number(failed[-1], "size_bytes")
        return Match(f"{text(failed[-1], 'file')} stopped after {sent:,.0f} of {whole:,.0f} bytes")
    return None


RULES = (
    Rule(
        "BB-061",
        "the machine does not fetch the address that HTTP boot gave it",
        judge_not_fetched,
        "HTTP boot takes an address and our URL, and nothing connects to the web server",
        "a firewall drops TCP port {http_port}, or the firmware allows https only (a setting, or its maker's decision)",
        Sureness.MOST_LIKELY,
        {
            Screen.UEFI: (
                NO_SIZE,
                "Error: Server response timeout.",
                "(or: Error: Access forbidden, only HTTPS connection is allowed.)",
            )
        },
        (
            *OPEN_PORTS,
            "try it from another computer of this network:",
            "    curl -o /dev/null {url}",
            "if the screen says that only HTTPS is allowed: choose `PXE` instead of `HTTP` in the machine's boot "
            "menu, or "
            "allow HTTP in its setup",
        ),
    ),
    Rule(
        "BB-062",
        "HTTP boot breaks the download of its program off",
        judge_broken_off,
        "HTTP boot begins to load its program, stops, and does not go on",
        "the firmware gave up: the network loses packets, its time was over, or it has no memory for the file",
        Sureness.POSSIBLY,
        {Screen.UEFI: ("Error: Unexpected network error.", "(or: Error: Server response timeout.)")},
        (
            "boot it again; if it happens again, choose `PXE` instead of `HTTP` in the machine's boot menu, and look "
            "for "
            "errors on this computer's side:",
            "    ip -s link show {interface}",
        ),
    ),
)
