"""A directory of this computer as a ``Tree``: files that packages put here, and images somebody unpacked."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_NAMES = 10_000


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """A file or directory."""

    size_bytes: int
    is_directory: bool


class DirectoryTree:
    """The files below ``root``. What cannot be read is not there.

    Args:
        root: the directory.
        volume_id: what a medium's label would say.
    """

    def __init__(self, root: Path, volume_id: str = "") -> None:
        self._root = root
        self.volume_id = volume_id
        self.size_bytes = 0

    def find(self, path: str) -> DirectoryEntry | None:
        """What is at ``path``, as written; symlinks are followed."""
        try:
            status = self._at(path).stat()
        except (OSError, ValueError):
            return None
        if stat.S_ISDIR(status.st_mode):
            return DirectoryEntry(0, True)
        return DirectoryEntry(status.st_size, False) if stat.S_ISREG(status.st_mode) else None

    def list(self, path: str) -> Sequence[str]:
        """The names a directory holds."""
        try:
            with os.scandir(self._at(path)) as entries:
                return [entry.name for entry, _ in zip(entries, range(MAX_NAMES), strict=False)]
        except (OSError, ValueError):
            return ()

    def read(self, path: str, max_bytes: int) -> bytes | None:
        """The first bytes of a regular file."""
        entry = self.find(path)
        if entry is None or entry.is_directory:
            return None
        try:
            with self._at(path).open("rb") as file:
                return file.read(max_bytes)
        except OSError:
            return None

    def _at(self, path: str) -> Path:
        steps = [step for step in path.split("/") if step not in ("", ".")]
        if ".." in steps:
            raise ValueError("a path that climbs out")
        return self._root.joinpath(*steps)
