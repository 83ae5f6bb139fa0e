"""Contents made of others, by what a server does with them: read parts, watch for changes, close."""

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from bootbeam.library.composed import compose
from bootbeam.library.content import Content, ContentChanged, FileSlice, Version


def opened(path: Path, data: bytes, stack: ExitStack, mtime_s: float = 1.0) -> Content:
    path.write_bytes(data)
    fd = os.open(path, os.O_RDONLY)
    stack.callback(os.close, fd)
    version = Version(len(data), mtime_s, lambda: None)
    return Content(path.name, len(data), slices=(FileSlice(fd, 0, len(data)),), version=version)


def test_pieces_of_files_and_of_memory_follow_each_other(tmp_path: Path) -> None:
    with ExitStack() as stack:
        first = opened(tmp_path / "a", b"AAAA", stack)
        second = opened(tmp_path / "b", b"BB", stack, mtime_s=2.0)
        made = compose("made", [b"12", first, b"", Content("m", 1, body=b"3"), second, b"4"], "loader", stack)
        assert (made.name, made.role, made.size_bytes, made.body) == ("made", "loader", 10, None)
        assert made.read_at(0, 100) == b"12AAAA3BB4"
        for offset in range(10):
            assert made.read_at(offset, 3) == b"12AAAA3BB4"[offset : offset + 3]
        assert made.version is second.version, "the newest"


def test_without_files_it_is_in_memory() -> None:
    with ExitStack() as stack:
        made = compose("made", [b"1", Content("m", 2, body=b"23")], "initrd", stack)
    assert (made.body, made.size_bytes, made.slices) == (b"123", 3, ())


def test_a_file_that_changes_is_told(tmp_path: Path) -> None:
    def check() -> None:
        raise ContentChanged("rewritten")

    with ExitStack() as stack:
        first, second = opened(tmp_path / "a", b"A", stack), opened(tmp_path / "b", b"B", stack)
        second.check = check
        made = compose("made", [first, second], "loader", stack)
        with pytest.raises(ContentChanged, match="rewritten"):
            made.check()


def test_what_it_opened_is_closed_with_the_stack() -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with ExitStack() as stack:
        compose("made", [b"1", Content("file", 0, slices=())], "loader", stack)
        assert len(list(Path("/proc/self/fd").iterdir())) == before + 1
    assert len(list(Path("/proc/self/fd").iterdir())) == before
