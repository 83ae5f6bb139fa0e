"""Windows images (WIM), recognised and no more.

Source: Microsoft "Windows Imaging File Format (WIM)", header.
"""

from dataclasses import dataclass

from bootbeam.formats.fields import Fields, ReadAt, read_fields

MAGIC = b"MSWIM\0\0\0"
HEADER_BYTES = 208
_RESOURCE_HEADERS = (48, 72, 96, 124)
"""Where the header tells of the offset table, the XML data, the boot metadata and the integrity table."""


@dataclass(frozen=True, slots=True)
class WimImage:
    """A WIM file."""

    image_count: int
    boot_index: int
    """Number of the image that is booted, 0 for none."""
    needed_size_bytes: int
    """End of the last resource the header points at."""


def read_wim(read_at: ReadAt) -> WimImage | None:
    """The WIM at offset 0, None when it is not one.

    Raises:
        TruncatedImage: the header is not complete.
    """
    if read_at(0, 8) != MAGIC:
        return None
    header = read_fields(read_at, 0, HEADER_BYTES, "WIM header")
    end = max(_resource_end(header, offset) for offset in _RESOURCE_HEADERS)
    return WimImage(header.u32(44), header.u32(120), max(HEADER_BYTES, end))


def _resource_end(header: Fields, offset: int) -> int:
    """A resource header: 7 bytes of size, 1 of flags, 8 of offset in the file, 8 of original size."""
    size_bytes = header.u64(offset) & 0x00FF_FFFF_FFFF_FFFF
    return header.u64(offset + 8) + size_bytes if size_bytes else 0
