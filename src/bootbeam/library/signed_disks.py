"""The signed chain in a disk image, for GRUBs that cannot find the station when the firmware loads them from it.

Debian's signed GRUB before 2.12 takes the router for its server, and has no HTTP. From a disk it reads its first script
beside itself, which asks for an address and then goes to the station by TFTP like every other GRUB. UEFI HTTP boot
fetches such an image whole and starts it like a disk; PXE knows no disks.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from bootbeam.boot.grub_script import GrubStart, render_start
from bootbeam.formats.fat.volume import FatFile, plan_volume
from bootbeam.library.composed import compose
from bootbeam.library.content import Content, Missing, NotReady
from bootbeam.library.versions import ImageFile
from bootbeam.wire.url import url_host

DISK_NAME = "signed.img"
"""By its ending firmware takes it for a disk."""
DISK_MEDIA_TYPE = "application/vnd.efi-img"
"""UEFI §24.7.3.1."""
BOOT_DIRECTORY = "EFI/BOOT"
_SCRIPTS = ("grub/grub.cfg", "boot/grub/grub.cfg", f"{BOOT_DIRECTORY}/grub.cfg")
"""Where GRUBs look: Debian's and Ubuntu's network build, their builds for discs, Fedora's."""


@dataclass(frozen=True, slots=True)
class SignedDisk:
    """What one kind of machine gets."""

    name: str
    """The path it is served at."""
    files: Mapping[str, ImageFile]
    """shim and what it looks for, under the names that firmware and shim give them."""

    def open(self, local_address: str) -> Content | Missing | NotReady:
        """The image whose GRUB goes to ``local_address``, one of the station's, without a zone."""
        script = render_start(GrubStart(f"tftp://{url_host(local_address)}")).encode()
        with ExitStack() as stack:
            contents: list[bytes | Content] = []
            files = []
            for name, image in self.files.items():
                content = image.open()
                if not isinstance(content, Content):
                    return content
                stack.callback(content.close)
                contents.append(content)
                files.append(FatFile(f"{BOOT_DIRECTORY}/{name}", content.size_bytes))
            for path in _SCRIPTS:
                contents.append(script)
                files.append(FatFile(path, len(script)))
            pieces = [
                piece if isinstance(piece, bytes) else contents[piece.index] for piece in plan_volume(files).pieces
            ]
            made = compose(self.name, pieces, "loader", stack)
            made.media_type = DISK_MEDIA_TYPE
            made.on_close = stack.pop_all().close
            return made
