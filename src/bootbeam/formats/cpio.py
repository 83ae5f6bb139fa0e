"""cpio archives: what an initrd is made of.

Source: cpio(5), Linux ``Documentation/driver-api/early-userspace/buffer-format.rst``. Only the first member's
header is read: the kernel accepts several archives, packed or not, one after the other.
"""

from dataclasses import dataclass

from bootbeam.formats.fields import ReadAt, printable_text, read_fields

MAX_NAME_BYTES = 4096
_NEWC_MAGICS = {b"070701": "newc", b"070702": "crc"}
_ODC_MAGIC = b"070707"
_NEWC_HEADER_BYTES, _ODC_HEADER_BYTES = 110, 76


@dataclass(frozen=True, slots=True)
class CpioArchive:
    """A cpio archive, by its first member."""

    variety: str
    """"newc", "crc" (both fit for an initrd) or "odc" (which the kernel does not take)."""
    first_name: str
    """Name of the first member, for a person."""
    needed_size_bytes: int
    """End of the first member."""


def read_cpio(read_at: ReadAt) -> CpioArchive | None:
    """The cpio archive at offset 0, None when it is not one.

    Raises:
        TruncatedImage: the first member's header is not complete.
    """
    magic = read_at(0, 6)
    if magic in _NEWC_MAGICS:
        return _read_member(read_at, _NEWC_MAGICS[magic], _NEWC_HEADER_BYTES, (94, 8), (54, 8), base=16)
    if magic == _ODC_MAGIC:
        return _read_member(read_at, "odc", _ODC_HEADER_BYTES, (59, 6), (65, 11), base=8)
    return None


def _read_member(
    read_at: ReadAt, variety: str, header_bytes: int, name_size: tuple[int, int], file_size: tuple[int, int], base: int
) -> CpioArchive | None:
    """``name_size`` and ``file_size`` are (offset, digits) of those fields; None when one is not a number."""
    header = read_fields(read_at, 0, header_bytes, "cpio header")
    name_bytes = _number(header.take(*name_size), base)
    file_bytes = _number(header.take(*file_size), base)
    if name_bytes is None or file_bytes is None or not 0 < name_bytes <= MAX_NAME_BYTES:
        return None
    name = read_fields(read_at, header_bytes, name_bytes, "name in the cpio header").take(0, name_bytes)
    end = header_bytes + name_bytes
    if base == 16 and file_bytes:
        end = (end + 3) & ~3  # newc pads the name, so that the contents start on a multiple of four
    return CpioArchive(variety, printable_text(name), end + file_bytes)


def _number(digits: bytes, base: int) -> int | None:
    """``int()`` alone would take signs, spaces and underscores."""
    if not all(chr(digit) in "0123456789abcdefABCDEF" for digit in digits):
        return None
    try:
        return int(digits, base)
    except ValueError:
        return None
