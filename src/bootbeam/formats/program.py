"""Programs: kernels, hypervisors, EFI applications. One file can be several of them, so all are looked for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from bootbeam.formats.describe import describe_elf, describe_linux, describe_multiboot, describe_pe
from bootbeam.formats.elf import ElfFile, read_elf
from bootbeam.formats.fields import ReadAt, TruncatedImage
from bootbeam.formats.identity import BootForm, BootsOn, Identity, Kind
from bootbeam.formats.linux import LinuxKernel, read_linux
from bootbeam.formats.multiboot import (
    MULTIBOOT2_ARCHITECTURE_I386,
    Multiboot1Header,
    Multiboot2Header,
    find_multiboot1,
    find_multiboot2,
)
from bootbeam.formats.pecoff import PeImage, read_pe
from bootbeam.machine import Cpu, Firmware

_IPXE_MULTIBOOT_FLAGS = 0b111
"""Compulsory flags that iPXE knows: page-aligned modules, memory map, video mode (iPXE ``multiboot.c``)."""

T = TypeVar("T")


@dataclass(slots=True)
class _Sides:
    """What was found in one file."""

    linux: LinuxKernel | None = None
    pe: PeImage | None = None
    elf: ElfFile | None = None
    multiboot1: Multiboot1Header | None = None
    multiboot2: Multiboot2Header | None = None
    cut_off: TruncatedImage | None = None

    @property
    def cpu(self) -> Cpu | None:
        """The PE header knows best: an old Linux header does not tell 64 bits from 32."""
        for side in (self.pe, self.linux, self.elf):
            if side and side.cpu:
                return side.cpu
        return Cpu.I386 if self.multiboot1 or self.multiboot2 else None


def read_program(read_at: ReadAt, size_bytes: int | None = None) -> Identity | None:
    """The program that starts at offset 0, None when it is none.

    Args:
        read_at: reads the file.
        size_bytes: the file's size, None when it is not known.

    Raises:
        ImageError: a header contradicts itself.
    """
    sides = _Sides()
    sides.linux = _whole(sides, read_linux, read_at)
    sides.pe = _whole(sides, read_pe, read_at)
    sides.elf = _whole(sides, read_elf, read_at)
    _keep_loadable_multiboot(sides, read_at)
    if not any((sides.linux, sides.pe, sides.elf, sides.multiboot1, sides.multiboot2)):
        if sides.cut_off:
            raise sides.cut_off
        return None
    kind, description = _name(sides)
    return Identity(
        kind,
        description,
        size_bytes,
        needed_size_bytes=_needed_size_bytes(sides),
        architecture=sides.cpu,
        boots_on=tuple(_ways(sides)),
        linux=sides.linux,
        pe=sides.pe,
        elf=sides.elf,
        multiboot1=sides.multiboot1,
        multiboot2=sides.multiboot2,
    )


def _whole(sides: _Sides, read: Callable[[ReadAt], T | None], read_at: ReadAt) -> T | None:
    """What ``read`` finds; a header that is cut off is kept for the case that nothing else is found."""
    try:
        return read(read_at)
    except TruncatedImage as cut_off:
        if sides.cut_off is None or cut_off.needed_size_bytes > sides.cut_off.needed_size_bytes:
            sides.cut_off = cut_off
        return None


def _keep_loadable_multiboot(sides: _Sides, read_at: ReadAt) -> None:
    """Multiboot headers count in an ELF or PE file, or when they say themselves where the file is to be loaded:
    the magic numbers alone also stand in boot loaders and in pictures of disks."""
    multiboot1, multiboot2 = find_multiboot1(read_at), find_multiboot2(read_at)
    is_program = sides.elf is not None or sides.pe is not None
    if multiboot1 and (is_program or multiboot1.has_address_fields):
        sides.multiboot1 = multiboot1
    if multiboot2 and (is_program or multiboot2.has_address_tag):
        sides.multiboot2 = multiboot2


def _needed_size_bytes(sides: _Sides) -> int:
    sizes = [side.needed_size_bytes for side in (sides.linux, sides.pe, sides.elf, sides.cut_off) if side]
    if not sizes and sides.multiboot1 and sides.multiboot1.raw_needed_size_bytes:
        sizes.append(sides.multiboot1.raw_needed_size_bytes)
    return max(sizes, default=0)


def _name(sides: _Sides) -> tuple[Kind, str]:
    if sides.linux:
        return Kind.LINUX_KERNEL, describe_linux(sides.linux, sides.cpu, sides.pe)
    if sides.pe:
        kind = Kind.EFI_APPLICATION if sides.pe.is_efi_application else Kind.UNKNOWN
        return Kind.EFI_DRIVER if sides.pe.is_efi_driver else kind, describe_pe(sides.pe)
    if sides.multiboot1 or sides.multiboot2:
        return Kind.MULTIBOOT_KERNEL, describe_multiboot(sides.multiboot1, sides.multiboot2, sides.elf, sides.cpu)
    if sides.elf:
        return Kind.ELF, describe_elf(sides.elf)
    return Kind.UNKNOWN, "program"


def _ways(sides: _Sides) -> list[BootsOn]:
    ways = []
    if sides.linux and sides.linux.protocol and sides.cpu:
        ways.append(BootsOn(Firmware.BIOS, sides.cpu, BootForm.LINUX))
    if sides.pe and sides.pe.is_efi_application and sides.pe.cpu:
        ways.append(BootsOn(Firmware.UEFI, sides.pe.cpu, BootForm.EFI))
    # What iPXE can start comes first. Then Multiboot 2, by which a kernel learns of UEFI.
    multiboot = _multiboot2_ways(sides) + _multiboot1_ways(sides)
    ways += sorted(multiboot, key=lambda way: way.needs_grub != "")
    elf = sides.elf
    if elf and not ways and elf.bits == 32 and elf.cpu is Cpu.I386 and elf.is_executable and elf.has_flat_addresses:
        ways.append(BootsOn(Firmware.BIOS, Cpu.I386, BootForm.ELF))
    return ways


def _multiboot1_ways(sides: _Sides) -> list[BootsOn]:
    header, elf = sides.multiboot1, sides.elf
    if header is None or not (header.has_address_fields or (elf and elf.is_executable)):
        return []
    needs_grub = ""
    unknown_flags = header.compulsory_flags & ~_IPXE_MULTIBOOT_FLAGS
    if unknown_flags:
        needs_grub = f"its Multiboot header demands features ({unknown_flags:#x}) that iPXE does not know"
    elif not header.has_address_fields and elf and elf.bits != 32:
        needs_grub = "iPXE loads Multiboot kernels from 32-bit ELF files only, this one is a 64-bit ELF"
    on_bios = BootsOn(Firmware.BIOS, sides.cpu or Cpu.I386, BootForm.MULTIBOOT1, needs_grub)
    return [on_bios, *_uefi_ways(BootForm.MULTIBOOT1, "iPXE starts Multiboot kernels in BIOS (legacy) mode only")]


def _multiboot2_ways(sides: _Sides) -> list[BootsOn]:
    header, elf = sides.multiboot2, sides.elf
    if header is None or header.architecture != MULTIBOOT2_ARCHITECTURE_I386:
        return []
    if not (header.has_address_tag or (elf and elf.is_executable)):
        return []
    why = "iPXE does not know Multiboot 2"
    return [
        BootsOn(Firmware.BIOS, sides.cpu or Cpu.I386, BootForm.MULTIBOOT2, why),
        *_uefi_ways(BootForm.MULTIBOOT2, why),
    ]


def _uefi_ways(form: BootForm, why: str) -> list[BootsOn]:
    """A Multiboot kernel is entered in 32-bit protected mode, from firmware of either width. Without the tags for it
    GRUB ends the firmware's boot services before."""
    return [BootsOn(Firmware.UEFI, cpu, form, why) for cpu in (Cpu.X86_64, Cpu.I386)]
