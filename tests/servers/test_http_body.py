"""The second descriptor of a connection: what it does when a client stalls, and when ``sendfile`` cannot."""

import asyncio
import contextlib
import itertools
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import bootbeam.servers.http_body as http_body
from bootbeam.journal.events import EventKind
from bootbeam.library.content import ContentChanged, FileSlice
from bootbeam.servers.http_body import (
    TURN_ALONE_BYTES,
    TURN_BYTES,
    UNSENT_ALONE_BYTES,
    UNSENT_BYTES,
    BodySocket,
    ClientGone,
)
from bootbeam.servers.http_send import COPIED_BODY_BYTES
from bootbeam.servers.tcp_state import reset_when_closed
from tests.servers.http_station import HttpStation, open_descriptors


class Sink(asyncio.Protocol):
    """A connection's owner that writes nothing."""


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def connection() -> tuple[socket.socket, socket.socket]:
    """The two ends of a TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        return listener.accept()[0], client


def send(loop: asyncio.AbstractEventLoop, part: FileSlice, headers: bytes = b"") -> bytes:
    """What a client receives when ``part`` is sent after ``headers``."""
    received: list[bytes] = []

    async def serve() -> None:
        ours, theirs = connection()
        thread = threading.Thread(target=lambda: received.append(_read_all(theirs)))
        thread.start()
        transport, _ = await loop.create_connection(Sink, sock=ours)
        transport.write(headers)
        try:
            async with BodySocket(transport, 10) as body:
                await body.send_file(part)
        finally:
            transport.close()
            await asyncio.sleep(0)
            await asyncio.to_thread(thread.join, 10)

    loop.run_until_complete(serve())
    return received[0]


def _read_all(client: socket.socket) -> bytes:
    received = b""
    with client, contextlib.suppress(ConnectionResetError):
        while data := client.recv(1 << 16):
            received += data
    return received


def test_headers_still_in_the_buffer_are_not_overtaken(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"body" * 100_000)
    headers = b"headers " * 500_000
    with file.open("rb") as source:
        received = send(loop, FileSlice(source.fileno(), 4, 100_000), headers)
    assert received == headers + b"body" * 25_000


def test_file_that_sendfile_refuses_is_copied(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    """The kernel splices nothing out of a file in /proc."""
    fd = os.open("/proc/self/status", os.O_RDONLY)
    try:
        assert b"Name:" in os.pread(fd, 100, 0)
        received = send(loop, FileSlice(fd, 1, 50))
        assert received == os.pread(fd, 50, 1)
    finally:
        os.close(fd)


def test_file_that_ends_before_the_slice(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"short")
    before = open_descriptors()
    with file.open("rb") as source, pytest.raises(ContentChanged):
        send(loop, FileSlice(source.fileno(), 0, 6))
    assert open_descriptors() == before


def test_no_more_is_given_in_a_turn_than_was_said(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    file, turns, sent = tmp_path / "file", [1000, 5000, 300], [0]
    file.write_bytes(os.urandom(20_000))

    async def serve() -> None:
        ours, theirs = connection()
        transport, _ = await loop.create_connection(Sink, sock=ours)
        with theirs, file.open("rb") as source:
            told = itertools.cycle(turns)
            async with BodySocket(transport, 10, sent.append, turn_bytes=lambda: next(told)) as body:
                await body.send_file(FileSlice(source.fileno(), 0, 20_000))
            transport.close()
            await asyncio.sleep(0)

    loop.run_until_complete(serve())
    assert [after - before for before, after in itertools.pairwise(sent)][:6] == turns * 2
    assert sent[-1] == 20_000


def test_what_waits_has_another_limit_for_a_client_that_is_alone(
    loop: asyncio.AbstractEventLoop, tmp_path: Path
) -> None:
    file, turns = tmp_path / "file", [TURN_BYTES, TURN_ALONE_BYTES]
    file.write_bytes(os.urandom(1_000))
    limits: list[int] = []

    async def serve() -> None:
        ours, theirs = connection()
        transport, _ = await loop.create_connection(Sink, sock=ours)

        def note(_: object) -> None:
            limits.append(ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT))

        with theirs, file.open("rb") as source:
            for _ in range(2):
                async with BodySocket(transport, 10, note, turn_bytes=lambda: turns[0]) as body:
                    for _ in range(2):
                        await body.send_file(FileSlice(source.fileno(), 0, 1_000))
                        turns.reverse()
                turns.reverse()
            transport.close()
            await asyncio.sleep(0)

    loop.run_until_complete(serve())
    assert limits == [UNSENT_BYTES, UNSENT_ALONE_BYTES, UNSENT_ALONE_BYTES, UNSENT_BYTES]


def test_only_full_segments_go_out_until_it_has_all_been_given(loop: asyncio.AbstractEventLoop, tmp_path: Path) -> None:
    """Each turn would end with a short one, and a last one that stayed corked would be 200 ms late."""
    file = tmp_path / "file"
    file.write_bytes(os.urandom(20_000))
    corked: list[int] = []

    async def serve() -> None:
        ours, theirs = connection()
        transport, _ = await loop.create_connection(Sink, sock=ours)

        def note(_: object = None) -> None:
            corked.append(ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_CORK))

        with theirs, file.open("rb") as source:
            piece = FileSlice(source.fileno(), 0, 10_000)
            async with BodySocket(transport, 10, note, turn_bytes=lambda: 5_000) as body:
                await body.send_file(piece)
                await body.send_read(lambda offset, size_bytes: os.pread(source.fileno(), size_bytes, offset), 0, 9)
                await body.delivered()
                note()
                await body.send_file(piece)
            note()
            transport.close()
            await asyncio.sleep(0)

    loop.run_until_complete(serve())
    assert corked == [1, 1, 1, 0, 1, 1, 0]


def test_connection_lost_before_the_body(loop: asyncio.AbstractEventLoop) -> None:
    async def serve() -> None:
        ours, theirs = connection()
        transport, _ = await loop.create_connection(Sink, sock=ours)
        transport.write(b"x" * 5_000_000)
        theirs.close()
        with pytest.raises(ClientGone):
            async with BodySocket(transport, 10) as body:
                await body.send_bytes(b"body")
        transport.abort()
        await asyncio.sleep(0)

    before = open_descriptors()
    loop.run_until_complete(serve())
    assert open_descriptors() == before


@pytest.mark.parametrize("size_bytes", [100_000_000, 300_000])
def test_client_that_takes_nothing_more_is_dropped(tmp_path: Path, size_bytes: int) -> None:
    """Once with a body that the kernel cannot hold, once with one that it can."""
    file = tmp_path / "sparse"
    with file.open("wb") as target:
        target.truncate(size_bytes)
    with HttpStation(stall_timeout_s=1) as station:
        station.files.add_file("sparse", file)
        with station.connect(receive_buffer_bytes=4096) as client:
            client.sendall(b"GET /sparse HTTP/1.1\r\nHost: station\r\n\r\n")
            (event,) = station.journal.wait_for(EventKind.TRANSFER_FAILED)
            assert event.facts["reason"] == "the client took nothing for 1 s"
        station.files.wait_closed()


def test_client_that_takes_nothing_of_a_short_body_is_dropped() -> None:
    with HttpStation(stall_timeout_s=1, send_buffer_bytes=4096) as station:
        station.files.add_body("short", bytes(COPIED_BODY_BYTES))
        with station.connect(receive_buffer_bytes=4096) as client:
            client.sendall(b"GET /short HTTP/1.1\r\nHost: station\r\n\r\n")
            (event,) = station.journal.wait_for(EventKind.TRANSFER_FAILED)
            assert event.facts["reason"] == "the client took nothing for 1 s"
            with contextlib.suppress(ConnectionResetError):
                while client.recv(1 << 16):
                    pass
        station.files.wait_closed()


def test_slow_client_is_not_taken_for_one_that_stalls(tmp_path: Path) -> None:
    """In two seconds it takes less than must drain from the socket's buffer before the kernel calls it writable."""
    file = tmp_path / "sparse"
    size_bytes = 20_000_000
    with file.open("wb") as target:
        target.truncate(size_bytes)
    with HttpStation(stall_timeout_s=2) as station:
        station.files.add_file("sparse", file)
        with socket.socket() as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            client.settimeout(20)
            client.connect(("127.0.0.1", station.port))
            client.sendall(b"GET /sparse HTTP/1.0\r\n\r\n")
            received = 0
            for _ in range(90):
                received += len(client.recv(1000))
                time.sleep(0.05)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            while data := client.recv(1 << 16):
                received += len(data)
        assert received > size_bytes
        station.journal.wait_for(EventKind.TRANSFER_FINISHED)


def outcome(loop: asyncio.AbstractEventLoop, size_bytes: int, taken_bytes: int) -> str:
    """What the station thinks of a client that takes so many bytes of a body, and then resets the connection."""

    async def serve() -> str:
        ours, theirs = connection()
        reset_when_closed(theirs)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        transport, _ = await loop.create_connection(Sink, sock=ours)
        try:
            async with BodySocket(transport, 10) as sender:
                await sender.send_bytes(bytes(size_bytes))
                waiting = asyncio.create_task(sender.delivered())
                await loop.run_in_executor(None, lambda: theirs.recv(taken_bytes, socket.MSG_WAITALL))
                theirs.close()
                await waiting
        except ClientGone:
            return "gone"
        finally:
            transport.abort()
            await asyncio.sleep(0)
        return "delivered"

    return loop.run_until_complete(serve())


def test_a_reset_after_the_last_byte_is_no_failure_and_one_before_is(loop: asyncio.AbstractEventLoop) -> None:
    assert outcome(loop, 60_000, 60_000) == "delivered"
    assert outcome(loop, 60_000, 1_000) == "gone"


def test_a_stall_is_told_once_long_before_it_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(http_body, "STALL_TOLD_AFTER_S", 0.2)
    monkeypatch.setattr(http_body, "LOOK_EVERY_S", 0.05)
    image = tmp_path / "image"
    image.write_bytes(bytes(20_000_000))
    with HttpStation(stall_timeout_s=1.5) as station:
        station.files.add_file("image", image)
        with station.connect(receive_buffer_bytes=4096) as client:
            client.sendall(b"GET /image HTTP/1.0\r\n\r\n")
            station.journal.wait_for(EventKind.TRANSFER_FAILED)
        [stalled] = station.journal.of(EventKind.TRANSFER_STALLED)
        sent = stalled.facts["sent_bytes"]
        assert isinstance(sent, int)
        assert 0 < sent < 20_000_000
        station.files.wait_closed()


def test_what_lies_in_the_kernel_only_has_not_arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_body, "STALL_TOLD_AFTER_S", 0.2)
    with HttpStation(stall_timeout_s=30) as station:
        station.files.add_body("kernel", bytes(200_000))
        with station.connect(receive_buffer_bytes=4096) as client:
            client.sendall(b"GET /kernel HTTP/1.0\r\n\r\n")
            station.journal.wait_for(EventKind.TRANSFER_STALLED)
            assert station.journal.of(EventKind.TRANSFER_FINISHED) == []
            while client.recv(1 << 16):
                pass
        station.journal.wait_for(EventKind.TRANSFER_FINISHED)


@pytest.mark.parametrize("size_bytes", [200_000, 20_000_000])
def test_a_client_that_goes_on_after_a_stall_is_told_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, size_bytes: int
) -> None:
    monkeypatch.setattr(http_body, "STALL_TOLD_AFTER_S", 0.2)
    monkeypatch.setattr(http_body, "LOOK_EVERY_S", 0.05)
    image = tmp_path / "image"
    image.write_bytes(bytes(size_bytes))
    with HttpStation(stall_timeout_s=30) as station:
        station.files.add_file("image", image)
        with station.connect(receive_buffer_bytes=4096) as client:
            client.sendall(b"GET /image HTTP/1.0\r\n\r\n")
            station.journal.wait_for(EventKind.TRANSFER_STALLED)
            assert station.journal.of(EventKind.TRANSFER_RESUMED) == []
            while client.recv(1 << 16):
                pass
        station.journal.wait_for(EventKind.TRANSFER_FINISHED)
    resumed = station.journal.of(EventKind.TRANSFER_RESUMED)[0]
    assert float(str(resumed.facts["stalled_s"])) >= 0.2
