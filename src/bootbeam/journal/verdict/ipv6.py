"""Rules: a machine asks over IPv6, and gets no answer, or no address.

There a machine may have its address from this station (docs/how-it-boots.md), so that what fails, and what helps, is
something else than over IPv4. Another server's answers are sent to the machine alone: they are not heard here.
"""

from bootbeam.journal.events import EventKind
from bootbeam.journal.verdict.addresses import ANSWER_WAIT_S, ASKED_IN_VAIN
from bootbeam.journal.verdict.course import Course, Try, seconds
from bootbeam.journal.verdict.finding import Judged, Later, Match, Rule, Screen, Sureness

KINDS = ("uefi-pxe", "uefi-http", "ipxe")
NO_ADDRESS_S = 15.0
"""A firmware that has an address says so within 5 s."""
NO_OFFER = "PXE-E16: No valid offer received."
NO_NETWORK_CAUSE = (
    "the network has IPv4 only: no router announces an IPv6 network, and this computer has no address in one"
)
NO_NETWORK_FIX = (
    "choose the entry with IPv4 in the machine's boot menu (`PXEv4`, `HTTPv4`), or put it before the one with IPv6",
    "or give this computer an IPv6 address of its own, from which machines get theirs:",
)
GIVE_NETWORK = "sudo ip address add fd00:b007::1/64 dev"


def judge_answers_lost(course: Course) -> Judged:
    """It is offered an address and a boot file by us, and asks again and again."""
    return _in_vain(course, is_address_ours=True)


def judge_no_address(course: Course) -> Judged:
    """Another server gives addresses here, and the machine takes none."""
    return _in_vain(course, is_address_ours=False)


def _in_vain(course: Course, *, is_address_ours: bool) -> Judged:
    later: Judged = None
    for each in course.tries_of(*KINDS):
        if not each.is_ipv6 or not each.is_offered or _went_on(each):
            continue
        if bool(each.of(EventKind.OFFERED)[-1].facts.get("address_offered")) is not is_address_ours:
            continue
        if _is_without_network(each) and any(not other.is_ipv6 for other in course.tries_of(*KINDS)):
            continue  # firmware tries IPv6 in passing; what matters is its boot over IPv4
        last, is_insistent = each.questions[-1], len(each.questions) >= ASKED_IN_VAIN
        # edk2 asks once when an answer without an address comes, and waits for another server's in vain.
        if not is_insistent and (is_address_ours or each.kind == "ipxe"):
            continue
        wait_s = ANSWER_WAIT_S if is_insistent else NO_ADDRESS_S
        if each.stood_still(last, course.now) >= wait_s:
            return _told(each, is_address_ours=is_address_ours)
        if each.ended_at_s is None:
            later = Later(last.at_s + wait_s)
    return later


def _told(each: Try, *, is_address_ours: bool) -> Match:
    times = len(each.questions)
    asked = f"over IPv6 it asked {times} times, at {seconds(each.questions)}" if times > 1 else "it asked over IPv6"
    if is_address_ours:
        return Match(f"{asked}; each time we offered it an address and its boot file, and it took neither")
    if _is_without_network(each):
        seen = f"{asked}; there is no IPv6 network here, only addresses of the link itself, and nobody gives others"
        return Match(
            seen, cause=NO_NETWORK_CAUSE, fix=(*NO_NETWORK_FIX, f"    {GIVE_NETWORK} {each.questions[-1].interface}")
        )
    return Match(f"{asked}; we offered the boot file, another server gives addresses here, and it took none")


def _is_without_network(each: Try) -> bool:
    """No server gives addresses, and the station has no network of its own to give one from."""
    offered = each.of(EventKind.OFFERED)[-1].facts
    return not offered.get("address_offered") and offered.get("has_address_server") is False


def _went_on(each: Try) -> bool:
    asked = (
        EventKind.ADDRESS_REQUESTED,
        EventKind.ADDRESS_GIVEN,
        EventKind.BOOT_SERVER_ASKED,
        EventKind.BOOT_SERVER_ACKNOWLEDGED,
    )
    return each.has_come_on or bool(each.of(*asked))


SCREENS = {
    Screen.UEFI: (NO_OFFER, "(by HTTP boot: Error: Server response timeout.)"),
    Screen.IPXE: ("No configuration methods succeeded (http://ipxe.org/040ee119)",),
}
RULES = (
    Rule(
        "BB-012",
        "our answers over IPv6 do not reach the machine",
        judge_answers_lost,
        "a machine asks three times or more over IPv6; each time it is offered an address and its boot file, and takes "
        "neither",
        "a switch, an access point or a firewall drops DHCPv6 answers (UDP, from port 547 to 546) that do not come "
        "from the router: `DHCPv6 guard`, `RA guard`, `client isolation`",
        Sureness.MOST_LIKELY,
        SCREENS,
        (
            "the quickest way round: choose the entry with IPv4 in the machine's boot menu (`PXEv4`, `HTTPv4`)",
            "let answers of this computer through; name its port on the switch the one of a server:",
            "    Cisco: ipv6 dhcp guard policy SERVER ; device-role server",
            "and on this computer, if its firewall holds them back:",
            "    sudo ufw allow out proto udp from any port 547",
            "see whether they leave by {interface}:",
            "    sudo tcpdump -ni {interface} udp port 546 or udp port 547",
        ),
    ),
    Rule(
        "BB-013",
        "over IPv6 nobody gives the machine an address",
        judge_no_address,
        "a machine asks over IPv6, where a DHCPv6 server was heard that gives addresses, and takes none",
        "the network's DHCPv6 server, most often the router, has no address for this machine, or its answers do not "
        "reach it; the station leaves giving addresses to that server",
        Sureness.MOST_LIKELY,
        {
            **SCREENS,
            Screen.UEFI: (
                "PXE-E21: Remote boot cancelled.",
                NO_OFFER,
                "(by HTTP boot: Error: Server response timeout.)",
            ),
        },
        (
            "the quickest way round: choose the entry with IPv4 in the machine's boot menu (`PXEv4`, `HTTPv4`)",
            "look at the router's DHCPv6 server: is its range large enough, does it know this machine?",
            "    sudo bootbeam doctor --interface {interface}",
        ),
    ),
)
