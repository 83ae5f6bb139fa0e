"""One boot of one machine, with every address filled in: what a script is rendered from."""

from dataclasses import dataclass
from typing import Protocol

from bootbeam.boot.decision import RunEntry
from bootbeam.boot.explanation import Explanation
from bootbeam.boot.facts import MachineFacts
from bootbeam.boot.ipxe import FileUrls
from bootbeam.library.content import NotReady

READ_AS_DRIVE = (
    "It is read over the network, as a drive, until the system on it takes over; that must not need the drive any more."
)
"""A note for what is started by its own boot loader: no system has a driver for iPXE's drive."""
NO_INITRD = (
    "This is a distribution's kernel, and no initrd was given with it: it will most likely stop with 'Unable to mount "
    "root fs'."
)
"""A note for a kernel whose drivers are modules, which nobody hands it."""


@dataclass(frozen=True, slots=True)
class ResolvedBoot:
    """What the script says."""

    plan: RunEntry
    """With the files and the command line of this one boot."""
    urls: FileUrls
    notes: tuple[str, ...] = ()
    """For the person in front of the machine, as the memory that this boot needs."""
    warning: str = ""
    """Why it will most likely fail on this machine; "" when nothing speaks against it."""
    lacks_initrd: bool = False
    """It is a distribution's kernel without its initrd."""


class ResolveBoot(Protocol):
    """Fills in the addresses: handed to whoever makes scripts."""

    def __call__(self, plan: RunEntry, facts: MachineFacts, base_url: str) -> ResolvedBoot | NotReady | Explanation:
        """The boot; ``NotReady`` when a file is still being written, an explanation when this one cannot be."""
