"""The files inside an ISO, served where they lie: nothing is mounted, unpacked or copied.

A file inside is the image's own bytes at its extents; a directory is a page of links, for people and for installers
that look for their repository. Each version of the image has its own tree, kept while it is the newest.
"""

import html
import posixpath
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from urllib.parse import quote

from bootbeam.errors import ImageError
from bootbeam.formats.image_entry import ImageEntry
from bootbeam.formats.image_tree import ImageTree, open_image_tree
from bootbeam.library.content import Content, ContentChanged, Missing, NotReady
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


@dataclass(frozen=True, slots=True)
class ReadTree:
    """The tree of one version, while somebody reads it."""

    tree: ImageTree
    version: str
    image: Content
    """The whole image in that version; closed when the reading ends."""

    def file(self, path: str, name: str = "", role: str = "image") -> Content | Missing:
        """The file at ``path``, for as long as the reading lasts; it need not be closed.

        Args:
            path: ``/``-separated, without a leading slash.
            name: what it is called in the log.
            role: what it is to the boot, for the log.

        Raises:
            ImageError: it is no file, or the image is broken there.
        """
        entry = self.tree.find(path)
        if entry is None:
            return Missing("there is no such file in the image")
        extents = entry.readable_extents()
        parts = [part for extent in extents for part in self.image.slices_of(extent.offset, extent.size_bytes)]
        if sum(part.size_bytes for part in parts) != entry.size_bytes:
            return Missing("the image ends before this file does")
        return Content(
            name,
            entry.size_bytes,
            role=role,
            slices=tuple(parts),
            version=self.image.version,
            check=self.image.check,
        )


class IsoFiles:
    """The files inside one ISO. Safe to use from several threads.

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

    @contextmanager
    def reading(self) -> Iterator[ReadTree | NotReady]:
        """The newest complete version's tree, which stays open until the ``with`` block ends.

        Raises:
            ImageError: the image's own structure is broken.
            ContentChanged: the image is being overwritten.
        """
        version = self.image.current_version()
        if isinstance(version, NotReady):
            yield version
            return
        content = self.image.open(version)
        if not isinstance(content, Content):
            yield self._being_replaced()
            return
        try:
            tree = self._tree_of(version)
            yield tree if isinstance(tree, NotReady) else ReadTree(tree, version, content)
        finally:
            content.close()

    def open(self, path: str, role: str = "image") -> Content | Missing | NotReady:
        """The file at ``path`` inside the image, or the page of a directory.

        Args:
            path: ``/``-separated, without a leading slash; "" is the root.
            role: what it is to the boot, for the journal.
        """
        with ExitStack() as stack:
            try:
                read = stack.enter_context(self.reading())
                if isinstance(read, NotReady):
                    return read
                entry = read.tree.find(path)
                if entry is not None and entry.is_directory:
                    return self._page(path, read.tree)
                content = read.file(path, f"iso/{self.image.name}/{path}", role)
            except ImageError as error:
                return Missing(f"the image cannot be read there: {error}")
            except ContentChanged:
                return self._being_replaced()
            if isinstance(content, Content):
                content.on_close = stack.pop_all().close
            return content

    def _being_replaced(self) -> NotReady:
        return NotReady(f"{self.image.name} is being replaced")

    def _tree_of(self, version: str) -> "ImageTree | NotReady":
        with self._lock:
            opened = self._trees.get(version)
            if opened is None:
                content = self.image.open(version)
                if not isinstance(content, Content):
                    return self._being_replaced()
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

    def _page(self, path: str, tree: ImageTree) -> Content:
        """Links by absolute path: a client may ask for the directory with or without a slash at the end."""
        root = f"/iso/{self.image.name}"
        here = f"{root}/{path}".rstrip("/")
        entries = tree.list(path) or ()
        rows = [f'<li><a href="{quote(here.rpartition("/")[0])}/">../</a>'] if path else []
        for entry in entries[:MAX_LISTED_ENTRIES]:
            target = _link_target(tree, path, entry)
            if target is not None:
                slash = "/" if target.endswith("/") else ""
                href = f"{root}/{target}".replace("//", "/")
                rows.append(f'<li><a href="{quote(href)}">{html.escape(entry.name)}{slash}</a>')
        if len(entries) > MAX_LISTED_ENTRIES:
            rows.append(f"<li>and {len(entries) - MAX_LISTED_ENTRIES} more, each at its name")
        title = html.escape(here)
        text = f"<!DOCTYPE html>\n<title>{title}</title>\n<h1>{title}</h1>\n<ul>\n" + "\n".join(rows) + "\n</ul>\n"
        body = text.encode("utf-8")
        return Content(f"iso/{self.image.name}/{path}", len(body), PAGE_MEDIA_TYPE, role="script", body=body)


def _link_target(tree: ImageTree, directory: str, entry: ImageEntry) -> str | None:
    """Where an entry's link leads, inside the image; ends in ``/`` for a directory. None for a symlink to nowhere.

    A symlink to a directory leads to that directory: under its own name, ``debian -> .`` on Debian's discs would send
    everything that follows links round in circles.
    """
    path = f"{directory}/{entry.name}".lstrip("/")
    if entry.symlink_target is None:
        return f"{path}/" if entry.is_directory else path
    try:
        found = tree.find(path)
        if found is None:
            return None
        if not found.is_directory:
            return path
        # Symlinks on the way there would need a look-up for each step; what this misses has no link.
        real = posixpath.normpath(posixpath.join(directory, entry.symlink_target)).strip("/")
        real = "" if real == "." else real
        led_to = tree.find(real)
    except ImageError:
        return None
    return f"{real}/" if led_to is not None and led_to.is_directory else None
