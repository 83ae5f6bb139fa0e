"""What firmware could start from an ISO as from a CD, by El Torito, when iPXE is its CD drive."""

from dataclasses import dataclass

from bootbeam.errors import ImageError
from bootbeam.formats.disk_boot import read_efi_cpus
from bootbeam.formats.fields import ReadAt
from bootbeam.formats.iso9660.el_torito import BootImage, Emulation, read_boot_catalog
from bootbeam.machine import Cpu, Firmware


@dataclass(frozen=True, slots=True)
class CdBoot:
    """The boot loaders of a CD."""

    has_bios_loader: bool
    """BIOS can start it through iPXE, which looks at the catalog's first entry alone."""
    needs_emulation: bool
    """The one for BIOS wants to be on a floppy or hard disk, which iPXE does not play."""
    efi_cpus: tuple[Cpu, ...]
    """The processors that its EFI system partitions have a boot file for."""


def read_cd_boot(read_at: ReadAt, size_bytes: int) -> CdBoot:
    """The boot loaders of the image; none in a catalog that contradicts itself.

    Args:
        read_at: reads the image.
        size_bytes: the image's size.
    """
    try:
        images = [image for image in read_boot_catalog(read_at, size_bytes) if image.is_bootable]
    except ImageError:
        images = []
    first = _first_for_bios(images)
    efi = [image for image in images if image.firmware is Firmware.UEFI and image.emulation is Emulation.NONE]
    cpus = dict.fromkeys(cpu for image in efi for cpu in read_efi_cpus(read_at, image.extent.offset))
    return CdBoot(
        has_bios_loader=first is not None and first.emulation is Emulation.NONE,
        needs_emulation=first is not None and first.emulation is not Emulation.NONE,
        efi_cpus=tuple(cpus),
    )


def _first_for_bios(images: list[BootImage]) -> BootImage | None:
    return images[0] if images and images[0].firmware is Firmware.BIOS else None
