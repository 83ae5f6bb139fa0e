"""An ISO of xorriso's as the station has it, with a clock that is ahead of the file's own."""

import re
import time
from collections.abc import Sequence
from contextlib import closing
from html import unescape
from pathlib import Path
from urllib.parse import unquote

from bootbeam.boot.recipe import Recipe
from bootbeam.boot.unattended_format import UnattendedFormat
from bootbeam.library.answers import Answers
from bootbeam.library.content import Content
from bootbeam.library.iso_entry import IsoEntry
from bootbeam.library.iso_files import IsoFiles
from bootbeam.library.recipe_files import load_recipes
from bootbeam.library.snapshot import SnapshotStorage
from bootbeam.library.versions import ImageFile
from tests.formats.disc_images import xorriso_image
from tests.library.recorded import Recorded

LINK = re.compile(r'<a href="([^"]*)">([^<]*)</a>')
RECIPES = load_recipes()


class Bench:
    """One ISO and the hands to turn the clock."""

    def __init__(self, path: Path, directory: Path) -> None:
        self.path = path
        self.ahead_s = 10.0
        self.image = ImageFile(
            path,
            "disc.iso",
            "image",
            SnapshotStorage(directory),
            Recorded(),
            copy_limit_bytes=0,
            clock=lambda: time.time() + self.ahead_s,
            monotonic=lambda: time.monotonic() + self.ahead_s,
        )
        self.image.load()
        self.files = IsoFiles(self.image)

    def close(self) -> None:
        self.files.close()
        self.image.close()

    def settle(self) -> None:
        """Let the file be seen as it is now, and leave it alone."""
        self.image.refresh()
        self.ahead_s += 10
        self.image.refresh()

    def opened(self, path: str) -> Content:
        content = self.files.open(path)
        assert isinstance(content, Content), content
        return content

    def read(self, path: str) -> bytes:
        with closing(self.opened(path)) as content:
            return content.read_at(0, content.size_bytes)

    def links(self, path: str) -> dict[str, str]:
        """Of a directory's page: the words of each link and where it leads."""
        return {unescape(words): unquote(unescape(href)) for href, words in LINK.findall(self.read(path).decode())}

    def entry(
        self,
        *,
        extra: str = "",
        recipes: Sequence[Recipe] = RECIPES,
        answers: tuple[UnattendedFormat, Path] | None = None,
        wanted: str | None = None,
    ) -> IsoEntry:
        """The menu entry for it."""
        given = Answers(dict([answers] if answers else []), None, False, Recorded())
        return IsoEntry("disc.iso", self.files, recipes, extra, given, wanted)


def write_iso(path: Path, files: dict[str, bytes | str], *, volume_id: str = "DISC") -> Path:
    """An ISO at ``path`` with these files; written beside it and moved there, as a download is."""
    root = path.with_name(f"{path.name}.tree.{time.monotonic_ns()}")
    for name, content in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    xorriso_image(path.with_suffix(".new"), root, "-r", "-J", "-V", volume_id).replace(path)
    return path
