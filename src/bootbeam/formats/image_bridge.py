"""Bridge discs: the same files under ISO 9660 with Rock Ridge and under UDF, and what each of the two says better."""

from collections.abc import Mapping
from dataclasses import dataclass

from bootbeam.formats.image_entry import Budget, ImageEntry, Node


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
        return other if other.size_bytes > said.size_bytes else said

    def children(self, budget: Budget) -> Mapping[str, Node]:
        """See ``Node``."""
        mine, theirs = self.posix.children(budget), self.udf.children(budget)
        both = dict(mine)
        for name, node in theirs.items():
            known = mine.get(name)
            if known is None:
                both[name] = node
            elif known.is_directory == node.is_directory:
                both[name] = BridgeNode(known, node)
        return both
