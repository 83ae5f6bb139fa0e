"""Bridge discs: the same files under ISO 9660 with Rock Ridge and under UDF, and what each of the two says better."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from bootbeam.formats.image_entry import Budget, ImageEntry, Node

_SURE_NAME_CHARACTERS = 50
"""Writers cut UDF's names as they cut Joliet's, to 64 characters or more, and keep a suffix behind the cut."""


@dataclass(frozen=True, slots=True)
class BridgeNode:
    """A file or directory under both: Rock Ridge has its kind and name, UDF its true size and what ISO 9660 hides.

    Quirk: genisoimage -allow-limited-size: a file of 4 GiB and more is in ISO 9660 with its size modulo 4 GiB.
    """

    posix: Node
    udf: Node

    @property
    def is_directory(self) -> bool:
        """See ``Node``."""
        return self.posix.is_directory

    @property
    def identity(self) -> int | None:
        """See ``Node``."""
        return self.posix.identity

    def entry(self, name: str, budget: Budget) -> ImageEntry:
        """See ``Node``."""
        said = self.posix.entry(name, budget)
        if said.is_directory or said.symlink_target is not None:
            return said
        other = self.udf.entry(name, budget)
        is_the_same = not said.extents or other.extents[:1] == () or other.extents[0].offset == said.extents[0].offset
        return other if is_the_same and other.size_bytes > said.size_bytes else said

    def children(self, budget: Budget) -> Mapping[str, Node]:
        """See ``Node``."""
        both, left = dict(self.posix.children(budget)), dict(self.udf.children(budget))
        unpaired: dict[str, Node] = {}
        for name, node in both.items():
            if name in left and left[name].is_directory == node.is_directory:
                both[name] = BridgeNode(node, left.pop(name))
            else:
                unpaired[name] = node
        if left:
            _pair_others(both, unpaired, left, budget)
        return both


def _pair_others(both: dict[str, Node], unpaired: dict[str, Node], left: dict[str, Node], budget: Budget) -> None:
    """Pair what the two sides name differently; what is left of UDF's is shown too."""
    for key_of, is_shared in ((_place, True), (_kept_name, False)):
        by_key: dict[Hashable, list[str]] = {}
        for name, node in unpaired.items():
            by_key.setdefault(key_of(name, node, budget), []).append(name)
        by_key.pop(None, None)
        for name, node in tuple(left.items()):
            mine = by_key.get(key_of(name, node, budget), [])
            if len(mine) == 1 or (mine and is_shared):
                both |= {my_name: BridgeNode(unpaired[my_name], node) for my_name in mine}
                del left[name]
                if not is_shared:
                    mine.clear()
        unpaired = {name: node for name, node in unpaired.items() if both[name] is node}
    for name, node in left.items():
        both.setdefault(name, node)


def _place(name: str, node: Node, budget: Budget) -> Hashable:
    """Where a file's contents begin. Hard links share them; no other two files do."""
    extents = () if node.is_directory else node.entry(name, budget).extents
    return extents[0].offset if extents else None


def _kept_name(name: str, node: Node, budget: Budget) -> Hashable:
    """What every writer keeps of a name."""
    budget.spend()
    kept = "".join(c if c.isalnum() and c < "\U00010000" else "_" for c in name[:_SURE_NAME_CHARACTERS])
    return node.is_directory, kept
