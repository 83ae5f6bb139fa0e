"""Archives: files that other files are packed in. Nothing here boots one; what is inside may.

Sources: APPNOTE.TXT §4.3.7 (ZIP), POSIX pax, "ustar Interchange Format" (tar), the 7z and RAR formats' own first bytes.
"""

from enum import StrEnum


class Archive(StrEnum):
    """A kind of archive, in the words for a person."""

    ZIP = "ZIP archive"
    SEVEN_ZIP = "7-Zip archive"
    RAR = "RAR archive"
    TAR = "tar archive"


_MAGICS: tuple[tuple[bytes, Archive], ...] = (
    (b"PK\x03\x04", Archive.ZIP),
    (b"7z\xbc\xaf\x27\x1c", Archive.SEVEN_ZIP),
    (b"Rar!\x1a\x07", Archive.RAR),
)
_TAR_MAGIC = b"ustar"
_TAR_MAGIC_OFFSET = 257


def archive_of(head: bytes) -> Archive | None:
    """The kind of archive that starts with ``head`` (its first 512 bytes or more); None when it is none."""
    if head[_TAR_MAGIC_OFFSET : _TAR_MAGIC_OFFSET + len(_TAR_MAGIC)] == _TAR_MAGIC:
        return Archive.TAR
    return next((archive for magic, archive in _MAGICS if head.startswith(magic)), None)
