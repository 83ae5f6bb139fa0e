"""FAT file systems (12, 16 and 32 bits), read as far as it takes to say which files are there.

Source: Microsoft FAT32 File System Specification 1.03.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bootbeam.errors import ImageError
from bootbeam.formats.fields import Fields, ReadAt

MAX_DIRECTORY_BYTES = 2 << 20
"""FAT's own limit: 65536 entries."""
_ENTRY_BYTES = 32
_END, _DELETED = 0x00, 0xE5
_LONG_NAME, _VOLUME_LABEL, _DIRECTORY = 0x0F, 0x08, 0x10
_LAST_PART, _PART_NUMBER = 0x40, 0x1F
_FAT12_CLUSTERS, _FAT16_CLUSTERS = 4085, 65525
"""A file system with fewer clusters is FAT12, FAT16."""


@dataclass(frozen=True, slots=True)
class FatEntry:
    """A file or directory."""

    names: tuple[str, ...]
    """The short one (8.3) in capitals, and the long one if it has one, in capitals too: case does not count in FAT."""
    is_directory: bool
    cluster: int
    """Its first; 0 for an empty file, and for the root directory."""
    size_bytes: int


@dataclass(frozen=True, slots=True)
class FatFileSystem:
    """A FAT file system over ``read_at``."""

    read_at: ReadAt
    entry_bits: int
    """12, 16 or 32: of one entry of the table."""
    cluster_bytes: int
    table_offset: int
    root_offset: int
    """Where the root directory of FAT12 and FAT16 lies."""
    root_bytes: int
    """Its size; 0 for FAT32, whose root is a chain of clusters like any directory."""
    root_cluster: int
    data_offset: int
    """Where cluster 2 lies."""
    clusters: int

    def find(self, path: str) -> FatEntry | None:
        """The file or directory at ``path``, ``/``-separated; None when there is none.

        Raises:
            ImageError: the file system contradicts itself on the way there.
        """
        found = FatEntry(("",), True, 0, 0)
        for step in path.upper().split("/"):
            if not found.is_directory:
                return None
            entry = next((entry for entry in self._list(found.cluster) if step in entry.names), None)
            if entry is None:
                return None
            found = entry
        return found

    def _list(self, cluster: int) -> Iterator[FatEntry]:
        """The directory that begins at ``cluster``; 0 is the root."""
        long_name: list[str] = []
        sum_of_long_name = -1
        for raw in self._entries(cluster):
            entry = Fields(raw, "FAT directory entry")
            first, attributes = entry.u8(0), entry.u8(11)
            if first == _END:
                return
            if first == _DELETED:
                long_name.clear()
            elif attributes & 0x3F == _LONG_NAME:
                if first & _LAST_PART:
                    long_name.clear()
                    sum_of_long_name = entry.u8(13)
                part = entry.take(1, 10) + entry.take(14, 12) + entry.take(28, 4)
                long_name.insert(0, part.decode("utf-16-le", "replace"))
            else:
                names = [_short_name(raw)]
                if long_name and sum_of_long_name == _checksum(raw[:11]):
                    names.append("".join(long_name).split("\0", 1)[0].upper())
                long_name.clear()
                if not attributes & _VOLUME_LABEL:
                    start = entry.u16(26) | (entry.u16(20) << 16 if self.entry_bits == 32 else 0)
                    yield FatEntry(tuple(names), bool(attributes & _DIRECTORY), start, entry.u32(28))

    def _entries(self, cluster: int) -> Iterator[bytes]:
        for data in self._directory(cluster):
            for at in range(0, len(data) - _ENTRY_BYTES + 1, _ENTRY_BYTES):
                yield data[at : at + _ENTRY_BYTES]

    def _directory(self, cluster: int) -> Iterator[bytes]:
        if cluster == 0 and self.root_bytes:
            yield self.read_at(self.root_offset, self.root_bytes)
            return
        cluster = cluster or self.root_cluster
        for _ in range(max(1, MAX_DIRECTORY_BYTES // self.cluster_bytes)):
            if not 2 <= cluster < self.clusters + 2:
                raise ImageError(f"FAT directory in cluster {cluster}, of {self.clusters}")
            yield self.read_at(self.data_offset + (cluster - 2) * self.cluster_bytes, self.cluster_bytes)
            cluster = self._next(cluster)
            if cluster >= (1 << min(self.entry_bits, 28)) - 8:
                return
        raise ImageError("FAT directory without an end")

    def _next(self, cluster: int) -> int:
        """The cluster behind ``cluster``: its entry in the table."""
        at = self.table_offset + cluster * self.entry_bits // 8
        value = int.from_bytes(self.read_at(at, 4), "little")
        if self.entry_bits == 12:
            return (value >> 4 if cluster & 1 else value) & 0xFFF
        return value & (0xFFFF if self.entry_bits == 16 else 0x0FFFFFFF)


def open_fat(read_at: ReadAt) -> FatFileSystem | None:
    """The FAT file system that begins at offset 0; None when there is none."""
    sector = read_at(0, 512)
    if len(sector) < 512 or sector[510:512] != b"\x55\xaa" or sector[0] not in (0xEB, 0xE9):
        return None
    fields = Fields(sector, "FAT boot sector")
    sector_bytes, cluster_sectors, reserved = fields.u16(11), fields.u8(13), fields.u16(14)
    tables, root_entries = fields.u8(16), fields.u16(17)
    sectors = fields.u16(19) or fields.u32(32)
    table_sectors = fields.u16(22) or fields.u32(36)
    powers_of_two = (512, 1024, 2048, 4096)
    if sector_bytes not in powers_of_two or not cluster_sectors or cluster_sectors & (cluster_sectors - 1):
        return None
    root_sectors = -(-root_entries * _ENTRY_BYTES // sector_bytes)
    root = reserved + tables * table_sectors
    clusters = (sectors - root - root_sectors) // cluster_sectors
    if not (reserved and tables and table_sectors) or clusters < 1:
        return None
    bits = 12 if clusters < _FAT12_CLUSTERS else 16 if clusters < _FAT16_CLUSTERS else 32
    if not fields.u16(22):
        bits = 32  # Only FAT32 has no 16-bit size of its table; small ones that mkfs was told to make are FAT32 too.
    return FatFileSystem(
        read_at=read_at,
        entry_bits=bits,
        cluster_bytes=cluster_sectors * sector_bytes,
        table_offset=reserved * sector_bytes,
        root_offset=root * sector_bytes,
        root_bytes=0 if bits == 32 else root_entries * _ENTRY_BYTES,
        root_cluster=fields.u32(44) & 0x0FFFFFFF if bits == 32 else 0,
        data_offset=(root + root_sectors) * sector_bytes,
        clusters=clusters,
    )


def _short_name(raw: bytes) -> str:
    """ "BOOTX64 EFI" is BOOTX64.EFI."""
    stem, extension = (part.decode("latin-1").rstrip() for part in (raw[:8], raw[8:11]))
    return f"{stem}.{extension}".upper() if extension else stem.upper()


def _checksum(short_name: bytes) -> int:
    """Of a short name, as each part of its long name has it."""
    total = 0
    for byte in short_name:
        total = ((total & 1) << 7) + (total >> 1) + byte & 0xFF
    return total
