"""Archives by their first bytes."""

import pytest

from bootbeam.formats.archive import Archive, archive_of


@pytest.mark.parametrize(
    ("head", "archive"),
    [
        (b"PK\x03\x04" + bytes(600), Archive.ZIP),
        (b"7z\xbc\xaf\x27\x1c" + bytes(600), Archive.SEVEN_ZIP),
        (b"Rar!\x1a\x07\x01\x00" + bytes(600), Archive.RAR),
        (b"disc.iso" + bytes(249) + b"ustar\x0000" + bytes(247), Archive.TAR),
        (b"disc.iso" + bytes(249) + b"ustar  \x00" + bytes(247), Archive.TAR),
        (b"PK\x05\x06", None),
        (b"", None),
        (bytes(512), None),
    ],
)
def test_the_first_bytes_tell(head: bytes, archive: Archive | None) -> None:
    assert archive_of(head) is archive
