"""One line for a person about what a file is."""

from bootbeam.formats.disk import DiskImage
from bootbeam.formats.elf import ElfFile
from bootbeam.formats.iso9660.volume_descriptor import IsoVolume
from bootbeam.formats.linux import LinuxKernel
from bootbeam.formats.multiboot import Multiboot1Header, Multiboot2Header
from bootbeam.formats.pecoff import PeImage
from bootbeam.machine import Cpu


def _in_brackets(words: str, *facts: str | None) -> str:
    said = ", ".join(fact for fact in facts if fact)
    return f"{words} ({said})" if said else words


def _signed(pe: PeImage) -> str | None:
    if not pe.is_signed:
        return None
    return f"signed by {pe.signers[0]}" if pe.signers else "signed"


def describe_linux(linux: LinuxKernel, cpu: Cpu | None, pe: PeImage | None) -> str:
    """E.g. ``Linux kernel 6.1.0-50-amd64 (x86_64, EFI stub, signed by Debian Secure Boot CA)``."""
    efi = ("EFI zboot" if linux.form == "zboot" else "EFI stub") if pe else None
    signed = _signed(pe) if pe else None
    if linux.is_linux:
        return _in_brackets(" ".join(("Linux kernel", linux.release)).strip(), cpu, efi, signed)
    name = linux.version_text[:60].strip() or "program"
    return _in_brackets(name, "loads like a Linux kernel", cpu, "EFI" if pe else None, signed)


def describe_multiboot(
    multiboot1: Multiboot1Header | None, multiboot2: Multiboot2Header | None, elf: ElfFile | None, cpu: Cpu | None
) -> str:
    """E.g. ``Multiboot 1 and 2 kernel (32-bit ELF, i386)``."""
    versions = " and ".join(number for number, found in (("1", multiboot1), ("2", multiboot2)) if found)
    return _in_brackets(f"Multiboot {versions} kernel", f"{elf.bits}-bit ELF" if elf else "no ELF", cpu)


def describe_pe(pe: PeImage) -> str:
    """E.g. ``EFI application (x86_64, signed)``."""
    if pe.is_efi_application:
        words = "EFI application"
    elif pe.is_efi_driver:
        words = "EFI driver"
    else:
        words = "Windows program, not made for EFI"
    unified = "unified kernel image" if pe.is_unified_kernel_image else None
    machine = None if pe.cpu else f"machine {pe.machine:#06x}"
    return _in_brackets(words, pe.cpu, machine, unified, _signed(pe))


def describe_elf(elf: ElfFile) -> str:
    """E.g. ``ELF program (64-bit, x86_64)``."""
    machine = None if elf.cpu else f"machine {elf.machine}"
    return _in_brackets("ELF file without a Multiboot header", f"{elf.bits}-bit", elf.cpu, machine)


def describe_iso(iso: IsoVolume) -> str:
    """E.g. ``ISO 9660 image "Debian 12.5.0 amd64 n" (El Torito)``."""
    name = "ISO 9660 image" if iso.has_iso9660 else "UDF image"
    if iso.volume_id:
        name += f' "{iso.volume_id}"'
    udf = "UDF" if iso.has_udf and iso.has_iso9660 else None
    return _in_brackets(name, "Joliet" if iso.has_joliet else None, udf, "El Torito" if iso.has_el_torito else None)


def describe_disk(disk: DiskImage) -> str:
    """E.g. ``disk image (GPT, 3 partitions, EFI system partition)``."""
    if not disk.is_raw:
        return f"{disk.layout} disk image of a virtual machine"
    if disk.layout == "FAT":
        return f'FAT file system image "{disk.label}"' if disk.label else "FAT file system image"
    count = f"{disk.partitions} partition{'' if disk.partitions == 1 else 's'}"
    esp = "EFI system partition" if disk.has_efi_system_partition else None
    return _in_brackets("disk image", disk.layout, count, esp)
