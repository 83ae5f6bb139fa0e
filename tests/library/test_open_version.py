import os
from pathlib import Path

import pytest

from bootbeam.formats.identity import Identity, Kind
from bootbeam.library.content import Content, ContentChanged
from bootbeam.library.open_version import OpenVersion
from bootbeam.library.settling import Stamp

IDENTITY = Identity(Kind.UNKNOWN, "test data", 10)
OLD_S = 1_600_000_000


def opened(path: Path, *, sha256: str | None = None, is_copy: bool = False) -> OpenVersion:
    fd = os.open(path, os.O_RDONLY)
    stamp = Stamp.of(os.fstat(fd))
    return OpenVersion(fd, stamp.size_bytes, stamp, IDENTITY, sha256, None if is_copy else path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "image"
    path.write_bytes(b"0123456789")
    os.utime(path, (OLD_S, OLD_S))
    return path


def content_of(version: OpenVersion) -> Content:
    content = version.content("name", "image", "application/efi")
    assert content is not None
    return content


def test_a_content_names_the_version_it_is_of(path: Path) -> None:
    version = opened(path, sha256="ab" * 32, is_copy=True)
    content = content_of(version)
    assert (content.name, content.role, content.media_type, content.size_bytes) == (
        "name",
        "image",
        "application/efi",
        10,
    )
    assert content.read_at(0, 100) == b"0123456789"
    assert content.version is not None
    assert (content.version.size_bytes, content.version.mtime_s, content.version.sha256()) == (10, OLD_S, "ab" * 32)
    assert version.version_id == "ab" * 6
    content.close()
    version.retire()


def test_the_descriptor_is_closed_when_the_last_reader_leaves_a_retired_version(path: Path) -> None:
    version = opened(path)
    first, second = content_of(version), content_of(version)
    first.close()
    version.retire()
    assert not version.is_closed
    assert version.content("name", "image", "") is None
    assert second.read_at(0, 3) == b"012"
    second.close()
    assert version.is_closed
    version.retire()  # once more does no harm


def test_a_version_in_use_by_nobody_is_closed_at_once(path: Path) -> None:
    version = opened(path)
    fd = version.fd
    version.retire()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def test_a_digest_that_comes_later_is_seen_by_contents_already_open(path: Path) -> None:
    version = opened(path)
    content = content_of(version)
    assert content.version is not None
    assert content.version.sha256() is None
    assert len(version.version_id) == 12
    version_id = version.version_id
    version.sha256 = "cd" * 32
    assert content.version.sha256() == "cd" * 32
    assert version.version_id == version_id  # it was told to clients
    content.close()
    version.retire()


def _grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def _rewrite(path: Path) -> None:
    path.write_bytes(b"abcdefghij")


def _rewrite_and_set_the_time_back(path: Path) -> None:
    path.write_bytes(b"abcdefghij")
    os.utime(path, (OLD_S, OLD_S))


@pytest.mark.parametrize("change", [_grow, _rewrite, _rewrite_and_set_the_time_back, lambda path: os.truncate(path, 3)])
def test_a_large_file_rewritten_under_a_transfer_ends_it(path: Path, change: object) -> None:
    assert callable(change)
    version = opened(path)
    content = content_of(version)
    content.check()
    change(path)
    with pytest.raises(ContentChanged, match="image"):
        content.check()
    assert not version.is_intact
    content.close()
    version.retire()


def _replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"another build")
    other.replace(path)


def _move_away(path: Path) -> None:
    path.rename(path.with_name("image.old"))


def _move_away_and_make_anew(path: Path) -> None:
    _move_away(path)
    path.write_bytes(b"another build")


@pytest.mark.parametrize("change", [_replace, _move_away, _move_away_and_make_anew, Path.unlink])
def test_a_large_file_replaced_under_a_transfer_is_sent_to_its_end(path: Path, change: object) -> None:
    assert callable(change)
    version = opened(path)
    content = content_of(version)
    change(path)
    content.check()
    content.check()
    assert content.read_at(0, 100) == b"0123456789"
    content.close()
    version.retire()


def test_a_write_through_another_name_is_seen_too(path: Path) -> None:
    version = opened(path)
    content = content_of(version)
    _move_away(path)
    content.check()
    _rewrite(path.with_name("image.old"))
    with pytest.raises(ContentChanged):
        content.check()
    content.close()
    version.retire()


def test_nothing_can_change_a_copy(path: Path) -> None:
    version = opened(path, is_copy=True)
    _grow(path)
    version.check()
    assert version.is_private_copy
    version.retire()
