"""Rules: somebody else on the network gives addresses or boot files too."""

from dataclasses import replace
from ipaddress import ip_address, ip_network

from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.verdict.course import BIOS_ARCHITECTURE, Course, Try, text
from bootbeam.journal.verdict.finding import Judged, Later, Match, Rule, Screen, Sureness

NETWORK_PREFIX = 16
"""Where no netmask was heard: addresses that differ even here are of different networks in every home."""
PXE_CLIENT = "PXEClient"
HTTP_BOOT_SCREEN = (
    "Error: Could not retrieve NBP file size from HTTP server.",
    "(or: Error: Could not establish connection with HTTP server.)",
)
STALLED_S = 12.0
"""A machine that has an address and follows our offer is heard of within 4 s."""
CLAIM_WAIT_S = 6.0
CLAIM_COUNTS_S = 600.0
"""An answer to a probe from so long ago may be of a computer that is gone."""
IPXE_STALLED_S = 35.0
"""iPXE looks for an IPv6 router for some 20 s before it fetches its script."""


def judge_two_servers(course: Course) -> Judged:
    """Two DHCP servers give addresses of different networks."""
    offers = course.leases_offered
    servers = {text(event, "server"): event for event in offers}
    if len(servers) < 2 or course.came_on:
        return None
    (one, first), (other, second) = list(servers.items())[:2]
    addresses = text(first, "address_given"), text(second, "address_given")
    if not _differ(*addresses, text(first, "netmask")):
        return None
    moment = offers[-1].at_s + _wait_s(course)
    if course.now < moment:
        return Later(moment)
    seen = f"{one} offered it {addresses[0]}, {other} offered it {addresses[1]}, and it came no further"
    return Match(seen, {"router": one, "other": other})


def judge_other_network(course: Course) -> Judged:
    """The address it was given is none of the network that the station is in."""
    taken = course.last(EventKind.ADDRESS_REQUESTED, where=lambda event: "." in text(event, "address_requested"))
    offered = course.last(EventKind.OFFERED, where=lambda event: "." in text(event, "siaddr"))
    if taken is None or offered is None or course.came_on:
        return None
    address, station = text(taken, "address_requested"), text(offered, "siaddr")
    netmask = next((text(each, "netmask") for each in course.leases_offered if each.facts.get("netmask")), "")
    if not address or not _differ(address, station, netmask):
        return None
    moment = taken.at_s + _wait_s(course)
    if course.now < moment:
        return Later(moment)
    router = text(taken, "server") or "a DHCP server"
    by = f", netmask {netmask}," if netmask else ""
    seen = f"it took {address}{by} from {router}; for that address this station, {station}, is in another network, and "
    seen += "it came no further"
    return Match(seen, {"router": router})


def _wait_s(course: Course) -> float:
    return IPXE_STALLED_S if course.kind == "ipxe" else STALLED_S


def _differ(one: str, other: str, netmask: str) -> bool:
    """Whether ``other`` is outside of the network of ``one``."""
    try:
        return ip_address(other) not in ip_network(f"{one}/{netmask or NETWORK_PREFIX}", strict=False)
    except (ValueError, TypeError):
        return False


def judge_router_is_boot_server(course: Course) -> Judged:
    """The DHCP server calls itself a boot server (option 60), and the firmware believes it."""
    for event in course.leases_offered:
        if text(event, "vendor_class").startswith(PXE_CLIENT) and text(event, "server") != "":
            return _unless_it_comes_on(course, event, f"{text(event, 'server')} said `PXEClient` in its DHCP offer")
    return None


def judge_router_boot_file(course: Course) -> Judged:
    """The DHCP server names a boot file of its own, and the machine takes that."""
    for event in course.leases_offered:
        if text(event, "file") and not text(event, "vendor_class").startswith(PXE_CLIENT):
            is_url = "://" in text(event, "file")
            whom = text(event, "server_name") or text(event, "siaddr") or text(event, "server")
            of_whom = "" if is_url else f" from {whom}"
            said = f"{text(event, 'server')} told it to load {text(event, 'file')!r}{of_whom}"
            judged = _unless_it_comes_on(course, event, said)
            if isinstance(judged, Match) and is_url:
                return replace(judged, screen=HTTP_BOOT_SCREEN)
            if judged is not None:
                return judged
    return None


def judge_other_boot_server(course: Course) -> Judged:
    """A second proxyDHCP server answers."""
    for event in course.of(EventKind.OTHER_SERVER_ANSWERED):
        is_proxys = not event.facts.get("address_given") and text(event, "message") in ("offer", "ack", "advertise")
        if is_proxys and text(event, "vendor_class"):
            file = f", with the boot file {text(event, 'file')!r}" if text(event, "file") else ""
            said = f"{text(event, 'server')} ({text(event, 'server_mac')}) offers to boot it too{file}"
            judged = _unless_it_comes_on(course, event, said)
            if judged is not None:
                return judged
    return None


def _unless_it_comes_on(course: Course, event: Event, said: str) -> Judged:
    """Who else answers does no harm to a machine that comes to us all the same."""
    heard = next((each for each in course.tries if event in each.events), None)
    if heard is None or heard.has_come_on:
        return None
    moment = event.at_s + (IPXE_STALLED_S if heard.kind == "ipxe" else STALLED_S)
    if heard.ended_at_s is not None and heard.ended_at_s < moment:
        if not heard.of(EventKind.ADDRESS_REQUESTED):
            return None  # it went on before it had chosen
    elif course.now < moment:
        return Later(moment)
    seen = f"{said}; we offered it ours, and it never came for it"
    return Match(seen, {"router": text(event, "server"), "other": text(event, "server")}, screens=_screens_of(heard))


def _screens_of(heard: Try) -> tuple[Screen, ...]:
    """Whose words were on the screen in this try; the machine may have come further since, by the other's file."""
    if heard.kind == "ipxe":
        return (Screen.IPXE,)
    is_bios = heard.questions[0].facts.get("architecture") == BIOS_ARCHITECTURE
    return (Screen.BIOS,) if is_bios else (Screen.UEFI,)


def judge_address_claimed(course: Course) -> Judged:
    """Another computer has the station's address, and the machine stands still."""
    surroundings = course.timeline.surroundings
    claimed = next((each for each in reversed(surroundings) if each.kind is EventKind.ADDRESS_CLAIMED), None)
    if claimed is None or not course.seen or course.now - claimed.at_s > CLAIM_COUNTS_S:
        return None
    if any(event.at_s > claimed.at_s for event in course.of(*ARRIVED)):
        return None
    moment = course.events[-1].at_s + CLAIM_WAIT_S
    if course.now < moment:
        return Later(moment)
    address, claimer = text(claimed, "address_claimed"), text(claimed, "claimer")
    seen = (
        f"the computer {claimer} says that it has the address {address}, which is this station's; the machine looked "
    )
    return Match(f"{seen}for that address, and came no further", {"claimer": claimer, "station": address})


ARRIVED = (
    EventKind.TRANSFER_FINISHED,
    EventKind.SCRIPT_SENT,
    EventKind.MESSAGE_SHOWN,
    EventKind.BLOCKS_READ,
    EventKind.SYSTEM_SEEN,
)
"""What shows that it reaches this station all the same."""


NO_BOOT_LINES = (
    "    dnsmasq:  remove dhcp-boot=, pxe-service= and dhcp-option=60,... and restart it",
    '    Kea:      remove "next-server", "boot-file-name" and the option-data of vendor-class-identifier',
    "    ISC dhcpd:  remove next-server, filename and option vendor-class-identifier",
    '    MikroTik: /ip dhcp-server network set [find] next-server=0.0.0.0 boot-file-name=""',
    "    OpenWrt:  uci delete dhcp.@dnsmasq[0].dhcp_boot; uci commit dhcp; service dnsmasq restart",
)
"""How a router is told to leave booting to us."""

RULES = (
    Rule(
        "BB-018",
        "another computer has this computer's address",
        judge_address_claimed,
        "somebody else answers by ARP for the station's own address, and a machine that looked for it comes no further",
        "two computers have the address {station}: one was given it by hand, the other most likely by the DHCP server; "
        "what the machine sends to this station goes to the other",
        Sureness.SURELY,
        {
            Screen.UEFI: ("PXE-E16: No valid offer received.", "(or PXE-E18: Server response timeout.)"),
            Screen.BIOS: ("PXE-E32: TFTP open timeout",),
            Screen.IPXE: ("Connection reset (http://ipxe.org/0f0a6039)", "(or: Connection timed out)"),
        },
        (
            "find the computer with the hardware address {claimer}, and give it another address, or this one:",
            "    sudo ip address flush dev {interface} && sudo dhclient {interface}",
            "an address set by hand must not lie in the range that the DHCP server gives out",
        ),
        explains=frozenset(
            {"BB-005", "BB-017", "BB-020", "BB-021", "BB-022", "BB-023", "BB-024"}
            | {"BB-030", "BB-032", "BB-033", "BB-052", "BB-061", "BB-070"}
        ),
    ),
    Rule(
        "BB-010",
        "two DHCP servers give out addresses of different networks",
        judge_two_servers,
        "offers of addresses of different networks by two servers, and the machine comes no further",
        "a second router or a forgotten DHCP server is plugged into this network; the machine took the address of "
        "one and cannot reach the other's network, nor this station",
        Sureness.MOST_LIKELY,
        {
            Screen.UEFI: ("PXE-E18: Server response timeout.", "(or PXE-E16, PXE-E99)"),
            Screen.BIOS: ("PXE-E11: ARP timeout",),
            Screen.IPXE: ("Connection timed out (http://ipxe.org/4c0a6035)",),
        },
        (
            "switch off DHCP on one of them: {router} or {other}; see who they are with:",
            "    ip neighbour show {other}",
            "    sudo bootbeam doctor --interface {interface}",
        ),
        explains=frozenset({"BB-004", "BB-005", "BB-009", "BB-017", "BB-020", "BB-024", "BB-061"}),
    ),
    Rule(
        "BB-011",
        "the machine got an address of another network",
        judge_other_network,
        "the address that the machine takes is not of the station's network, and the machine comes no further",
        "the DHCP server {router} serves another network than the one this computer has its address in: a second "
        "router is plugged in here, two networks share one switch, it hands out a wrong netmask, or this computer's "
        "own address is wrong",
        Sureness.MOST_LIKELY,
        {
            Screen.UEFI: ("PXE-E16: No valid offer received.", "(or PXE-E18: Server response timeout.)"),
            Screen.BIOS: ("PXE-E11: ARP timeout",),
            Screen.IPXE: ("Connection timed out (http://ipxe.org/4c0a6035)",),
        },
        (
            "see what address this computer has, and from whom:",
            "    ip address show {interface}",
            "find out who {router} is, and switch off its DHCP if it does not belong here:",
            "    sudo bootbeam doctor --interface {interface}",
            "if both networks are meant to be here, a router must pass UDP 69, 4011 and TCP {http_port} between them",
        ),
        explains=frozenset(
            {"BB-005", "BB-009", "BB-017", "BB-020", "BB-021", "BB-023", "BB-024", "BB-051", "BB-052", "BB-061"}
        ),
    ),
    Rule(
        "BB-008",
        "another boot server answers this machine too",
        judge_other_boot_server,
        "an offer without an address by somebody else that says PXEClient or HTTPClient, and the machine does not come "
        "to us",
        "the machine took the other server's offer: firmware takes whichever it likes better, often the first",
        Sureness.MOST_LIKELY,
        {
            Screen.UEFI: ("PXE-E16: No valid offer received.", "(or what the other server's boot file shows)"),
            Screen.BIOS: ("PXE-E55: proxyDHCP service did not reply to request on port 4011",),
            Screen.IPXE: ("Nothing to boot: No such file or directory (http://ipxe.org/2d03e13b)",),
        },
        (
            "stop the boot server on {other} (dnsmasq with dhcp-range=...,proxy, WDS, FOG, another bootbeam), or take "
            "this machine to a network of its own; what it says can be seen with:",
            "    sudo tcpdump -ni {interface} -v host {other} and udp port 67",
        ),
        explains=frozenset({"BB-002", "BB-005", "BB-017", "BB-020", "BB-024", "BB-061", "BB-052"}),
    ),
    Rule(
        "BB-007",
        "the router's DHCP server says that it is a boot server itself",
        judge_router_is_boot_server,
        "option 60 `PXEClient` in the offer of the server that gives the address, and the machine does not come to us",
        "with option 60 in the DHCP server's own offer the firmware asks that server for its boot file, on port 4011, "
        "and no other",
        Sureness.SURELY,
        {
            Screen.UEFI: ("PXE-E16: No valid offer received.",),
            Screen.BIOS: ("PXE-E55: proxyDHCP service did not reply to request on port 4011",),
            Screen.IPXE: ("Nothing to boot: No such file or directory (http://ipxe.org/2d03e13b)",),
        },
        ("take option 60 and the boot settings out of the DHCP server {router}:", *NO_BOOT_LINES),
        explains=frozenset({"BB-002", "BB-005", "BB-009", "BB-017", "BB-020", "BB-024", "BB-061"}),
    ),
    Rule(
        "BB-009",
        "the router sends the machine to a boot file of its own",
        judge_router_boot_file,
        "a boot file in the offer of the server that gives the address (option 67 or the header), and the machine does "
        "not come to us",
        "the DHCP server has boot settings (next-server, filename, options 66 and 67) of its own, and this firmware "
        "prefers them",
        Sureness.MOST_LIKELY,
        {
            Screen.UEFI: ("PXE-E18: Server response timeout.", "(or PXE-E23: Client received TFTP error from server.)"),
            Screen.BIOS: ("PXE-E32: TFTP open timeout", "(or PXE-T01: File not found, PXE-E3B)"),
            Screen.IPXE: ("Connection timed out (http://ipxe.org/4c126035)",),
        },
        ("take the boot settings out of the DHCP server {router}:", *NO_BOOT_LINES),
        explains=frozenset({"BB-002", "BB-005", "BB-017", "BB-020", "BB-024", "BB-061"}),
    ),
)
