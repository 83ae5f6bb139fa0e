"""The forms an answer to PXE firmware can have, and the order in which they are tried.

No single form pleases every firmware ever shipped. What differs: option 43 in the OFFER, option 43 in the answer from
port 4011, and whether the OFFER names the file. docs/how-it-boots.md says who needs what.
"""

from dataclasses import dataclass
from enum import StrEnum

from bootbeam.machine import PxeVendorOptions
from bootbeam.pxe.client import ClientKind

NONE, TAKE_FILE, MENU = PxeVendorOptions.NONE, PxeVendorOptions.TAKE_FILE, PxeVendorOptions.MENU

PXE_FIRMWARE = (ClientKind.BIOS_PXE, ClientKind.UEFI_PXE)
"""The kinds of client whose answers come in forms; all others get the plain one."""


@dataclass(frozen=True, slots=True)
class ReplyVariant:
    """One form of the answers to a client."""

    offer: PxeVendorOptions = NONE
    """Option 43 in the OFFER (port 67)."""
    answer: PxeVendorOptions = NONE
    """Option 43 in the ACK (port 4011)."""
    file_in_offer: bool = True
    """The OFFER names the boot file, in the header and in option 67."""

    def __str__(self) -> str:
        """As a person writes it for ``--reply``."""
        return f"offer={self.offer},answer={self.answer},file={'yes' if self.file_in_offer else 'no'}"


class Stage(StrEnum):
    """Which part of the conversation did not lead on."""

    OFFER = "offer"
    """The OFFER: firmware never came to the next step."""
    ANSWER = "answer"
    """The ACK from port 4011."""


OfferForm = tuple[PxeVendorOptions, bool]
"""Option 43 in the OFFER, and whether the file is in it."""

_OFFERS: dict[ClientKind, tuple[OfferForm, ...]] = {
    # What dnsmasq gives UEFI; what smee and bootimus give it; pixiecore's; PXE 2.1 to the letter.
    ClientKind.UEFI_PXE: ((NONE, True), (TAKE_FILE, True), (NONE, False), (MENU, True)),
    # What pixiecore, smee and dnsmasq without a service give BIOS; dnsmasq with one; option 60 alone.
    ClientKind.BIOS_PXE: ((TAKE_FILE, True), (MENU, True), (NONE, True), (NONE, False)),
}
_ANSWERS: dict[ClientKind, tuple[PxeVendorOptions, ...]] = {
    # Quirk: mini PCs with a Celeron N4000: boot only when the answer from port 4011 holds a menu.
    ClientKind.UEFI_PXE: (NONE, MENU, TAKE_FILE),
    ClientKind.BIOS_PXE: (TAKE_FILE, NONE, MENU),
}


def default_variant(kind: ClientKind) -> ReplyVariant:
    """What a client gets of which nothing is known."""
    if kind not in PXE_FIRMWARE:
        return ReplyVariant()
    offer, file_in_offer = _OFFERS[kind][0]
    return ReplyVariant(offer, _ANSWERS[kind][0], file_in_offer)


class Ladder:
    """The variants one after the other, from ``start``: what failed is not tried again.

    An OFFER that leads nowhere gives way to the next form of OFFER; an ACK to the next form of ACK, and after the last
    of these to the next form of OFFER, which may do without an ACK.

    Args:
        kind: the client's, BIOS or UEFI PXE.
        start: the first variant.
    """

    def __init__(self, kind: ClientKind, start: ReplyVariant) -> None:
        first = (start.offer, start.file_in_offer)
        self._offers = (first, *(form for form in _OFFERS[kind] if form != first))
        self._answers = (start.answer, *(form for form in _ANSWERS[kind] if form is not start.answer))
        self._offer = 0
        self._answer = 0
        self.variant = start
        """Where it stands."""

    def climb(self, failed: Stage) -> bool:
        """Go on to the next variant, ``failed`` being what the last one failed in; false when there is none left."""
        has_climbed = self._climb(failed)
        offer, file_in_offer = self._offers[self._offer]
        self.variant = ReplyVariant(offer, self._answers[self._answer], file_in_offer)
        return has_climbed

    def _climb(self, failed: Stage) -> bool:
        if failed is Stage.ANSWER and self._answer + 1 < len(self._answers):
            self._answer += 1
            return True
        if self._offer + 1 == len(self._offers):
            return False
        self._offer += 1
        if failed is Stage.ANSWER:
            self._answer = 0
        return True
