import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import ImageError
from bootbeam.formats.iso9660.volume import TreeKind, read_own_record, read_volumes
from tests.formats import disc_images
from tests.formats.iso9660.records import ROOT, descriptor, image, record
from tests.image_bytes import reading

ROOT_RECORD = record(b"\0", block=ROOT, size_bytes=2048, flags=2)


def test_each_kind_of_tree_is_told_from_its_descriptor(plain_source: Path, tmp_path: Path) -> None:
    disc = disc_images.xorriso_image(tmp_path / "all.iso", plain_source, "-J", "-iso-level", "4")
    volumes = read_volumes(disc_images.reading_file(disc))
    assert set(volumes) == {TreeKind.PRIMARY, TreeKind.JOLIET, TreeKind.ENHANCED}
    assert len({volume.root.extent_block for volume in volumes.values()}) == 3
    assert not any(volume.disagrees for volume in volumes.values())


def test_what_is_no_iso_9660_image_has_none() -> None:
    assert read_volumes(reading(b"")) == {}
    assert read_volumes(reading(bytes(64 * 2048))) == {}


def test_a_supplementary_descriptor_of_an_unknown_character_set_is_left_out() -> None:
    data = image(blocks={17: descriptor(2, ROOT_RECORD, escapes=b"%/Z"), 18: b"\xffCD001\1"})
    assert set(read_volumes(reading(data))) == {TreeKind.PRIMARY}


def test_descriptors_behind_the_terminator_do_not_count() -> None:
    data = image(blocks={18: descriptor(2, ROOT_RECORD, escapes=b"%/E")})
    assert set(read_volumes(reading(data))) == {TreeKind.PRIMARY}


def test_the_first_of_each_kind_counts() -> None:
    other = record(b"\0", block=99, size_bytes=2048, flags=2)
    data = image(blocks={17: descriptor(1, other), 18: b"\xffCD001\1"})
    assert read_volumes(reading(data))[TreeKind.PRIMARY].root.extent_block == ROOT


def test_a_block_size_that_cannot_be_is_an_image_error() -> None:
    with pytest.raises(ImageError, match="block size"):
        read_volumes(reading(image(blocks={16: descriptor(1, ROOT_RECORD, block_bytes=777)})))


def test_a_block_size_whose_two_forms_differ_is_said() -> None:
    data = bytearray(image())
    data[16 * 2048 + 131] = 1
    assert read_volumes(reading(bytes(data)))[TreeKind.PRIMARY].disagrees


def test_a_directory_that_does_not_begin_with_itself_is_an_image_error() -> None:
    data = image(blocks={30: record(b"A")})
    volume = read_volumes(reading(data))[TreeKind.PRIMARY]
    assert read_own_record(reading(data), volume, ROOT).extent_block == ROOT
    for block in (30, 31, 10**6):
        with pytest.raises(ImageError):
            read_own_record(reading(data), volume, block)


@given(st.binary(min_size=190, max_size=300))
def test_any_descriptor_is_read_or_an_image_error(data: bytes) -> None:
    for kind in (1, 2):
        changed = bytes([kind]) + b"CD001" + data
        with contextlib.suppress(ImageError):
            read_volumes(reading(image(blocks={16: changed.ljust(2048, b"\0")})))
