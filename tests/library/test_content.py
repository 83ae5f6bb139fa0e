import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.library.content import Content, ContentChanged, FileSlice


def sliced(*parts: tuple[int, int]) -> Content:
    """A content of (offset, size) slices of descriptor 7."""
    return Content("name", sum(size for _, size in parts), slices=tuple(FileSlice(7, *part) for part in parts))


def test_a_range_within_one_slice_is_counted_from_the_slices_own_offset() -> None:
    assert sliced((1000, 500)).slices_of(100, 50) == [FileSlice(7, 1100, 50)]


def test_a_range_over_several_slices_is_taken_apart() -> None:
    content = sliced((1000, 10), (5000, 20), (0, 30))
    assert content.slices_of(5, 30) == [FileSlice(7, 1005, 5), FileSlice(7, 5000, 20), FileSlice(7, 0, 5)]
    assert content.slices_of(10, 20) == [FileSlice(7, 5000, 20)]


def test_a_range_past_the_end_is_cut_off() -> None:
    content = sliced((1000, 10), (5000, 20))
    assert content.slices_of(25, 100) == [FileSlice(7, 5015, 5)]
    assert content.slices_of(30, 1) == []
    assert content.slices_of(0, 0) == []


@given(
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 50)), max_size=6),
    st.integers(0, 200),
    st.integers(0, 200),
)
def test_slices_hold_exactly_the_bytes_asked_for(parts: list[tuple[int, int]], offset: int, size_bytes: int) -> None:
    every_byte = [start + index for start, size in parts for index in range(size)]
    taken = [
        part.offset + index for part in sliced(*parts).slices_of(offset, size_bytes) for index in range(part.size_bytes)
    ]
    assert taken == every_byte[offset : offset + size_bytes]


def test_a_body_in_memory_is_read_short_at_its_end() -> None:
    content = Content("script", 5, body=b"hello")
    assert content.read_at(1, 3) == b"ell"
    assert content.read_at(3, 100) == b"lo"
    assert content.read_at(9, 1) == b""


def test_files_are_read_across_slices(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(range(100)))
    fd = os.open(tmp_path / "file", os.O_RDONLY)
    try:
        content = Content("file", 15, slices=(FileSlice(fd, 90, 10), FileSlice(fd, 0, 5)))
        assert content.read_at(8, 4) == bytes([98, 99, 0, 1])
    finally:
        os.close(fd)


def test_a_file_that_became_shorter_is_never_read_short(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(100))
    fd = os.open(tmp_path / "file", os.O_RDONLY)
    try:
        content = Content("kernel", 100, slices=(FileSlice(fd, 0, 100),))
        os.truncate(tmp_path / "file", 99)
        with pytest.raises(ContentChanged, match="kernel became shorter"):
            content.read_at(90, 10)
    finally:
        os.close(fd)


def test_closing_gives_the_files_back_once() -> None:
    closed: list[bool] = []
    content = Content("file", 0, on_close=lambda: closed.append(True))
    content.close()
    content.close()
    assert closed == [True]
