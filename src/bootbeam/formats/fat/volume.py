"""Lays out a FAT volume that holds given files: a plan of pieces, so that a file of gigabytes is never read here.

Source: Microsoft, *FAT: General Overview of On-Disk Format* 1.03. The volume has no partition table before it, is just
as large as its contents, and every file lies in one piece.
"""

import struct
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

from bootbeam.errors import ImageError
from bootbeam.formats.fat.directory import (
    ARCHIVE,
    DIRECTORY,
    LABEL_BYTES,
    READ_ONLY,
    check_name,
    dot_entries,
    entries_bytes,
    entries_of,
    label_entry,
    short_name_of,
)
from bootbeam.formats.fat.geometry import (
    ENTRY_BYTES,
    FAT_COPIES,
    FIRST_CLUSTER,
    SECTOR_BYTES,
    Contents,
    Geometry,
    choose_geometry,
)

MAX_FILES = 1000
MAX_DEPTH = 16
MAX_FILE_BYTES = (1 << 32) - 1
LABEL = b"BOOTBEAM".ljust(LABEL_BYTES)

_FIXED_DISK = 0xF8
_DRIVE, _EXTENDED_BOOT_SIGNATURE = 0x80, 0x29
_SECTORS_PER_TRACK, _HEADS = 63, 255
_FSINFO_SECTOR, _BACKUP_BOOT_SECTOR = 1, 6
_BOOT_CODE = b"\xcd\x18\xeb\xfe"
"""For a BIOS: int 18h, "there is nothing to boot here"; and if it comes back, a loop."""


@dataclass(frozen=True, slots=True)
class FatFile:
    """A file of a volume."""

    path: str
    """``/``-separated, without a leading slash; its directories are made too."""
    size_bytes: int


@dataclass(frozen=True, slots=True)
class FileData:
    """The place of a file's contents in a volume."""

    index: int
    """Of the file, in the order they were given."""
    size_bytes: int


@dataclass(frozen=True, slots=True)
class FatVolume:
    """A volume as pieces in order: bytes of its own, and the contents of its files."""

    pieces: tuple[bytes | FileData, ...]
    is_fat32: bool

    @property
    def size_bytes(self) -> int:
        """Of the whole volume; a multiple of ``SECTOR_BYTES``."""
        return sum(len(piece) if isinstance(piece, bytes) else piece.size_bytes for piece in self.pieces)

    def encode(self, contents: Sequence[bytes]) -> bytes:
        """The volume, its files' contents being these, in order."""
        return b"".join(piece if isinstance(piece, bytes) else contents[piece.index] for piece in self.pieces)


@dataclass(slots=True)
class _Node:
    """A file, or a directory with its children by their names."""

    index: int | None = None
    """Of a file; None: a directory."""
    size_bytes: int = 0
    cluster: int = 0
    """The first; 0 for an empty file."""
    children: "dict[str, _Node]" = field(default_factory=dict)
    short_names: dict[str, bytes] = field(default_factory=dict)


def plan_volume(files: Sequence[FatFile]) -> FatVolume:
    """The volume that holds ``files``.

    Raises:
        ImageError: a file is too large, has a name that cannot be one or another file's; or the volume would be too
            large.
    """
    root = _tree_of(files)
    directories = [node for node in _nodes(root) if node.index is None]
    for directory in directories:
        _name_children(directory)
        directory.size_bytes += ENTRY_BYTES * (1 if directory is root else 2)  # the label; "." and ".."
    nodes = [node for node in _nodes(root) if node is not root]
    geometry = choose_geometry(Contents(root.size_bytes, tuple(node.size_bytes for node in nodes)))
    chain = [root, *nodes] if geometry.is_fat32 else nodes
    used = _place(chain, geometry)
    fat = _table(chain, geometry)
    front = _front(geometry, root, geometry.clusters - used) + fat * FAT_COPIES
    if not geometry.is_fat32:
        front += _encode_directory(root, root, None).ljust(geometry.root_sectors * SECTOR_BYTES, b"\0")
    parents = {id(child): node for node in directories for child in node.children.values()}
    pieces: list[bytes | FileData] = [front]
    for node in chain:
        if node.index is None:
            pieces.append(_encode_directory(node, root, parents.get(id(node))))
        else:
            pieces.append(FileData(node.index, node.size_bytes))
        pieces.append(bytes(-node.size_bytes % geometry.cluster_bytes))
    pieces.append(bytes((geometry.clusters - used) * geometry.cluster_bytes))
    return FatVolume(_joined(pieces), geometry.is_fat32)


def _tree_of(files: Sequence[FatFile]) -> _Node:
    if len(files) > MAX_FILES:
        raise ImageError(f"{len(files)} files are more than the {MAX_FILES} that one volume may hold")
    root = _Node()
    for index, file in enumerate(files):
        if not 0 <= file.size_bytes <= MAX_FILE_BYTES:
            raise ImageError(f"{file.path} is larger than FAT can hold: {file.size_bytes} bytes")
        *directories, name = file.path.split("/")
        if len(directories) >= MAX_DEPTH:
            raise ImageError(f"{file.path[:80]!r} lies too deep")
        node = root
        for step in directories:
            node = _child(node, step) or _add(node, step, _Node())
            if node.index is not None:
                raise _same_path(file)
        if _child(node, name) is not None:
            raise _same_path(file)
        _add(node, name, _Node(index, file.size_bytes))
    return root


def _child(directory: _Node, name: str) -> _Node | None:
    """FAT knows no difference between capitals and small letters."""
    return next((node for other, node in directory.children.items() if other.upper() == name.upper()), None)


def _add(directory: _Node, name: str, node: _Node) -> _Node:
    check_name(name)
    directory.children[name] = node
    return node


def _same_path(file: FatFile) -> ImageError:
    return ImageError(f"{file.path[:80]!r}: two files have this path, or one is where another needs a directory")


def _nodes(root: _Node) -> list[_Node]:
    """All of them, a directory before what is in it."""
    found = [root]
    for node in found:
        found += node.children.values()
    return found


def _name_children(directory: _Node) -> None:
    taken = set[bytes]()
    for name in directory.children:
        short_name = short_name_of(name, taken)
        taken.add(short_name)
        directory.short_names[name] = short_name
        directory.size_bytes += entries_bytes(name, short_name)


def _place(nodes: Sequence[_Node], geometry: Geometry) -> int:
    """Give each its clusters, one after another; how many they take."""
    used = 0
    for node in nodes:
        if node.size_bytes:
            node.cluster = FIRST_CLUSTER + used
            used += -(-node.size_bytes // geometry.cluster_bytes)
    return used


def _table(nodes: Sequence[_Node], geometry: Geometry) -> bytes:
    """One copy of the file allocation table: each cluster names the next one of its file."""
    end = 0x0FFFFFFF if geometry.is_fat32 else 0xFFFF
    table = array("I" if geometry.is_fat32 else "H", [end & ~0xFF | _FIXED_DISK, end])
    for node in nodes:
        clusters = -(-node.size_bytes // geometry.cluster_bytes)
        if clusters:
            table.extend(range(node.cluster + 1, node.cluster + clusters))
            table.append(end)
    if sys.byteorder == "big":
        table.byteswap()
    return table.tobytes().ljust(geometry.fat_sectors * SECTOR_BYTES, b"\0")


def _encode_directory(directory: _Node, root: _Node, parent: _Node | None) -> bytes:
    if directory is root:
        encoded = label_entry(LABEL)
    else:
        encoded = dot_entries(directory.cluster, 0 if parent is root or parent is None else parent.cluster)
    for name, node in directory.children.items():
        short_name = directory.short_names[name]
        if node.index is None:
            encoded += entries_of(name, short_name, DIRECTORY, node.cluster, 0)
        else:
            encoded += entries_of(name, short_name, ARCHIVE | READ_ONLY, node.cluster, node.size_bytes)
    return encoded


def _front(geometry: Geometry, root: _Node, free_clusters: int) -> bytes:
    """Everything before the tables: the boot sector, and FAT32's second one, its copies and counts."""
    boot = _boot_sector(geometry, root)
    if not geometry.is_fat32:
        return boot
    counts = struct.pack("<I480sIII12sI", 0x41615252, b"", 0x61417272, free_clusters, 0xFFFFFFFF, b"", 0xAA550000)
    third = bytes(510) + b"\x55\xaa"
    start = (boot + counts + third).ljust(_BACKUP_BOOT_SECTOR * SECTOR_BYTES, b"\0")
    return (start + boot + counts + third).ljust(geometry.reserved_sectors * SECTOR_BYTES, b"\0")


def _boot_sector(geometry: Geometry, root: _Node) -> bytes:
    """BPB: jump 3, maker 8, sector size 2, sectors per cluster 1, reserved 2, FATs 1, root entries 2, sectors 2 (0: see
    further on), medium 1, FAT16's table size 2, track 2, heads 2, sectors before 4, sectors 4; then what differs."""
    bpb = struct.pack(
        "<8sHBHBHHBHHHII",
        *(b"BOOTBEAM", SECTOR_BYTES, geometry.cluster_bytes // SECTOR_BYTES, geometry.reserved_sectors, FAT_COPIES),
        *(geometry.root_entries, 0, _FIXED_DISK, 0 if geometry.is_fat32 else geometry.fat_sectors),
        *(_SECTORS_PER_TRACK, _HEADS, 0, geometry.sectors),
    )
    if geometry.is_fat32:
        # table size 4, flags 2, version 2, root's cluster 4, counts' sector 2, backup's sector 2, reserved 12
        bpb += struct.pack(
            "<IHHIHH12s", geometry.fat_sectors, 0, 0, root.cluster, _FSINFO_SECTOR, _BACKUP_BOOT_SECTOR, b""
        )
    serial = geometry.sectors & 0xFFFFFFFF
    name = b"FAT32" if geometry.is_fat32 else b"FAT16"
    bpb += struct.pack("<BBBI11s8s", _DRIVE, 0, _EXTENDED_BOOT_SIGNATURE, serial, LABEL, name.ljust(8))
    jump = b"\xeb" + bytes([len(bpb) + 1]) + b"\x90"
    return (jump + bpb + _BOOT_CODE).ljust(510, b"\0") + b"\x55\xaa"


def _joined(pieces: Sequence[bytes | FileData]) -> tuple[bytes | FileData, ...]:
    """The same volume with neighbouring bytes as one piece, and without what is empty."""
    joined: list[bytes | FileData] = []
    for piece in pieces:
        if isinstance(piece, FileData):
            if piece.size_bytes:
                joined.append(piece)
        elif joined and isinstance(joined[-1], bytes):
            joined[-1] += piece
        else:
            joined.append(piece)
    return tuple(joined)
