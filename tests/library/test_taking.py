import gzip
import hashlib
import os
from pathlib import Path

import pytest

from bootbeam.formats.identity import Identity, Kind
from bootbeam.library import snapshot
from bootbeam.library.open_version import OpenVersion
from bootbeam.library.settling import Stamp
from bootbeam.library.snapshot import NoRoom, SnapshotStorage, SourceChanged
from bootbeam.library.taking import WRITER_SETTLE_S, Refused, Taking, insist_complete
from tests.image_bytes import elf32, multiboot1, newc, pe

KERNEL = elf32(multiboot1() + b"k" * 5000)


class Take:
    """Takes versions of one file that is held to have been left alone for ``left_alone_s`` seconds."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "image"
        self.copies: Path | None = directory
        self.left_alone_s = 3600.0
        self.unpack_gzip = False
        self.copy_limit_bytes = 1 << 20
        self.no_room: list[NoRoom] = []

    def __call__(self, data: bytes | None = None) -> OpenVersion:
        if data is not None:
            self.path.write_bytes(data)
        taking = Taking(
            self.path,
            SnapshotStorage(self.copies),
            self.unpack_gzip,
            self.copy_limit_bytes,
            lambda stamp, settle_s: max(0.0, settle_s - self.left_alone_s),
            self.no_room.append,
        )
        return taking.take(Stamp.of(self.path.stat()))


@pytest.fixture
def take(tmp_path: Path) -> Take:
    return Take(tmp_path)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def served(version: OpenVersion) -> bytes:
    content = version.content("image", "image", "")
    assert content is not None
    try:
        return content.read_at(0, content.size_bytes + 1)
    finally:
        content.close()
        version.retire()


def test_a_complete_file_is_copied(take: Take) -> None:
    version = take(KERNEL)
    assert version.is_private_copy
    assert version.sha256 == hashlib.sha256(KERNEL).hexdigest()
    assert version.identity.kind is Kind.MULTIBOOT_KERNEL
    take.path.write_bytes(b"the next build")
    assert served(version) == KERNEL


def test_a_large_file_is_served_from_where_it_lies(take: Take) -> None:
    take.copy_limit_bytes = len(KERNEL) - 1
    version = take(KERNEL)
    assert (version.is_private_copy, version.sha256) == (False, None)
    assert served(version) == KERNEL


def test_without_room_for_a_copy_the_file_itself_is_served(take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "FREE_BYTES_LEFT", 1 << 62)
    version = take(KERNEL)
    assert not version.is_private_copy
    assert len(take.no_room) == 1
    assert served(version) == KERNEL


def test_a_file_its_own_headers_contradict_is_refused(take: Take) -> None:
    with pytest.raises(Refused, match=rf"at least {len(KERNEL)} bytes, it has {len(KERNEL) - 1}:") as refused:
        take(KERNEL[:-1])
    assert refused.value.try_again_s is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (bytes(100_000), "zero bytes"),
        (b"\x7fELF\x09" + bytes(100), "contradict themselves"),
        (pe()[:200], "at least"),
    ],
)
def test_a_file_that_cannot_be_whole_is_refused(take: Take, data: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        take(data)


def test_unknown_data_are_not_our_business(take: Take) -> None:
    assert served(take(b"an initrd of a kind that nobody has seen")) == b"an initrd of a kind that nobody has seen"


def test_a_packed_kernel_is_served_unpacked_when_wished(take: Take) -> None:
    packed = gzip.compress(KERNEL, mtime=0)
    assert served(take(packed)) == packed
    take.unpack_gzip = True
    version = take(packed)
    assert version.facts.size_bytes == len(packed)  # the log names the file on disk
    assert version.sha256 == hashlib.sha256(packed).hexdigest()
    assert version.identity.kind is Kind.COMPRESSED
    assert version.identity.unpacked is not None
    assert version.identity.unpacked.size_bytes == len(KERNEL)
    assert served(version) == KERNEL


def test_a_packed_initrd_stays_packed(take: Take) -> None:
    take.unpack_gzip = True
    packed = gzip.compress(newc())
    assert served(take(packed)) == packed


def test_a_packed_kernel_that_is_cut_off_is_refused(take: Take) -> None:
    take.unpack_gzip = True
    with pytest.raises(Refused, match="end too early"):
        take(gzip.compress(KERNEL + os.urandom(3000))[:-1500])


def test_a_cut_off_kernel_in_a_whole_package_is_refused(take: Take) -> None:
    take.unpack_gzip = True
    with pytest.raises(Refused, match="at least"):
        take(gzip.compress(KERNEL[:-1], mtime=0))


def test_a_packed_kernel_is_not_unpacked_without_room(take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "FREE_BYTES_LEFT", 1 << 62)
    take.unpack_gzip = True
    with pytest.raises(Refused, match="cannot be unpacked") as refused:
        take(gzip.compress(KERNEL, mtime=0))
    assert refused.value.try_again_s is not None


def test_a_file_that_a_program_still_writes_is_waited_for(take: Take) -> None:
    take.path.write_bytes(KERNEL)
    take.left_alone_s = 2.0
    with take.path.open("ab"):
        with pytest.raises(Refused, match="open for writing") as refused:
            take()
        assert refused.value.try_again_s == WRITER_SETTLE_S - 2.0
        take.left_alone_s = WRITER_SETTLE_S
        served(take())
    take.left_alone_s = 0.0
    served(take())


def test_a_file_that_is_gone_or_replaced_has_changed(take: Take, tmp_path: Path) -> None:
    take.path.write_bytes(KERNEL)
    taking = Taking(take.path, SnapshotStorage(tmp_path), False, 1 << 20, lambda *_: 0.0, take.no_room.append)
    stamp = Stamp.of(take.path.stat())
    other = tmp_path / "other"
    other.write_bytes(KERNEL)
    other.replace(take.path)
    with pytest.raises(SourceChanged):
        taking.take(stamp)
    take.path.unlink()
    with pytest.raises(SourceChanged):
        taking.take(stamp)


def test_a_directory_in_the_files_place_is_refused(take: Take) -> None:
    take.path.mkdir()
    with pytest.raises(Refused, match="regular file"):
        take()


def test_a_pipe_in_the_files_place_is_refused_and_not_waited_on(take: Take) -> None:
    os.mkfifo(take.path)
    with pytest.raises(Refused, match="regular file"):
        take()


@pytest.mark.parametrize("limit_bytes", [0, 1 << 20])
def test_a_write_between_looking_and_copying_is_noticed(
    take: Take, monkeypatch: pytest.MonkeyPatch, limit_bytes: int
) -> None:
    take.copy_limit_bytes = limit_bytes

    def write_meanwhile(identity: Identity) -> None:
        insist_complete(identity)
        with take.path.open("r+b") as file:
            file.write(b"\x7f")

    monkeypatch.setattr("bootbeam.library.taking.insist_complete", write_meanwhile)
    with pytest.raises(SourceChanged):
        take(KERNEL)


@pytest.mark.parametrize(
    "bad",
    [b"", KERNEL[:-1], gzip.compress(KERNEL)[:-9], gzip.compress(KERNEL[:-1]), b"\x7fELF\x09" + bytes(50)],
    ids=["empty", "cut off", "compressed, cut off", "compressed when cut off", "contradictory"],
)
def test_what_is_refused_leaves_no_descriptor_open(take: Take, bad: bytes) -> None:
    take.unpack_gzip = True
    before = descriptors()
    for _ in range(5):
        with pytest.raises(Refused):
            take(bad)
    assert descriptors() == before
