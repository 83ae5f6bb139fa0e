"""Directories: a file whose contents are file identifier descriptors. Sources: ECMA-167 §4/14.4; OSTA UDF 2.60 §2.3.4.

Symlinks are here too: a file whose contents are path components (ECMA-167 §4/14.16).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct

from bootbeam.errors import ImageError
from bootbeam.formats.image_entry import Budget, has_control_characters
from bootbeam.formats.udf.file_entry import Address
from bootbeam.formats.udf.tag import TagId, check_tag
from bootbeam.formats.udf.text import decode_compressed_unicode

_DIRECTORY, _DELETED, _PARENT = 0x02, 0x04, 0x08
_FIXED = Struct("<16x2xBBIIH6xH")
"""Tag, version, characteristics, name's length, ICB (length, block, partition, rest), implementation use's length."""
_TO_ROOT, _TO_PARENT, _TO_SELF, _TO_NAME = 2, 3, 4, 5


@dataclass(frozen=True, slots=True)
class FileIdentifier:
    """One entry of a directory."""

    name: str
    is_directory: bool
    icb: Address
    """Where its file entry is."""


def decode_directory(data: bytes, budget: Budget) -> Iterator[FileIdentifier]:
    """The entries in a directory's contents; deleted ones and the one for its parent are left out.

    Raises:
        ImageError: an entry that contradicts itself or reaches over the end.
    """
    at = 0
    while at < len(data):
        budget.spend()
        if at + _FIXED.size > len(data):
            raise ImageError("UDF directory that is cut off")
        characteristics, name_bytes, _, block, partition, use_bytes = _FIXED.unpack_from(data, at)
        name_start = at + _FIXED.size + use_bytes
        end = at + (_FIXED.size + use_bytes + name_bytes + 3) // 4 * 4
        if check_tag(data, "directory entry", start=at, end=end) != TagId.FILE_IDENTIFIER or end > len(data):
            raise ImageError("UDF directory with something else than entries in it")
        if not characteristics & (_DELETED | _PARENT):
            name = decode_compressed_unicode(data[name_start : name_start + name_bytes])
            yield FileIdentifier(name, bool(characteristics & _DIRECTORY), Address(partition, block))
        at = end


def decode_symlink(data: bytes) -> str:
    """The target in a symlink's contents.

    Raises:
        ImageError: a path component that contradicts itself.
    """
    steps, at = list[str](), 0
    while at < len(data):
        if at + 4 > len(data) or at + 4 + data[at + 1] > len(data):
            raise ImageError("UDF symlink with a component that is longer than it")
        kind, name = data[at], data[at + 4 : at + 4 + data[at + 1]]
        if kind == _TO_ROOT:
            steps = [""]
        elif kind in (_TO_PARENT, _TO_SELF):
            steps.append(".." if kind == _TO_PARENT else ".")
        elif kind == _TO_NAME:
            steps.append(decode_compressed_unicode(name))
        else:
            raise ImageError(f"UDF symlink with a component of type {kind}")
        at += 4 + data[at + 1]
    target = "/" if steps == [""] else "/".join(steps)
    if has_control_characters(target):
        raise ImageError(f"UDF symlink with control characters in its target: {target[:80]!r}")
    return target
