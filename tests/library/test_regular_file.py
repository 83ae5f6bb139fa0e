"""What is no file, and how a person is told."""

import os
import shlex
import socket
from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.library.regular_file import insist_directory, insist_regular, is_directory, is_file, unreadable


def refusal(path: Path) -> UserError:
    with pytest.raises(UserError) as caught:
        insist_regular(path)
    return caught.value


def test_a_file_is_one_also_behind_a_link(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.touch()
    link.symlink_to(file)
    insist_regular(file)
    insist_regular(link)


def test_what_is_none_is_called_by_its_name(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert refusal(pipe).what == f"{pipe} is a pipe"
    assert "is a directory" in refusal(tmp_path).what
    assert refusal(Path("/dev/null")).what == "/dev/null is a device"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "socket"))
        assert "is a socket" in refusal(tmp_path / "socket").what


def test_commands_can_be_pasted_whatever_the_name_is(tmp_path: Path) -> None:
    pipe = tmp_path / "it's $(touch x)"
    os.mkfifo(pipe)
    assert shlex.split(refusal(pipe).fix.rpartition("cat ")[2])[0] == str(pipe)


def test_a_link_that_leads_nowhere_is_not_said_to_be_missing(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("gone")
    assert "leads nowhere" in unreadable(link, FileNotFoundError(2, "No such file")).what
    assert "does not exist" in unreadable(tmp_path / "gone", FileNotFoundError(2, "No such file")).what


def test_a_directory_that_is_none(tmp_path: Path) -> None:
    insist_directory(tmp_path)
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(UserError, match="is no directory"):
        insist_directory(file)
    with pytest.raises(UserError, match="does not exist"):
        insist_directory(tmp_path / "gone")


def test_what_cannot_be_looked_at_is_not_there(tmp_path: Path) -> None:
    assert is_directory(tmp_path)
    assert not is_file(tmp_path)
    (tmp_path / "file").touch()
    assert is_file(tmp_path / "file")
    too_long = tmp_path / ("x" * 300)  # an error that even root gets
    assert not is_directory(too_long)
    assert not is_file(too_long)
