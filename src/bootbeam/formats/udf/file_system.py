"""The directory tree of a UDF image: files as extents. Sources: ECMA-167 §4/14.1 (file set), OSTA UDF 2.60 §2.3.2."""

from dataclasses import dataclass

from bootbeam.errors import ImageError
from bootbeam.formats.fields import Fields, ReadAt
from bootbeam.formats.image_entry import (
    MAX_DIRECTORY_BYTES,
    MAX_DIRECTORY_ENTRIES,
    MAX_SYMLINK_BYTES,
    Budget,
    ImageEntry,
    Node,
    checked_name,
)
from bootbeam.formats.udf.directory import decode_directory, decode_symlink
from bootbeam.formats.udf.file_entry import Address, FileEntry, FileType, read_file_entry
from bootbeam.formats.udf.tag import TagId, check_tag
from bootbeam.formats.udf.volume import decode_long_allocation, read_logical_volume

_FILES = (FileType.REGULAR, FileType.REAL_TIME, FileType.UNSPECIFIED)
_ROOT_ICB, _LONG_ALLOCATION_BYTES = 400, 16


@dataclass(frozen=True, slots=True)
class UdfNode:
    """A file, directory or symlink; its file entry is read when it is asked for."""

    tree: "UdfTree"
    is_directory: bool
    icb: Address

    @property
    def identity(self) -> int:
        """Where its file entry is; negative, so that it is never that of a directory of ISO 9660."""
        return ~(self.icb.partition << 32 | self.icb.block)

    def entry(self, name: str, budget: Budget) -> ImageEntry:
        """See ``Node``."""
        return self.tree.read_entry(self, name, budget)

    def children(self, budget: Budget) -> dict[str, Node]:
        """See ``Node``."""
        return self.tree.read_directory(self, budget)


class UdfTree:
    """The first file set of a UDF volume.

    Args:
        read_at: reads the image.
        size_bytes: the image's size.

    Raises:
        ImageError: there is no UDF volume that can be read.
    """

    def __init__(self, read_at: ReadAt, size_bytes: int) -> None:
        self._read_at = read_at
        self._size_bytes = size_bytes
        self._volume = read_logical_volume(read_at, size_bytes)
        self.root: Node = UdfNode(self, True, self._find_root())

    @property
    def volume_id(self) -> str:
        """Logical volume identifier."""
        return self._volume.volume_id

    @property
    def revision(self) -> str:
        """Of UDF, e.g. ``1.02``."""
        return f"{self._volume.revision >> 8:x}.{self._volume.revision & 0xFF:02x}"

    def _find_root(self) -> Address:
        place = self._volume.file_set
        data = self._read_at(self._volume.offset_of(place.partition, place.block), self._volume.block_bytes)
        if check_tag(data, "file set", place.block) != TagId.FILE_SET:
            raise ImageError("UDF volume without a file set")
        root = decode_long_allocation(Fields(data, "UDF file set").take(_ROOT_ICB, _LONG_ALLOCATION_BYTES))
        return Address(root.partition, root.block)

    def read_directory(self, directory: UdfNode, budget: Budget) -> dict[str, Node]:
        """The directory's children by name. Raises ``ImageError``."""
        file_entry = read_file_entry(self._read_at, self._volume, directory.icb, budget)
        if file_entry.file_type != FileType.DIRECTORY:
            raise ImageError("UDF directory whose file entry says that it is none")
        nodes: dict[str, Node] = {}
        for found in decode_directory(self._contents(file_entry, MAX_DIRECTORY_BYTES), budget):
            nodes.setdefault(checked_name(found.name), UdfNode(self, found.is_directory, found.icb))
            if len(nodes) > MAX_DIRECTORY_ENTRIES:
                raise ImageError(f"UDF directory with more than {MAX_DIRECTORY_ENTRIES} entries")
        return nodes

    def read_entry(self, node: UdfNode, name: str, budget: Budget) -> ImageEntry:
        """What a node is. Raises ``ImageError``."""
        found = read_file_entry(self._read_at, self._volume, node.icb, budget)
        if node.is_directory != (found.file_type == FileType.DIRECTORY):
            raise ImageError(f"UDF directory and file entry disagree whether {name} is a directory")
        if node.is_directory:
            return ImageEntry(name, True, 0, mtime_s=found.mtime_s)
        if found.file_type == FileType.SYMLINK:
            target = decode_symlink(self._contents(found, MAX_SYMLINK_BYTES))
            return ImageEntry(name, False, 0, symlink_target=target, mtime_s=found.mtime_s)
        unreadable = found.unreadable or self._why_cut_off(found)
        if found.file_type not in _FILES:
            unreadable = "is a device, pipe or socket, not a file"
        return ImageEntry(
            name,
            False,
            found.size_bytes,
            () if unreadable else found.extents,
            mtime_s=found.mtime_s,
            unreadable=unreadable,
        )

    def _why_cut_off(self, found: FileEntry) -> str:
        end = max((extent.offset + extent.size_bytes for extent in found.extents), default=0)
        return f"ends {end - self._size_bytes} bytes behind the end of the image" if end > self._size_bytes else ""

    def _contents(self, found: FileEntry, max_bytes: int) -> bytes:
        """All bytes of a directory or symlink."""
        if found.size_bytes > max_bytes:
            raise ImageError(f"UDF directory or symlink of {found.size_bytes} bytes, larger than any real one")
        if found.unreadable:
            raise ImageError(f"a UDF directory or symlink {found.unreadable}")
        data = b"".join(self._read_at(extent.offset, extent.size_bytes) for extent in found.extents)
        if len(data) < found.size_bytes:
            raise ImageError("a UDF directory or symlink lies behind the end of the image")
        return data
