"""The entries of a FAT directory: short names in capitals, 8.3, and before each the parts of its long name.

Source: Microsoft, *FAT: General Overview of On-Disk Format* 1.03, "FAT Directory Structure", "FAT Long Directory
Entries". Every date is the format's first day: what is made here has no age.
"""

import struct
from collections.abc import Container

from bootbeam.errors import ImageError
from bootbeam.formats.fat.geometry import ENTRY_BYTES

MAX_NAME_UNITS = 255
"""UTF-16 code units of a long name."""
LABEL_BYTES = 11

READ_ONLY, VOLUME_LABEL, DIRECTORY, ARCHIVE = 0x01, 0x08, 0x10, 0x20
_LONG_NAME = 0x0F
_LAST_PART = 0x40
_UNITS_PER_PART = 13
_FIRST_DAY = (0 << 9) | (1 << 5) | 1
"""1980-01-01."""
_SHORT_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'()-@^_`{}~")
_NEVER = frozenset('"*/:<>?\\|')
_MAX_TAIL = 99_999
_DOT, _DOT_DOT = b".".ljust(LABEL_BYTES), b"..".ljust(LABEL_BYTES)


def check_name(name: str) -> None:
    """See that a file may be called so.

    Raises:
        ImageError: FAT has no such names.
    """
    units = len(name.encode("utf-16-le", "surrogatepass")) // 2
    fits = 0 < units <= MAX_NAME_UNITS and not name.endswith((".", " ")) and not name.startswith(" ")
    if not fits or not name.isprintable() or _NEVER & set(name):
        raise ImageError(f"{name[:80]!r} cannot be the name of a file on a FAT volume")


def entries_of(name: str, short_name: bytes, attributes: int, cluster: int, size_bytes: int) -> bytes:
    """All entries of one file: the parts of its long name, last part first, then the short one."""
    return _long_name(name, short_name) + short_entry(short_name, attributes, cluster, size_bytes)


def short_entry(short_name: bytes, attributes: int, cluster: int, size_bytes: int) -> bytes:
    """One entry: name 11, attributes 1, reserved 1, creation 1+2+2, access 2, cluster's upper half 2, written 2+2,
    cluster's lower half 2, size 4."""
    return struct.pack(
        "<11sBBBHHHHHHHI",
        *(short_name, attributes, 0, 0, 0, _FIRST_DAY, _FIRST_DAY),
        *(cluster >> 16, 0, _FIRST_DAY, cluster & 0xFFFF, size_bytes),
    )


def dot_entries(cluster: int, parent_cluster: int) -> bytes:
    """What a directory begins with: itself, and the one it is in (0: the root, on FAT32 too)."""
    return short_entry(_DOT, DIRECTORY, cluster, 0) + short_entry(_DOT_DOT, DIRECTORY, parent_cluster, 0)


def label_entry(label: bytes) -> bytes:
    """The volume's name, in its root directory."""
    return short_entry(label, VOLUME_LABEL, 0, 0)


def entries_bytes(name: str, short_name: bytes) -> int:
    """How much room the entries of one file take."""
    return ENTRY_BYTES + len(_long_name(name, short_name))


def short_name_of(name: str, taken: Container[bytes]) -> bytes:
    """An 8.3 name for ``name``, 11 bytes padded with spaces, that is not ``taken``; the name itself where it is one.

    Raises:
        ImageError: there is none left.
    """
    stem, dot, extension = name.upper().rpartition(".")
    if not dot:
        stem, extension = extension, ""
    if 0 < len(stem) <= 8 and len(extension) <= 3 and _SHORT_CHARACTERS.issuperset(stem + extension):
        plain = _padded(stem, extension)
        if plain not in taken:
            return plain
    stem, extension = _short_characters(stem.lstrip(".")) or "_", _short_characters(extension)[:3]
    for number in range(1, _MAX_TAIL + 1):
        tail = f"~{number}"
        made = _padded(stem[: 8 - len(tail)] + tail, extension)
        if made not in taken:
            return made
    raise ImageError(f"too many names like {name[:80]!r} in one directory")


def _short_characters(text: str) -> str:
    """Spaces and dots left out, what 8.3 names cannot hold as an underscore."""
    return "".join(character if character in _SHORT_CHARACTERS else "_" for character in text if character not in " .")


def _padded(stem: str, extension: str) -> bytes:
    return f"{stem:<8}{extension:<3}".encode("ascii")


def _long_name(name: str, short_name: bytes) -> bytes:
    """The parts of a long name; none where the short one says it all."""
    stem, extension = short_name[:8].decode().rstrip(), short_name[8:].decode().rstrip()
    if name == (f"{stem}.{extension}" if extension else stem):
        return b""
    units = name.encode("utf-16-le")
    if len(units) // 2 % _UNITS_PER_PART:
        units += b"\0\0"
    units = units.ljust(-(-len(units) // (2 * _UNITS_PER_PART)) * 2 * _UNITS_PER_PART, b"\xff")
    parts = [units[start : start + 2 * _UNITS_PER_PART] for start in range(0, len(units), 2 * _UNITS_PER_PART)]
    checksum = _checksum(short_name)
    entries = []
    for number, part in enumerate(parts, 1):
        order = number | (_LAST_PART if number == len(parts) else 0)
        # order 1, characters 5, attributes 1, type 1, checksum 1, characters 6, cluster 2 (always 0), characters 2
        entries.append(
            struct.pack("<B10sBBB12sH4s", order, part[:10], _LONG_NAME, 0, checksum, part[10:22], 0, part[22:])
        )
    return b"".join(reversed(entries))


def _checksum(short_name: bytes) -> int:
    total = 0
    for byte in short_name:
        total = ((total >> 1 | total << 7) + byte) & 0xFF
    return total
