"""What requests that came together see of a file."""

import threading
from pathlib import Path

import pytest

from bootbeam.library.one_look import one_moment, stamp_of


def test_within_one_moment_a_file_is_as_it_was_at_the_first_look(tmp_path: Path) -> None:
    file, other = tmp_path / "kernel", tmp_path / "initrd"
    file.write_bytes(b"one")
    with one_moment():
        before = stamp_of(file)
        file.write_bytes(b"other one")
        other.write_bytes(b"two")
        assert stamp_of(file) == before
        assert stamp_of(other).size_bytes == 3
    assert stamp_of(file).size_bytes == 9
    with one_moment():
        assert stamp_of(file).size_bytes == 9


def test_outside_each_look_is_a_new_one(tmp_path: Path) -> None:
    file = tmp_path / "kernel"
    file.write_bytes(b"one")
    assert stamp_of(file).size_bytes == 3
    file.write_bytes(b"three")
    assert stamp_of(file).size_bytes == 5


def test_a_file_that_is_gone_is_looked_for_again(tmp_path: Path) -> None:
    file = tmp_path / "kernel"
    with one_moment():
        with pytest.raises(FileNotFoundError):
            stamp_of(file)
        file.write_bytes(b"one")
        assert stamp_of(file).size_bytes == 3


def test_other_threads_have_no_part_in_it(tmp_path: Path) -> None:
    file = tmp_path / "kernel"
    file.write_bytes(b"one")
    seen: list[int] = []
    with one_moment():
        stamp_of(file)
        file.write_bytes(b"three")
        thread = threading.Thread(target=lambda: seen.append(stamp_of(file).size_bytes))
        thread.start()
        thread.join()
    assert seen == [5]


def test_a_moment_ends_with_an_error_too(tmp_path: Path) -> None:
    file = tmp_path / "kernel"
    with pytest.raises(FileNotFoundError), one_moment():
        stamp_of(file)
    file.write_bytes(b"one")
    assert stamp_of(file).size_bytes == 3
    file.write_bytes(b"three")
    assert stamp_of(file).size_bytes == 5
