"""``--reply MACHINES:KNOB=VALUE,...``: how the firmware of some machines is answered."""

import re
from dataclasses import dataclass

from bootbeam.errors import UserError
from bootbeam.machine import MACHINE_KINDS, Cpu, Firmware, PxeVendorOptions

KINDS: dict[str, tuple[Firmware, Cpu | None]] = {"uefi": (Firmware.UEFI, None), **MACHINE_KINDS}
"""Words for kinds of machines; None: with any processor."""
MAX_CHOICES = 1000

_MAC_OR_PREFIX = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){2,5}")
_EXAMPLE = "bootbeam serve IMAGE --reply x64:answer=menu"


@dataclass(frozen=True, slots=True)
class ReplyChoice:
    """What a person chose for some machines; None: nothing, the usual."""

    machines: str
    """A MAC, its first three to five bytes, or a word of ``KINDS``."""
    offer: PxeVendorOptions | None = None
    """Option 43 in the OFFER."""
    answer: PxeVendorOptions | None = None
    """Option 43 in the answer from port 4011."""
    file_in_offer: bool | None = None

    def fits(self, mac: str, firmware: Firmware, cpu: Cpu | None) -> bool:
        """Whether it is meant for this machine."""
        kind = KINDS.get(self.machines)
        if kind is None:
            return mac == self.machines or mac.startswith(f"{self.machines}:")
        return kind[0] is firmware and kind[1] in (None, cpu)

    @property
    def rank(self) -> int:
        """The more narrowly it is meant the higher: firmware, processor, a MAC's bytes."""
        kind = KINDS.get(self.machines)
        if kind is None:
            return 2 + self.machines.count(":")
        return 0 if kind[1] is None else 1


def parse_reply_choice(text: str) -> ReplyChoice:
    """Read ``52:54:00:12:34:56:offer=take-file,answer=menu,file=no``.

    Raises:
        UserError: it does not read so.
    """
    machines, _, knobs = text.rpartition(":")
    name = machines.strip().lower().replace("-", ":").removesuffix(":*")
    if name not in KINDS and not _MAC_OR_PREFIX.fullmatch(name):
        raise UserError(
            f"--reply {text}: {machines!r} names no machines",
            f"a MAC, its first three to five bytes, or one of {', '.join(KINDS)} goes before the last colon",
            _EXAMPLE,
        )
    chosen: dict[str, str] = {}
    for knob in knobs.split(","):
        key, _, value = knob.strip().partition("=")
        if key in chosen:
            raise UserError(f"--reply {text}: {key} is given twice", "", _EXAMPLE)
        chosen[key] = value
    if unknown := chosen.keys() - {"offer", "answer", "file"}:
        raise UserError(
            f"--reply {text}: there is nothing called {sorted(unknown)[0]!r} to choose",
            "offer, answer and file can be chosen",
            _EXAMPLE,
        )
    return ReplyChoice(
        name,
        _vendor_options(text, "offer", chosen.get("offer")),
        _vendor_options(text, "answer", chosen.get("answer")),
        _yes_or_no(text, chosen.get("file")),
    )


def _vendor_options(text: str, key: str, value: str | None) -> PxeVendorOptions | None:
    if value is None:
        return None
    try:
        return PxeVendorOptions(value)
    except ValueError:
        wanted = ", ".join(PxeVendorOptions)
        raise UserError(f"--reply {text}: {key}={value} will not do", f"it is one of {wanted}", _EXAMPLE) from None


def _yes_or_no(text: str, value: str | None) -> bool | None:
    if value not in (None, "yes", "no"):
        raise UserError(f"--reply {text}: file={value} will not do", "it is yes or no", _EXAMPLE)
    return None if value is None else value == "yes"
