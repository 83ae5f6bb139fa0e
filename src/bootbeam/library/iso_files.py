"""The files inside an ISO, served where they lie: nothing is mounted, unpacked or copied.

A file inside is the image's own bytes at its extents; a directory is a page of links, for people and for installers
that look for their repository. Each version of the image has its own tree, kept while it is the newest.
"""

import html
import threading
from dataclasses import dataclass
from urllib.parse import quote

from bootbeam.errors import ImageError
from bootbeam.formats.image_entry import ImageEntry
from bootbeam.formats.image_tree import ImageTree, open_image_tree
from bootbeam.library.content import Content, FileSlice, Missing, NotReady
from bootbeam.library.versions import ImageFile

MAX_LISTED_ENTRIES = 20_000
"""Of one directory, on its page: a distribution's largest package directory has a few thousand."""
PAGE_MEDIA_TYPE = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class OpenTree:
    """The tree of one version of an image."""

    tree: ImageTree
    held: Content
    """Keeps that version open for as long as the tree may be read."""


class IsoFiles:
    """The files inside one ISO.

    Args:
        image: the ISO itself.
    """

    def __init__(self, image: ImageFile) -> None:
        self.image = image
        self._trees: dict[str, OpenTree] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let go of the image."""
        with self._lock:
            for opened in self._trees.values():
                opened.held.close()
            self._trees.clear()

    def tree(self) -> ImageTree | NotReady:
        """The newest complete version's tree.

        Raises:
            ImageError: the image's own structure is broken.
        """
        version = self.image.current_version()
        return version if isinstance(version, NotReady) else self._tree_of(version)

    def open(self, path: str, role: str = "image") -> Content | Missing | NotReady:
        """The file at ``path`` inside the image, or the page of a directory.

        Args:
            path: ``/``-separated, without a leading slash; "" is the root.
            role: what it is to the boot, for the journal.
        """
        version = self.image.current_version()
        if isinstance(version, NotReady):
            return version
        try:
            tree = self._tree_of(version)
            if isinstance(tree, NotReady):
                return tree
            entry = tree.find(path)
            if entry is None:
                return Missing("there is no such file in the image")
            if entry.is_directory:
                return self._page(path, tree.list(path) or ())
            extents = entry.readable_extents()
        except ImageError as error:
            return Missing(f"the image cannot be read there: {error}")
        content = self.image.open(version)
        if not isinstance(content, Content):
            return content
        parts = [part for extent in extents for part in content.slices_of(extent.offset, extent.size_bytes)]
        return self._inside(path, entry, content, tuple(parts), role)

    def _inside(
        self, path: str, entry: ImageEntry, image: Content, parts: tuple[FileSlice, ...], role: str
    ) -> Content | Missing:
        if sum(part.size_bytes for part in parts) != entry.size_bytes:
            image.close()
            return Missing("the image ends before this file does")
        return Content(
            name=f"iso/{self.image.name}/{path}",
            size_bytes=entry.size_bytes,
            role=role,
            slices=parts,
            version=image.version,
            check=image.check,
            on_close=image.close,
        )

    def _tree_of(self, version: str) -> "ImageTree | NotReady":
        with self._lock:
            opened = self._trees.get(version)
            if opened is None:
                content = self.image.open(version)
                if not isinstance(content, Content):
                    return NotReady(f"{self.image.name} is being replaced")
                try:
                    tree = open_image_tree(content.read_at, content.size_bytes)
                except BaseException:
                    content.close()
                    raise
                for older in self._trees.values():
                    older.held.close()
                opened = OpenTree(tree, content)
                self._trees = {version: opened}
            return opened.tree

    def _page(self, path: str, entries: tuple[ImageEntry, ...]) -> Content:
        """Links by absolute path: a client may ask for the directory with or without a slash at the end."""
        here = f"/iso/{self.image.name}/{path}".rstrip("/")
        rows = [f'<li><a href="{quote(here.rpartition("/")[0])}/">../</a>'] if path else []
        for entry in entries[:MAX_LISTED_ENTRIES]:
            slash = "/" if entry.is_directory else ""
            rows.append(f'<li><a href="{quote(f"{here}/{entry.name}")}{slash}">{html.escape(entry.name)}{slash}</a>')
        title = html.escape(here)
        text = f"<!DOCTYPE html>\n<title>{title}</title>\n<h1>{title}</h1>\n<ul>\n" + "\n".join(rows) + "\n</ul>\n"
        body = text.encode("utf-8")
        return Content(f"iso/{self.image.name}/{path}", len(body), PAGE_MEDIA_TYPE, role="script", body=body)
