"""What a file is at the first look, and which need not be left alone before they are believed."""

from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.formats.identity import Identity, Kind
from bootbeam.library.first_look import Seen, is_finished, look_into
from bootbeam.library.settling import Stamp
from tests.image_bytes import elf32, iso9660, multiboot1

ISO = iso9660(sectors=400)
KERNEL = elf32(multiboot1() + b"k" * 5000)


def written(directory: Path, data: bytes) -> Path:
    path = directory / "image"
    path.write_bytes(data)
    return path


def test_it_tells_what_the_file_is_and_the_stamp_that_goes_with_it(tmp_path: Path) -> None:
    path = written(tmp_path, ISO)
    seen = look_into(path)
    assert (seen.identity.kind, seen.stamp) == (Kind.ISO_IMAGE, Stamp.of(path.stat()))
    assert look_into(path, seen) is seen


def test_an_empty_file_is_refused_though_it_was_seen_so_before(tmp_path: Path) -> None:
    path = written(tmp_path, b"")
    seen = Seen(Stamp.of(path.stat()), Identity(Kind.UNKNOWN, "empty file", 0))
    with pytest.raises(UserError, match="is empty"):
        look_into(path, seen)


@pytest.mark.parametrize(("data", "is_ready"), [(ISO, True), (ISO[: len(ISO) // 2], False), (KERNEL, False)])
def test_only_a_whole_iso_is_finished(tmp_path: Path, data: bytes, is_ready: bool) -> None:
    path = written(tmp_path, data)
    assert is_finished(path, look_into(path)) is is_ready


def test_an_iso_that_a_program_can_write_to_is_not_finished(tmp_path: Path) -> None:
    path = written(tmp_path, ISO)
    with path.open("r+b"):
        assert not is_finished(path, look_into(path))
    assert is_finished(path, look_into(path))


def test_an_iso_that_was_replaced_since_is_not_finished(tmp_path: Path) -> None:
    path = written(tmp_path, ISO)
    seen = look_into(path)
    other = tmp_path / "other"
    other.write_bytes(ISO)
    other.replace(path)
    assert not is_finished(path, seen)
    path.unlink()
    assert not is_finished(path, seen)
