"""Rules: what the station itself knows at once. It has no answer, or the client's screen says why nothing boots."""

from collections.abc import Callable

from bootbeam.journal.events import EventKind
from bootbeam.journal.verdict.boot_server import OPEN_PORTS
from bootbeam.journal.verdict.course import Course, text
from bootbeam.journal.verdict.finding import Judged, Later, Match, Rule, Screen, Sureness

NO_LOADER = "no boot loader for"
U_BOOT_GOES_ON_S = 15.0
"""Quirk: U-Boot: told once where the station is, it fetches from here with no answer to its question by DHCP."""
QUIET_S = 120.0
"""Nobody has asked for so long: time for a hint."""
SHOWN_LINES = (
    "bootbeam: {title}",
    "Why: {why}.",
    "What to do: {fix}.",
    "This station: http://{station}:{http_port}, finding {id}",
)
SHOWN = {Screen.IPXE: SHOWN_LINES, Screen.SHIM: SHOWN_LINES}


def judge_nobody_asks(course: Course) -> Judged:
    """No machine has been heard since the station began."""
    ready = course.last(EventKind.STATION_READY)
    if ready is None or course.seen or course.timeline.mac:
        return None
    moment = ready.at_s + QUIET_S
    if course.now < moment:
        return Later(moment)
    seen = f"for {QUIET_S:.0f} s no machine has asked to boot from the network on {text(ready, 'interfaces')}"
    return Match(seen, screens=(Screen.UEFI, Screen.BIOS))


GOES_ON = (
    EventKind.READ_REQUESTED,
    EventKind.TRANSFER_STARTED,
    EventKind.TRANSFER_FINISHED,
    EventKind.FILE_REFUSED,
)
"""It asks for files here: it was told where the station is."""


def judge_no_loader(course: Course) -> Judged:
    """There is no boot loader for this kind of machine."""
    return _ignored(course, is_for_want_of_loader=True)


def judge_no_answer(course: Course) -> Judged:
    """The station does not answer, for a reason of its own."""
    return _ignored(course, is_for_want_of_loader=False)


def _ignored(course: Course, *, is_for_want_of_loader: bool) -> Judged:
    ignored = course.last(EventKind.CLIENT_IGNORED)
    if ignored is None or course.after(ignored, EventKind.OFFERED, EventKind.BOOT_SERVER_ACKNOWLEDGED):
        return None
    reason, fix = text(ignored, "reason"), text(ignored, "fix")
    if reason.startswith(NO_LOADER) != is_for_want_of_loader:
        return None
    if course.kind == "u-boot":
        if course.after(ignored, *GOES_ON):
            return None
        if course.now < ignored.at_s + U_BOOT_GOES_ON_S:
            return Later(ignored.at_s + U_BOOT_GOES_ON_S)
    return Match(reason, cause=reason, fix=tuple(fix.splitlines()) or None)


def _judge_shown(id: str) -> Callable[[Course], Judged]:
    def judge(course: Course) -> Judged:
        shown = course.last(EventKind.MESSAGE_SHOWN)
        if shown is None or text(shown, "finding") != id or course.after(shown, EventKind.SCRIPT_SENT):
            return None
        words = {fact: text(shown, fact) for fact in ("title", "why", "fix")}
        screens = (Screen.SHIM,) if course.kind != "ipxe" else (Screen.IPXE,)
        seen = f"its screen was given this message: {words['title']}"
        return Match(seen, {"id": id, **words}, cause=words["why"], fix=(words["fix"],), screens=screens)

    return judge


def _shown(id: str, title: str, cause: str, *fix: str) -> Rule:
    sees = "the machine's own screen is given a message with this number"
    return Rule(id, title, _judge_shown(id), sees, cause, Sureness.SURELY, SHOWN, fix)


RULES = (
    Rule(
        "BB-081",
        "there is no boot loader for this machine on this computer",
        judge_no_loader,
        "a machine asks whose kind of firmware and processor no boot loader here fits; a wrong one is never handed "
        "over",
        "boot loaders come from packages of this computer, and none for this kind of machine is installed",
        Sureness.SURELY,
        {
            Screen.UEFI: ("PXE-E16: No valid offer received.",),
            Screen.BIOS: ("PXE-E53: No boot filename received",),
        },
        (
            "bring boot loaders for every kind of machine, and start the station again:",
            "    sudo bootbeam loaders fetch",
        ),
    ),
    Rule(
        "BB-080",
        "the station does not answer this machine",
        judge_no_answer,
        "a machine asks that the station leaves alone, and the log says why",
        "nothing here boots on this kind of machine, or the station was told to leave it alone",
        Sureness.SURELY,
        {
            Screen.UEFI: ("PXE-E16: No valid offer received.",),
            Screen.BIOS: ("PXE-E53: No boot filename received",),
        },
        ("set the machine to BIOS or UEFI network boot (PXE) in its setup",),
    ),
    _shown(
        "BB-082",
        "the image is not made for this machine",
        "the image is for another processor or another kind of firmware",
        "serve an image made for this kind of machine; see what an image is and where it boots:",
        "    bootbeam inspect FILE",
    ),
    _shown(
        "BB-083",
        "what this machine asks for is not served any more",
        "the station was started with other images than when the machine's script or menu was made",
        "start the station with that image:",
        "    sudo bootbeam serve FILE",
    ),
    _shown(
        "BB-084",
        "this image needs a GRUB that the station cannot make",
        "Multiboot images on UEFI, and Multiboot 2 images, are started by a GRUB that is put together here",
        "install what it is made of, and boot again:",
        "    sudo apt-get install grub-common grub-pc-bin grub-efi-amd64-bin",
    ),
    _shown(
        "BB-085",
        "Secure Boot is on, and this image carries no signature",
        "with Secure Boot on, a machine starts only what is signed",
        "switch Secure Boot off in the machine's setup, or serve the signed kernel of a distribution",
    ),
    _shown(
        "BB-086",
        "Secure Boot refused the image",
        "the image's signature is not one that the shim on this station accepts: it trusts its own distribution's only",
        "serve a kernel of shim's distribution, or put the shim and GRUB of the kernel's distribution into a "
        "directory:",
        "    bootbeam serve ... --loaders DIRECTORY",
    ),
    _shown(
        "BB-087",
        "the image cannot be started in this way",
        "a limit of the boot loader, or something in the image itself; the message says which",
        "see what the image is and where it boots:",
        "    bootbeam inspect FILE",
    ),
    Rule(
        "BB-001",
        "no machine has asked to boot yet",
        judge_nobody_asks,
        "nothing is heard of any machine for two minutes after the start",
        "no machine is set to network boot, or the station is in another network than they are (VLAN, Wi-Fi guest "
        "network, "
        "the wrong interface), or a firewall drops UDP port 67",
        Sureness.POSSIBLY,
        {
            Screen.UEFI: ("PXE-E18: Server response timeout. (older firmware: PXE-E16: No offer received.)",),
            Screen.BIOS: ("PXE-E51: No DHCP or proxyDHCP offers were received.",),
        },
        (
            "switch `network boot` (PXE, network stack) on in the machine's setup, and choose it in its boot menu",
            "see whether any question arrives on {interface}; none at all: another network, cable or switch port",
            "    sudo tcpdump -ni {interface} port 67 or port 68",
            "see whether {interface} is the one that leads to the machines; if another is, start the station there:",
            "    ip -brief address",
            "    sudo bootbeam serve ... --interface NAME",
            "machines in another network than this computer: let their router pass DHCP on to this computer too:",
            "    Cisco:    ip helper-address {station}",
            "    MikroTik: /ip dhcp-relay add name=boot interface=LAN dhcp-server={station} disabled=no",
            *OPEN_PORTS,
        ),
    ),
)
