import gzip
import hashlib
import io
import os
import random
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootbeam.library import snapshot
from bootbeam.library.snapshot import (
    CHUNK_BYTES,
    DamagedGzip,
    NoRoom,
    Snapshot,
    SnapshotStorage,
    SourceChanged,
    hash_file,
    is_open_for_writing,
)

CONTENTS = random.Random(5).randbytes(3 * CHUNK_BYTES + 12_345)


def held(copy: Snapshot) -> bytes:
    """What the copy holds; closes it."""
    try:
        return os.pread(copy.fd, copy.size_bytes + 1, 0)
    finally:
        os.close(copy.fd)


@pytest.fixture(params=["disk", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> SnapshotStorage:
    return SnapshotStorage(tmp_path if request.param == "disk" else None)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[io.BufferedRandom]:
    with (tmp_path / "source").open("w+b") as file:
        yield file


def fill(source: io.BufferedRandom, data: bytes) -> int:
    source.seek(0)
    source.truncate()
    source.write(data)
    source.flush()
    return source.fileno()


@pytest.mark.parametrize("size_bytes", [0, 1, CHUNK_BYTES, len(CONTENTS)])
def test_a_copy_is_equal_and_its_digest_is_the_files(
    storage: SnapshotStorage, source: io.BufferedRandom, size_bytes: int
) -> None:
    data = CONTENTS[:size_bytes]
    copy = storage.copy(fill(source, data))
    assert copy.sha256 == hashlib.sha256(data).hexdigest()
    assert held(copy) == data


def test_a_copy_has_no_name_and_survives_what_happens_to_the_file(tmp_path: Path) -> None:
    path, copies = tmp_path / "image", tmp_path / "copies"
    copies.mkdir()
    path.write_bytes(CONTENTS)
    with path.open("rb") as file:
        copy = SnapshotStorage(copies).copy(file.fileno())
    assert list(copies.iterdir()) == []
    path.write_bytes(b"overwritten in place")
    path.unlink()
    assert held(copy) == CONTENTS


def share_blocks(target_fd: int, request: int, source_fd: int) -> int:
    """What FICLONE (linux/fs.h) does on Btrfs and XFS, as far as can be seen from outside."""
    assert request == 0x40049409
    os.pwrite(target_fd, os.pread(source_fd, 1 << 30, 0), 0)
    return 0


def test_where_the_file_system_can_share_blocks_nothing_is_copied(
    storage: SnapshotStorage, source: io.BufferedRandom, monkeypatch: pytest.MonkeyPatch
) -> None:
    fd = fill(source, CONTENTS)
    monkeypatch.setattr("fcntl.ioctl", share_blocks)
    monkeypatch.setattr(snapshot, "_copy", lambda *_: pytest.fail("copied all the same"))
    copy = storage.copy(fd)
    assert copy.sha256 == hashlib.sha256(CONTENTS).hexdigest()
    assert held(copy) == CONTENTS


def test_shared_blocks_of_a_file_that_grew_meanwhile_are_no_copy(
    storage: SnapshotStorage, source: io.BufferedRandom, monkeypatch: pytest.MonkeyPatch
) -> None:
    fd = fill(source, CONTENTS)

    def grow_and_share(target_fd: int, request: int, source_fd: int) -> int:
        os.pwrite(source_fd, b"more", len(CONTENTS))
        return share_blocks(target_fd, request, source_fd)

    monkeypatch.setattr("fcntl.ioctl", grow_and_share)
    with pytest.raises(SourceChanged):
        storage.copy(fd)


def test_a_directory_without_unnamed_files_is_used_all_the_same(
    tmp_path: Path, source: io.BufferedRandom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "O_TMPFILE", os.O_RDWR)  # opening a directory so fails with EISDIR
    copies = tmp_path / "copies"
    copies.mkdir()
    copy = SnapshotStorage(copies).copy(fill(source, CONTENTS))
    assert list(copies.iterdir()) == []
    assert held(copy) == CONTENTS


def test_a_file_written_to_while_it_is_copied_gives_no_copy(
    storage: SnapshotStorage, source: io.BufferedRandom, monkeypatch: pytest.MonkeyPatch
) -> None:
    fd = fill(source, CONTENTS)
    write = snapshot._write

    def write_and_disturb(target_fd: int, data: bytes) -> None:
        write(target_fd, data)
        os.pwrite(fd, b"!", 10)

    monkeypatch.setattr(snapshot, "_write", write_and_disturb)
    with pytest.raises(SourceChanged):
        storage.copy(fd)


def test_a_file_cut_while_it_is_copied_gives_no_copy(
    storage: SnapshotStorage, source: io.BufferedRandom, monkeypatch: pytest.MonkeyPatch
) -> None:
    fd = fill(source, CONTENTS)
    write = snapshot._write

    def write_and_cut(target_fd: int, data: bytes) -> None:
        write(target_fd, data)
        os.ftruncate(fd, 100)

    monkeypatch.setattr(snapshot, "_write", write_and_cut)
    with pytest.raises(SourceChanged):
        storage.copy(fd)


def test_failed_copies_leave_no_descriptor_open(
    tmp_path: Path, source: io.BufferedRandom, monkeypatch: pytest.MonkeyPatch
) -> None:
    fd = fill(source, b"\x1f\x8b\x08 no gzip at all")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with pytest.raises(DamagedGzip):
            SnapshotStorage(tmp_path).unpack(fd)

    def change_at_once(*_: object) -> str:
        raise SourceChanged("now")

    monkeypatch.setattr(snapshot, "_copy", change_at_once)
    for _ in range(5):
        with pytest.raises(SourceChanged):
            SnapshotStorage(None).copy(fd)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_copy_that_would_fill_the_disk_is_refused(
    tmp_path: Path, source: io.BufferedRandom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "FREE_BYTES_LEFT", 1 << 62)
    with pytest.raises(NoRoom, match="no room for 1000 bytes"):
        SnapshotStorage(tmp_path).copy(fill(source, bytes(1000)))


def test_a_storage_that_is_gone_is_no_room(tmp_path: Path, source: io.BufferedRandom) -> None:
    with pytest.raises(NoRoom):
        SnapshotStorage(tmp_path / "never-made").copy(fill(source, b"x"))


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(CONTENTS),
        gzip.compress(CONTENTS[:CHUNK_BYTES]) + gzip.compress(CONTENTS[CHUNK_BYTES:]),
        gzip.compress(CONTENTS) + bytes(512),
        gzip.compress(CONTENTS) + b"something else behind",
        gzip.compress(CONTENTS) + b"\x1f",
        gzip.compress(CONTENTS, 0),
    ],
)
def test_a_gzip_file_is_unpacked_as_gzip_does(
    storage: SnapshotStorage, source: io.BufferedRandom, packed: bytes
) -> None:
    copy = storage.unpack(fill(source, packed))
    assert copy.size_bytes == len(CONTENTS)
    assert copy.sha256 == hashlib.sha256(packed).hexdigest()  # of the file as it lies on disk
    assert held(copy) == CONTENTS


def test_members_that_end_where_a_chunk_ends_are_all_unpacked(
    storage: SnapshotStorage, source: io.BufferedRandom, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = [gzip.compress(bytes([n]) * 50) for n in range(20)]
    for chunk_bytes in (1, 2, len(members[0])):
        monkeypatch.setattr(snapshot, "CHUNK_BYTES", chunk_bytes)
        copy = storage.unpack(fill(source, b"".join(members)))
        assert held(copy) == b"".join(bytes([n]) * 50 for n in range(20))


@given(st.binary(max_size=3000), st.integers(1, 70))
def test_any_contents_come_back_in_any_chunks(data: bytes, chunk_bytes: int) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(snapshot, "CHUNK_BYTES", chunk_bytes)
        fd = os.memfd_create("source")
        try:
            os.write(fd, gzip.compress(data))
            assert held(SnapshotStorage(None).unpack(fd)) == data
        finally:
            os.close(fd)


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.999])
def test_a_gzip_file_that_is_cut_off_gives_nothing(
    storage: SnapshotStorage, source: io.BufferedRandom, kept: float
) -> None:
    packed = gzip.compress(CONTENTS)
    with pytest.raises(DamagedGzip, match="end too early"):
        storage.unpack(fill(source, packed[: int(len(packed) * kept)]))


def test_a_damaged_gzip_file_gives_nothing(storage: SnapshotStorage, source: io.BufferedRandom) -> None:
    packed = bytearray(gzip.compress(CONTENTS))
    packed[len(packed) // 2] ^= 0x55
    with pytest.raises(DamagedGzip):
        storage.unpack(fill(source, bytes(packed)))
    wrong_checksum = bytearray(gzip.compress(b"short"))
    wrong_checksum[-8] ^= 1
    with pytest.raises(DamagedGzip, match="damaged"):
        storage.unpack(fill(source, bytes(wrong_checksum)))


def test_a_gzip_bomb_is_stopped_at_the_limit(storage: SnapshotStorage, source: io.BufferedRandom) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(64)) + packer.flush()
    assert len(bomb) < 100_000
    with pytest.raises(DamagedGzip, match="more than 8388608 bytes"):
        storage.unpack(fill(source, bomb), max_bytes=8 << 20)


def test_a_digest_can_be_broken_off(source: io.BufferedRandom) -> None:
    fd = fill(source, CONTENTS)
    assert hash_file(fd, len(CONTENTS)) == hashlib.sha256(CONTENTS).hexdigest()
    assert hash_file(fd, len(CONTENTS), lambda: True) is None
    with pytest.raises(SourceChanged):
        hash_file(fd, len(CONTENTS) + 1)


def test_a_writer_is_seen_for_as_long_as_it_has_the_file_open(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    fd = os.open(path, os.O_RDONLY)
    try:
        assert not is_open_for_writing(fd)
        with path.open("ab"):
            assert is_open_for_writing(fd)
        assert not is_open_for_writing(fd)
        with path.open("rb"):
            assert not is_open_for_writing(fd)
        path.write_bytes(b"nobody who writes is kept waiting")
    finally:
        os.close(fd)
