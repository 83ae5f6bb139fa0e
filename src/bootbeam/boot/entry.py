"""What a person asked to be served: one bootable thing, and the ways it can be started."""

from collections.abc import Container
from dataclasses import dataclass
from enum import StrEnum

from bootbeam.machine import Cpu, Firmware


class Method(StrEnum):
    """How a loader starts an image."""

    LINUX = "Linux kernel"
    """The x86 boot protocol, BIOS only."""
    EFI_LINUX = "Linux kernel as an EFI application"
    """A kernel with an EFI stub: finds its initrds by ``initrd=`` arguments."""
    MULTIBOOT = "Multiboot ELF"
    """Multiboot 1, BIOS only in iPXE; other files are its modules."""
    EFI_APPLICATION = "EFI application"
    IPXE_SCRIPT = "iPXE script"
    UBOOT_LINUX = "Linux kernel started by U-Boot"
    """The kernel's own image format (arm64, riscv64: Image; 32-bit ARM: zImage), with one initrd."""
    GRUB_LINUX = "Linux kernel started by GRUB"
    """The x86 boot protocol under UEFI: for a kernel without an EFI stub, or firmware of another width."""
    GRUB_MULTIBOOT = "Multiboot kernel started by GRUB"
    """Multiboot 1 where iPXE cannot: under UEFI, or from a 64-bit ELF."""
    GRUB_MULTIBOOT2 = "Multiboot 2 kernel started by GRUB"
    DISK = "disk image"
    """Its own boot loader; the blocks are read over the network as they are asked for."""
    CD = "bootable CD image"
    """The same, by El Torito."""


GRUB_METHODS = frozenset({Method.GRUB_LINUX, Method.GRUB_MULTIBOOT, Method.GRUB_MULTIBOOT2})
"""What iPXE starts by way of a GRUB that the station makes."""
BLOCK_METHODS = frozenset({Method.DISK, Method.CD})
"""What iPXE shows to the firmware as a drive, until the system that was started takes over."""
MULTIBOOT_METHODS = frozenset({Method.MULTIBOOT, Method.GRUB_MULTIBOOT, Method.GRUB_MULTIBOOT2})


@dataclass(frozen=True, slots=True)
class BootWay:
    """One way to start an image: by ``method``, where the firmware and the CPU are these."""

    method: Method
    firmware: Firmware | None
    """None: any firmware."""
    cpus: frozenset[Cpu]
    """Empty: any CPU."""

    def fits(self, firmware: Firmware, cpu: Cpu) -> bool:
        """Whether a machine like this can be started so."""
        return self.firmware in (None, firmware) and (not self.cpus or cpu in self.cpus)


@dataclass(frozen=True, slots=True)
class ServedFile:
    """A file of an entry, under the name the client sees."""

    name: str
    """One path step of letters, digits, ``.``, ``_``, ``-`` and ``+``: safe in every script and URL."""
    arguments: str = ""
    """Words after the file's name: a Multiboot module's own command line."""


@dataclass(frozen=True, slots=True)
class SignedStart:
    """What a UEFI machine with Secure Boot on can begin with."""

    cpu: Cpu
    path: str
    """The served path of the first program."""
    trusts: tuple[str, ...]
    """Whose signatures it accepts, by name."""


@dataclass(frozen=True, slots=True)
class BootEntry:
    """One line of the menu."""

    name: str
    """Unique among the entries; the image's own served name."""
    title: str
    """For people: what it is, from its bytes."""
    ways: tuple[BootWay, ...]
    """In order of preference; the first that fits the machine is taken."""
    kernel: ServedFile
    initrds: tuple[ServedFile, ...] = ()
    """initrds of a kernel, modules of a Multiboot image, companions of an EFI application."""
    cmdline: str = ""
    is_unattended: bool = False
    """It installs by itself and wipes a disk for it."""
    is_signed: bool | None = None
    """It carries a signature for Secure Boot, by whomever; None when that is not known."""

    own_chains: tuple[SignedStart, ...] = ()
    """Signed boot loaders that come with it."""
    signers: tuple[str, ...] = ()
    """The names in its signature's certificates, who vouches for it first."""

    @property
    def files(self) -> tuple[ServedFile, ...]:
        """Everything the client fetches, in order."""
        return (self.kernel, *self.initrds)


def way_for(
    entry: BootEntry, firmware: Firmware, cpu: Cpu, methods: Container[Method] = frozenset(Method)
) -> BootWay | None:
    """How ``entry`` starts on such a machine; None when it cannot.

    Args:
        entry: what is to start.
        firmware: of the machine.
        cpu: of the machine.
        methods: those that the loader on it knows.
    """
    return next((way for way in entry.ways if way.method in methods and way.fits(firmware, cpu)), None)
