"""The signed boot loaders that an ISO carries: its shim and GRUB start its own distribution's kernel.

A distribution whose one build of GRUB is for discs and networks alike (Fedora's and its kin's) has in its ISO all that
a machine with Secure Boot needs. Other ISOs carry a GRUB that reads discs alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bootbeam.errors import ImageError
from bootbeam.formats.boot_loader import MAX_LOADER_BYTES, LoaderFamily, LoaderFeature, LoaderTexts, read_loader_texts
from bootbeam.formats.certificates import names_in
from bootbeam.formats.pecoff import PeImage, read_pe
from bootbeam.library.content import Content
from bootbeam.library.iso_files import ReadTree
from bootbeam.library.signed_chain import EFI_SUFFIXES
from bootbeam.machine import Cpu

BOOT_DIRECTORY = "EFI/BOOT"


@dataclass(frozen=True, slots=True)
class IsoChain:
    """What a machine with Secure Boot on can begin with."""

    cpu: Cpu
    first: str
    """The name of the program that the firmware loads."""
    files: Mapping[str, str]
    """Under the names it is asked for: where each lies in the ISO."""
    trusts: tuple[str, ...]
    """Whose signatures its shim accepts, by name."""


def find_iso_chains(read: ReadTree) -> tuple[IsoChain, ...]:
    """The chains that can boot from a network, for each kind of machine.

    Raises:
        ContentChanged: the image is being overwritten.
    """
    return tuple(chain for cpu in EFI_SUFFIXES if (chain := _find(read, cpu)) is not None)


def _find(read: ReadTree, cpu: Cpu) -> IsoChain | None:
    suffix = EFI_SUFFIXES[cpu]
    first, grub_name, keys_name = f"shim{suffix}.efi", f"grub{suffix}.efi", f"mm{suffix}.efi"
    files = {first: f"{BOOT_DIRECTORY}/BOOT{suffix.upper()}.EFI"}
    files |= {name: f"{BOOT_DIRECTORY}/{name}" for name in (grub_name, keys_name)}
    shim, grub = _program(read, files[first], cpu), _program(read, files[grub_name], cpu)
    if shim is None or grub is None:
        return None
    if shim.texts.family is not LoaderFamily.SHIM or grub.texts.family is not LoaderFamily.GRUB:
        return None
    trusts = names_in(shim.data[: shim.pe.certificates_offset])
    if LoaderFeature.HTTP not in grub.texts.features or not set(trusts) & set(grub.pe.signers):
        return None
    if _program(read, files[keys_name], cpu) is None:
        del files[keys_name]
    return IsoChain(cpu, first, files, trusts)


@dataclass(frozen=True, slots=True)
class _Program:
    data: bytes
    pe: PeImage
    texts: LoaderTexts


def _program(read: ReadTree, path: str, cpu: Cpu) -> _Program | None:
    """The signed boot loader at ``path``; None when there is none."""
    try:
        content = read.file(path)
        if not isinstance(content, Content) or content.size_bytes > MAX_LOADER_BYTES:
            return None
        data = content.read_at(0, content.size_bytes)
        pe = read_pe(lambda offset, size_bytes: data[offset : offset + size_bytes])
    except ImageError:
        return None
    if pe is None or pe.cpu is not cpu or not pe.is_signed or pe.needed_size_bytes > len(data):
        return None
    texts = read_loader_texts(data)
    return _Program(data, pe, texts) if texts else None
