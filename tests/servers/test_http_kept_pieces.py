"""Copies of pieces that were asked for before: the right bytes, of the version that is served, and not too many."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bootbeam.library.content import Content, ContentChanged, FileSlice
from bootbeam.servers.http_kept_pieces import MAX_ASKED, MAX_KEPT, MAX_KEPT_BYTES, MIN_PAGES_BYTES, KeptPieces
from bootbeam.wire.http_range import ByteRange
from tests.servers.http_station import open_descriptors

SIZE_BYTES = 4 << 20


class Loop:
    """One turn after the other."""

    def __init__(self) -> None:
        self.soon: list[Callable[[], None]] = []

    def call_soon(self, what: Callable[[], None]) -> None:
        self.soon.append(what)

    def turn(self) -> None:
        soon, self.soon = self.soon, []
        for what in soon:
            what()


class File:
    def __init__(self, path: Path) -> None:
        path.write_bytes(os.urandom(SIZE_BYTES))
        self.fd = os.open(path, os.O_RDONLY)
        self.path = path
        self.is_current = True
        self.is_changed = False
        self.looks = 0
        parts = (FileSlice(self.fd, 0, SIZE_BYTES),)
        self.content = Content("image", SIZE_BYTES, slices=parts, check=self.check, is_current=self.look)

    def look(self) -> bool:
        self.looks += 1
        return self.is_current

    def check(self) -> None:
        if self.is_changed:
            raise ContentChanged("it was rewritten")


@pytest.fixture
def file(tmp_path: Path) -> Iterator[File]:
    made = File(tmp_path / "image")
    yield made
    os.close(made.fd)


def ask_twice(kept: KeptPieces, file: File, request: bytes, part: ByteRange) -> None:
    kept.note(file.content, request, part)
    kept.note(file.content, request, part)


def test_a_piece_is_copied_when_it_is_asked_for_again(file: File) -> None:
    kept, loop, part = KeptPieces(), Loop(), ByteRange(1000, 5000)
    kept.note(file.content, b"a", part)
    assert kept.find(file.content, b"a", loop.call_soon) is None
    kept.note(file.content, b"a", part)
    found = kept.find(file.content, b"a", loop.call_soon)
    assert found is not None
    assert (found.part, found.body) == (part, file.path.read_bytes()[1000:6000])
    assert kept.find(file.content, b"b", loop.call_soon) is None


def test_whether_it_is_what_is_served_is_looked_at_once_in_a_turn(file: File) -> None:
    kept, loop = KeptPieces(), Loop()
    ask_twice(kept, file, b"a", ByteRange(0, 10))
    for _ in range(5):
        assert kept.find(file.content, b"a", loop.call_soon) is not None
    assert file.looks == 1
    loop.turn()
    file.is_current = False
    assert kept.find(file.content, b"a", loop.call_soon) is None
    assert file.looks == 2


def test_of_a_file_that_is_being_rewritten_nothing_is_kept(file: File) -> None:
    kept = KeptPieces()
    file.is_changed = True
    ask_twice(kept, file, b"a", ByteRange(0, 10))
    assert kept.find(file.content, b"a", Loop().call_soon) is None
    file.is_changed = False
    os.truncate(file.path, 100)
    ask_twice(kept, file, b"b", ByteRange(50, 100))
    assert kept.find(file.content, b"b", Loop().call_soon) is None


def test_nothing_is_left_of_a_file_that_is_closed(file: File) -> None:
    kept, loop = KeptPieces(), Loop()
    ask_twice(kept, file, b"a", ByteRange(0, 10))
    kept.note(file.content, b"b", ByteRange(0, 10))
    kept.forget(file.fd)
    assert kept.find(file.content, b"a", loop.call_soon) is None
    kept.note(file.content, b"b", ByteRange(0, 10))
    assert kept.find(file.content, b"b", loop.call_soon) is None, "the first time it was another file, perhaps"


@pytest.mark.parametrize(("size_bytes", "most"), [(1 << 20, MAX_KEPT_BYTES >> 20), (10, MAX_KEPT)])
def test_what_was_not_asked_for_lately_gives_way(file: File, size_bytes: int, most: int) -> None:
    kept, loop = KeptPieces(), Loop()
    for number in range(most):
        ask_twice(kept, file, b"%d" % number, ByteRange(number, size_bytes))
    assert kept.find(file.content, b"0", loop.call_soon) is not None
    ask_twice(kept, file, b"new", ByteRange(0, size_bytes))
    there = [number for number in range(most) if kept.find(file.content, b"%d" % number, loop.call_soon)]
    assert there == [0, *range(2, most)]


def test_a_large_one_is_a_file_in_memory_until_it_gives_way(file: File) -> None:
    kept, loop, part = KeptPieces(), Loop(), ByteRange(4097, MIN_PAGES_BYTES)
    before = open_descriptors()
    ask_twice(kept, file, b"large", part)
    ask_twice(kept, file, b"small", ByteRange(0, MIN_PAGES_BYTES - 1))
    large, small = (kept.find(file.content, each, loop.call_soon) for each in (b"large", b"small"))
    assert large is not None
    assert small is not None
    expected = file.path.read_bytes()[4097 : 4097 + MIN_PAGES_BYTES]
    assert bytes(large.body) == os.pread(large.fd, MIN_PAGES_BYTES + 1, 0) == expected
    assert small.fd == -1
    loop.turn()
    del large
    for number in range(2 * MAX_KEPT_BYTES // MIN_PAGES_BYTES):
        ask_twice(kept, file, b"%d" % number, part)
    assert open_descriptors() == before + 2 * MAX_KEPT_BYTES // MIN_PAGES_BYTES
    kept.forget(file.fd)
    assert open_descriptors() == before


@pytest.mark.parametrize("call", ["memfd_create", "write"])
def test_where_there_is_no_more_room_for_such_a_file_it_is_kept_as_a_small_one(
    file: File, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def fails(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no space left")

    kept, before = KeptPieces(), open_descriptors()
    monkeypatch.setattr(os, call, fails)
    ask_twice(kept, file, b"a", ByteRange(0, MIN_PAGES_BYTES))
    found = kept.find(file.content, b"a", Loop().call_soon)
    assert found is not None
    assert (found.fd, found.body) == (-1, file.path.read_bytes()[:MIN_PAGES_BYTES])
    assert open_descriptors() == before


def test_what_came_once_long_ago_is_forgotten(file: File) -> None:
    kept, part = KeptPieces(), ByteRange(0, 10)
    kept.note(file.content, b"first", part)
    for number in range(MAX_ASKED):
        kept.note(file.content, b"%d" % number, part)
    kept.note(file.content, b"first", part)
    assert kept.find(file.content, b"first", Loop().call_soon) is None
