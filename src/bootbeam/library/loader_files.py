"""The boot loaders that are handed out: the best one for each kind of machine, under the path a client asks for."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from bootbeam.boot.entry import BootEntry
from bootbeam.boot.name import served_name
from bootbeam.errors import UserError
from bootbeam.formats.identity import Identity
from bootbeam.journal.journal import Record
from bootbeam.library.content import Content, Missing, NotReady
from bootbeam.library.loader_packages import Package, missing_loader_advice, packages_of, read_distribution
from bootbeam.library.loaders import Loader, LoaderShelf, Purpose, find_loaders
from bootbeam.library.signed_chain import SignedChain, find_signed_chain, find_signed_disk_chain
from bootbeam.library.signed_disks import DISK_NAME, SignedDisk
from bootbeam.library.snapshot import SnapshotStorage
from bootbeam.library.versions import ImageFile
from bootbeam.machine import MACHINE_KINDS, Cpu, Firmware, SecureBootPolicy

DIRECTORIES = {kind: word for word, kind in MACHINE_KINDS.items()}
"""The first step of the path under which each kind of machine finds its loader."""
EFI_MEDIA_TYPE = "application/efi"


class FittingFile:
    """A loader's file, handed out only as long as it is a program for the machines it was found for: somebody may put
    another in its place while the station runs.

    Args:
        file: what is served.
        loader: what was found there.
    """

    def __init__(self, file: ImageFile, loader: Loader) -> None:
        self._file = file
        self._loader = loader

    @property
    def identity(self) -> Identity:
        """What the newest complete version is."""
        return self._file.identity

    def open(self, version: str | None = None) -> Content | Missing | NotReady:
        """The bytes of this version; None: of the newest complete one."""
        content = self._file.open(version)
        if isinstance(content, Content) and (misfit := self._misfit()):
            content.close()
            return Missing(f"{self._loader.path} {misfit}")
        return content

    def _misfit(self) -> str:
        """Why the machines that ask for it cannot start what it is now; "" when they can."""
        pe = self._file.identity.pe
        if self._loader.firmware is Firmware.BIOS:
            return "is a program for UEFI now, and was one for BIOS" if pe else ""
        if pe is None:
            return "is no program for UEFI any more"
        return (
            "" if pe.cpu is self._loader.cpu else f"is for {pe.cpu or 'another processor'}, not for {self._loader.cpu}"
        )


class LoaderFiles:
    """Finds, opens and keeps the loaders. Use as a context manager.

    Args:
        directory: one that somebody named, looked into first.
        record: the journal.
        packages: finds the installed packages that files belong to.
    """

    def __init__(
        self,
        directory: Path | None,
        record: Record,
        packages: Callable[[Sequence[Path]], dict[Path, Package]] = packages_of,
    ) -> None:
        self._directory = directory
        self._packages = packages
        self._record = record
        self._stack = ExitStack()
        self.files: dict[str, FittingFile] = {}
        """The loaders by served path."""
        self.paths: dict[tuple[Firmware, Cpu], str] = {}
        """The served path for each kind of machine that has a loader."""
        self.advice: dict[tuple[Firmware, Cpu], str] = {}
        """For each kind without one: how to get it."""
        self.signed_paths: dict[tuple[Firmware, Cpu], str] = {}
        """The served path of the first program that Secure Boot accepts, for each kind of machine that has one."""
        self.signed_disks: dict[str, SignedDisk] = {}
        """By served path: disk images with such programs, for the kinds of machines where they work in no other way."""
        self.signed_disk_paths: dict[tuple[Firmware, Cpu], str] = {}
        """The same paths for each kind of machine."""
        self.trusted: dict[tuple[Firmware, Cpu], tuple[str, ...]] = {}
        """Whose signatures the shim for each kind of machine accepts."""
        self.words: list[str] = []
        """For people: which loader each kind of machine gets."""

    def __enter__(self) -> Self:
        """Find and load them.

        Raises:
            UserError: no loader at all was found, so that no machine could boot.
        """
        shelf = find_loaders(self._directory, packages=self._packages)
        distribution = read_distribution()
        missing = {}
        try:
            for (firmware, cpu), step in DIRECTORIES.items():
                if firmware is Firmware.UEFI:
                    self._add_signed(shelf, cpu, step)
                loader = shelf.best(firmware, cpu)
                if loader is not None:
                    self._add_best(loader, f"{step}/{served_name(loader.name, set())}")
                    continue
                missing[firmware, cpu] = missing_loader_advice(firmware, cpu, distribution)
                self.advice[firmware, cpu] = missing[firmware, cpu].fix
            if not self.paths:
                error = missing[Firmware.BIOS, Cpu.X86_64]
                raise UserError("no boot loader was found on this computer", error.why, error.fix)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def check_signed(self, policy: SecureBootPolicy, entries: Sequence[BootEntry] = ()) -> None:
        """See that where signed programs are always wanted there are some, here or in an image.

        Raises:
            UserError: there is none.
        """
        has_chain = self.signed_paths or self.signed_disk_paths or any(entry.own_chains for entry in entries)
        if policy is SecureBootPolicy.ALWAYS and not has_chain:
            raise UserError(
                "there are no signed boot loaders on this computer",
                "--secure-boot always needs a shim and a GRUB that Secure Boot accepts",
                "bootbeam loaders fetch",
            )

    def _add_best(self, loader: Loader, served: str) -> None:
        self._add(loader, served)
        self.paths[loader.firmware, loader.cpu] = served
        age = f" of {loader.released:%Y-%m-%d}" if loader.released else f" {loader.version or ''}".rstrip()
        machine = "BIOS" if loader.firmware is Firmware.BIOS else f"UEFI {loader.cpu}"
        self.words.append(f"{machine}: {loader.family} {loader.name}{age}")

    def _add_signed(self, shelf: LoaderShelf, cpu: Cpu, directory: str) -> None:
        chain = find_signed_chain(shelf, cpu)
        if chain is not None:
            self._add_chain(chain, directory)
            return
        chain = find_signed_disk_chain(shelf, cpu)
        if chain is not None:
            self._add_disk(chain, directory)

    def _add_disk(self, chain: SignedChain, directory: str) -> None:
        path = f"{directory}/{DISK_NAME}"
        files = {
            chain.removable_name if name == chain.first else name: self._open(loader, f"{directory}/{name}")
            for name, loader in chain.files.items()
        }
        self.signed_disks[path] = SignedDisk(path, files)
        self.signed_disk_paths[Firmware.UEFI, chain.cpu] = path
        self.trusted[Firmware.UEFI, chain.cpu] = chain.trusts
        self.words.append(
            f"UEFI {chain.cpu} with Secure Boot on, by HTTP boot only: {chain.words}, which is too old for PXE; newer: "
            "bootbeam loaders fetch"
        )

    def _add_chain(self, chain: SignedChain, directory: str) -> None:
        for name, loader in chain.files.items():
            self._add(loader, f"{directory}/{name}")
        self.signed_paths[Firmware.UEFI, chain.cpu] = f"{directory}/{chain.first}"
        self.trusted[Firmware.UEFI, chain.cpu] = chain.trusts
        self.words.append(f"UEFI {chain.cpu} with Secure Boot on: {chain.words}")

    def _add(self, loader: Loader, served: str) -> None:
        self.files[served] = FittingFile(self._open(loader, served), loader)

    def _open(self, loader: Loader, served: str) -> ImageFile:
        media_type = EFI_MEDIA_TYPE if loader.firmware is Firmware.UEFI else "application/octet-stream"
        image = ImageFile(loader.path, served, "loader", SnapshotStorage(None), self._record, media_type=media_type)
        image.load()
        self._stack.callback(image.close)
        return image


def loaders_for_grub(directory: Path | None) -> tuple[Path, Path]:
    """The iPXE that GRUB starts on a BIOS PC, and the one on a UEFI x64 PC.

    Raises:
        UserError: one of them is not on this computer.
    """
    shelf = find_loaders(directory)
    return _for_grub(shelf, Firmware.BIOS), _for_grub(shelf, Firmware.UEFI)


def _for_grub(shelf: LoaderShelf, firmware: Firmware) -> Path:
    loader = shelf.best(firmware, Cpu.X86_64, Purpose.FROM_GRUB)
    if loader is None:
        raise missing_loader_advice(firmware, Cpu.X86_64, read_distribution())
    return loader.path
