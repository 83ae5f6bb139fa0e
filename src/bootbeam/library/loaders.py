"""The boot loaders on this computer: found, recognised by their bytes, and the best one for a kind of machine."""

import contextlib
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from stat import S_ISREG

from bootbeam.errors import ImageError
from bootbeam.formats.boot_loader import (
    MAX_LOADER_BYTES,
    LoaderFamily,
    LoaderFeature,
    LoaderTexts,
    read_loader_texts,
    release_day,
)
from bootbeam.formats.certificates import names_in
from bootbeam.formats.linux import read_linux
from bootbeam.formats.nbp import is_network_boot_program
from bootbeam.formats.pecoff import read_pe
from bootbeam.library.loader_packages import Package, packages_of, read_manifest
from bootbeam.library.loader_places import (
    MAX_DEPTH,
    SYSTEM_DIRECTORIES,
    LoaderName,
    LoaderVariant,
    Place,
    files_in,
    files_named_like_loaders,
    name_of_loader,
    own_directories,
)
from bootbeam.library.regular_file import insist_directory
from bootbeam.machine import Cpu, Firmware

PACKED_BIOS_FEATURES = frozenset({LoaderFeature.HTTP, LoaderFeature.MULTIBOOT, LoaderFeature.INITRD_WRAPPING})
"""What every iPXE built for BIOS can do; more cannot be seen from outside, it is packed."""
SMALLEST_LOADER_BYTES = 4096


_BIOS_VARIANTS = frozenset({LoaderVariant.UNDIONLY, LoaderVariant.LKRN})


class Purpose(StrEnum):
    """What a loader is needed for."""

    NETWORK_BOOT = "network boot"
    """The firmware itself loads it from the network."""
    FROM_GRUB = "from GRUB"
    """GRUB on the machine's own disk starts it: it must drive the network card alone."""
    SECURE_BOOT = "Secure Boot"
    """The first program of a signed chain."""


@dataclass(frozen=True, slots=True)
class Loader:
    """One boot loader in one file."""

    path: Path
    firmware: Firmware
    cpu: Cpu
    """For BIOS x86_64, whatever the loader's own code is: it runs on every PC."""
    family: LoaderFamily
    variant: LoaderVariant
    place: Place
    version: str | None
    """As the program says it, else its package, else a program beside it; None when nobody does."""
    released: date | None
    """The day of the source it was built from; None when that cannot be told."""
    features: frozenset[LoaderFeature]
    package: Package | None = None
    is_signed: bool = False
    """It carries a Secure Boot signature, by whomever."""
    signers: tuple[str, ...] = ()
    """The names in its signature's certificates."""
    trusts: tuple[str, ...] = ()
    """Of a shim: the names in the certificates it carries, whose signatures it accepts."""

    @property
    def name(self) -> str:
        """Its file's name."""
        return self.path.name

    @property
    def age_key(self) -> tuple[date, tuple[int, ...]]:
        """Sorts older before newer."""
        return self.released or date.min, version_key(self.version or "")


_WANTED: dict[Purpose, tuple[tuple[LoaderFamily, LoaderVariant], ...]] = {
    Purpose.NETWORK_BOOT: (
        (LoaderFamily.IPXE, LoaderVariant.UNDIONLY),
        (LoaderFamily.IPXE, LoaderVariant.SNPONLY),
        (LoaderFamily.IPXE, LoaderVariant.SNP),
        (LoaderFamily.IPXE, LoaderVariant.ALL_DRIVERS),
    ),
    # snponly drives only the card it was loaded through, and GRUB loads from the disk.
    Purpose.FROM_GRUB: (
        (LoaderFamily.IPXE, LoaderVariant.LKRN),
        (LoaderFamily.IPXE, LoaderVariant.SNP),
        (LoaderFamily.IPXE, LoaderVariant.ALL_DRIVERS),
    ),
    Purpose.SECURE_BOOT: ((LoaderFamily.SHIM, LoaderVariant.PLAIN),),
}
"""Best first."""


@dataclass(frozen=True, slots=True)
class LoaderShelf:
    """All boot loaders found, in the order they were found."""

    loaders: tuple[Loader, ...]

    def best(self, firmware: Firmware, cpu: Cpu, purpose: Purpose = Purpose.NETWORK_BOOT) -> Loader | None:
        """The loader to use for a kind of machine; None when there is none.

        One in the directory somebody named goes before all others; then the newest counts, and among equally new
        ones the form that fits best.
        """
        wanted = _WANTED[purpose]
        fitting = [
            loader
            for loader in self.loaders
            if (loader.firmware, loader.cpu) == (firmware, cpu)
            and (loader.family, loader.variant) in wanted
            and _suits(loader, purpose)
        ]
        return max(
            fitting,
            key=lambda loader: (
                loader.place is Place.CHOSEN,
                loader.age_key,
                -wanted.index((loader.family, loader.variant)),
            ),
            default=None,
        )

    def newest(self, like: Loader) -> Loader | None:
        """The newest loader of the same kind as ``like``: program, form, firmware and processor."""
        kind = _kind(like)
        return max(
            (loader for loader in self.loaders if _kind(loader) == kind),
            key=lambda loader: loader.age_key,
            default=None,
        )


def find_loaders(
    chosen: Path | None = None,
    own: Sequence[Path] | None = None,
    system: Sequence[Path] = SYSTEM_DIRECTORIES,
    packages: Callable[[Sequence[Path]], dict[Path, Package]] = packages_of,
) -> LoaderShelf:
    """Look for boot loaders.

    Args:
        chosen: a directory somebody named; every iPXE in it counts, whatever its file is called.
        own: bootbeam's own directories; None: where ``bootbeam loaders fetch`` puts them.
        system: where packages put them.
        packages: finds the installed packages that files belong to.

    Raises:
        UserError: there is no such ``chosen`` directory.
    """
    found: dict[Path, Loader] = {}
    if chosen is not None:
        insist_directory(chosen)
        _look_into((chosen,), Place.CHOSEN, MAX_DEPTH, found)
    _look_into(own_directories() if own is None else own, Place.OWN, MAX_DEPTH, found)
    with ThreadPoolExecutor(1) as pool:  # the package database takes longer to answer than the files to be read
        asked = pool.submit(packages, files_named_like_loaders(system))
        _look_into(system, Place.SYSTEM, 0, found)
        owners = asked.result()
    loaders = [
        _with_package(loader, owners.get(loader.path)) if loader.place is Place.SYSTEM else loader
        for loader in found.values()
    ]
    return LoaderShelf(tuple(_with_version_from_beside(loaders)))


def version_key(version: str) -> tuple[int, ...]:
    """The numbers in a version, for comparing two of the same program."""
    numbers, current = [], ""
    for character in version + " ":
        if character.isascii() and character.isdigit():
            current += character
        elif current:
            numbers.append(int(current))
            current = ""
    return tuple(numbers)


def read_loader(path: Path, place: Place) -> Loader | None:
    """The boot loader in the file ``path``; None when it is none, or one for machines nothing here knows."""
    name = name_of_loader(path.name)
    if name is None and not (place is Place.CHOSEN and path.suffix.lower() == ".efi"):
        return None
    data = _read_bytes(path)
    if data is None:
        return None
    texts = read_loader_texts(data)
    if name is not None and texts is not None and texts.family is not name.family:
        return None
    loader = _efi_loader(path, place, data, name, texts) or _bios_loader(path, place, data, name, texts)
    package = read_manifest(path.parent) if loader and place is not Place.SYSTEM else None
    return _with_package(loader, package) if loader else None


def _efi_loader(
    path: Path, place: Place, data: bytes, name: LoaderName | None, texts: LoaderTexts | None
) -> Loader | None:
    """An EFI application that says what it is."""
    try:
        pe = read_pe(lambda offset, size_bytes: data[offset : offset + size_bytes])
    except ImageError:
        return None
    if pe is None or not pe.is_efi_application or pe.cpu is None or texts is None:
        return None
    if pe.needed_size_bytes > len(data) or (name is not None and name.variant in _BIOS_VARIANTS):
        return None
    return Loader(
        path=path,
        firmware=Firmware.UEFI,
        cpu=pe.cpu,
        family=texts.family,
        variant=name.variant if name else _variant_built_as(texts),
        place=place,
        version=texts.version,
        released=release_day(texts.version) if texts.version and texts.family is LoaderFamily.IPXE else None,
        features=texts.features,
        is_signed=pe.is_signed,
        signers=pe.signers,
        trusts=names_in(data[: pe.certificates_offset]) if texts.family is LoaderFamily.SHIM else (),
    )


def _bios_loader(
    path: Path, place: Place, data: bytes, name: LoaderName | None, texts: LoaderTexts | None
) -> Loader | None:
    """A program for BIOS: packed, so that mostly its name and its form must do."""
    if name is None or path.suffix.lower() == ".efi":
        return None
    kernel = _linux_version(data)
    if kernel is None and not is_network_boot_program(data[:512], len(data)):
        return None
    if kernel is not None and name.variant not in (LoaderVariant.LKRN, LoaderVariant.PLAIN):
        return None
    is_ipxe = name.family is LoaderFamily.IPXE
    version = (kernel if is_ipxe else None) or (texts.version if texts else None)
    return Loader(
        path=path,
        firmware=Firmware.BIOS,
        cpu=Cpu.X86_64,
        family=name.family,
        variant=name.variant,
        place=place,
        version=version or None,
        released=release_day(version) if version and is_ipxe else None,
        features=PACKED_BIOS_FEATURES if is_ipxe else texts.features if texts else frozenset(),
    )


def _linux_version(data: bytes) -> str | None:
    """What a program in the form of a Linux kernel says in its header; None for another form."""
    try:
        kernel = read_linux(lambda offset, size_bytes: data[offset : offset + size_bytes])
    except ImageError:
        return None
    return kernel.version_text if kernel else None


def _look_into(directories: Iterable[Path], place: Place, depth: int, found: dict[Path, Loader]) -> None:
    """Put into ``found`` what is not there yet, by the file it really is: Debian links /usr/lib/ipxe/ipxe.efi to
    /boot/ipxe.efi, and a chosen directory may be one of ours."""
    for directory in directories:
        for path in files_in(directory, depth):
            with contextlib.suppress(RuntimeError):  # links that go round
                real = path.resolve()
                loader = read_loader(path, place) if real not in found else None
                if loader is not None:
                    found[real] = loader


def _read_bytes(path: Path) -> bytes | None:
    """A loader's bytes; None for what cannot be one: a directory, a device, too small, too large, unreadable."""
    try:
        # A FIFO or a device of that name must not hold anybody up.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        stat = os.fstat(fd)
        if not S_ISREG(stat.st_mode) or not SMALLEST_LOADER_BYTES <= stat.st_size <= MAX_LOADER_BYTES:
            return None
        return os.read(fd, MAX_LOADER_BYTES)
    except OSError:
        return None
    finally:
        os.close(fd)


def _variant_built_as(texts: LoaderTexts) -> LoaderVariant:
    """For a file with a name of somebody's own: iPXE says which of its forms it was built as."""
    if texts.own_name == "snponly.efi":
        return LoaderVariant.SNPONLY
    if texts.own_name == "snp.efi":
        return LoaderVariant.SNP
    return LoaderVariant.ALL_DRIVERS if texts.family is LoaderFamily.IPXE else LoaderVariant.PLAIN


def _with_package(loader: Loader, package: Package | None) -> Loader:
    """What the package adds: a version where the program shows none, a day where its version names none."""
    if package is None:
        return loader
    days = [day for day in (loader.released, _package_day(loader, package)) if day]
    return replace(
        loader, package=package, version=loader.version or package.version, released=max(days) if days else None
    )


def _package_day(loader: Loader, package: Package) -> date | None:
    return release_day(package.version) if loader.family is LoaderFamily.IPXE else None


def _with_version_from_beside(loaders: Sequence[Loader]) -> list[Loader]:
    """A packed program without a package gets the version of the iPXE it lies beside."""
    known = {loader.path.parent: loader for loader in loaders if loader.family is LoaderFamily.IPXE and loader.version}
    return [
        replace(loader, version=beside.version, released=beside.released)
        if loader.family is LoaderFamily.IPXE and not loader.version and (beside := known.get(loader.path.parent))
        else loader
        for loader in loaders
    ]


def _kind(loader: Loader) -> tuple[LoaderFamily, LoaderVariant, Firmware, Cpu]:
    return loader.family, loader.variant, loader.firmware, loader.cpu


def _suits(loader: Loader, purpose: Purpose) -> bool:
    """lkrn is a Linux kernel, which a BIOS cannot start; an unsigned shim starts no signed chain."""
    if purpose is Purpose.FROM_GRUB and loader.firmware is Firmware.BIOS:
        return loader.variant is LoaderVariant.LKRN
    return loader.is_signed or purpose is not Purpose.SECURE_BOOT
