"""``ImageTree``: the files inside an ISO 9660 or UDF image, as extents, whatever the image calls them.

Opening reads a few blocks; a directory is read when it is first asked for. The image is never mounted or unpacked.
Look-ups may come from several threads at once: at worst a directory is read twice.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bootbeam.errors import ImageError
from bootbeam.formats.fields import ReadAt, printable_text
from bootbeam.formats.image_bridge import BridgeNode
from bootbeam.formats.image_entry import Budget, ImageEntry, Node
from bootbeam.formats.iso9660.file_system import IsoTree
from bootbeam.formats.iso9660.volume import TreeKind, read_volumes
from bootbeam.formats.udf.file_system import UdfTree
from bootbeam.formats.udf.volume import has_udf

MAX_DEPTH = 256
"""Steps of a path. ISO 9660 alone allows 8, Rock Ridge and UDF any number."""
MAX_PATH_CHARACTERS = 4096
"""Of a directory's path in ``walk``: Linux's PATH_MAX."""
MAX_SYMLINKS = 40
"""Followed in one look-up: Linux's own limit."""
MAX_CACHED_ENTRIES = 50_000
MAX_CACHED_DIRECTORIES = 1000
LOOKUP_RECORDS = 400_000
"""Directory records that one ``find`` or ``list`` may decode."""
WALK_RECORDS = 2_000_000
"""The same for one ``walk``: four for each of half a million files."""


class Names(StrEnum):
    """Which of an image's directory trees is shown."""

    ROCK_RIDGE = "Rock Ridge"
    UDF = "UDF"
    JOLIET = "Joliet"
    ISO_9660_1999 = "ISO 9660:1999"
    ISO_9660 = "ISO 9660"


_BY_PREFERENCE = tuple(Names)
_VOLUME_ID_AT, _VOLUME_ID_BYTES = 16 * 2048 + 40, 32
_DISAGREES = "numbers that ISO 9660 writes twice differ; the little-endian ones are used"
_NAMES_OF = {TreeKind.JOLIET: Names.JOLIET, TreeKind.ENHANCED: Names.ISO_9660_1999}


@dataclass(frozen=True, slots=True)
class _Shown:
    """What ``open_image_tree`` chose."""

    root: Node
    names: Names
    available_names: tuple[Names, ...]
    volume_id: str
    notes: tuple[str, ...]


class ImageTree:
    """The files of one image. Made by ``open_image_tree``.

    Paths are ``/``-separated, with or without a leading slash; "" is the root. A step is looked for as written
    first, then whatever its letters' case. Symlinks are followed inside the image: one that is absolute or climbs
    out of the root leads nowhere. Every method may raise ``ImageError``, when what it has to read is broken.
    """

    def __init__(self, read_at: ReadAt, shown: "_Shown", iso_trees: tuple[IsoTree, ...]) -> None:
        self._read_at = read_at
        self._root = shown.root
        self._notes = shown.notes
        self._iso_trees = iso_trees
        self._cache: dict[int | None, _Directory] = {}
        self.names = shown.names
        """Which tree is shown."""
        self.available_names = shown.available_names
        """All trees that the image has and that can be read, the best first."""
        self.volume_id = shown.volume_id
        """The name on the medium's label."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found odd about the image so far, in words for a person."""
        disagrees = any(tree.disagrees for tree in self._iso_trees)
        return self._notes + ((_DISAGREES,) if disagrees else ())

    def find(self, path: str) -> ImageEntry | None:
        """What is at ``path``, symlinks followed to their end; None when there is nothing."""
        budget = Budget(LOOKUP_RECORDS)
        found = self._resolve(path, budget)
        return found[1].entry(found[0], budget) if found else None

    def list(self, path: str = "") -> tuple[ImageEntry, ...] | None:
        """What the directory at ``path`` holds, by name, symlinks as such; None when there is no such directory."""
        budget = Budget(LOOKUP_RECORDS)
        found = self._resolve(path, budget)
        if not found or not found[1].is_directory:
            return None
        nodes = self._directory(found[1], budget).nodes
        return tuple(nodes[name].entry(name, budget) for name in sorted(nodes))

    def read(self, path: str, max_bytes: int) -> bytes | None:
        """The first ``max_bytes`` bytes of the file at ``path``; None when there is no such file."""
        entry = self.find(path)
        if entry is None or entry.is_directory:
            return None
        parts, left = list[bytes](), max_bytes
        for extent in entry.readable_extents():
            parts.append(self._read_at(extent.offset, min(extent.size_bytes, left)))
            left -= len(parts[-1])
            if left <= 0:
                break
        data = b"".join(parts)
        if len(data) < min(max_bytes, entry.size_bytes):
            raise ImageError(f"{entry.name} ends behind the end of the image")
        return data

    def walk(self) -> Iterator[tuple[str, ImageEntry]]:
        """Every file, directory and symlink with its path, a directory before what it holds. No symlink is followed.

        Raises:
            ImageError: also for a directory that can be reached in two ways, and for more records than any image has.
        """
        budget, seen = Budget(WALK_RECORDS), set[int]()
        levels: list[tuple[str, Iterator[tuple[str, Node]]]] = [("", iter([("", self._root)]))]
        while levels:
            above, directories = levels[-1]
            name, directory = next(directories, ("", None))
            if directory is None:
                levels.pop()
                continue
            path = f"{above}{name}/" if name else ""
            if len(levels) > MAX_DEPTH or len(path) > MAX_PATH_CHARACTERS:
                raise ImageError(f"the image has directories more than {MAX_DEPTH} deep or paths that do not end")
            if directory.identity in seen:
                raise ImageError(f"the directory {path} is in the image twice")
            if directory.identity is not None:
                seen.add(directory.identity)
            nodes = self._directory(directory, budget).nodes
            names = sorted(nodes)
            for name in names:
                yield path + name, nodes[name].entry(name, budget)
            levels.append((path, iter([(name, nodes[name]) for name in names if nodes[name].is_directory])))

    def _resolve(self, path: str, budget: Budget) -> tuple[str, Node] | None:
        steps = path.split("/")[::-1]
        trail: list[tuple[str, Node]] = [("", self._root)]
        links = 0
        while steps:
            step = steps.pop()
            if step in ("", "."):
                continue
            if step == "..":
                if len(trail) == 1:
                    return None
                trail.pop()
                continue
            found = self._step(trail[-1][1], step, budget)
            if found is None:
                return None
            target = None if found[1].is_directory else found[1].entry(found[0], budget).symlink_target
            if target is None:
                _check_new(trail, found)
                trail.append(found)
                continue
            links += 1
            if links > MAX_SYMLINKS:
                raise ImageError(f"the image has symlinks that lead in a circle, {found[0]} among them")
            if target.startswith("/"):
                return None
            steps += target.split("/")[::-1]
        return trail[-1]

    def _step(self, node: Node, step: str, budget: Budget) -> tuple[str, Node] | None:
        return self._directory(node, budget).find(step) if node.is_directory else None

    def _directory(self, node: Node, budget: Budget) -> "_Directory":
        found = self._cache.pop(node.identity, None)
        if found is None:
            found = _Directory(node.children(budget))
            self._make_room(len(found.nodes))
        self._cache[node.identity] = found  # now the last to be thrown out
        return found

    def _make_room(self, entries: int) -> None:
        cached = self._cache.copy()
        entries += sum(len(directory.nodes) for directory in cached.values())
        for count, (identity, directory) in enumerate(cached.items()):
            if entries <= MAX_CACHED_ENTRIES and len(cached) - count < MAX_CACHED_DIRECTORIES:
                break
            entries -= len(directory.nodes)
            self._cache.pop(identity, None)


class _Directory:
    """The children of one directory, by name and by name in any case."""

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self.nodes = nodes
        self._by_folded_name: dict[str, str] | None = None

    def find(self, name: str) -> tuple[str, Node] | None:
        """The child of that name, as the image writes it."""
        if name in self.nodes:
            return name, self.nodes[name]
        if self._by_folded_name is None:
            self._by_folded_name = {known.casefold(): known for known in sorted(self.nodes, reverse=True)}
        known = self._by_folded_name.get(name.casefold())
        return None if known is None else (known, self.nodes[known])


def _check_new(trail: list[tuple[str, Node]], found: tuple[str, Node]) -> None:
    name, node = found
    if len(trail) > MAX_DEPTH:
        raise ImageError(f"the image has directories more than {MAX_DEPTH} deep")
    if node.is_directory and node.identity is not None and any(node.identity == above.identity for _, above in trail):
        raise ImageError(f"the directory {name} holds itself")


def open_image_tree(read_at: ReadAt, size_bytes: int, names: Names | None = None) -> ImageTree:
    """The files of the ISO 9660 or UDF image at ``read_at``.

    Shown is the tree that keeps most of what the files were: Rock Ridge's, else UDF's (images of Windows keep
    everything but a note in it), else Joliet's, else the plain one.

    Args:
        read_at: reads the image; kept, and called by every look-up.
        size_bytes: the image's size.
        names: this tree alone. Without it, what is in Rock Ridge's tree is completed by UDF's: see ``BridgeNode``.

    Raises:
        ImageError: it is no such image, or nothing of it can be read, or it has no tree ``names``.
    """
    notes: list[str] = []
    udf = _open_udf(read_at, size_bytes, notes)
    trees = _open_iso(read_at, size_bytes, notes)
    roots: dict[Names, Node] = {name: tree.root for name, tree in trees.items()}
    if udf:
        roots[Names.UDF] = udf.root
        if Names.ROCK_RIDGE in roots and names is None:
            roots[Names.ROCK_RIDGE] = BridgeNode(roots[Names.ROCK_RIDGE], udf.root)
    available = tuple(name for name in _BY_PREFERENCE if name in roots)
    if not available or (names is not None and names not in roots):
        raise ImageError("; ".join(notes) or f"an image without a directory tree of {names or 'ISO 9660 or UDF'}")
    chosen = names or available[0]
    volume_id = printable_text(read_at(_VOLUME_ID_AT, _VOLUME_ID_BYTES))
    if udf and chosen is Names.UDF:
        volume_id = udf.volume_id
    shown = _Shown(roots[chosen], chosen, available, volume_id, tuple(notes))
    return ImageTree(read_at, shown, tuple(trees.values()))


def _open_udf(read_at: ReadAt, size_bytes: int, notes: list[str]) -> UdfTree | None:
    if not has_udf(read_at):
        return None
    try:
        return UdfTree(read_at, size_bytes)
    except ImageError as error:
        notes.append(str(error))
        return None


def _open_iso(read_at: ReadAt, size_bytes: int, notes: list[str]) -> dict[Names, IsoTree]:
    trees: dict[Names, IsoTree] = {}
    try:
        volumes = read_volumes(read_at)
    except ImageError as error:
        notes.append(str(error))
        return trees
    for kind, volume in volumes.items():
        try:
            tree = IsoTree(read_at, size_bytes, volume)
        except ImageError as error:
            notes.append(str(error))
            continue
        trees[_NAMES_OF.get(kind, Names.ROCK_RIDGE if tree.has_rock_ridge else Names.ISO_9660)] = tree
    return trees
