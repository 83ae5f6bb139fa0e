"""What a file was found to be: everything at once, since one file can be several things.

A kernel with an EFI stub is a bzImage and a PE image; ``xen.efi`` is a PE image with two Multiboot headers.
What to do with it on which firmware is decided elsewhere, from these facts.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from bootbeam.formats.archive import Archive
from bootbeam.formats.compression import Compression
from bootbeam.formats.cpio import CpioArchive
from bootbeam.formats.disk import DiskImage
from bootbeam.formats.elf import ElfFile
from bootbeam.formats.iso9660.volume_descriptor import IsoVolume
from bootbeam.formats.linux import LinuxKernel
from bootbeam.formats.multiboot import Multiboot1Header, Multiboot2Header
from bootbeam.formats.pecoff import PeImage
from bootbeam.formats.squashfs import SquashfsImage
from bootbeam.formats.wim import WimImage
from bootbeam.machine import Cpu, Firmware

ACCEPTED_WORDS = (
    "a Linux kernel (bzImage, or Image with an EFI stub), a Multiboot kernel, an EFI application, an iPXE script, "
    "a bootable ISO, a raw disk image"
)
"""What can be booted, for the message to somebody who named something else."""


class Kind(StrEnum):
    """What the file mainly is."""

    LINUX_KERNEL = "linux-kernel"
    MULTIBOOT_KERNEL = "multiboot-kernel"
    EFI_APPLICATION = "efi-application"
    EFI_DRIVER = "efi-driver"
    IPXE_SCRIPT = "ipxe-script"
    ELF = "elf"
    NETWORK_BOOT_PROGRAM = "network-boot-program"
    """For BIOS: pxelinux.0, undionly.kpxe."""
    INITRD = "initrd"
    """A cpio archive, or one inside a gzip file."""
    ISO_IMAGE = "iso-image"
    DISK_IMAGE = "disk-image"
    WIM = "wim"
    SQUASHFS = "squashfs"
    COMPRESSED = "compressed"
    """Something inside one of the known compressions; ``Identity.unpacked`` says what, for gzip."""
    UNKNOWN = "unknown"


class BootForm(StrEnum):
    """By which of its sides a file is started."""

    LINUX = "linux"
    """Through the x86 boot protocol."""
    EFI = "efi"
    """As an EFI application: by firmware or any EFI loader."""
    MULTIBOOT1 = "multiboot1"
    MULTIBOOT2 = "multiboot2"
    ELF = "elf"
    """A plain 32-bit ELF, entered in protected mode."""
    NETWORK_BOOT_PROGRAM = "network-boot-program"
    IPXE_SCRIPT = "ipxe-script"
    DISK = "disk"
    """As a disk whose blocks are read over the network, by its own boot loader."""


@dataclass(frozen=True, slots=True)
class BootsOn:
    """One way in which the file can be started."""

    firmware: Firmware
    cpu: Cpu
    """The processor the machine must have. A BIOS machine does not tell which one it has; a 64-bit PC also runs
    what needs i386. UEFI firmware starts only what is made for its own."""
    form: BootForm
    needs_grub: str = ""
    """Why iPXE cannot start it this way while GRUB can; "" when iPXE can."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Everything found out about one file."""

    kind: Kind
    description: str
    """For a person, e.g. ``Linux kernel 6.1.0-50-amd64 (x86_64, EFI stub, signed)``."""
    size_bytes: int | None
    """The file's size; None for what was seen inside a gzip file, whose size is not known."""
    needed_size_bytes: int = 0
    """How large the file must at least be by its own headers; 0 when they do not tell."""
    architecture: Cpu | None = None
    """The processor its code is for; None when there is none or it is unknown."""
    boots_on: tuple[BootsOn, ...] = ()
    """The ways to start this file as it is, best first. Empty for ISO images, which have ways of their own, and for
    what is inside a compressed file (``unpacked`` has those)."""
    linux: LinuxKernel | None = None
    pe: PeImage | None = None
    elf: ElfFile | None = None
    multiboot1: Multiboot1Header | None = None
    multiboot2: Multiboot2Header | None = None
    iso: IsoVolume | None = None
    disk: DiskImage | None = None
    wim: WimImage | None = None
    squashfs: SquashfsImage | None = None
    cpio: CpioArchive | None = None
    compression: Compression | None = None
    unpacked: "Identity | None" = field(default=None)
    """What its beginning says is inside a gzip file."""
    archive: Archive | None = None
    """Other files are packed in it."""
    is_blank: bool = False
    """All zero bytes where headers would be: space set aside for a file whose contents are yet to come."""

    @property
    def is_truncated(self) -> bool:
        """The file is smaller than its own headers say: cut off, or still being written."""
        return self.size_bytes is not None and self.size_bytes < self.needed_size_bytes

    @property
    def is_signed(self) -> bool:
        """It carries a signature for Secure Boot; whether the machine accepts it is not known."""
        return self.pe is not None and self.pe.is_signed

    @property
    def signers(self) -> tuple[str, ...]:
        """The names in its certificates."""
        return self.pe.signers if self.pe else ()

    @property
    def should_be_unpacked(self) -> bool:
        """A gzip file with a kernel inside: loaders in BIOS do not unpack it themselves."""
        return self.unpacked is not None and self.unpacked.disk is None and bool(self.unpacked.boots_on)

    def ways(self, firmware: Firmware, cpu: Cpu | None = None) -> tuple[BootsOn, ...]:
        """The ways to start it on ``firmware``, best first.

        Args:
            firmware: which family.
            cpu: the machine's processor under UEFI. Not compared under BIOS, where the machine does not tell.
        """
        return tuple(
            way
            for way in self.boots_on
            if way.firmware is firmware and (firmware is Firmware.BIOS or cpu is None or way.cpu is cpu)
        )
