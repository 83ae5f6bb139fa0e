"""Which boot loader a program is, by the texts inside it: iPXE, shim, GRUB, PXELINUX, memdisk, wimboot.

Sources: iPXE ``src/core/version.c`` and ``src/hci/commands``, shim ``version.c.in`` and ``SBAT.md`` (lines of
component, generation, vendor, package, version, URL), GRUB ``grub-core/net/http.c``, SYSLINUX ``core/pxelinux.asm``.
A loader that is packed (iPXE's BIOS forms are) shows nothing but its name, if that.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

MAX_LOADER_BYTES = 16 << 20
"""The largest known (GRUB with all modules) are a third of that."""


class LoaderFamily(StrEnum):
    """Whose program it is."""

    IPXE = "iPXE"
    SHIM = "shim"
    MOK_MANAGER = "MokManager"
    GRUB = "GRUB"
    PXELINUX = "PXELINUX"
    MEMDISK = "memdisk"
    WIMBOOT = "wimboot"


class LoaderFeature(StrEnum):
    """What a loader can do beyond loading a Linux kernel by TFTP."""

    HTTP = "HTTP"
    HTTPS = "HTTPS"
    MULTIBOOT = "Multiboot"
    """Starts Multiboot 1 ELF files."""
    AUTOEXEC = "autoexec.ipxe"
    """Looks for that script beside itself before it does anything else."""
    INITRD_WRAPPING = "initrd wrapping"
    """Puts single files into the initrd at a path that the script names."""
    SHIM_COMMAND = "shim command"
    """Starts a signed kernel through its distribution's shim."""


@dataclass(frozen=True, slots=True)
class LoaderTexts:
    """What the texts inside a loader tell."""

    family: LoaderFamily
    version: str | None
    """As it stands inside, e.g. ``1.0.0+git-20190125.36a4c85-5.1``; None when it shows none."""
    features: frozenset[LoaderFeature] = frozenset()
    own_name: str | None = None
    """The name of the file it was built as, e.g. ``snponly.efi``; None when it does not say."""


RELEASED = {
    "1.0.0": date(2010, 2, 2),
    "1.20.1": date(2020, 1, 2),
    "1.21.1": date(2020, 12, 31),
    "2.0.0": date(2026, 3, 6),
}
"""The days of iPXE's tags. Distributions build from commits in between and mostly name the day."""

_DAY = re.compile(r"(?<!\d)(20[0-4]\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d)")
_IPXE_VERSION = re.compile(rb"\0(\d+\.\d+\.\d+[ -~]{0,80})\0")
_IPXE_NAME = re.compile(rb"\0((?:ipxe|snp|snponly)\.efi)\0")
_SHIM_VERSION = re.compile(rb"UEFI SHIM\n\$Version: ([!-#%-~]{1,40}) \$")
_SBAT_LINE = re.compile(rb"^(shim|grub)(?:\.[a-z0-9]+)?,\d+,[^,\n]{1,80},(?:shim|grub2?),([0-9][^,\n]{0,40}),", re.M)
_SYSLINUX_VERSION = re.compile(rb"(PXELINUX|MEMDISK) (\d+\.\d+\S{0,30})")
_WIMBOOT_VERSION = re.compile(rb"wimboot v(\d+\.\d+\.\d+\S{0,30})")

_IPXE_FEATURES = {
    LoaderFeature.HTTP: b"\0http\0",
    LoaderFeature.HTTPS: b"\0https\0",
    LoaderFeature.AUTOEXEC: b"autoexec.ipxe\0",
    LoaderFeature.INITRD_WRAPPING: b"initrd.magic",
    LoaderFeature.SHIM_COMMAND: b"\0shim\0",
}
_MOK_TITLE = "Perform MOK management".encode("utf-16-le")
_GRUB_HTTP = b"User-Agent: GRUB"


def read_loader_texts(data: bytes) -> LoaderTexts | None:
    """Which loader ``data`` (a whole unpacked file) is; None for another program or one that is packed."""
    for read in (_read_ipxe, _read_shim, _read_grub, _read_syslinux, _read_wimboot):
        texts = read(data)
        if texts is not None:
            return texts
    return None


def release_day(version: str) -> date | None:
    """The day of the source a version was built from, as far as the text tells; None when it does not.

    For iPXE: the day in the version, else that of the release it counts from.
    """
    days = []
    for year, month, day in _DAY.findall(version):
        try:
            days.append(date(int(year), int(month), int(day)))
        except ValueError:
            continue  # a number that only looks like one
    if days:
        return max(days)
    release = re.match(r"\d+\.\d+\.\d+", version)
    return RELEASED.get(release[0]) if release else None


def _read_ipxe(data: bytes) -> LoaderTexts | None:
    if b"iPXE" not in data or b"ipxe.org" not in data:
        return None
    version, name = _IPXE_VERSION.search(data), _IPXE_NAME.search(data)
    return LoaderTexts(
        LoaderFamily.IPXE,
        _text(version[1]) if version else None,
        frozenset(feature for feature, mark in _IPXE_FEATURES.items() if mark in data),
        _text(name[1]) if name else None,
    )


def _read_shim(data: bytes) -> LoaderTexts | None:
    version = _SHIM_VERSION.search(data)
    if version:
        return LoaderTexts(LoaderFamily.SHIM, _text(version[1]))
    versions = _sbat_versions(data, b"shim")
    return LoaderTexts(LoaderFamily.MOK_MANAGER, versions[-1]) if versions and _MOK_TITLE in data else None


def _read_grub(data: bytes) -> LoaderTexts | None:
    versions = _sbat_versions(data, b"grub")
    if not versions:
        return None
    features = {LoaderFeature.HTTP} if _GRUB_HTTP in data else set()
    return LoaderTexts(LoaderFamily.GRUB, versions[-1], frozenset(features))


def _read_syslinux(data: bytes) -> LoaderTexts | None:
    has_name = b"LINUX " in data or b"MEMDISK " in data
    match = _SYSLINUX_VERSION.search(data) if has_name else None  # six times as slow
    if match is None:
        return None
    if match[1] == b"MEMDISK":
        return LoaderTexts(LoaderFamily.MEMDISK, _text(match[2]))
    features = {LoaderFeature.HTTP} if b" lwIP " in data else set()
    return LoaderTexts(LoaderFamily.PXELINUX, _text(match[2]), frozenset(features))


def _read_wimboot(data: bytes) -> LoaderTexts | None:
    match = _WIMBOOT_VERSION.search(data)
    return LoaderTexts(LoaderFamily.WIMBOOT, _text(match[1])) if match else None


def _sbat_versions(data: bytes, component: bytes) -> list[str]:
    """Upstream's version of ``component`` first, then what distributions made of it, which says more."""
    if b"," + component not in data:
        return []  # to look for lines takes five times as long
    return [_text(line[2]) for line in _SBAT_LINE.finditer(data) if line[1] == component]


def _text(raw: bytes) -> str:
    """Printable whatever the file holds: it ends up on a terminal."""
    return "".join(character for character in raw.decode("ascii", "replace") if character.isprintable()).strip()
