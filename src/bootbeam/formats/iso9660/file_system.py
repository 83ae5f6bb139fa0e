"""The directory tree of an ISO 9660 image: files as extents, names by Rock Ridge, Joliet or the plain records.

Sources: ECMA-119 §6.5 (file sections), §7.5 (identifiers), §9.1; Joliet Specification; RRIP 1.12 §4.1.5 (moved
directories). Left out: path tables (the directories say the same), extended attribute records, sets of volumes.
"""

from dataclasses import dataclass, replace

from bootbeam.errors import ImageError
from bootbeam.formats.fields import ReadAt
from bootbeam.formats.image_entry import (
    MAX_DIRECTORY_ENTRIES,
    Budget,
    Extent,
    ImageEntry,
    Node,
    checked_name,
    decoded_name,
    joined_extents,
)
from bootbeam.formats.iso9660.directory_record import (
    ASSOCIATED,
    DIRECTORY,
    MULTI_EXTENT,
    PARENT,
    SELF,
    DirectoryRecord,
    read_directory_records,
)
from bootbeam.formats.iso9660.rock_ridge import PosixAttributes, decode_posix_attributes, says_rock_ridge
from bootbeam.formats.iso9660.susp import SystemUseReader, find_sharing_protocol
from bootbeam.formats.iso9660.volume import TreeKind, Volume, read_own_record

_NO_ATTRIBUTES = PosixAttributes()
_ROOT_BUDGET = 1000


@dataclass(frozen=True, slots=True)
class IsoNode:
    """A file, directory or symlink of one tree."""

    tree: "IsoTree"
    is_directory: bool
    extents: tuple[Extent, ...]
    """Of a file's contents or of a directory's records; not checked against the image's end."""
    size_bytes: int
    symlink_target: str | None
    mtime_s: float | None
    unreadable: str

    @property
    def identity(self) -> int | None:
        """Where a directory's records lie: offset in the image."""
        return self.extents[0].offset if self.extents else None

    def entry(self, name: str, budget: Budget) -> ImageEntry:
        """See ``Node``."""
        budget.spend()
        if self.is_directory or self.symlink_target is not None:
            return ImageEntry(name, self.is_directory, 0, (), self.symlink_target, self.mtime_s)
        unreadable = self.unreadable or self.tree.why_cut_off(self.extents)
        extents = () if unreadable else self.extents
        return ImageEntry(name, False, self.size_bytes, extents, None, self.mtime_s, unreadable)

    def children(self, budget: Budget) -> dict[str, Node]:
        """See ``Node``."""
        return self.tree.read_directory(self, budget)


class IsoTree:
    """One directory tree of an ISO 9660 image.

    Args:
        read_at: reads the image.
        size_bytes: the image's size.
        volume: the descriptor whose tree it is.

    Raises:
        ImageError: the root directory cannot be read.
    """

    def __init__(self, read_at: ReadAt, size_bytes: int, volume: Volume) -> None:
        self._read_at = read_at
        self._size_bytes = size_bytes
        self._volume = volume
        self._system_use: SystemUseReader | None = None
        self.disagrees = volume.disagrees or volume.root.disagrees
        """Somewhere the little-endian and big-endian forms of a number differed; the little-endian ones are used."""
        if volume.kind is TreeKind.PRIMARY:
            self._system_use = self._find_rock_ridge()
        self.root: Node = self._directory(volume.root, _NO_ATTRIBUTES)

    @property
    def has_rock_ridge(self) -> bool:
        """Names, symlinks and times are POSIX's."""
        return self._system_use is not None

    def why_cut_off(self, extents: tuple[Extent, ...]) -> str:
        """Words for ``unreadable`` when an extent reaches over the end of the image, else ""."""
        end = max((extent.offset + extent.size_bytes for extent in extents), default=0)
        return f"ends {end - self._size_bytes} bytes behind the end of the image" if end > self._size_bytes else ""

    def read_directory(self, directory: IsoNode, budget: Budget) -> dict[str, Node]:
        """The directory's children by name. Raises ``ImageError``."""
        nodes: dict[str, Node] = {}
        sections: list[DirectoryRecord] = []
        for extent in directory.extents:
            for record in read_directory_records(self._read_at, extent, budget):
                if record.identifier in (SELF, PARENT) or record.flags & ASSOCIATED:
                    continue
                if sections and record.identifier != sections[0].identifier:
                    raise ImageError("ISO 9660 file whose last section is missing")
                self.disagrees = self.disagrees or record.disagrees
                sections.append(record)
                if not record.flags & MULTI_EXTENT:
                    self._add(nodes, sections, budget)
                    sections = []
                if len(nodes) > MAX_DIRECTORY_ENTRIES:
                    raise ImageError(f"ISO 9660 directory with more than {MAX_DIRECTORY_ENTRIES} entries")
        if sections:
            raise ImageError("ISO 9660 file whose last section is missing")
        return nodes

    def _add(self, nodes: dict[str, Node], sections: list[DirectoryRecord], budget: Budget) -> None:
        """One file or directory; a second one of the same name is an older version of it (ECMA-119 §9.3)."""
        first, said = sections[0], _NO_ATTRIBUTES
        if self._system_use:
            said = decode_posix_attributes(self._system_use.entries(first.system_use, budget))
        if said.is_relocated:
            return
        name = checked_name(said.name if said.name is not None else self._plain_name(first.identifier))
        if name in nodes:
            return
        if said.child_block is not None:
            nodes[name] = self._moved_directory(said.child_block, said, budget)
        elif first.flags & DIRECTORY:
            if len(sections) > 1:
                raise ImageError("ISO 9660 directory in more than one section")
            nodes[name] = self._directory(first, said)
        else:
            nodes[name] = self._file(sections, said)

    def _file(self, sections: list[DirectoryRecord], said: PosixAttributes) -> IsoNode:
        unreadable = said.unreadable
        if any(section.is_interleaved for section in sections):
            unreadable = "is stored interleaved with another file"
        size_bytes = sum(section.data_bytes for section in sections)
        return IsoNode(
            self,
            False,
            joined_extents([self._extent(section) for section in sections]),
            size_bytes if said.size_bytes is None else said.size_bytes,
            said.symlink_target,
            sections[0].mtime_s if said.mtime_s is None else said.mtime_s,
            unreadable,
        )

    def _directory(self, record: DirectoryRecord, said: PosixAttributes) -> IsoNode:
        mtime_s = record.mtime_s if said.mtime_s is None else said.mtime_s
        return IsoNode(self, True, joined_extents([self._extent(record)]), 0, None, mtime_s, "")

    def _moved_directory(self, block: int, said: PosixAttributes, budget: Budget) -> IsoNode:
        """Its size stands nowhere but in the record that the directory holds of itself."""
        budget.spend()
        own = read_own_record(self._read_at, self._volume, block)
        return self._directory(replace(own, extent_block=block, extended_attribute_blocks=0), said)

    def _extent(self, record: DirectoryRecord) -> Extent:
        return Extent(record.data_block * self._volume.block_bytes, record.data_bytes)

    def _plain_name(self, identifier: bytes) -> str:
        """Without Rock Ridge: the record's own identifier, free of what only ISO 9660 adds to a name."""
        if self._volume.kind is TreeKind.ENHANCED:
            return decoded_name(identifier)
        if self._volume.kind is TreeKind.JOLIET:
            return _without_version(identifier.decode("utf-16-be", "replace"))
        name = _without_version(decoded_name(identifier))
        return name[:-1] if name.endswith(".") and len(name) > 1 else name

    def _find_rock_ridge(self) -> SystemUseReader | None:
        record = read_own_record(self._read_at, self._volume, self._volume.root.data_block)
        sharing = find_sharing_protocol(record.system_use)
        if sharing is None:
            return None
        at_root = SystemUseReader(self._read_at, self._volume.block_bytes, sharing.start)
        if not says_rock_ridge(at_root.entries(record.system_use, Budget(_ROOT_BUDGET))):
            return None
        return SystemUseReader(self._read_at, self._volume.block_bytes, sharing.skip_bytes)


def _without_version(name: str) -> str:
    """ECMA-119 §7.5.1: a file's name ends in ``;`` and its version's number."""
    stem, separator, version = name.rpartition(";")
    return stem if separator and version.isdecimal() else name
