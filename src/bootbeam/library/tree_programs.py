"""The boot programs in a TFTP tree: what each file is, by its bytes."""

import os
import re
import stat
from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path

from bootbeam.boot.tftp_tree import PassedOver, TreeProgram, is_first_name
from bootbeam.errors import ImageError
from bootbeam.formats.boot_loader import MAX_LOADER_BYTES, LoaderFamily, LoaderFeature, read_loader_texts
from bootbeam.formats.fields import TruncatedImage
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
MAX_PAGE_START_BYTES = 512
_WEB_PAGE = re.compile(rb"\s*<(!doctype|html|\?xml)", re.IGNORECASE)
_IPXE_SUFFIXES = ("kpxe", ".pxe")
_GRUB_SUFFIXES = {
    **EFI_SUFFIXES,
    Cpu.I386: "ia32",
    Cpu.ARM32: "arm",
    Cpu.RISCV64: "riscv64",
    Cpu.LOONG64: "loongarch64",
}
_SIGNED_GRUBS = {Cpu.X86_64: "grub-efi-amd64-signed", Cpu.ARM64: "grub-efi-arm64-signed"}
_NEVER_FIRST = frozenset({LoaderFamily.MOK_MANAGER, LoaderFamily.WIMBOOT, LoaderFamily.MEMDISK})


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the bytes of a file tell."""

    firmware: Firmware | None
    cpu: Cpu | None
    family: LoaderFamily | None
    asks_router: bool = False


@dataclass(frozen=True, slots=True)
class _Unfit:
    """Why a file's bytes are no program to begin with."""

    why: str
    cpu: Cpu | None = None
    fix: str = ""
    """Instead of the usual one."""


_Look = _Seen | _Unfit | None


class TreeProgramReader:
    """Looks into files, and remembers what it saw as long as they stay as they are."""

    def __init__(self) -> None:
        self._seen: OrderedDict[Stamp, _Look] = OrderedDict()

    def read(self, path: Path, root: Path) -> TreeProgram | PassedOver | None:
        """The program at ``path``, or why nothing begins with it; None when there is nothing to say of it."""
        try:
            served = path.relative_to(root).as_posix()
        except ValueError:
            return None
        seen = self._look(path, root, served)
        if isinstance(seen, _Seen) and seen.family is LoaderFamily.SHIM and seen.cpu is not None:
            seen = self._with_second_stage(path, root, seen, seen.cpu)
        if seen is None:
            return None
        if isinstance(seen, _Unfit):
            firmware = Firmware.UEFI if ".efi" in path.name.lower() or seen.cpu is not None else Firmware.BIOS
            if firmware is Firmware.BIOS and not is_first_name(path.name):
                return None  # vmlinuz-6.1.0 ends like a program for BIOS too
            fix = seen.fix or f"copy it into the tree once more, and see what it is: bootbeam inspect {path}"
            return PassedOver(served.encode("ascii", "replace").decode(), seen.why, fix, firmware, seen.cpu)
        family = seen.family
        if family is None and seen.firmware is Firmware.BIOS and path.name.lower().endswith(_IPXE_SUFFIXES):
            family = LoaderFamily.IPXE  # packed, so that only the name tells
        return TreeProgram(served, seen.firmware, seen.cpu, family, seen.asks_router)

    def _look(self, path: Path, root: Path, served: str) -> _Look:
        try:
            target = path.resolve(strict=True)
            status = target.stat()
        except (OSError, RuntimeError):
            return _Unfit("is a symbolic link that leads nowhere", fix=f"ls -l {path}") if path.is_symlink() else None
        if not target.is_relative_to(root):
            why = "is a symbolic link out of the tree, where nothing is served"
            return _Unfit(why, fix=f"copy the file itself: cp --remove-destination {target} {path}")
        if not stat.S_ISREG(status.st_mode):
            return None
        if not served.isascii():
            return _Unfit("has letters in its name that DHCP cannot carry", fix=f"give it a plain name: mv {path} ...")
        if len(served) > MAX_PATH_BYTES:
            why = f"has a path of {len(served)} letters, and DHCP carries {MAX_PATH_BYTES}"
            return _Unfit(why, fix=f"put it further up in the tree: mv {path} {root}")
        if status.st_size == 0:
            return _Unfit("is empty")
        if status.st_size > MAX_LOADER_BYTES:
            return _Unfit(f"has {status.st_size:,} bytes: too large for what a machine begins with")
        return self._look_once(target, Stamp.of(status))

    def _with_second_stage(self, path: Path, root: Path, shim: _Seen, cpu: Cpu) -> _Look:
        """``shim``, if it finds beside it what it starts: it does nothing else."""
        suffix = _GRUB_SUFFIXES.get(cpu, "")
        second = path.with_name(f"grub{suffix}.efi")
        grub = self._look(second, root, second.relative_to(root).as_posix())
        if isinstance(grub, _Seen) and grub.cpu is cpu and grub.family is not LoaderFamily.SHIM:
            return replace(shim, asks_router=grub.asks_router)
        if grub is None:
            trouble = f"there is no {second.name} beside it"
        elif isinstance(grub, _Unfit):
            trouble = f"beside it is {second.name}, which {grub.why}"
        elif grub.family is LoaderFamily.SHIM:
            trouble = f"beside it is {second.name}, which is a shim too"
        else:
            trouble = f"beside it is {second.name}, which is for another processor"
        return _Unfit(
            f"is a shim, which does nothing but start {second.name}, and {trouble}",
            cpu,
            f"put the GRUB of the same distribution beside it, as {second}; Debian's is in the package "
            f"{_SIGNED_GRUBS.get(cpu, 'grub-efi')}; or let bootbeam choose: bootbeam serve IMAGE, without --tree",
        )

    def _look_once(self, path: Path, stamp: Stamp) -> _Look:
        if stamp not in self._seen:
            self._seen[stamp] = _look_into(path)
            while len(self._seen) > MAX_REMEMBERED:
                self._seen.popitem(last=False)
        return self._seen[stamp]


def _look_into(path: Path) -> _Look:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            data = os.pread(fd, MAX_LOADER_BYTES, 0)
        finally:
            os.close(fd)
        return _recognise(data)
    except OSError as error:
        return _Unfit(f"cannot be read: {error.strerror}", fix=f"sudo chmod o+r {path}")
    except TruncatedImage:
        return _Unfit("is cut off: not even its headers are whole")
    except ImageError as error:
        return _Unfit(f"is damaged: {error}")


def _recognise(data: bytes) -> _Look:
    if is_ipxe_script(data[:8]):
        return _Seen(None, None, None)
    texts = read_loader_texts(data)
    family = texts.family if texts else None
    pe = read_pe(lambda offset, size_bytes: data[offset : offset + size_bytes])
    if pe is not None:
        if family in _NEVER_FIRST:
            return None
        if pe.needed_size_bytes > len(data):
            return _Unfit(
                f"has {len(data):,} bytes, and by its headers {pe.needed_size_bytes:,}: it is cut off", pe.cpu
            )
        if pe.is_efi_driver:
            return _Unfit("is an EFI driver, which starts nothing", pe.cpu)
        if not pe.is_efi_application or pe.cpu is None:
            return _Unfit("is a program for something else than UEFI")
        # A signed GRUB tells by what else it can do; one that somebody made shows nothing of its version.
        asks_router = texts is not None and family is LoaderFamily.GRUB and LoaderFeature.HTTP not in texts.features
        return _Seen(Firmware.UEFI, pe.cpu, family, asks_router)
    if is_network_boot_program(data[:512], len(data)):
        return _Seen(Firmware.BIOS, Cpu.X86_64, family)
    if family in _NEVER_FIRST:
        return None
    if _WEB_PAGE.match(data[:MAX_PAGE_START_BYTES]):
        return _Unfit("is a web page: a download that went wrong")
    return _Unfit("is no boot program, whatever its name says")
