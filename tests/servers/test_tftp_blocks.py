"""Blocks onto the wire: whole files, and sockets that refuse."""

import errno
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from bootbeam.library.content import Content, FileSlice
from bootbeam.servers.tftp_blocks import MAX_SHARED_BYTES, BlockSender, SharedReads
from tests.servers.tftp_station import KERNEL, TftpStation, running_station


@pytest.fixture
def station(tmp_path: Path) -> Iterator[TftpStation]:
    yield from running_station(tmp_path)


@pytest.mark.parametrize("size_bytes", [0, 1, 511, 512, 513, 1024, 4096])
def test_files_of_every_length_end_rightly(station: TftpStation, size_bytes: int) -> None:
    (station.directory.root / "small").write_bytes(KERNEL[:size_bytes])
    with station.client() as client:
        assert client.download("small") == KERNEL[:size_bytes]
        assert client.download("small", windowsize=4, tsize=0) == KERNEL[:size_bytes]


def test_block_numbers_wrap(tmp_path: Path) -> None:
    content = Random(2).randbytes(8 * 66_000)
    (tmp_path / "long").write_bytes(content)
    with TftpStation(tmp_path) as station, station.client() as client:
        assert client.download("long", blksize=8, windowsize=64) == content


def test_contents_of_many_slices_and_of_memory(station: TftpStation) -> None:
    first = os.open(station.directory.root / "kernel", os.O_RDONLY)
    slices = (FileSlice(first, 100, 70_001), FileSlice(first, 7, 0), FileSlice(first, 200_000, 99_999))
    pieces = KERNEL[100:70_101] + KERNEL[200_000:299_999]
    station.directory.made["pieces"] = lambda peer: Content("pieces", len(pieces), slices=slices)
    station.directory.made["made"] = lambda peer: Content("made", 5000, body=KERNEL[:5000])
    with station.client() as client:
        assert client.download("pieces", blksize=1468, windowsize=16) == pieces
        assert client.download("made", blksize=1468, windowsize=2) == KERNEL[:5000]
    os.close(first)


class RefusingSocket(socket.socket):
    """Sends like a socket whose kernel, card or path does not do UDP segmentation, and keeps what is sent."""

    def __init__(self, refusal: int) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_DGRAM)
        self.refusal = refusal
        self.attempts = 0
        self.sent: list[bytes] = []
        self.room = 10**9

    def sendmsg(self, *_: Any) -> int:
        self.attempts += 1
        raise OSError(self.refusal, os.strerror(self.refusal))

    def send(self, packet: Any, flags: int = 0) -> int:
        if not self.room:
            raise BlockingIOError(errno.EAGAIN, "no room")
        self.room -= 1
        self.sent.append(packet)
        return len(packet)


class CountingSocket(socket.socket):
    """Counts the blocks of each system call."""

    def __init__(self) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_DGRAM)
        self.calls: list[int] = []

    def sendmsg(self, *arguments: Any) -> int:
        self.calls.append(len(arguments[0]))
        return super().sendmsg(*arguments)


@pytest.mark.parametrize("refusal", [errno.EINVAL, errno.EIO, errno.EMSGSIZE, errno.ENOPROTOOPT, errno.EOPNOTSUPP])
def test_without_segmentation_it_is_one_send_per_block(refusal: int) -> None:
    with RefusingSocket(refusal) as sock:
        sender = BlockSender(sock, Content("made", 1000, body=KERNEL[:1000]), 100)
        sender.send(1, 8)
        sender.send(9, 3)
    assert sock.attempts == 1
    assert sock.sent == [
        b"\0\3" + bytes([0, block]) + KERNEL[(block - 1) * 100 : block * 100][: max(0, 1000 - (block - 1) * 100)]
        for block in range(1, 12)
    ]


def test_a_full_socket_buffer_delays_the_rest_of_the_window() -> None:
    with RefusingSocket(errno.EIO) as sock:
        sock.room = 3
        sender = BlockSender(sock, Content("made", 5000, body=KERNEL[:5000]), 100)
        assert not sender.send(1, 8)
        assert not sender.send(9, 2)
        sock.room = 100
        assert sender.resume()
        assert [packet[3] for packet in sock.sent] == list(range(1, 11))
        sock.room = 2
        assert not sender.send(11, 8)
        sock.room = 0
        assert not sender.send(12, 8)
        sock.room = 100
        assert sender.resume()
        assert [packet[3] for packet in sock.sent[10:]] == [11, 12, *range(12, 20)]


def test_a_window_goes_out_with_one_system_call() -> None:
    with CountingSocket() as sock, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        sock.connect(receiver.getsockname())
        BlockSender(sock, Content("made", 160, body=KERNEL[:160]), 10).send(1, 17)
        got = [receiver.recv(100) for _ in range(17)]
    assert sock.calls == [17]
    assert got == [b"\0\3" + bytes([0, block]) + KERNEL[:160][(block - 1) * 10 : block * 10] for block in range(1, 18)]


def test_what_several_transfers_read_is_read_once_and_forgotten_with_the_last_of_them(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(KERNEL)
    fd = os.open(tmp_path / "file", os.O_RDONLY)
    checks: list[int] = []
    whole = (FileSlice(fd, 0, len(KERNEL)),)
    one, other = (Content("file", len(KERNEL), slices=whole, check=lambda: checks.append(1)) for _ in range(2))
    reads = SharedReads()
    reads.join(one)
    reads.read(one, 0, 1000)
    reads.read(one, 0, 1000)
    assert len(checks) == 2, "alone nothing is kept"
    reads.join(other)
    assert reads.read(one, 1000, 500) == KERNEL[1000:1500]
    assert reads.read(other, 1000, 500) is reads.read(one, 1000, 500)
    assert len(checks) == 3
    reads.leave(one)
    reads.leave(other)
    os.close(fd)
    (tmp_path / "next").write_bytes(bytes(len(KERNEL)))
    assert os.open(tmp_path / "next", os.O_RDONLY) == fd, "the next file gets the descriptor"
    reads.join(one)
    reads.join(other)
    assert reads.read(one, 1000, 500) == bytes(500)
    os.close(fd)


def test_shared_reads_are_bounded() -> None:
    fd = os.memfd_create("large")
    os.truncate(fd, 4 * MAX_SHARED_BYTES)
    content = Content("large", 4 * MAX_SHARED_BYTES, slices=(FileSlice(fd, 0, 4 * MAX_SHARED_BYTES),))
    reads = SharedReads()
    reads.join(content)
    reads.join(content)
    size = MAX_SHARED_BYTES // 4
    first = reads.read(content, 0, size)
    for number in range(1, 4):
        reads.read(content, number * size, size)
    assert reads.read(content, 0, size) is first
    reads.read(content, 4 * size, size)
    assert reads.read(content, 0, size) is not first
    os.close(fd)
