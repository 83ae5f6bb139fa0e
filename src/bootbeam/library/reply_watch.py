"""Tells ``pxe.ReplyVariants`` what the journal hears, and the journal what that makes of it."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.journal import Record
from bootbeam.pxe.client import ClientInfo, ClientKind
from bootbeam.pxe.reply_variant import ReplyVariant, default_variant
from bootbeam.pxe.reply_variants import Observation, ReplyVariants, Start, VariantChange
from bootbeam.settings.reply_choice import ReplyChoice
from bootbeam.wire.dhcp4 import MessageType

_OBSERVED = {
    Observation.NO_REQUEST: "asked four times and took no offer, though a DHCP server is there",
    Observation.NO_QUESTION: "got an address, but asked for no boot file and began anew",
    Observation.REPEATED_QUESTION: "asked port 4011 again and again, as if no answer had come",
    Observation.CANCELLED: "was answered on port 4011 and began anew without loading anything (PXE-E21)",
}


WATCHED_KINDS = (
    EventKind.ADDRESS_REQUESTED,
    EventKind.OTHER_SERVER_ANSWERED,
    EventKind.READ_REQUESTED,
    EventKind.FILE_REFUSED,
)
"""What ``ReplyVariantWatch.watch`` wants to hear of."""


class Remembered(Protocol):
    """Where it is kept what worked: ``library.remembered_replies.RememberedReplies``."""

    def get(self, mac: str, kind: ClientKind) -> ReplyVariant | None:
        """What worked with this machine's ``kind`` of firmware; None when that is the usual, or nothing is known."""

    def set(self, mac: str, kind: ClientKind, variant: ReplyVariant | None) -> None:
        """``variant`` works with this machine; None: the usual does."""


class ReplyVariantWatch:
    """Chooses the form of each answer. Safe to use from several threads.

    Args:
        choices: what a person chose.
        remembered: what worked before.
        record: the journal.
        clock: monotonic seconds, the same as the DHCP server's.
        call_soon: calls what it is given a moment later: that a machine is there again is to be told first.
    """

    def __init__(
        self,
        choices: Sequence[ReplyChoice],
        remembered: Remembered,
        record: Record,
        clock: Callable[[], float],
        call_soon: Callable[[Callable[[], None]], object] = lambda call: call(),
    ) -> None:
        self._choices = sorted(choices, key=lambda choice: choice.rank)
        self._remembered = remembered
        self._record = record
        self._clock = clock
        self._call_soon = call_soon
        self._variants = ReplyVariants(self._start)
        self._lock = threading.Lock()

    def choose(self, client: ClientInfo, message_type: MessageType, now: float) -> ReplyVariant:
        """The form of this OFFER or ACK."""
        with self._lock:
            is_offer = message_type == MessageType.OFFER
            choice = self._variants.offer(client, now) if is_offer else self._variants.answer(client, now)
        if choice.change is not None:
            self._call_soon(partial(self._tell, choice.change))
        return choice.variant

    def watch(self, event: Event) -> None:
        """Learn from ``event``."""
        mac = event.mac
        if mac is None or _is_over_ipv6(event):
            return  # that is another firmware's business, though it is in the same machine
        if event.kind is EventKind.ADDRESS_REQUESTED:
            with self._lock:
                self._variants.request(mac, self._clock())
        elif event.kind is EventKind.OTHER_SERVER_ANSWERED:
            self._hear_server(mac, event)
        elif event.kind is EventKind.READ_REQUESTED or (
            event.kind is EventKind.FILE_REFUSED and event.facts.get("protocol") == "tftp"
        ):
            self._hear_fetch(mac)

    def _hear_server(self, mac: str, event: Event) -> None:
        facts = event.facts
        with self._lock:
            if facts.get("message") == "nak":
                self._variants.hear_refusal(mac)
            elif facts.get("message") in ("offer", "ack"):
                vendor_class = str(facts.get("vendor_class") or "")
                self._variants.hear_server(
                    mac,
                    self._clock(),
                    gives_address=facts.get("address_given") is not None,
                    is_boot_server=vendor_class.startswith("PXEClient") or bool(facts.get("file")),
                    is_final=facts.get("message") == "ack",
                )

    def _hear_fetch(self, mac: str) -> None:
        with self._lock:
            worked = self._variants.fetch(mac)
        if worked is None:
            return
        if not worked.is_usual:
            is_default = worked.variant == default_variant(worked.kind)
            self._remembered.set(mac, worked.kind, None if is_default else worked.variant)
            self._record(EventKind.REPLY_VARIANT_KEPT, mac=mac, variant=str(worked.variant))
        elif self._remembered.get(mac, worked.kind) not in (None, worked.variant):
            self._remembered.set(mac, worked.kind, None)

    def _start(self, client: ClientInfo) -> Start:
        usual = default_variant(client.kind)
        architecture = client.architecture
        fitting = [
            choice
            for choice in self._choices
            if architecture and choice.fits(client.mac, architecture.firmware, architecture.cpu)
        ]
        if not fitting:
            return Start(usual, self._remembered.get(client.mac, client.kind))
        for choice in fitting:  # the narrowest last
            usual = _overlaid(usual, choice)
        return Start(usual)

    def _tell(self, change: VariantChange) -> None:
        self._record(
            EventKind.REPLY_VARIANT_CHANGED,
            mac=change.mac,
            observed=_OBSERVED[change.observed],
            before=str(change.before),
            variant=str(change.now),
            is_exhausted=change.is_exhausted,
            fix=_advice(change),
        )


def _is_over_ipv6(event: Event) -> bool:
    return ":" in f"{event.address or ''}{event.facts.get('address_requested') or ''}"


def _overlaid(variant: ReplyVariant, choice: ReplyChoice) -> ReplyVariant:
    return ReplyVariant(
        variant.offer if choice.offer is None else choice.offer,
        variant.answer if choice.answer is None else choice.answer,
        variant.file_in_offer if choice.file_in_offer is None else choice.file_in_offer,
    )


def _advice(change: VariantChange) -> str:
    if not change.is_exhausted:
        return "boot it once more: it is answered in another form then"
    if change.observed is Observation.REPEATED_QUESTION:
        return "see whether a firewall on this computer drops UDP port 4011: sudo nft list ruleset"
    return (
        "read what its screen says; UEFI HTTP boot, if its setup has it, goes round this, and so does a boot file that "
        "the DHCP server itself names"
    )
