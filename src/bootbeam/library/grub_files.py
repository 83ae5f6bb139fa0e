"""What a GRUB fetches, by path.

grub/PLATFORM/grub.efi, grub/PLATFORM/ENTRY/grub.efi   a GRUB made here (``library.grub_images``)
x64/signed.img                                         a signed one in a disk image (``library.signed_disks``)
grub/PLATFORM/bootbeam.local/grub.efi                  a GRUB that starts the machine's own disk
grub/reached.cfg                                       tells a GRUB that it has found the station
grub/FACT=VALUE/.../grub.cfg                           what one machine does now (``library.grub_scripts``)
.../grub.cfg                                           what a signed GRUB begins with
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from bootbeam.boot.decision import LOCAL_DISK, Offering
from bootbeam.boot.grub_script import REACHED_SCRIPT
from bootbeam.library.content import Content, Missing, NotReady, Peer
from bootbeam.library.grub_images import GrubImages
from bootbeam.library.grub_scripts import GrubScripts
from bootbeam.library.signed_disks import SignedDisk


class GrubFiles:
    """Finds the content for a path. Safe to ask from several threads.

    Args:
        images: makes GRUBs.
        scripts: makes their scripts.
        offering: gives what is on offer now.
        beyond_link: for a link-local address of ours, one that GRUB can use: it knows no zones.
        signed_disks: disk images with a GRUB in them, by served path.
    """

    def __init__(
        self,
        images: GrubImages,
        scripts: GrubScripts,
        offering: Callable[[], Offering],
        beyond_link: Callable[[str], str] = lambda address: address,
        signed_disks: Mapping[str, SignedDisk] = MappingProxyType({}),
    ) -> None:
        self._signed_disks = signed_disks
        self._images = images
        self._scripts = scripts
        self._offering = offering
        self._beyond_link = beyond_link

    def open(self, path: str, peer: Peer) -> Content | Missing | NotReady | None:
        """The content at ``path``, or why there is none; None for a path that is not GRUB's."""
        disk = self._signed_disks.get(path)
        if disk is not None:
            return disk.open(self._beyond_link(peer.local_address))
        match path.split("/"):
            case ["grub", *facts, "grub.cfg"] if any("=" in step for step in facts):
                return self._scripts.for_machine(facts, peer)
            case ["grub", platform, "grub.efi" | "grub.pxe"]:
                return self._images.open(platform, self._beyond_link(peer.local_address))
            case ["grub", platform, entry, "grub.efi"] if entry == LOCAL_DISK:
                return self._images.open_for_own_disk(platform)
            case ["grub", platform, entry, "grub.efi" | "grub.pxe"]:
                if any(entry == served.name for served in self._offering().entries):
                    return self._images.open(platform, self._beyond_link(peer.local_address), entry)
            case _ if path == REACHED_SCRIPT:
                return self._scripts.reached()
            case [*_, "grub.cfg"]:
                return self._scripts.start(peer)
        return None
