"""Where distributions put boot loaders, and what their files are called.

Debian and Ubuntu: ``ipxe``, ``shim-signed``, ``grub-efi-*-signed``, ``pxelinux``, ``syslinux-common``. Fedora and
RHEL: ``ipxe-bootimgs-x86``, ``ipxe-bootimgs-aarch64``, ``shim-x64``, ``grub2-efi-x64``. openSUSE: ``ipxe-bootimgs``.
Arch: ``ipxe``. All of the names below were seen in these packages.
"""

import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bootbeam.formats.boot_loader import LoaderFamily

ROOT_DATA_DIRECTORY = Path("/var/lib")
MAX_DEPTH = 4
"""How many directories below a place are looked into."""
MAX_FILES = 2000
"""How many directory entries of one place are looked at."""


class LoaderVariant(StrEnum):
    """Which of the forms a loader comes in."""

    UNDIONLY = "undionly"
    """Drives the network card through the ROM that started it (BIOS)."""
    SNPONLY = "snponly"
    """Drives the network card that started it through the firmware's driver (UEFI)."""
    SNP = "snp"
    """Drives every card the firmware has a driver for (UEFI)."""
    ALL_DRIVERS = "all drivers"
    """Drives the cards with iPXE's own drivers."""
    LKRN = "lkrn"
    """All drivers, in the form of a Linux kernel: for GRUB on a BIOS PC."""
    NETWORK = "network"
    """GRUB that looks for its configuration where it was loaded from."""
    REMOVABLE = "removable media"
    """GRUB for a CD or an image of one."""
    PLAIN = ""


class Place(StrEnum):
    """Whose directory a loader was found in."""

    CHOSEN = "chosen"
    """The directory somebody named."""
    OWN = "fetched"
    """bootbeam's own."""
    SYSTEM = "system"
    """A package's."""


@dataclass(frozen=True, slots=True)
class LoaderName:
    """What a file's name says."""

    pattern: re.Pattern[str]
    family: LoaderFamily
    variant: LoaderVariant = LoaderVariant.PLAIN


_CPU = r"(?:amd64|x86_64|x64|i386|ia32|arm32|arm64|aarch64|riscv64|loong64)"
_EFI = r"(?:x64|ia32|arm|aa64|riscv64|loongarch64)\.efi(?:\.signed(?:\.latest)?)?"

LOADER_NAMES = tuple(
    LoaderName(re.compile(pattern, re.IGNORECASE), family, variant)
    for pattern, family, variant in (
        (r"undionly\.kpxe", LoaderFamily.IPXE, LoaderVariant.UNDIONLY),
        (r"ipxe\.k?pxe", LoaderFamily.IPXE, LoaderVariant.ALL_DRIVERS),
        (r"ipxe\.lkrn", LoaderFamily.IPXE, LoaderVariant.LKRN),
        (rf"(?:ipxe-)?snponly(?:-{_CPU})?\.efi", LoaderFamily.IPXE, LoaderVariant.SNPONLY),
        (rf"(?:ipxe-)?snp(?:-{_CPU})?\.efi", LoaderFamily.IPXE, LoaderVariant.SNP),
        (rf"ipxe(?:-{_CPU})?\.efi", LoaderFamily.IPXE, LoaderVariant.ALL_DRIVERS),
        (rf"shim{_EFI}", LoaderFamily.SHIM, LoaderVariant.PLAIN),
        (rf"mm{_EFI}", LoaderFamily.MOK_MANAGER, LoaderVariant.PLAIN),
        (rf"grubnet{_EFI}", LoaderFamily.GRUB, LoaderVariant.NETWORK),
        (rf"gcd{_EFI}", LoaderFamily.GRUB, LoaderVariant.REMOVABLE),
        # Without .signed it is Fedora's, whose one build does both; Debian's grubx64.efi.signed is for a disk alone.
        (r"grub(?:x64|aa64|ia32)\.efi", LoaderFamily.GRUB, LoaderVariant.NETWORK),
        (r"l?pxelinux\.0", LoaderFamily.PXELINUX, LoaderVariant.PLAIN),
        (r"memdisk", LoaderFamily.MEMDISK, LoaderVariant.PLAIN),
        (rf"wimboot(?:\.{_CPU})?(?:\.efi)?", LoaderFamily.WIMBOOT, LoaderVariant.PLAIN),
    )
)

SYSTEM_DIRECTORIES = tuple(
    Path(directory)
    for directory in (
        "/usr/lib/ipxe",
        "/boot",
        "/usr/lib/shim",
        "/usr/lib/grub/x86_64-efi-signed",
        "/usr/lib/grub/arm64-efi-signed",
        "/usr/lib/PXELINUX",
        "/usr/lib/syslinux",
        "/usr/lib/syslinux/bios",
        "/usr/share/syslinux",
        "/usr/share/ipxe",
        "/usr/share/ipxe/arm64-efi",
        "/usr/share/ipxe/x86_64",
        "/usr/share/ipxe/i386",
        "/usr/share/ipxe/arm64",
        "/boot/efi/EFI/fedora",
        "/boot/efi/EFI/centos",
        "/boot/efi/EFI/redhat",
        "/boot/efi/EFI/rocky",
        "/boot/efi/EFI/almalinux",
        "/usr/share/efi/x86_64",
        "/usr/share/efi/aarch64",
        "/usr/share/wimboot",
        "/usr/lib/wimboot",
    )
)
"""Looked into without their subdirectories."""


def name_of_loader(file_name: str) -> LoaderName | None:
    """What ``file_name`` says about the file; None when it is not the name of a boot loader."""
    return next((name for name in LOADER_NAMES if name.pattern.fullmatch(file_name)), None)


def own_directory(environment: Mapping[str, str], is_root: bool, home: Path) -> Path:
    """bootbeam's own directory of loaders, where ``bootbeam loaders fetch`` puts them.

    Args:
        environment: for ``XDG_DATA_HOME``.
        is_root: root's is the system's own.
        home: of the user.
    """
    if is_root:
        return ROOT_DATA_DIRECTORY / "bootbeam" / "loaders"
    data = environment.get("XDG_DATA_HOME", "")
    base = Path(data) if data.startswith("/") else home / ".local" / "share"
    return base / "bootbeam" / "loaders"


def own_directories() -> tuple[Path, ...]:
    """Every directory of bootbeam's own to look into, the first being the one to write to.

    Under sudo the directory of the user who typed it is one of them, and root's system-wide one always is.
    """
    home = Path.home()
    is_root = os.geteuid() == 0
    found = [own_directory(os.environ, is_root, home), own_directory({}, True, home)]
    sudo_user = os.environ.get("SUDO_USER", "")
    if is_root and sudo_user and sudo_user != "root":
        with contextlib.suppress(RuntimeError):  # a user without a home
            found.append(own_directory({}, False, Path(f"~{sudo_user}").expanduser()))
    return tuple(dict.fromkeys(found))


def files_named_like_loaders(directories: Iterable[Path] = SYSTEM_DIRECTORIES) -> list[Path]:
    """The files directly in these directories whose names are those of boot loaders."""
    return [path for each in directories for path in files_in(each, 0) if name_of_loader(path.name)]


def files_in(directory: Path, depth: int) -> Iterator[Path]:
    """The files in ``directory`` and ``depth`` levels of directories below; neither links to directories nor
    hidden ones are looked into."""
    budget = MAX_FILES
    waiting = [(directory, depth)]
    while waiting:
        place, levels = waiting.pop(0)
        try:
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except OSError:
            continue  # not there, or not for us to read
        for entry in entries:
            budget -= 1
            if budget < 0:
                return
            if entry.is_dir(follow_symlinks=False):
                if levels and not entry.name.startswith("."):
                    waiting.append((Path(entry.path), levels - 1))
            else:
                yield Path(entry.path)
