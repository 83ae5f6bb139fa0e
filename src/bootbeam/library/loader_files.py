"""The boot loaders that are handed out: one per kind of machine, under the path a client asks for."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from bootbeam.journal.journal import Record
from bootbeam.library.snapshot import SnapshotStorage
from bootbeam.library.versions import ImageFile
from bootbeam.machine import Cpu, Firmware

PATHS = {
    (Firmware.BIOS, Cpu.X86_64): "bios/undionly.kpxe",
    (Firmware.UEFI, Cpu.X86_64): "x64/snponly.efi",
}


class LoaderFiles:
    """Temporary: fixed places."""

    def __init__(self, directory: Path | None, record: Record) -> None:
        self._stack = ExitStack()
        self._record = record
        self.files: dict[str, ImageFile] = {}
        self.paths: Mapping[tuple[Firmware, Cpu], str] = PATHS
        self.advice: Mapping[tuple[Firmware, Cpu], str] = {}
        self.words: list[str] = []

    def __enter__(self) -> Self:
        storage = SnapshotStorage(None)
        for served, path in (
            ("bios/undionly.kpxe", "/usr/lib/ipxe/undionly.kpxe"),
            ("x64/snponly.efi", "/usr/lib/ipxe/snponly.efi"),
        ):
            image = ImageFile(Path(path), served, "loader", storage, self._record)
            image.load()
            self.files[served] = image
            self._stack.callback(image.close)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()


def loaders_for_grub(directory: Path | None) -> tuple[Path, Path]:
    """Temporary: fixed places."""
    return Path("/boot/ipxe.lkrn"), Path("/boot/ipxe.efi")
