"""Which form of answer each machine gets: a machine without sockets that watches what clients do with what they got.

A firmware that does not accept an answer says so by what it does not do: it asks for an address, but never for the
file. Then its next try gets the next form of answer, until one leads to a file being fetched; from there on it is
``pxe.first_program`` that watches. Nothing is concluded while a try may still go on, from a try that another boot
server may have served, or from one that no DHCP server gave an address for.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bootbeam.pxe.client import ClientInfo, ClientKind
from bootbeam.pxe.reply_variant import PXE_FIRMWARE, Ladder, ReplyVariant, Stage, default_variant

MAX_MACHINES = 10_000
DISCOVERS_OF_A_TRY = 4
"""Firmware asks so often, at 0, 4, 12 and 28 s (PXE 2.1 §2.2.3), before it gives up."""
DISCOVER_GAP_S = 45.0
"""More than the longest wait between two DISCOVERs of one try, 32 s."""
SAME_DATAGRAM_S = 0.5
"""A computer with two interfaces on one network hears every broadcast twice. No firmware repeats so soon."""
AT_ONCE_S = 60.0
"""Firmware that asks again so soon after it had an address was not booted by anybody."""
HTTP_AT_ONCE_S = 300.0
"""HTTP boot is what firmware tries after PXE at the same power-on, sometimes after a minute or two of IPv6."""
LOADING_S = 10.0
"""Firmware that goes on to HTTP boot later than that after an answer from port 4011 has taken the answer, and tried in
vain to load the file: UEFI asks for it six times, 4 s apart. A cancelled boot goes on within a second."""
SERVER_REMEMBERED_S = 3600.0


class Observation(StrEnum):
    """What a client did instead of booting."""

    NO_REQUEST = "no-request"
    """DISCOVER four times, no REQUEST, though a DHCP server is there: it takes no OFFER of ours."""
    NO_QUESTION = "no-question"
    """It has an address, but asked neither port 4011 nor for a file, and began anew."""
    REPEATED_QUESTION = "repeated-question"
    """It asked port 4011 four times: the answer is lost, or not accepted."""
    CANCELLED = "cancelled"
    """It asked port 4011, took the answer, and began anew: PXE-E21."""


@dataclass(frozen=True, slots=True)
class Start:
    """Where a machine begins when it is met."""

    usual: ReplyVariant
    """What it gets when nothing is known of it."""
    worked: ReplyVariant | None = None
    """What its firmware is known to go on with."""

    @property
    def variant(self) -> ReplyVariant:
        """What it gets first."""
        return self.worked or self.usual


@dataclass(frozen=True, slots=True)
class VariantChange:
    """A machine gets another form of answer from now on."""

    mac: str
    observed: Observation
    before: ReplyVariant
    now: ReplyVariant
    is_exhausted: bool
    """All forms were tried in vain; it begins again with the first."""


@dataclass(slots=True)  # not frozen: that makes one take four times as long
class VariantChoice:
    """The form of this answer."""

    variant: ReplyVariant
    change: VariantChange | None = None
    """Why it is not the one of the try before."""


@dataclass(frozen=True, slots=True)
class VariantWorked:
    """A machine went on with what it got, for the first time."""

    kind: ClientKind
    variant: ReplyVariant
    is_usual: bool


@dataclass(slots=True)
class _Try:
    """One attempt of a firmware to boot by PXE."""

    xid: int
    secs: int
    heard_at_s: float
    discovers: int = 1
    requested_at_s: float | None = None
    requests: int = 0
    is_acknowledged: bool = False
    questions: int = 0
    question_at_s: float = float("-inf")
    has_address_offer: bool = False
    has_other_boot_server: bool = False
    has_fetched: bool = False


@dataclass(slots=True)
class _Machine:
    kind: ClientKind
    usual: ReplyVariant
    ladder: Ladder
    has_worked: bool = False
    """What it gets now has led to a file being fetched."""
    failures: int = 0
    """One after the other, with what it gets now."""
    attempt: _Try | None = None


class ReplyVariants:
    """Remembers a bounded number of machines, those heard of last.

    Args:
        start: what a client gets first: what a person chose for it, what worked before, or the default.
    """

    def __init__(
        self, start: Callable[[ClientInfo], Start] = lambda client: Start(default_variant(client.kind))
    ) -> None:
        self._start = start
        self._machines: OrderedDict[str, _Machine] = OrderedDict()
        self._server_at_s: float | None = None
        self._hears_offers = False

    def offer(self, client: ClientInfo, now: float) -> VariantChoice:
        """``client`` sent a DISCOVER."""
        if client.kind not in PXE_FIRMWARE:
            return self._leave_pxe(client, now)
        machine = self._machine(client)
        attempt = machine.attempt
        if attempt is not None and _goes_on(attempt, client, now):
            if now - attempt.heard_at_s >= SAME_DATAGRAM_S:
                attempt.discovers += 1
            attempt.xid, attempt.secs, attempt.heard_at_s = client.xid, client.secs, now
            return VariantChoice(machine.ladder.variant)
        change = self._conclude(client, machine, now, AT_ONCE_S)
        machine.attempt = _Try(client.xid, client.secs, now)
        return VariantChoice(machine.ladder.variant, change)

    def answer(self, client: ClientInfo, now: float) -> VariantChoice:
        """``client`` asked port 4011."""
        if client.kind not in PXE_FIRMWARE:
            return VariantChoice(default_variant(client.kind))
        machine = self._machine(client)
        if machine.attempt is None or machine.attempt.has_fetched:
            machine.attempt = _Try(client.xid, client.secs, now)
        if now - machine.attempt.question_at_s >= SAME_DATAGRAM_S:
            machine.attempt.questions += 1
        machine.attempt.question_at_s = now
        return VariantChoice(machine.ladder.variant)

    def request(self, mac: str, now: float) -> None:
        """The firmware of ``mac`` asked a DHCP server for the address it offered."""
        self._server_at_s = now
        attempt = self._attempt(mac)
        if attempt is None:
            return
        if attempt.requested_at_s is None or now - attempt.requested_at_s >= SAME_DATAGRAM_S:
            attempt.requests += 1
        attempt.requested_at_s = now

    def hear_server(self, mac: str, now: float, *, gives_address: bool, is_boot_server: bool, is_final: bool) -> None:
        """Another server answered ``mac``.

        Args:
            mac: the client.
            now: monotonic seconds.
            gives_address: a DHCP server's answer, not a proxy's.
            is_boot_server: it tells the client to boot from somewhere.
            is_final: an ACK, not an OFFER.
        """
        attempt = self._attempt(mac)
        if gives_address:
            self._server_at_s, self._hears_offers = now, True
        if attempt is None:
            return
        attempt.has_address_offer |= gives_address
        attempt.has_other_boot_server |= is_boot_server
        attempt.is_acknowledged |= gives_address and is_final

    def hear_refusal(self, mac: str) -> None:
        """A DHCP server sent ``mac`` a NAK: it begins anew for that reason."""
        machine = self._machines.get(mac)
        if machine is not None and machine.attempt is not None and not machine.attempt.questions:
            machine.attempt = None

    def fetch(self, mac: str) -> VariantWorked | None:
        """The firmware of ``mac`` fetches a file: the answers were accepted. Told once; None when that is known, and
        for a machine that has not asked."""
        machine = self._machines.get(mac)
        if machine is None or machine.attempt is None or machine.attempt.has_fetched:
            return None
        machine.attempt.has_fetched = True
        machine.failures = 0
        if machine.has_worked:
            return None
        variant = machine.ladder.variant
        # A later climb begins here, with all others before it: what failed once may work then.
        machine.ladder, machine.has_worked = Ladder(machine.kind, variant), True
        return VariantWorked(machine.kind, variant, is_usual=variant == machine.usual)

    def _leave_pxe(self, client: ClientInfo, now: float) -> VariantChoice:
        """Something else than PXE firmware asks from that machine: HTTP boot comes when PXE has failed."""
        change = None
        machine = self._machines.get(client.mac)
        if machine is not None and machine.attempt is not None:
            if client.kind is ClientKind.UEFI_HTTP:
                if not _was_loading(machine.attempt, now):
                    change = self._conclude(client, machine, now, HTTP_AT_ONCE_S)
                machine.attempt = None
            else:
                machine.attempt.has_other_boot_server = True  # somebody booted what asks now
        return VariantChoice(default_variant(client.kind), change)

    def _conclude(self, client: ClientInfo, machine: _Machine, now: float, at_once_s: float) -> VariantChange | None:
        """A new try begins: what does that say of the one before?"""
        attempt = machine.attempt
        if attempt is None or attempt.has_fetched:
            return None
        observed = self._observe(attempt, now)
        if observed is None:
            return None
        machine.failures += 1
        needed = 2 if machine.has_worked else 1  # what has worked may fail once: somebody pressed a key or reset
        if observed is Observation.NO_QUESTION and now - (attempt.requested_at_s or now) > at_once_s:
            needed = 2  # meanwhile it may have been booted by somebody else, or from its disk as somebody wished
        if machine.failures < needed:
            return None
        return self._climb(client, machine, observed)

    def _observe(self, attempt: _Try, now: float) -> Observation | None:
        if attempt.questions >= DISCOVERS_OF_A_TRY:
            return Observation.REPEATED_QUESTION
        if attempt.questions:
            return Observation.CANCELLED
        if attempt.requests:
            is_without_address = attempt.requests > 1 and not attempt.is_acknowledged
            return None if attempt.has_other_boot_server or is_without_address else Observation.NO_QUESTION
        if attempt.discovers < DISCOVERS_OF_A_TRY:
            return None
        # Where offers of addresses are heard at all, one that this machine did not get says nothing of ours.
        is_served = attempt.has_address_offer or (not self._hears_offers and self._knows_server(now))
        return Observation.NO_REQUEST if is_served else None

    def _climb(self, client: ClientInfo, machine: _Machine, observed: Observation) -> VariantChange:
        before = machine.ladder.variant
        is_answer = observed in (Observation.REPEATED_QUESTION, Observation.CANCELLED)
        is_exhausted = not machine.ladder.climb(Stage.ANSWER if is_answer else Stage.OFFER)
        if is_exhausted:
            machine.ladder = Ladder(machine.kind, default_variant(machine.kind))
        machine.has_worked, machine.failures = False, 0
        return VariantChange(client.mac, observed, before, machine.ladder.variant, is_exhausted)

    def _knows_server(self, now: float) -> bool:
        return self._server_at_s is not None and now - self._server_at_s < SERVER_REMEMBERED_S

    def _attempt(self, mac: str) -> _Try | None:
        machine = self._machines.get(mac)
        return machine.attempt if machine else None

    def _machine(self, client: ClientInfo) -> _Machine:
        machine = self._machines.get(client.mac)
        if machine is None or machine.kind is not client.kind:
            # A machine whose setup was changed from BIOS to UEFI is another machine.
            start = self._start(client)
            ladder = Ladder(client.kind, start.variant)
            machine = _Machine(client.kind, start.usual, ladder, has_worked=start.worked is not None)
            self._machines[client.mac] = machine
        self._machines.move_to_end(client.mac)
        while len(self._machines) > MAX_MACHINES:
            self._machines.popitem(last=False)
        return machine


def _was_loading(attempt: _Try, now: float) -> bool:
    """Whether a machine that goes on to HTTP boot was busy meanwhile with what our answer told it."""
    return 0 < attempt.questions < DISCOVERS_OF_A_TRY and now - attempt.question_at_s > LOADING_S


def _goes_on(attempt: _Try, client: ClientInfo, now: float) -> bool:
    """Whether this DISCOVER is one more of the same try, and not the first of the next."""
    if attempt.questions or attempt.has_fetched or now - attempt.heard_at_s > DISCOVER_GAP_S:
        return False
    if client.xid == attempt.xid:
        # A ROM may make the number out of its hardware address, the same at every boot: then the seconds tell.
        return client.secs >= attempt.secs
    return not attempt.requests and client.secs > attempt.secs
