"""An image made of a list of paths: what a recipe can see of a real one, without a single gigabyte."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bootbeam.errors import ImageError

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class ListedEntry:
    size_bytes: int
    is_directory: bool


class ListedImage:
    """Looks paths up as written first, then whatever the letters' case, as the readers of real images do."""

    def __init__(
        self,
        paths: str,
        texts: Mapping[str, str | bytes] | None = None,
        sizes_mb: Mapping[str, float] | None = None,
        volume_id: str = "",
        size_mb: float = 0,
    ) -> None:
        self.volume_id = volume_id
        self.size_bytes = int(size_mb * MIB)
        self.reads: list[str] = []
        self._contents = {
            path: text.encode() if isinstance(text, str) else text for path, text in (texts or {}).items()
        }
        self._sizes = {path: int(size * MIB) for path, size in (sizes_mb or {}).items()}
        self._files = {*paths.split(), *self._contents, *self._sizes}
        self._directories: dict[str, set[str]] = {"": set()}
        for path in self._files:
            steps = path.split("/")
            for depth, step in enumerate(steps):
                self._directories.setdefault("/".join(steps[:depth]), set()).add(step)
        self._folded = {path.casefold(): path for path in (*self._files, *self._directories)}

    def find(self, path: str) -> ListedEntry | None:
        known = self._known(path)
        if known in self._directories:
            return ListedEntry(0, True)
        if known in self._files:
            return ListedEntry(self._sizes.get(known, len(self._contents.get(known, b""))), False)
        return None

    def list(self, path: str) -> Sequence[str]:
        return sorted(self._directories.get(self._known(path), ()))

    def read(self, path: str, max_bytes: int) -> bytes | None:
        known = self._known(path)
        if known not in self._files:
            return None
        self.reads.append(known)
        return self._contents.get(known, b"")[:max_bytes]

    def _known(self, path: str) -> str:
        assert not path.startswith("/"), "paths begin at the root without a slash"
        return path if path in self._files else self._folded.get(path.casefold(), path)


class BrokenImage:
    """An image of which nothing can be read."""

    volume_id = ""
    size_bytes = 0

    def find(self, path: str) -> ListedEntry | None:
        raise ImageError(f"{path}: the image ends here")

    def list(self, path: str) -> Sequence[str]:
        raise ImageError(f"{path}: the image ends here")

    def read(self, path: str, max_bytes: int) -> bytes | None:
        raise ImageError(f"{path}: the image ends here")


@dataclass(frozen=True)
class Layout:
    """One image laid out as a family's own, and what must be found out about it."""

    name: str
    """Of the real image."""
    family: str
    paths: str
    """Of the real image's files those that tell it apart or boot it."""
    texts: Mapping[str, str | bytes] = field(default_factory=dict)
    sizes_mb: Mapping[str, float] = field(default_factory=dict)
    size_mb: float = 0
    volume_id: str = ""
    title: str = ""
    version: str = ""
    edition: str = ""
    architecture: str = ""
    boot: str = ""
    """Name of the boot taken; "" when there is none."""
    firmware: str = "BIOS UEFI"
    kernel: str = ""
    initrds: tuple[str, ...] = ()
    cmdline: str = ""
    ram_mb: int | None = None
    unattended: tuple[tuple[str, str], ...] = ()
    """Formats, each with the whole command line it leads to."""
    why_not: str = ""
    """What is said to a person when it does not boot."""

    def image(self) -> ListedImage:
        return ListedImage(self.paths, self.texts, self.sizes_mb, self.volume_id, self.size_mb)
