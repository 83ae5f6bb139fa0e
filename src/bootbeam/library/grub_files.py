"""What a GRUB fetches, by path.

grub/PLATFORM/grub.efi, grub/PLATFORM/ENTRY/grub.efi   a GRUB made here (``library.grub_images``)
grub/FACT=VALUE/.../grub.cfg                           what one machine does now (``library.grub_scripts``)
.../grub.cfg                                           what a signed GRUB begins with
"""

from collections.abc import Callable

from bootbeam.boot.decision import Offering
from bootbeam.library.content import Content, Missing, Peer
from bootbeam.library.grub_images import GrubImages
from bootbeam.library.grub_scripts import GrubScripts


class GrubFiles:
    """Finds the content for a path. Safe to ask from several threads.

    Args:
        images: makes GRUBs.
        scripts: makes their scripts.
        offering: gives what is on offer now.
        beyond_link: for a link-local address of ours, one that GRUB can use: it knows no zones.
    """

    def __init__(
        self,
        images: GrubImages,
        scripts: GrubScripts,
        offering: Callable[[], Offering],
        beyond_link: Callable[[str], str] = lambda address: address,
    ) -> None:
        self._images = images
        self._scripts = scripts
        self._offering = offering
        self._beyond_link = beyond_link

    def open(self, path: str, peer: Peer) -> Content | Missing | None:
        """The content at ``path``, or why there is none; None for a path that is not GRUB's."""
        match path.split("/"):
            case ["grub", *facts, "grub.cfg"] if any("=" in step for step in facts):
                return self._scripts.for_machine(facts, peer)
            case ["grub", platform, "grub.efi" | "grub.pxe"]:
                return self._images.open(platform, self._beyond_link(peer.local_address))
            case ["grub", platform, entry, "grub.efi" | "grub.pxe"]:
                if any(entry == served.name for served in self._offering().entries):
                    return self._images.open(platform, self._beyond_link(peer.local_address), entry)
            case [*_, "grub.cfg"]:
                return self._scripts.start(peer)
        return None
