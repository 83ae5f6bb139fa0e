"""The measures of a FAT volume: FAT16 or FAT32, size of a cluster, where what lies.

Source: Microsoft, *FAT: General Overview of On-Disk Format* 1.03, "BPB". The number of clusters alone says which FAT it
is: fewer than 4085 would be FAT12, from 65525 on it is FAT32. Both edges are kept at a distance, as that text advises.
"""

from dataclasses import dataclass

from bootbeam.errors import ImageError

SECTOR_BYTES = 512
ENTRY_BYTES = 32
"""A directory entry, long names' parts too."""
FAT_COPIES = 2
FIRST_CLUSTER = 2
MAX_VOLUME_BYTES = 4 << 30
"""The firmware keeps the whole volume in memory."""

_EDGE = 16
_FEWEST_FAT16, _MOST_FAT16, _FEWEST_FAT32 = 4085 + _EDGE, 65525 - _EDGE, 65525 + _EDGE
_CLUSTER_BYTES = (4096, 2048, 1024, 512)
"""Large ones first: the table of a volume of 4 GB then has a million entries."""
_FAT32_CLUSTER_BYTES = 4096
_ROOT_ENTRIES = 512
"""Of FAT16, whose root directory has a fixed size; the number that everybody uses."""
_FAT32_RESERVED_SECTORS = 32


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where everything lies, in sectors."""

    is_fat32: bool
    cluster_bytes: int
    clusters: int
    reserved_sectors: int
    fat_sectors: int
    """Of one copy of the table."""
    root_sectors: int
    """Of FAT16's root directory; 0 for FAT32, which has it in clusters."""

    @property
    def data_sector(self) -> int:
        """Where the first cluster begins."""
        return self.reserved_sectors + FAT_COPIES * self.fat_sectors + self.root_sectors

    @property
    def sectors(self) -> int:
        """Of the volume."""
        return self.data_sector + self.clusters * self.cluster_bytes // SECTOR_BYTES

    @property
    def root_entries(self) -> int:
        """How many directory entries the root holds; 0 for FAT32: any number."""
        return self.root_sectors * SECTOR_BYTES // ENTRY_BYTES


@dataclass(frozen=True, slots=True)
class Contents:
    """The sizes of what a volume is to hold, in bytes."""

    root_bytes: int
    """The root directory's entries."""
    others: tuple[int, ...]
    """Of each file and each other directory."""


def choose_geometry(contents: Contents) -> Geometry:
    """The smallest volume for ``contents``.

    Raises:
        ImageError: they need more than ``MAX_VOLUME_BYTES``.
    """
    if sum(contents.others) + contents.root_bytes > MAX_VOLUME_BYTES:
        raise ImageError(f"a volume of more than {MAX_VOLUME_BYTES >> 30} GiB")
    for cluster_bytes in _CLUSTER_BYTES:
        clusters = sum(_clusters(size_bytes, cluster_bytes) for size_bytes in contents.others)
        if clusters > _MOST_FAT16:
            break
        if clusters >= _FEWEST_FAT16 or cluster_bytes == SECTOR_BYTES:
            return _fat16(contents, cluster_bytes, max(clusters, _FEWEST_FAT16))
    sizes = (contents.root_bytes, *contents.others)
    return _fat32(sum(_clusters(size_bytes, _FAT32_CLUSTER_BYTES) for size_bytes in sizes))


def _fat16(contents: Contents, cluster_bytes: int, clusters: int) -> Geometry:
    root_bytes = max(contents.root_bytes, _ROOT_ENTRIES * ENTRY_BYTES)
    return Geometry(
        is_fat32=False,
        cluster_bytes=cluster_bytes,
        clusters=clusters,
        reserved_sectors=1,
        fat_sectors=_clusters((FIRST_CLUSTER + clusters) * 2, SECTOR_BYTES),
        root_sectors=_clusters(root_bytes, SECTOR_BYTES),
    )


def _fat32(clusters: int) -> Geometry:
    clusters = max(clusters, _FEWEST_FAT32)
    return Geometry(
        is_fat32=True,
        cluster_bytes=_FAT32_CLUSTER_BYTES,
        clusters=clusters,
        reserved_sectors=_FAT32_RESERVED_SECTORS,
        fat_sectors=_clusters((FIRST_CLUSTER + clusters) * 4, SECTOR_BYTES),
        root_sectors=0,
    )


def _clusters(size_bytes: int, cluster_bytes: int) -> int:
    return -(-size_bytes // cluster_bytes)
