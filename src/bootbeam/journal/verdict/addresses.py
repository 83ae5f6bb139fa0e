"""Rules: a machine asks, and gets no address, or a wrong one, or somebody else's boot settings."""

from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.verdict.course import Course, Try, number, seconds, text
from bootbeam.journal.verdict.finding import Judged, Later, Match, Rule, Screen, Sureness
from bootbeam.journal.verdict.other_servers import PXE_CLIENT

ASKED_IN_VAIN = 3
"""Firmware asks four times, after 0, 4, 12 and 28 s; that many are no accident."""
ASKED_IN_VAIN_IPXE = 4
"""iPXE asks after 0, 1, 3 and 7 s."""
ANSWER_WAIT_S = 5.0
"""Firmware collects answers for 4 s before it takes one."""
SLOW_SERVER_S = 10.0
"""So long, at the least, a firmware waits after its third question: a DHCP server may yet answer."""
LATE_SECS = 12
"""A first question that says so was not the first (PXE 2.1 §2.2.3: 0, 4, 12, 28)."""
LATE_IPXE_S = 7.0
"""An iPXE has asked for so long before its fourth question (0, 1, 3 and 7 s)."""
REFUSED_WAIT_S = 8.0
"""A machine that was refused asks anew at once, and has its address within some seconds then."""
LATE_SERVER_S = 8.0
"""A DHCP server answers within a second, three where it tries the address first."""
HEARD_DHCP, HEARD_US = 2, 1
"""The low bits of an iPXE's ``secs``: what it has heard so far (ipxe: dhcp_tx)."""

PXE_SCREEN = {
    Screen.UEFI: ("PXE-E16: No valid offer received.",),
    Screen.BIOS: ("PXE-E52: proxyDHCP offers were received. No DHCP offers were received.",),
    Screen.IPXE: ("No configuration methods succeeded (http://ipxe.org/040ee119)",),
}


def in_vain(each: Try, now: float) -> Judged:
    """Whether a try asks again and again and takes no answer."""
    questions = each.questions
    needed = ASKED_IN_VAIN_IPXE if each.kind == "ipxe" else ASKED_IN_VAIN
    if len(questions) < needed or not each.is_offered or _went_on(each, questions[-1]):
        return None
    wait_s = ANSWER_WAIT_S if each.kind == "ipxe" else SLOW_SERVER_S
    if each.stood_still(questions[-1], now) < wait_s:
        return Later(questions[-1].at_s + wait_s) if each.ended_at_s is None else None
    return Match(f"it asked {len(questions)} times, at {seconds(questions)}, and never took an address")


def _went_on(each: Try, question: Event) -> bool:
    kinds = (EventKind.ADDRESS_REQUESTED, EventKind.ADDRESS_GIVEN, EventKind.BOOT_SERVER_ASKED)
    return each.has_come_on or any(event.at_s >= question.at_s for event in each.of(*kinds))


def _judge_each(course: Course, *kinds: str) -> tuple[Try | None, Judged]:
    """The first try that asked in vain; or when to look again."""
    later: Judged = None
    for each in course.tries_of(*kinds):
        if each.is_ipv6:
            continue
        judged = in_vain(each, course.now)
        if isinstance(judged, Match):
            return each, judged
        later = later or judged
    return None, later


def _offers(each: Try) -> list[Event]:
    return [event for event in each.of(EventKind.OTHER_SERVER_ANSWERED) if event.facts.get("address_given")]


def _hears(each: Try) -> int:
    """What an iPXE has heard when it asked last; of firmware nothing is known."""
    return int(number(each.questions[-1], "secs")) & 3 if each.kind == "ipxe" else HEARD_US


def judge_no_address(course: Course) -> Judged:
    """Nobody leases addresses."""
    each, judged = _judge_each(course, "bios-pxe", "uefi-pxe", "uefi-http", "ipxe")
    if each is None or not isinstance(judged, Match):
        return judged
    if _offers(each) or _others_served(course) or _hears(each) != HEARD_US:
        return None
    return Match(f"{judged.seen}; we answered each time, and no DHCP server was heard to")


def judge_pool_empty(course: Course) -> Judged:
    """A DHCP server gives others addresses and this machine none."""
    each, judged = _judge_each(course, "bios-pxe", "uefi-pxe", "uefi-http", "ipxe")
    if each is None or not isinstance(judged, Match):
        return judged
    served = _others_served(course)
    if _offers(each) or not served or _hears(each) != HEARD_US:
        return None
    server = text(served[-1], "server")
    return Match(f"{judged.seen}; the DHCP server {server} answered other machines lately", {"router": server})


def _others_served(course: Course) -> list[Event]:
    return [
        event
        for event in course.timeline.surroundings
        if event.kind is EventKind.OTHER_SERVER_ANSWERED and event.facts.get("address_given")
    ]


def judge_offer_not_taken(course: Course) -> Judged:
    """It is offered an address, and our boot file, and takes neither."""
    each, judged = _judge_each(course, "bios-pxe", "uefi-pxe", "uefi-http")
    if each is None or not isinstance(judged, Match):
        return judged
    offers = _offers(each)
    if not offers or any(text(event, "vendor_class").startswith(PXE_CLIENT) for event in offers):
        return None
    server, address = text(offers[-1], "server"), text(offers[-1], "address_given")
    return Match(f"{judged.seen}, though {server} offered it {address} and we offered it the boot file")


def judge_refused_address(course: Course) -> Judged:
    """A DHCP server says no."""
    # A system on the machine's own disk may be refused too, an address that it had elsewhere: that is no boot.
    own = {text(event, "xid") for event in course.of(EventKind.CLIENT_SEEN, EventKind.ADDRESS_REQUESTED)}
    refusals = [
        event
        for event in course.of(EventKind.OTHER_SERVER_ANSWERED)
        if text(event, "message") == "nak" and text(event, "xid") in own
    ]
    if not refusals or course.came_on or course.after(refusals[-1], EventKind.BOOT_SERVER_ASKED):
        return None
    moment = refusals[-1].at_s + REFUSED_WAIT_S
    if course.now < moment:
        return Later(moment)
    server = text(refusals[-1], "server")
    asked = course.last(EventKind.ADDRESS_REQUESTED)
    wanted = text(asked, "address_requested") if asked else ""
    of_whom = text(asked, "server") if asked else ""
    seen = f"the DHCP server {server} refused it{f' the address {wanted}' if wanted else ''} (DHCPNAK)"
    if of_whom and of_whom != server:
        seen += f", which it had asked of {of_whom}"
    return Match(seen, {"other": server, "router": of_whom or server})


def judge_late_link(course: Course) -> Judged:
    """Its first questions were lost: the switch was not forwarding yet."""
    if not course.tries or course.tries[0].is_ipv6 or not course.tries[0].is_offered:
        return None
    first = course.tries[0].questions[0]
    secs = int(number(first, "secs"))
    offered = course.tries[0].of(EventKind.OFFERED)
    if secs < LATE_SECS or any(event.facts.get("address_offered") for event in offered) or secs > 255:
        return None
    # Quirk: U-Boot: counts from its power-on, and somebody may have been at its prompt.
    if course.tries[0].kind == "u-boot" or _was_not_there(course, first.at_s - max(secs, LATE_IPXE_S)):
        return None
    waited = secs if course.tries[0].kind != "ipxe" else secs // 4
    unit = "it had been asking for" if course.tries[0].kind != "ipxe" else "it said that this was question number"
    return Match(f"when it was first heard, {unit} {waited}{' s' if course.tries[0].kind != 'ipxe' else ''}")


def _was_not_there(course: Course, at_s: float) -> bool:
    """Whether the station was started only after that: what was asked before it could not hear."""
    return course.station_ready is not None and course.station_ready.at_s > at_s


def judge_late_server(course: Course) -> Judged:
    """The DHCP server answers, long after it was asked."""
    for each in course.tries_of("bios-pxe", "uefi-pxe", "uefi-http", "ipxe"):
        offers = _offers(each)
        if each.is_ipv6 or not offers:
            continue
        first = offers[0]
        before = [question for question in each.questions if question.at_s < first.at_s]
        needed = ASKED_IN_VAIN_IPXE if each.kind == "ipxe" else ASKED_IN_VAIN
        if len(before) < needed or first.at_s - before[0].at_s < LATE_SERVER_S:
            continue
        server, waited = text(first, "server"), first.at_s - before[0].at_s
        seen = f"it asked at {seconds(before)}, and the DHCP server {server} answered for the first time after "
        return Match(f"{seen}{waited:.0f} s", {"router": server})
    return None


IPXE_GAVE_UP = "(or, once iPXE runs and asks anew: No configuration methods succeeded (http://ipxe.org/040ee119))"
ROUTER_LINES = (
    "    dnsmasq:  dhcp-boot={file},,{station}",
    '    Kea:      "next-server": "{station}", "boot-file-name": "{file}"',
    '    ISC dhcpd:  next-server {station}; filename "{file}";',
    "    MikroTik: /ip dhcp-server network set [find] next-server={station} boot-file-name={file}",
    "    OpenWrt:  uci set dhcp.@dnsmasq[0].dhcp_boot='{file},,{station}'; uci commit dhcp; service dnsmasq restart",
)
"""How a router is told to hand out our boot file."""
RULES = (
    Rule(
        "BB-004",
        "a DHCP server refuses the machine its address",
        judge_refused_address,
        "a DHCPNAK to this machine, and nothing more of it",
        "two DHCP servers are on this network and one of them does not know what the other gave, or the server's "
        "memory of this machine is of another network",
        Sureness.MOST_LIKELY,
        {
            Screen.UEFI: ("PXE-E07: Network device error.", "(some firmware: PXE-E99, PXE-E21)"),
            Screen.BIOS: ("PXE-E51: No DHCP or proxyDHCP offers were received.",),
            Screen.IPXE: ("No configuration methods succeeded (http://ipxe.org/040ee119)",),
        },
        (
            "see every DHCP server of this network, and switch off the one that does not belong there:",
            "    sudo bootbeam doctor --interface {interface}",
            "a server you want to keep: delete its lease for {mac} and restart it",
        ),
        explains=frozenset({"BB-002", "BB-003", "BB-005", "BB-017", "BB-020", "BB-024", "BB-061"}),
    ),
    Rule(
        "BB-014",
        "the DHCP server answers late",
        judge_late_server,
        "the machine asks again and again, and the DHCP server's first answer comes 8 s or more after its first "
        "question",
        "the DHCP server is set to wait, tries each address before it gives it, stands in for another one that is off, "
        "or had only just started; firmware waits for a minute, iPXE for some 20 s",
        Sureness.MOST_LIKELY,
        {
            Screen.UEFI: ("(a long wait; it may go on by itself)", IPXE_GAVE_UP),
            Screen.BIOS: ("(a long row of dots; it may go on by itself)", IPXE_GAVE_UP),
            Screen.IPXE: ("No configuration methods succeeded (http://ipxe.org/040ee119)",),
        },
        (
            "it may have gone on by itself; if not, boot it again. Let the DHCP server {router} answer at once:",
            "    dnsmasq:  remove dhcp-reply-delay=..., add no-ping, and restart it",
            "    ISC dhcpd:  min-secs 0; ping-check false;",
            "    MikroTik: /ip dhcp-server set [find] delay-threshold=none conflict-detection=no",
            "    Windows:  Set-DhcpServerv4Scope -ScopeId NETWORK -Delay 0; "
            "Set-DhcpServerSetting -ConflictDetectionAttempts 0",
            "if there are two DHCP servers for this network, and one waits for the other: see whether that one runs",
        ),
        explains=frozenset({"BB-002", "BB-003", "BB-005", "BB-050"}),  # iPXE asks the same slow server anew
    ),
    Rule(
        "BB-003",
        "the DHCP server has no address for this machine",
        judge_pool_empty,
        "the machine asks again and again; the DHCP server answers others, and this machine not",
        "the DHCP server's addresses are all given away, or it knows only machines that are listed in it",
        Sureness.MOST_LIKELY,
        PXE_SCREEN,
        (
            "look at the DHCP server {router}: make its range of addresses larger, or its leases shorter, or add the "
            "machine {mac} to it:",
            "    dnsmasq:  dhcp-range=192.168.1.100,192.168.1.250,1h    and dhcp-host={mac},192.168.1.77",
            '    Kea:      "pools": [ {{ "pool": "192.168.1.100 - 192.168.1.250" }} ]',
            "    MikroTik: /ip pool set dhcp ranges=192.168.1.100-192.168.1.250",
        ),
        explains=frozenset({"BB-002"}),
    ),
    Rule(
        "BB-002",
        "nobody gives the machine an address",
        judge_no_address,
        "the machine asks again and again, we answer with the boot file each time, and it never takes an address",
        "no DHCP server is on this network, or it has no address for this machine (all given away, or only for "
        "machines it knows): the boot file comes from here, but the address has to come from a router",
        Sureness.MOST_LIKELY,
        PXE_SCREEN,
        (
            "plug the router into the same network (switch, VLAN) as the machine and switch its DHCP server on; see "
            "whether one answers on {interface}:",
            "    sudo bootbeam doctor --interface {interface}",
            "one answers there, and the machine still gets nothing: look whether its range of addresses is used up, or "
            "whether it gives addresses to listed machines only, and {mac} is not among them",
            "no router at hand? Any old home router will do, with its own internet socket left empty",
        ),
    ),
    Rule(
        "BB-005",
        "the machine does not accept our offer",
        judge_offer_not_taken,
        "the machine is offered an address by the DHCP server and the boot file by us, and asks again and again "
        "all the same",
        "its firmware ignores offers of a second server (proxyDHCP), as some firmware of 2010 to 2017 does, or what we "
        "send does not reach it",
        Sureness.MOST_LIKELY,
        {
            Screen.UEFI: ("PXE-E16: No valid offer received.",),
            Screen.BIOS: ("PXE-E53: No boot filename received",),
        },
        (
            "boot it again first: at each new try it gets our answers in another form, until it goes on with one",
            "if none helps, let the DHCP server {router} name the boot file itself, so that it needs no second offer:",
            *ROUTER_LINES,
        ),
    ),
    Rule(
        "BB-006",
        "the network is late: the machine's first questions were lost",
        judge_late_link,
        "the first question heard of a machine says that it has been asking for 12 s or more",
        "the switch does not forward for the first 30 s after a cable comes alive (spanning tree without edge port), "
        "and firmware waits for 60 s only",
        Sureness.MOST_LIKELY,
        {
            Screen.UEFI: ("(a long wait; after 60 s: PXE-E18: Server response timeout.)",),
            Screen.BIOS: ("(a long row of dots; after 60 s: PXE-E51: No DHCP or proxyDHCP offers were received.)",),
            Screen.IPXE: ("(a long row of dots; then: No configuration methods succeeded (http://ipxe.org/040ee119))",),
        },
        (
            "make the machine's port on the switch an edge port:",
            "    Cisco:     spanning-tree portfast",
            "    Juniper:   set protocols rstp interface PORT edge",
            "    MikroTik:  /interface bridge port set [find interface=PORT] edge=yes",
            "    Linux:     ip link set dev BRIDGE type bridge forward_delay 0",
            "or put a small switch between the machine and the wall",
        ),
    ),
)
