import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import ImageError
from bootbeam.formats.image_entry import Budget, Extent
from bootbeam.formats.udf.file_entry import MAX_ALLOCATION_DESCRIPTORS, Address, FileEntry, read_file_entry
from bootbeam.formats.udf.volume import read_logical_volume
from tests.formats.udf.blocks import PARTITION_START, file_entry, image, long_ad, sealed, short_ad, u32
from tests.image_bytes import reading

GIB = 1 << 30
ICB = 5


def read(entry: bytes, blocks: dict[int, bytes] | None = None, budget: int = 1000) -> FileEntry:
    data = image(blocks={ICB: entry} | (blocks or {}))
    volume = read_logical_volume(reading(data), len(data))
    return read_file_entry(reading(data), volume, Address(0, ICB), Budget(budget))


def at(block: int) -> int:
    return (PARTITION_START + block) * 2048


@pytest.mark.parametrize("extended", [False, True])
@pytest.mark.parametrize("attributes", [b"", b"extended attributes."])
def test_the_two_kinds_say_the_same(extended: bool, attributes: bytes) -> None:
    found = read(file_entry(ICB, 5, 3000, short_ad(3000, 10), extended=extended, attributes=attributes))
    assert found == FileEntry(5, 3000, (Extent(at(10), 3000),), 1_600_000_000, "")


@pytest.mark.parametrize("extended", [False, True])
def test_contents_may_stand_in_the_entry_itself(extended: bool) -> None:
    entry = file_entry(ICB, 5, 5, b"abcde", form=3, extended=extended)
    data = image(blocks={ICB: entry})
    found = read(entry)
    assert [data[extent.offset : extent.offset + extent.size_bytes] for extent in found.extents] == [b"abcde"]


def test_long_descriptors_name_their_partition() -> None:
    found = read(file_entry(ICB, 5, 3000, long_ad(2048, 10) + long_ad(2048, 20), form=1))
    assert found.extents == (Extent(at(10), 2048), Extent(at(20), 952))
    with pytest.raises(ImageError, match="partition"):
        read(file_entry(ICB, 5, 3000, long_ad(3000, 10, partition=3), form=1))


def test_extents_of_a_gib_are_put_together() -> None:
    step = GIB - 2048
    area = short_ad(step, 10) + short_ad(step, 20) + short_ad(100, 30)
    assert read(file_entry(ICB, 5, 2 * step + 100, area)).extents == (
        Extent(at(10), step),
        Extent(at(20), step),
        Extent(at(30), 100),
    )
    joined = short_ad(20 * 2048, 10) + short_ad(20 * 2048, 30)
    assert read(file_entry(ICB, 5, 40 * 2048, joined)).extents == (Extent(at(10), 40 * 2048),)


def test_a_descriptor_of_length_0_ends_them() -> None:
    area = short_ad(2048, 10) + short_ad(0, 0) + short_ad(2048, 20)
    assert "never recorded" in read(file_entry(ICB, 5, 4096, area)).unreadable


@pytest.mark.parametrize("kind", [1, 2])
def test_parts_that_were_never_recorded_make_a_file_unreadable(kind: int) -> None:
    found = read(file_entry(ICB, 5, 4096, short_ad(2048, 10) + short_ad(2048, 11, kind=kind)))
    assert found.extents == ()
    assert "never recorded" in found.unreadable


def test_space_behind_the_end_of_a_file_does_not_matter() -> None:
    found = read(file_entry(ICB, 5, 100, short_ad(100, 10) + short_ad(8192, 50, kind=1)))
    assert found.extents == (Extent(at(10), 100),)
    assert found.unreadable == ""


def continuation(block: int, area: bytes) -> bytes:
    return sealed(258, block, bytes(4) + u32(len(area)) + area)


def test_descriptors_go_on_in_another_block() -> None:
    entry = file_entry(ICB, 5, 4096, short_ad(2048, 10) + short_ad(2048, 40, kind=3))
    found = read(entry, {40: continuation(40, short_ad(2048, 20))})
    assert found.extents == (Extent(at(10), 2048), Extent(at(20), 2048))


def test_a_continuation_that_is_none_is_an_image_error() -> None:
    entry = file_entry(ICB, 5, 4096, short_ad(2048, 40, kind=3))
    for block in (bytes(2048), sealed(256, 40, bytes(100)), continuation(41, b""), sealed(258, 40, u32(0) + u32(4000))):
        with pytest.raises(ImageError):
            read(entry, {40: block})


def test_continuations_in_a_circle_are_an_image_error() -> None:
    entry = file_entry(ICB, 5, 4096, short_ad(2048, 40, kind=3))
    circle = {40: continuation(40, short_ad(2048, 40, kind=3))}
    with pytest.raises(ImageError, match="extents"):
        read(entry, circle, budget=10**9)
    with pytest.raises(ImageError, match="entangled"):
        read(entry, circle, budget=100)
    assert MAX_ALLOCATION_DESCRIPTORS < 10**6


def test_unusual_descriptors_are_refused_in_words() -> None:
    assert "extended allocation" in read(file_entry(ICB, 5, 5, bytes(20), form=2)).unreadable
    with pytest.raises(ImageError, match="strategy 4096"):
        read(file_entry(ICB, 5, 5, b"abcde", form=3, strategy=4096))


@pytest.mark.parametrize(
    "entry",
    [
        file_entry(ICB, 5, 10**15, b"abcde", form=3),
        file_entry(ICB + 1, 5, 5, b"abcde", form=3),
        sealed(256, ICB, bytes(200)),
        sealed(261, ICB, bytes(30)),
        file_entry(ICB, 5, 10, short_ad(10, 5000)),
        bytes(2048),
    ],
)
def test_an_entry_that_contradicts_itself_is_an_image_error(entry: bytes) -> None:
    with pytest.raises(ImageError):
        read(entry)


def test_lengths_that_reach_over_the_block_are_an_image_error() -> None:
    body = bytearray(file_entry(ICB, 5, 5, b"abcde", form=3)[16:])
    for offset in (168 - 16, 172 - 16):
        changed = body.copy()
        struct.pack_into("<I", changed, offset, 0xFFFFFFFF)
        with pytest.raises(ImageError):
            read(sealed(261, ICB, bytes(changed)))


@given(st.binary(min_size=0, max_size=300), st.sampled_from([261, 266]))
def test_any_bytes_are_an_entry_or_an_image_error(body: bytes, identifier: int) -> None:
    with contextlib.suppress(ImageError):
        read(sealed(identifier, ICB, body))


@given(st.integers(0, 3), st.binary(max_size=80), st.integers(0, 1 << 64 - 1), st.booleans())
def test_any_descriptors_cover_the_file_or_say_why_not(form: int, area: bytes, size_bytes: int, extended: bool) -> None:
    with contextlib.suppress(ImageError):
        found = read(file_entry(ICB, 5, size_bytes, area, form=form, extended=extended))
        assert found.unreadable or sum(extent.size_bytes for extent in found.extents) == size_bytes
