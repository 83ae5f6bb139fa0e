"""The boot programs in a TFTP tree: what each file is, by its bytes."""

import os
import stat
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from bootbeam.boot.tftp_tree import TreeProgram
from bootbeam.errors import ImageError
from bootbeam.formats.boot_loader import MAX_LOADER_BYTES, LoaderFamily, LoaderFeature, read_loader_texts
from bootbeam.formats.nbp import is_network_boot_program
from bootbeam.formats.pecoff import read_pe
from bootbeam.formats.script import is_ipxe_script
from bootbeam.library.settling import Stamp
from bootbeam.library.signed_chain import EFI_SUFFIXES
from bootbeam.machine import Cpu, Firmware

SUFFIXES = (".0", ".pxe", ".kpxe", ".kkpxe", ".kkkpxe", ".com", ".n12", ".efi", ".efi.signed", ".ipxe", "grub2pxe")
"""What the names of boot programs end in; other files are not looked into unless somebody names them."""
MAX_PATH_BYTES = 127
"""The boot file's field of a DHCP packet, less the zero at its end."""
MAX_REMEMBERED = 1000
_IPXE_SUFFIXES = ("kpxe", ".pxe")
_GRUB_SUFFIXES = {
    **EFI_SUFFIXES,
    Cpu.I386: "ia32",
    Cpu.ARM32: "arm",
    Cpu.RISCV64: "riscv64",
    Cpu.LOONG64: "loongarch64",
}
_NEVER_FIRST = frozenset({LoaderFamily.MOK_MANAGER, LoaderFamily.WIMBOOT, LoaderFamily.MEMDISK})


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the bytes of a file tell."""

    firmware: Firmware | None
    cpu: Cpu | None
    family: LoaderFamily | None
    asks_router: bool = False


class TreeProgramReader:
    """Looks into files, and remembers what it saw as long as they stay as they are."""

    def __init__(self) -> None:
        self._seen: OrderedDict[Stamp, _Seen | None] = OrderedDict()

    def read(self, path: Path, root: Path) -> TreeProgram | None:
        """The program at ``path``; None when it is none, leads out of ``root``, or has a name DHCP cannot carry."""
        try:
            served = path.relative_to(root).as_posix()
            target = path.resolve(strict=True)
            status = target.stat()
        except (OSError, RuntimeError, ValueError):
            return None
        if not served.isascii() or len(served) > MAX_PATH_BYTES or not target.is_relative_to(root):
            return None
        if not stat.S_ISREG(status.st_mode) or not 0 < status.st_size <= MAX_LOADER_BYTES:
            return None
        seen = self._look_once(target, Stamp.of(status))
        if seen is None:
            return None
        asks_router = seen.asks_router
        if seen.family is LoaderFamily.SHIM and seen.cpu is not None:
            grub = self.read(path.with_name(f"grub{_GRUB_SUFFIXES.get(seen.cpu, '')}.efi"), root)
            if grub is None or grub.family is LoaderFamily.SHIM:
                return None  # a shim does nothing but start the program of that name beside it
            asks_router = grub.asks_router
        family = seen.family
        if family is None and seen.firmware is Firmware.BIOS and path.name.lower().endswith(_IPXE_SUFFIXES):
            family = LoaderFamily.IPXE  # packed, so that only the name tells
        return TreeProgram(served, seen.firmware, seen.cpu, family, asks_router)

    def _look_once(self, path: Path, stamp: Stamp) -> _Seen | None:
        if stamp not in self._seen:
            self._seen[stamp] = _look_into(path)
            while len(self._seen) > MAX_REMEMBERED:
                self._seen.popitem(last=False)
        return self._seen[stamp]


def _look_into(path: Path) -> _Seen | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            data = os.pread(fd, MAX_LOADER_BYTES, 0)
        finally:
            os.close(fd)
        return _recognise(data)
    except (OSError, ImageError):
        return None


def _recognise(data: bytes) -> _Seen | None:
    if is_ipxe_script(data[:8]):
        return _Seen(None, None, None)
    texts = read_loader_texts(data)
    family = texts.family if texts else None
    pe = read_pe(lambda offset, size_bytes: data[offset : offset + size_bytes])
    if pe is not None:
        is_whole = pe.needed_size_bytes <= len(data)
        if not pe.is_efi_application or pe.cpu is None or family in _NEVER_FIRST or not is_whole:
            return None
        # A signed GRUB tells by what else it can do; one that somebody made shows nothing of its version.
        asks_router = texts is not None and family is LoaderFamily.GRUB and LoaderFeature.HTTP not in texts.features
        return _Seen(Firmware.UEFI, pe.cpu, family, asks_router)
    if is_network_boot_program(data[:512], len(data)):
        return _Seen(Firmware.BIOS, Cpu.X86_64, family)
    return None
