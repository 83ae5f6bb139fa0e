"""Which boot attempt an event belongs to. A machine that is reset begins a new one.

An attempt is one pass through what a firmware tries at one power-on: PXE, then HTTP boot, each over IPv4 and IPv6; and
what follows from it: iPXE's own questions, the script, the system, the installation. So a new one begins

* when a firmware asks as it asked before in this attempt (same kind, same IP version) with a new transaction number: it
  was reset, or has tried everything and starts over. Repetitions keep the number; a firmware that takes a new one for
  each shows by its ``secs`` that it is still at the same question;
* when a firmware asks at all after a system was loaded;
* when an iPXE of the machine's own (in its ROM, on a stick) asks anew after it had got its script, or a minute after
  its last question. An iPXE that was loaded by a firmware belongs to that firmware's attempt however often it asks, so
  that a loop of iPXE loading iPXE is seen as one;
* when nothing was heard for long before any such question.

A new way of asking within some minutes is the same power-on: firmware goes from PXE to HTTP boot, from IPv4 to IPv6.
Machines are told apart by MAC, never by UUID: makers exist that give all their boards one. A machine with two network
cards has an attempt for each.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import lru_cache

from bootbeam.journal.events import Event, EventKind

MAX_MACHINES = 100_000
"""Machines whose attempt is known; the one not heard of for longest is forgotten first."""
MAX_TRANSFERS = 10_000
"""Transfers under way whose attempt is known."""
SAME_POWER_ON_S = 300.0
"""Firmware is silent for up to 64 s while it waits in vain for DHCP, and longer where it tries what we do not hear."""
IPXE_ASKS_AGAIN_S = 60.0
"""An iPXE whose script repeats ``dhcp`` until it succeeds asks anew every 15 s or so."""
SECS_SLACK_S = 1.0
"""``secs`` has whole seconds."""
FORGOTTEN_S = 6 * 3600.0
"""An installation may be silent for hours; what is heard after this is no more part of it."""
IDS_PER_S = 16
ID_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: nothing in it is taken for something else when it is copied from a screen."""

FIRMWARE_KINDS = frozenset({"bios-pxe", "uefi-pxe", "uefi-http", "raspberry-pi", "u-boot", "unknown"})
LOADED_ROLES = frozenset({"loader", "kernel", "initrd", "image"})
BOOTED_ROLES = frozenset({"kernel", "initrd", "image"})
BOOTED_KINDS = frozenset(
    {
        EventKind.SYSTEM_SEEN,
        EventKind.ANSWERS_FETCHED,
        EventKind.INSTALL_STARTED,
        EventKind.INSTALL_PROGRESS,
        EventKind.INSTALL_FINISHED,
        EventKind.INSTALL_FAILED,
        EventKind.FIRST_BOOT,
    }
)
TRANSFER_BEGINNINGS = frozenset({EventKind.READ_REQUESTED, EventKind.TRANSFER_STARTED})
TRANSFER_ENDS = frozenset({EventKind.TRANSFER_FINISHED, EventKind.TRANSFER_FAILED, EventKind.SIZE_PROBED})
TRANSFER_STANDS = frozenset({EventKind.TRANSFER_STALLED, EventKind.TRANSFER_RESUMED})
TRANSFER_LATER = TRANSFER_ENDS | TRANSFER_STANDS
BEGINNING_KINDS = BOOTED_KINDS | {
    EventKind.CLIENT_SEEN,
    EventKind.QUESTION_HELD_BACK,
    EventKind.READ_REQUESTED,
    EventKind.SCRIPT_SENT,
    EventKind.MESSAGE_SHOWN,
}
"""Begins an attempt of a machine that has none: its DHCP may be out of our hearing, or the station was restarted."""


@dataclass(slots=True)  # not frozen: that makes one take four times as long
class _Question:
    """The newest DISCOVER or SOLICIT of one kind."""

    way: tuple[str, int]
    """Kind of client and IP version."""
    xid: str
    secs: int
    at_s: float


@dataclass(slots=True)
class _Machine:
    """One machine's attempt under way."""

    attempt: str
    is_of_firmware: bool
    """It began with a firmware's question."""
    last_at_s: float
    questions: dict[tuple[str, int], _Question] = field(default_factory=dict)
    """By ``way``: a dozen at most."""
    first_file: str = ""
    has_script: bool = False
    has_loaded: bool = False
    has_booted: bool = False


class Attempts:
    """Tells attempts apart. Holds no clock: time is what the events say.

    Not for several threads at once; the journal sees to that.
    """

    def __init__(self) -> None:
        self._machines: OrderedDict[str, _Machine] = OrderedDict()
        self._transfers: OrderedDict[str, str] = OrderedDict()
        self._last_id = 0

    def place(self, event: Event) -> Event:
        """``event`` with its attempt, where it belongs to one."""
        key = event.mac or event.address
        if key is None:
            return event
        began_in = self._attempt_of_transfer(event) if event.kind in TRANSFER_LATER else None
        machine = self._machines.get(key)
        if began_in is not None and (machine is None or machine.attempt != began_in):
            return _placed(event, began_in)
        question = _question(event) if event.kind is EventKind.CLIENT_SEEN else None
        if machine is None or _is_new_attempt(machine, event, question):
            if not _begins(event):
                return event
            machine = self._begin(key, event)
        self._learn(machine, event, question)
        self._machines.move_to_end(key)
        if event.kind in TRANSFER_BEGINNINGS:
            self._note_transfer(machine.attempt, event)
        return _placed(event, machine.attempt)

    def _note_transfer(self, attempt: str, event: Event) -> None:
        self._transfers[str(event.facts.get("transfer"))] = attempt
        while len(self._transfers) > MAX_TRANSFERS:
            self._transfers.popitem(last=False)

    def _attempt_of_transfer(self, event: Event) -> str | None:
        """Where the transfer that has ended now began: what a reset cut off stands still, and fails only when its time
        is over, long after the next attempt began."""
        if event.kind in TRANSFER_STANDS:
            return self._transfers.get(str(event.facts.get("transfer")))
        return self._transfers.pop(str(event.facts.get("transfer")), None)

    def attempt_of(self, mac: str) -> str | None:
        """The newest attempt of this machine; None when it has none."""
        machine = self._machines.get(mac)
        return machine.attempt if machine is not None else None

    def is_booting(self, mac: str) -> bool:
        """Whether this machine has asked to boot from the network."""
        return mac in self._machines

    def has_loaded(self, mac: str) -> bool:
        """Whether this machine has, in its newest attempt, loaded a boot loader or a system from here."""
        machine = self._machines.get(mac)
        return machine is not None and machine.has_loaded

    def _begin(self, key: str, event: Event) -> _Machine:
        # Of the time, so that ids are never used twice though nobody is asked, and sort as they began.
        self._last_id = max(self._last_id + 1, int(event.at_s * IDS_PER_S))
        is_of_firmware = event.facts.get("kind_of_client") in FIRMWARE_KINDS
        machine = _Machine(encode_id(self._last_id), is_of_firmware, event.at_s)
        self._machines[key] = machine
        while len(self._machines) > MAX_MACHINES:
            self._machines.popitem(last=False)
        return machine

    @staticmethod
    def _learn(machine: _Machine, event: Event, question: _Question | None) -> None:
        facts = event.facts
        machine.last_at_s = event.at_s
        if event.kind is EventKind.OFFERED:
            return
        if question is not None:
            machine.questions[question.way] = question
        elif event.kind is EventKind.READ_REQUESTED:
            machine.first_file = machine.first_file or str(facts.get("file"))
        elif event.kind is EventKind.SCRIPT_SENT:
            machine.has_script = True
        elif event.kind is EventKind.TRANSFER_FINISHED:
            role = facts.get("role")
            machine.has_loaded = machine.has_loaded or role in LOADED_ROLES
            machine.has_booted = machine.has_booted or role in BOOTED_ROLES
        elif event.kind in BOOTED_KINDS:
            machine.has_booted = True


def _placed(event: Event, attempt: str) -> Event:
    """``event`` as one of ``attempt``. Not by ``dataclasses.replace``, which takes four times as long: it is done for
    every event there is."""
    return Event(event.kind, event.at_s, event.mac, event.address, event.interface, event.facts, attempt)


def is_older(attempt: str, other: str) -> bool:
    """Whether ``attempt`` began before ``other``."""
    return (len(attempt), attempt) < (len(other), other)


def encode_id(number: int) -> str:
    """A number as the digits that people type."""
    most, last = divmod(number, len(ID_DIGITS))
    return _leading_digits(most) + ID_DIGITS[last]


@lru_cache(4)
def _leading_digits(number: int) -> str:
    """Those before the last, which change with every 32nd id. None for 0."""
    digits = ""
    while number:
        number, digit = divmod(number, len(ID_DIGITS))
        digits = ID_DIGITS[digit] + digits
    return digits


def _begins(event: Event) -> bool:
    """Whether it may be the first that is heard of a boot. By HTTP anybody looks at files; nobody does by TFTP."""
    is_tftp = event.kind is EventKind.FILE_REFUSED and event.facts.get("protocol") == "tftp"
    return is_tftp or event.kind in BEGINNING_KINDS


def _is_new_attempt(machine: _Machine, event: Event, now: _Question | None) -> bool:
    silence_s = event.at_s - machine.last_at_s
    if event.kind is EventKind.READ_REQUESTED:
        # Of a machine whose DHCP we do not hear: it begins with the same file each time.
        is_first_file = not machine.questions and event.facts.get("file") == machine.first_file
        return silence_s > FORGOTTEN_S or (machine.has_booted and is_first_file)
    if now is None:
        return silence_s > FORGOTTEN_S
    before = machine.questions.get(now.way)
    is_repeated = before is not None and before.xid == now.xid and not _begins_anew(machine, event, before, now)
    if is_repeated or silence_s > SAME_POWER_ON_S:
        return silence_s > SAME_POWER_ON_S
    if event.facts.get("kind_of_client") in FIRMWARE_KINDS:
        is_reset = before is not None and (before.xid == now.xid or not _goes_on(before, now))
        return machine.has_booted or is_reset
    if machine.is_of_firmware:
        return False
    return machine.has_booted or (before is not None and (machine.has_script or silence_s > IPXE_ASKS_AGAIN_S))


def _begins_anew(machine: _Machine, event: Event, before: _Question, now: _Question) -> bool:
    """Whether a firmware asks with the transaction number of before, and yet for the first time since a reset."""
    # Quirk: BIOS ROMs: the number may be made out of the hardware address, the same at every power-on.
    return event.facts.get("kind_of_client") == "bios-pxe" and (machine.has_loaded or now.secs < before.secs)


def _goes_on(before: _Question, now: _Question) -> bool:
    """Whether a question with another transaction number is the one before, repeated: it says that it began earlier."""
    # Quirk: U-Boot: takes a new transaction number for each repetition of a question, the first ones within a second.
    is_later = now.secs > before.secs or (now.way[0] == "u-boot" and now.secs == before.secs)
    return is_later and now.at_s - now.secs <= before.at_s + SECS_SLACK_S


def _question(event: Event) -> _Question:
    facts = event.facts
    secs, ip_version = facts.get("secs"), facts.get("ip_version")
    way = str(facts.get("kind_of_client")), ip_version if isinstance(ip_version, int) else 4
    return _Question(way, str(facts.get("xid")), secs if isinstance(secs, int) else 0, event.at_s)
