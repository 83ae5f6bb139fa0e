import contextlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.errors import ImageError
from bootbeam.formats.image_entry import Budget
from bootbeam.formats.iso9660.susp import (
    MAX_CONTINUATION_BYTES,
    SharingProtocol,
    SystemUseEntry,
    SystemUseReader,
    find_sharing_protocol,
)
from tests.formats.iso9660.records import SP, both, susp
from tests.image_bytes import reading


def entries(system_use: bytes, image: bytes = b"", skip_bytes: int = 0) -> list[SystemUseEntry]:
    return list(SystemUseReader(reading(image), 2048, skip_bytes).entries(system_use, Budget(1000)))


def continued(block: int, offset: int, size_bytes: int) -> bytes:
    return susp(b"CE", both(block) + both(offset) + both(size_bytes))


def test_entries_follow_each_other_up_to_the_padding() -> None:
    assert entries(susp(b"NM", b"\0name") + susp(b"XX", b"") + b"\0") == [
        SystemUseEntry(b"NM", b"\0name"),
        SystemUseEntry(b"XX", b""),
    ]


def test_bytes_of_others_before_the_entries_are_skipped() -> None:
    assert entries(bytes(14) + susp(b"NM", b"\0n"), skip_bytes=14) == [SystemUseEntry(b"NM", b"\0n")]


def test_an_area_continues_after_its_last_entry_wherever_the_word_to_do_so_stands() -> None:
    second = susp(b"BB", b"2")
    image = bytes(2048) + bytes(100) + second
    found = entries(continued(1, 100, len(second)) + susp(b"AA", b"1"), image)
    assert [entry.signature for entry in found] == [b"AA", b"BB"]


def test_st_ends_an_area_and_pd_is_padding() -> None:
    found = entries(susp(b"PD", b"...") + susp(b"AA", b"") + susp(b"ST", b"") + b"garbage")
    assert [entry.signature for entry in found] == [b"AA"]


@pytest.mark.parametrize("broken", [b"NM\x03\x01x", b"NM\xff\x01x", b"NM\x00\x01x"])
def test_an_entry_of_an_impossible_length_is_an_image_error(broken: bytes) -> None:
    with pytest.raises(ImageError):
        entries(broken)


def test_areas_in_a_circle_are_an_image_error() -> None:
    there, back = continued(0, 50, 28), continued(0, 0, 28)
    with pytest.raises(ImageError, match="circle"):
        entries(continued(0, 0, 28), there.ljust(50, b"\0") + back)


def test_areas_without_end_are_an_image_error() -> None:
    image = b"".join(continued(0, 28 * number, 28) for number in range(1, 2000))
    with pytest.raises(ImageError, match="circle"):
        entries(continued(0, 0, 28), image)


def test_an_area_behind_the_end_of_the_image_or_too_large_is_an_image_error() -> None:
    with pytest.raises(ImageError, match="behind the end"):
        entries(continued(9, 0, 28), bytes(2048))
    with pytest.raises(ImageError, match="bytes"):
        entries(continued(0, 0, MAX_CONTINUATION_BYTES + 1), bytes(1 << 20))


def test_the_protocol_is_found_on_cd_xa_too() -> None:
    assert find_sharing_protocol(SP) == SharingProtocol(0, 0)
    assert find_sharing_protocol(bytes(14) + b"SP\x07\x01\xbe\xef\x0e") == SharingProtocol(14, 14)
    assert find_sharing_protocol(b"SP\x07\x01\xbe\xee\x00") is None
    assert find_sharing_protocol(b"SP\x07\x01\xbe\xef") is None
    assert find_sharing_protocol(b"") is None


def _areas() -> Iterator[st.SearchStrategy[bytes]]:
    yield st.binary(max_size=60)
    yield st.builds(continued, st.integers(0, 2), st.integers(0, 64), st.integers(0, 100))
    yield st.builds(susp, st.sampled_from([b"NM", b"CE", b"ST", b"SL"]), st.binary(max_size=30))


@given(st.lists(st.one_of(*_areas()), max_size=4).map(b"".join), st.lists(st.one_of(*_areas())).map(b"".join))
def test_any_areas_end_or_are_an_image_error(system_use: bytes, image: bytes) -> None:
    with contextlib.suppress(ImageError):
        entries(system_use, image)
