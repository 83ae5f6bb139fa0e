"""Rules: two machines are taken for one."""

from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.verdict.course import Course, text
from bootbeam.journal.verdict.finding import Judged, Match, Rule, Screen, Sureness

TURNS_S = 90.0
"""Within this time two machines that boot at once take turns; a firmware's own tries follow each other once."""
TURNS = 3
"""One, the other, and the first again."""


def judge_same_hardware_address(course: Course) -> Judged:
    """Questions of two machines, in turns, with one hardware address.

    A machine that has gone on to a new transaction number never comes back to an old one.
    """
    asked: dict[tuple[str, str], list[Event]] = {}
    ways: dict[str, tuple[str, str]] = {}
    for event in (*course.timeline.earlier, *course.events):
        if event.kind is EventKind.CLIENT_SEEN:
            ways[text(event, "xid")] = text(event, "kind_of_client"), text(event, "ip_version")
        elif event.kind is not EventKind.ADDRESS_REQUESTED:
            continue
        way = ways.get(text(event, "xid"))
        # Quirk: U-Boot: asks with a new number until an offer comes, and goes on with that offer's.
        if way is not None and way[0] != "u-boot" and event.at_s > course.now - TURNS_S:
            asked.setdefault(way, []).append(event)
    return next((match for match in map(_in_turns, asked.values()) if match is not None), None)


def _in_turns(asked: list[Event]) -> Match | None:
    """The finding, where the newest question of all continues one that was left before."""
    turns: list[Event] = []
    for event in asked:
        if not turns or text(event, "xid") != text(turns[-1], "xid"):
            turns.append(event)
    numbers = [text(event, "xid") for event in turns]
    if len(turns) < TURNS or len(set(numbers)) == len(numbers):
        return None
    span = turns[-1].at_s - turns[0].at_s
    seen = f"two boots with this hardware address are under way at once: their questions came in turns, {len(turns)} "
    seen += f"within {span:.0f} s"
    known = list(dict.fromkeys(text(event, "uuid") for event in asked if event.facts.get("uuid")))
    if len(known) > 1:
        seen += f"; one calls itself {known[0]}, the other {known[1]} (UUID)"
    return Match(seen)


RULES = (
    Rule(
        "BB-019",
        "two machines have the same hardware address",
        judge_same_hardware_address,
        "two questions from one hardware address (MAC), with transaction numbers of their own, are repeated in turns",
        "a virtual machine was copied with its network card, or two were started with the same `mac=`: each gets the "
        "other's answers, and the switch sends now to the one, now to the other",
        Sureness.MOST_LIKELY,
        {
            Screen.UEFI: ("PXE-E18: Server response timeout.", "(or another error, or none: it changes)"),
            Screen.BIOS: ("PXE-E32: TFTP open timeout", "(or another error, or none: it changes)"),
            Screen.IPXE: ("Connection timed out (http://ipxe.org/4c0a6035)", "(or another error, or none: it changes)"),
        },
        (
            "switch one of the two off, and give it a hardware address of its own in place of {mac}:",
            "    VirtualBox: VBoxManage modifyvm NAME --macaddress1 auto",
            "    libvirt:    virsh edit NAME      and delete the line <mac address='{mac}'/>",
            "    QEMU:       -device virtio-net-pci,mac=52:54:00:XX:XX:XX,...   with other digits for each",
            "    VMware:     Network Adapter, Advanced, MAC address: Generate",
            "    Proxmox:    qm set NUMBER --net0 virtio,bridge=vmbr0",
        ),
        explains=frozenset(
            {"BB-002", "BB-003", "BB-004", "BB-005", "BB-014", "BB-017", "BB-020", "BB-021", "BB-022", "BB-023"}
            | {"BB-024", "BB-030", "BB-031", "BB-032", "BB-033", "BB-034", "BB-041", "BB-045", "BB-050", "BB-051"}
            | {"BB-052", "BB-061", "BB-062", "BB-070", "BB-076"}
        ),
    ),
)
