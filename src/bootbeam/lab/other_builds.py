"""Firmware as other releases of Debian have it: older and newer builds than this computer's own.

The packages come through the machine's own apt, which checks their signatures; nothing is installed.
"""

import fcntl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bootbeam.errors import UserError
from bootbeam.lab.firmware import AAVMF, OVMF, SEABIOS, Firmware
from bootbeam.lab.foreign import copy_members, download_packages
from bootbeam.library.apt_download import WantedPackage

_OVMF = tuple(
    f"usr/share/OVMF/{name}.fd" for name in ("OVMF_CODE_4M", "OVMF_VARS_4M", "OVMF_CODE_4M.secboot", "OVMF_VARS_4M.ms")
)
_STRICT = "usr/share/OVMF/OVMF_CODE_4M.secboot.strictnx.fd"
_AAVMF = ("usr/share/AAVMF/AAVMF_CODE.fd", "usr/share/AAVMF/AAVMF_VARS.fd")
_OVMF32 = ("usr/share/OVMF/OVMF32_CODE_4M.secboot.fd", "usr/share/OVMF/OVMF32_VARS_4M.fd")
_BIOS = ("usr/share/seabios/bios-256k.bin",)


def _roms(*names: str) -> tuple[str, ...]:
    return tuple(f"usr/share/qemu/{name}.rom" for name in names)


RANDOM_NUMBERS = ("-device", "virtio-rng-pci")
"""Since 2024 edk2 has no network without random numbers: this card's, or the processor's (RDRAND)."""


@dataclass(frozen=True, slots=True)
class Release:
    """A release of Debian, and what the lab takes from it."""

    suite: str
    files: Mapping[str, tuple[str, ...]]
    """Package -> files in it, without a leading slash."""
    is_new: bool = True
    """Its edk2 is of 2024 or later."""

    def fetch(self, cache: Path) -> "Builds":
        """Its firmware; ``cache`` keeps what was downloaded for the next time.

        Raises:
            UserError: this is no Debian, or the packages cannot be had.
        """
        directory = cache.resolve() / f"firmware-{self.suite}"
        directory.mkdir(parents=True, exist_ok=True)
        with (cache / f"firmware-{self.suite}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two labs at a time fetch it once
            if not all(
                target.exists() for package in self.files for target in self._targets(package, directory).values()
            ):
                self._fetch(directory)
        return Builds(self, directory)

    def _fetch(self, directory: Path) -> None:
        with TemporaryDirectory(prefix="bootbeam-lab-") as work:
            debs, apt = download_packages(Path(work), self.suite, [WantedPackage(name, "") for name in self.files])
            for deb in debs:
                copy_members(apt, deb, self._targets(deb.name.partition("_")[0], directory))

    def _targets(self, package: str, directory: Path) -> dict[str, Path]:
        return {member: directory / Path(member).name for member in self.files[package]}


@dataclass(frozen=True, slots=True)
class Builds:
    """The firmware of a release, as it lies on this computer."""

    release: Release
    directory: Path

    def flash(self, base: Firmware, code: str, variables: str) -> Firmware:
        """``base`` with this release's flash: names without ``.fd``."""
        added = RANDOM_NUMBERS if self.release.is_new else ()
        return replace(
            base,
            name=f"{base.name}, {self.release.suite}",
            code=self.directory / f"{code}.fd",
            variables=self.directory / f"{variables}.fd",
            arguments=(*base.arguments, *added),
        )

    @property
    def ovmf(self) -> Firmware:
        """A PC with UEFI, Secure Boot off."""
        return self.flash(OVMF, "OVMF_CODE_4M", "OVMF_VARS_4M")

    @property
    def aavmf(self) -> Firmware:
        """An arm64 machine with UEFI, Secure Boot off."""
        return self.flash(AAVMF, "AAVMF_CODE", "AAVMF_VARS")

    def rom(self, name: str) -> str:
        """A network card's boot ROM: ``efi-e1000``.

        Raises:
            UserError: it was not fetched.
        """
        found = self.directory / f"{name}.rom"
        if not found.exists():
            raise UserError(f"the lab does not take {name}.rom from {self.release.suite}")
        return str(found)

    def seabios(self, rom: str) -> Firmware:
        """A PC with this release's BIOS, and its ROM on the network card."""
        return replace(
            SEABIOS,
            name=f"{SEABIOS.name}, {self.release.suite}",
            arguments=("-bios", str(self.directory / "bios-256k.bin")),
            nic_rom=self.rom(rom),
        )


BULLSEYE = Release(
    "bullseye", {"ovmf": _OVMF, "ovmf-ia32": _OVMF32, "qemu-efi-aarch64": _AAVMF, "seabios": _BIOS}, is_new=False
)
"""edk2 of 2020: no IPv6."""
TRIXIE = Release(
    "trixie",
    {
        "ovmf": (*_OVMF, _STRICT),
        "qemu-efi-aarch64": _AAVMF,
    },
)
"""edk2 of February 2025."""
SID = Release(
    "sid",
    {
        "ovmf-generic": (*_OVMF, _STRICT),
        "qemu-efi-aarch64": _AAVMF,
        "seabios": _BIOS,
        "ipxe-qemu": _roms("efi-e1000"),
    },
)
"""The newest there is; it changes."""
