import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import ImageError
from bootbeam.formats.iso9660.rock_ridge import PosixAttributes, decode_posix_attributes, says_rock_ridge
from bootbeam.formats.iso9660.susp import SystemUseEntry
from tests.formats.iso9660.records import both


def decoded(*entries: tuple[bytes, bytes]) -> PosixAttributes:
    return decode_posix_attributes(SystemUseEntry(signature, data) for signature, data in entries)


def component(text: bytes, flags: int = 0) -> bytes:
    return bytes([flags, len(text)]) + text


def test_a_name_goes_on_in_the_next_entry() -> None:
    assert decoded((b"NM", b"\1first "), (b"NM", b"\0second")).name == "first second"
    assert decoded((b"NM", "\0größe".encode())).name == "größe"


def test_the_names_of_a_directory_itself_and_its_parent_are_none() -> None:
    assert decoded((b"NM", b"\2")).name is None
    assert decoded((b"NM", b"\4")).name is None
    assert decoded().name is None


def test_a_name_without_end_is_an_image_error() -> None:
    with pytest.raises(ImageError):
        decoded(*[(b"NM", b"\1" + b"x" * 250)] * 5)


@pytest.mark.parametrize(
    ("entries", "target"),
    [
        ([b"\0" + component(b"a") + component(b"b")], "a/b"),
        ([b"\0" + component(b"", 8) + component(b"usr")], "/usr"),
        ([b"\0" + component(b"", 8)], "/"),
        ([b"\0" + component(b"", 4) + component(b"", 2) + component(b"x")], ".././x"),
        ([b"\1" + component(b"a") + component(b"b", 1), b"\0" + component(b"c") + component(b"d")], "a/bc/d"),
        ([b"\1" + component(b"a"), b"\0" + component(b"b")], "a/b"),
        ([b"\0"], ""),
    ],
)
def test_a_symlinks_target_is_put_together(entries: list[bytes], target: str) -> None:
    assert decoded(*((b"SL", data) for data in entries)).symlink_target == target


def test_a_damaged_symlink_is_unreadable_and_what_follows_it_is_not_looked_at() -> None:
    found = decoded((b"NM", b"\0link"), (b"SL", b"\0\0\x50short"), (b"NM", b"\0garbage"))
    assert (found.name, found.symlink_target) == ("link", None)
    assert "damaged" in found.unreadable


@pytest.mark.parametrize("target", [b"a\nb", b"\x1b[2J", b"\xc2\x9b"])
def test_control_characters_in_a_target_are_an_image_error(target: bytes) -> None:
    with pytest.raises(ImageError, match="control"):
        decoded((b"SL", b"\0" + component(target)))


def test_a_target_without_end_is_an_image_error() -> None:
    with pytest.raises(ImageError):
        decoded(*[(b"SL", b"\1" + component(b"x" * 240))] * 20)


def test_the_time_of_modification_stands_behind_that_of_creation() -> None:
    created, modified = bytes([100, 1, 1, 0, 0, 0, 0]), bytes([120, 9, 13, 12, 26, 40, 0])
    assert decoded((b"TF", b"\x0e" + modified + bytes(14))).mtime_s == 1_600_000_000
    assert decoded((b"TF", b"\x03" + created + modified)).mtime_s == 1_600_000_000
    assert decoded((b"TF", b"\x01" + created)).mtime_s is None
    assert decoded((b"TF", b"\x82" + b"2020091312264000\0")).mtime_s == 1_600_000_000
    assert decoded((b"TF", b"\x02\x78")).mtime_s is None


def test_moved_directories_are_said() -> None:
    assert decoded((b"CL", both(77))).child_block == 77
    assert decoded((b"RE", b"")).is_relocated


def test_what_has_no_contents_of_its_own_says_why() -> None:
    assert decoded((b"PX", both(0o100644) + bytes(32))).unreadable == ""
    assert "device" in decoded((b"PX", both(0o020666) + bytes(32))).unreadable
    assert "device" in decoded((b"PX", both(0o140666) + bytes(32))).unreadable
    packed = decoded((b"ZF", b"pz" + bytes([4, 15]) + both(123_456)), (b"PX", both(0o100644) + bytes(32)))
    assert "zisofs" in packed.unreadable
    assert packed.size_bytes == 123_456
    assert "sparse" in decoded((b"SF", bytes(17))).unreadable


def test_an_entry_that_is_too_short_is_an_image_error() -> None:
    for signature in (b"NM", b"PX", b"CL", b"ZF"):
        with pytest.raises(ImageError):
            decoded((signature, b""))


def test_the_extension_is_told_by_er_or_by_its_own_entries() -> None:
    def er(identifier: bytes) -> SystemUseEntry:
        return SystemUseEntry(b"ER", struct.pack("4B", len(identifier), 0, 0, 1) + identifier)

    assert says_rock_ridge([er(b"RRIP_1991A")])
    assert says_rock_ridge([er(b"IEEE_1282")])
    assert says_rock_ridge([SystemUseEntry(b"PX", bytes(32))])
    assert not says_rock_ridge([er(b"SOMETHING_ELSE")])
    assert not says_rock_ridge([])


@given(st.lists(st.tuples(st.sampled_from([b"NM", b"SL", b"TF", b"PX", b"CL", b"ZF"]), st.binary(max_size=60))))
def test_any_entries_mean_something_or_are_an_image_error(entries: list[tuple[bytes, bytes]]) -> None:
    with contextlib.suppress(ImageError):
        decoded(*entries)
