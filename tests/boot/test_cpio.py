"""cpio archives: GNU cpio and the kernel's own rules must read what we write."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bootbeam.boot.cpio import Archive, Member, MemberData, plan_archive
from bootbeam.errors import UserError

GIB = 1 << 30


def encoded(*files: tuple[str, bytes], mode: int = 0o644) -> bytes:
    members = [Member(path, len(data), mode) for path, data in files]
    archive = plan_archive(members)
    data = archive.encode([data for _, data in files])
    assert len(data) == archive.size_bytes
    return data


def unpacked(data: bytes, directory: Path) -> dict[str, bytes]:
    subprocess.run(
        ["cpio", "--extract", "--quiet", "--no-absolute-filenames"], input=data, cwd=directory, check=True, timeout=20
    )
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.mark.peer
def test_gnu_cpio_reads_it(tmp_path: Path) -> None:
    files = (
        ("preseed.cfg", b"d-i locale string C\n"),
        ("conf/conf.d/bootbeam", b""),
        ("conf/a", b"123"),
        ("bin/x", b"#!/bin/sh"),
    )
    data = encoded(*files)
    listing = subprocess.run(["cpio", "-tv"], input=data, capture_output=True, check=True, timeout=20)
    names = [line.split()[-1] for line in listing.stdout.decode().splitlines()]
    assert names == ["conf", "conf/conf.d", "bin", "preseed.cfg", "conf/conf.d/bootbeam", "conf/a", "bin/x"]
    assert unpacked(data, tmp_path) == dict(files)


@pytest.mark.peer
def test_file_permissions(tmp_path: Path) -> None:
    unpacked(encoded(("hooks/run", b"x"), mode=0o755), tmp_path)
    assert (tmp_path / "hooks/run").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "hooks").stat().st_mode & 0o777 == 0o755


@pytest.mark.peer
@settings(max_examples=15, deadline=None)
@given(
    files=st.dictionaries(
        st.from_regex(r"[a-z]{1,9}(/[a-z0-9]{1,9}[.]x){0,2}", fullmatch=True),
        st.binary(max_size=40),
        min_size=1,
        max_size=5,
    )
)
def test_gnu_cpio_reads_any_files(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    if any(other.startswith(f"{path}/") for path in files for other in files):
        return
    assert unpacked(encoded(*files.items()), tmp_path_factory.mktemp("cpio")) == files


def test_two_archives_one_after_the_other_stay_aligned() -> None:
    for size in range(9):
        assert len(encoded(("a", b"x" * size))) % 4 == 0


def test_a_header_by_hand() -> None:
    """buffer-format.rst: thirteen fields of eight digits after the magic, the name, padding, the contents."""
    data = encoded(("ab", b"hello"))
    assert data[:6] == b"070701"
    fields = [int(data[6 + 8 * n : 14 + 8 * n], 16) for n in range(13)]
    assert fields == [0, 0o100644, 0, 0, 1, 0, 5, 0, 0, 0, 0, 3, 0]
    assert data[110:116] == b"ab\0" + b"\0" * 3
    assert data[116:124] == b"hello\0\0\0"
    assert data[124:130] == b"070701"
    assert data[124 + 110 : 124 + 121] == b"TRAILER!!!\0"


def test_a_member_of_gigabytes_is_never_read() -> None:
    archive = plan_archive([Member("proxmox.iso", 2 * GIB), Member("a", 3)])
    assert [piece for piece in archive.pieces if isinstance(piece, MemberData)] == [
        MemberData(0, 2 * GIB),
        MemberData(1, 3),
    ]
    assert archive.size_bytes > 2 * GIB
    assert sum(len(piece) for piece in archive.pieces if isinstance(piece, bytes)) < 1000


def test_the_largest_member() -> None:
    piece = plan_archive([Member("a", 4 * GIB - 1)]).pieces[0]
    assert isinstance(piece, bytes)
    assert b"FFFFFFFF" in piece
    with pytest.raises(UserError, match="4294967295"):
        plan_archive([Member("a", 4 * GIB)])


@pytest.mark.parametrize("path", ["", "/", "..", "a/../b", "./a", "a\nb", "a\0b", "TRAILER!!!", "x" * 1025])
def test_paths_that_cannot_be(path: str) -> None:
    with pytest.raises(UserError):
        plan_archive([Member(path, 1)])


def test_a_path_twice_or_a_file_where_a_directory_must_be() -> None:
    with pytest.raises(UserError, match="same path"):
        plan_archive([Member("a", 1), Member("/a", 1)])
    with pytest.raises(UserError, match="same path"):
        plan_archive([Member("a", 1), Member("a/b", 1)])


def test_an_empty_archive_is_its_trailer() -> None:
    assert plan_archive([]) == Archive((encoded(),))
    assert len(encoded()) == 124


def test_too_many_files() -> None:
    with pytest.raises(UserError, match="1000"):
        plan_archive([Member(f"a{number}", 0) for number in range(1001)])
