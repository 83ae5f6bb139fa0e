"""The programs that Secure Boot accepts: shim, signed by Microsoft, and the GRUB that this shim accepts.

shim looks for its GRUB in the directory it was loaded from, under a name of its own; so the pieces are served together.
Both are of one distribution, and start that distribution's kernels only.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bootbeam.formats.boot_loader import LoaderFamily, LoaderFeature
from bootbeam.library.loader_places import LoaderVariant, Place
from bootbeam.library.loaders import Loader, LoaderShelf
from bootbeam.machine import Cpu, Firmware

EFI_SUFFIXES = {Cpu.X86_64: "x64", Cpu.ARM64: "aa64"}
"""What the names end in that shim asks for."""


@dataclass(frozen=True, slots=True)
class SignedChain:
    """What a machine with Secure Boot on can begin with."""

    shim: Loader
    grub: Loader
    mok_manager: Loader | None
    """shim's own menu for keys of the machine's owner; without it that menu cannot be shown."""

    @property
    def cpu(self) -> Cpu:
        """What it is for."""
        return self.shim.cpu

    @property
    def first(self) -> str:
        """The name of the program that the firmware loads."""
        return f"shim{EFI_SUFFIXES[self.cpu]}.efi"

    @property
    def removable_name(self) -> str:
        """What firmware starts from a disk (UEFI §3.5.1.1)."""
        return f"BOOT{EFI_SUFFIXES[self.cpu].upper()}.EFI"

    @property
    def files(self) -> dict[str, Loader]:
        """Everything, under the names it is asked for."""
        suffix = EFI_SUFFIXES[self.cpu]
        named = {self.first: self.shim, f"grub{suffix}.efi": self.grub}
        if self.mok_manager is not None:
            named[f"mm{suffix}.efi"] = self.mok_manager
        return named

    @property
    def trusts(self) -> tuple[str, ...]:
        """Whose signatures it accepts."""
        return self.shim.trusts

    @property
    def words(self) -> str:
        """For people."""
        return f"shim {self.shim.version or '?'}, GRUB {self.grub.version or '?'}"


def find_signed_chain(shelf: LoaderShelf, cpu: Cpu) -> SignedChain | None:
    """The best chain for a kind of UEFI machine; None when there is none that works beside any router."""
    return _find(shelf, cpu, _works_beside_any_router)


def find_signed_disk_chain(shelf: LoaderShelf, cpu: Cpu) -> SignedChain | None:
    """The best chain when it may lie in a disk image; None when there is none."""
    return _find(shelf, cpu, _is_network_grub)


def _find(shelf: LoaderShelf, cpu: Cpu, is_fit: Callable[[Loader], bool]) -> SignedChain | None:
    """The pieces come from one place, since they belong together: the directory somebody named, else what was fetched,
    else the system's own packages."""
    if cpu not in EFI_SUFFIXES:
        return None
    for place in Place:
        here = [
            loader
            for loader in shelf.loaders
            if (loader.place, loader.firmware, loader.cpu) == (place, Firmware.UEFI, cpu) and loader.is_signed
        ]
        shims = [loader for loader in here if loader.family is LoaderFamily.SHIM]
        for shim in sorted(shims, key=lambda loader: loader.age_key, reverse=True):
            accepted = [loader for loader in here if _accepts(shim, loader)]
            grub = _newest(loader for loader in accepted if is_fit(loader))
            if grub is not None:
                keys = _newest(loader for loader in accepted if loader.family is LoaderFamily.MOK_MANAGER)
                return SignedChain(shim, grub, keys)
    return None


def _accepts(shim: Loader, program: Loader) -> bool:
    """One distribution's shim does not start another's GRUB. Where a file tells no names it is believed to fit."""
    return not shim.trusts or not program.signers or bool(set(shim.trusts) & set(program.signers))


def _is_network_grub(loader: Loader) -> bool:
    return loader.family is LoaderFamily.GRUB and loader.variant is LoaderVariant.NETWORK


def _works_beside_any_router(loader: Loader) -> bool:
    """Debian's signed GRUB before 2.12 asks the router for its files, and has no HTTP: one is seen by the other."""
    return _is_network_grub(loader) and LoaderFeature.HTTP in loader.features


def _newest(loaders: Iterable[Loader]) -> Loader | None:
    return max(loaders, key=lambda loader: loader.age_key, default=None)
