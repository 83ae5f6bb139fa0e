"""Bodies: the right bytes by the zero-copy way, and never the end of a mixture."""

import hashlib
import http.client
import mmap
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.library.content import ContentChanged
from bootbeam.servers.http_body import ClientGone
from bootbeam.servers.http_kept_pieces import KeptPiece
from bootbeam.servers.http_send import CHUNK_BYTES, COPIED_BODY_BYTES, HELD_BACK_BYTES, send_kept
from bootbeam.wire.http_range import ByteRange
from tests.servers.http_station import HttpStation, open_descriptors

SIZE_BYTES = 3 * CHUNK_BYTES + 12345


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "image"
    path.write_bytes(os.urandom(SIZE_BYTES))
    return path


@pytest.fixture
def station(file: Path) -> Iterator[HttpStation]:
    before = open_descriptors()
    with HttpStation() as running:
        running.files.add_file("image", file)
        yield running
        running.files.wait_closed()
    assert open_descriptors() == before


def get(station: HttpStation, path: str, byte_range: str | None = None) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", station.port, timeout=20)
    try:
        connection.request("GET", "/" + path, headers={"Range": byte_range} if byte_range else {})
        return connection.getresponse().read()
    finally:
        connection.close()


def read_body(client: socket.socket) -> bytes:
    """What comes after the headers until the connection ends, in whatever way it ends."""
    received = b""
    try:
        while data := client.recv(1 << 16):
            received += data
    except ConnectionResetError:
        pass
    return received.partition(b"\r\n\r\n")[2]


def test_whole_file(station: HttpStation, file: Path) -> None:
    assert get(station, "image") == file.read_bytes()
    (started,) = station.journal.of(EventKind.TRANSFER_STARTED)
    (finished,) = station.journal.wait_for(EventKind.TRANSFER_FINISHED)
    assert started.facts["size_bytes"] == finished.facts["size_bytes"] == SIZE_BYTES
    assert isinstance(duration_s := finished.facts["duration_s"], float)
    assert 0 < duration_s < 20


@pytest.mark.parametrize(
    "size_bytes",
    [
        1,
        COPIED_BODY_BYTES - 1,
        COPIED_BODY_BYTES,
        COPIED_BODY_BYTES + 1,
        CHUNK_BYTES,
        CHUNK_BYTES + HELD_BACK_BYTES,
        CHUNK_BYTES + HELD_BACK_BYTES + 1,
    ],
)
@pytest.mark.parametrize("offset", [0, 1, 4095])
def test_every_length_has_its_bytes(station: HttpStation, file: Path, offset: int, size_bytes: int) -> None:
    body = get(station, "image", f"bytes={offset}-{offset + size_bytes - 1}")
    assert body == file.read_bytes()[offset : offset + size_bytes]


def test_slices_in_turn(station: HttpStation, file: Path) -> None:
    data = file.read_bytes()
    pieces = [(5 * CHUNK_BYTES // 2, 1), (0, CHUNK_BYTES + 7), (99, 0), (10_000_000, 2_000_001), (3, 5)]
    expected = b"".join(data[offset : offset + size_bytes] for offset, size_bytes in pieces)
    station.files.add_file("extents", file, pieces)
    assert get(station, "extents") == expected
    first, last = CHUNK_BYTES - 100_000, CHUNK_BYTES + 400_000
    assert get(station, "extents", f"bytes={first}-{last}") == expected[first : last + 1]
    assert get(station, "extents", "bytes=-7") == expected[-7:]
    assert get(station, "extents", "bytes=0-1") == expected[:2]


def test_many_small_slices(station: HttpStation, file: Path) -> None:
    data = file.read_bytes()
    pieces = [(index * 4096, 700) for index in range(2000)]
    station.files.add_file("extents", file, pieces)
    assert get(station, "extents") == b"".join(data[offset : offset + 700] for offset, _ in pieces)


def test_large_body_from_memory(station: HttpStation) -> None:
    body = os.urandom(5_000_000)
    station.files.add_body("made", body)
    assert get(station, "made") == body
    assert get(station, "made", "bytes=1000000-4000000") == body[1_000_000:4_000_001]
    station.journal.wait_for(EventKind.TRANSFER_FINISHED, 2)


def test_file_over_four_gigabytes(station: HttpStation, tmp_path: Path) -> None:
    sparse, mark = tmp_path / "sparse", os.urandom(1_000_000)
    beyond = (1 << 32) + 12_345
    with sparse.open("wb") as target:
        target.truncate(5 << 30)
        target.seek(beyond)
        target.write(mark)
    station.files.add_file("sparse", sparse)
    assert get(station, "sparse", f"bytes={beyond}-{beyond + len(mark) - 1}") == mark
    digest, size_bytes = hashlib.sha256(), 0
    connection = http.client.HTTPConnection("127.0.0.1", station.port, timeout=20)
    connection.request("GET", "/sparse", headers={"Range": f"bytes={beyond - 200_000_000}-"})
    response = connection.getresponse()
    while data := response.read(1 << 20):
        digest.update(data)
        size_bytes += len(data)
    connection.close()
    rest = bytes((5 << 30) - beyond - len(mark))
    expected = hashlib.sha256(bytes(200_000_000))
    expected.update(mark)
    expected.update(rest)
    assert size_bytes == 200_000_000 + len(mark) + len(rest)
    assert digest.digest() == expected.digest()


def test_fifty_clients_at_once(station: HttpStation, file: Path) -> None:
    expected = hashlib.sha256(file.read_bytes()).digest()
    digests: list[bytes] = []

    def fetch() -> None:
        digests.append(hashlib.sha256(get(station, "image")).digest())

    threads = [threading.Thread(target=fetch) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)
    assert digests == [expected] * 50
    finished = station.journal.wait_for(EventKind.TRANSFER_FINISHED, 50)
    assert len({event.facts["transfer"] for event in finished}) == 50
    assert station.journal.of(EventKind.TRANSFER_FAILED) == []


def test_connection_is_used_again_after_each_kind_of_answer(station: HttpStation, file: Path) -> None:
    data = file.read_bytes()
    connection = http.client.HTTPConnection("127.0.0.1", station.port, timeout=20)
    connection.connect()
    local = connection.sock.getsockname()
    for _ in range(3):
        for method, path, expected in [
            ("GET", "/image", data),
            ("HEAD", "/image", b""),
            ("GET", "/none", b"none: no such file\n"),
            ("GET", "/image", data),
        ]:
            connection.request(method, path)
            assert connection.getresponse().read() == expected
            assert connection.sock is not None
            assert connection.sock.getsockname() == local
    connection.close()


def test_pipelined_requests_are_answered_in_turn(station: HttpStation, file: Path) -> None:
    station.files.add_body("small", b"small body")
    request = b"GET /%s HTTP/1.1\r\nHost: station\r\n\r\n"
    last = b"GET /small HTTP/1.1\r\nHost: station\r\nConnection: close\r\n\r\n"
    with station.connect() as client:
        client.sendall(request % b"small" + request % b"image" + request % b"image" + last)
        stream = client.makefile("rb")
        for expected in (b"small body", file.read_bytes(), file.read_bytes(), b"small body"):
            assert stream.readline().startswith(b"HTTP/1.1 200")
            length = 0
            while (line := stream.readline()) != b"\r\n":
                if line.startswith(b"Content-Length:"):
                    length = int(line.split()[1])
            assert length == len(expected)
            assert stream.read(length) == expected
        assert stream.read() == b""
        stream.close()


def test_client_that_leaves_early(station: HttpStation) -> None:
    with station.connect(receive_buffer_bytes=65536) as client:
        client.sendall(b"GET /image HTTP/1.1\r\nHost: station\r\n\r\n")
        client.recv(100_000)
    (event,) = station.journal.wait_for(EventKind.TRANSFER_FAILED)
    assert event.facts["reason"] == "the client closed the connection"
    assert 0 < int(event.facts["sent_bytes"] or 0) < SIZE_BYTES
    assert event.facts["size_bytes"] == SIZE_BYTES
    assert station.journal.of(EventKind.TRANSFER_FINISHED) == []


def test_client_that_leaves_while_the_last_bytes_are_under_way_has_not_finished(
    station: HttpStation, file: Path
) -> None:
    """The kernel would have taken all of it; the client has not."""
    station.files.add_file("short", file, [(0, COPIED_BODY_BYTES + 50_000)])
    with station.connect(receive_buffer_bytes=4096) as client:
        client.sendall(b"GET /short HTTP/1.1\r\nHost: station\r\n\r\n")
        client.recv(1)
    (event,) = station.journal.wait_for(EventKind.TRANSFER_FAILED)
    assert event.facts["reason"] == "the client closed the connection"


def test_client_that_only_half_closes_gets_it_all(station: HttpStation, file: Path) -> None:
    """Quirk: simple clients (netcat) close their sending side after the request."""
    with station.connect() as client:
        client.sendall(b"GET /image HTTP/1.0\r\n\r\n")
        client.recv(1, socket.MSG_PEEK)
        client.shutdown(socket.SHUT_WR)
        assert read_body(client) == file.read_bytes()
    station.journal.wait_for(EventKind.TRANSFER_FINISHED)


def test_slow_client_sees_progress_recorded(station: HttpStation, file: Path) -> None:
    with station.connect(receive_buffer_bytes=65536) as client:
        client.sendall(b"GET /image HTTP/1.0\r\n\r\n")
        began_s = time.monotonic()
        while len(station.journal.of(EventKind.TRANSFER_PROGRESS)) < 3 and time.monotonic() < began_s + 20:
            assert client.recv(20_000)
            time.sleep(0.01)
        read_body(client)
    station.journal.wait_for(EventKind.TRANSFER_FINISHED)
    progress = station.journal.of(EventKind.TRANSFER_PROGRESS)
    assert 3 <= len(progress) <= (time.monotonic() - began_s) / 0.25
    sent = [int(event.facts["sent_bytes"] or 0) for event in progress]
    assert sent == sorted(sent)
    assert all(event.facts["size_bytes"] == SIZE_BYTES for event in progress)


class Rewritten:
    """A check that fails from the given call on."""

    def __init__(self, at_call: int) -> None:
        self.at_call = at_call
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1
        if self.calls >= self.at_call:
            raise ContentChanged("image was rewritten")


@pytest.mark.parametrize("at_call", [2, 3, 4])
def test_file_rewritten_under_way_ends_short(station: HttpStation, file: Path, at_call: int) -> None:
    """Call 1 is before the headers, 2 to 4 before each chunk."""
    station.files.add_file("rewritten", file, check=Rewritten(at_call))
    with station.connect() as client:
        client.sendall(b"GET /rewritten HTTP/1.1\r\nHost: station\r\n\r\n")
        assert len(read_body(client)) < SIZE_BYTES
    (event,) = station.journal.wait_for(EventKind.TRANSFER_FAILED)
    assert event.facts["reason"] == "image was rewritten"
    assert station.journal.of(EventKind.TRANSFER_FINISHED) == []


def test_file_rewritten_after_the_last_chunk_ends_short_too(station: HttpStation, file: Path) -> None:
    """The end of the body is held back until everything before it has arrived unchanged."""
    check = Rewritten(6)
    station.files.add_file("rewritten", file, check=check)
    with station.connect() as client:
        client.sendall(b"GET /rewritten HTTP/1.1\r\nHost: station\r\n\r\n")
        body = read_body(client)
    # The reset may overtake what was sent last, and the more the slower the client is.
    assert 0 < len(body) <= SIZE_BYTES - HELD_BACK_BYTES
    assert file.read_bytes().startswith(body)
    assert check.calls == 6
    station.journal.wait_for(EventKind.TRANSFER_FAILED)


@pytest.mark.parametrize("at_call", [1, 2])
def test_short_file_rewritten_is_to_be_asked_for_again(station: HttpStation, file: Path, at_call: int) -> None:
    station.files.add_file("rewritten", file, [(0, 1000)], check=Rewritten(at_call))
    sent = station.exchange(b"GET /rewritten HTTP/1.0\r\n\r\n")
    assert sent.startswith(b"HTTP/1.0 503 ")
    assert b"Retry-After: 2" in sent
    (event,) = station.journal.wait_for(EventKind.TRANSFER_FAILED)
    assert event.facts["sent_bytes"] == 0


def test_real_rewrite_under_a_slow_client_never_completes_a_mixture(station: HttpStation, file: Path) -> None:
    """What ``sendfile`` has queued are the file's own pages: a writer changes them even there."""
    stamp = file.stat().st_mtime_ns

    def check() -> None:
        if file.stat().st_mtime_ns != stamp:
            raise ContentChanged("image was rewritten")

    station.files.add_file("rewritten", file, check=check)
    with station.connect(receive_buffer_bytes=65536) as client:
        client.sendall(b"GET /rewritten HTTP/1.1\r\nHost: station\r\n\r\n")
        client.recv(1000)
        with file.open("r+b") as writer:
            for _ in range(SIZE_BYTES // (1 << 20)):
                writer.write(b"\0" * (1 << 20))
        assert len(read_body(client)) < SIZE_BYTES - 1000
    (event,) = station.journal.wait_for(EventKind.TRANSFER_FAILED)
    assert event.facts["reason"] == "image was rewritten"


@pytest.mark.parametrize("size_bytes", [1000, CHUNK_BYTES])
def test_file_cut_short_under_way(station: HttpStation, file: Path, size_bytes: int) -> None:
    station.files.add_file("cut", file, [(SIZE_BYTES - 500, size_bytes)])
    with station.connect() as client:
        client.sendall(b"GET /cut HTTP/1.1\r\nHost: station\r\nConnection: close\r\n\r\n")
        assert len(read_body(client)) < size_bytes
    (event,) = station.journal.wait_for(EventKind.TRANSFER_FAILED)
    assert "shorter" in str(event.facts["reason"])


def test_station_that_fails_under_way_resets_the_connection(station: HttpStation, file: Path) -> None:
    calls = 0

    def check() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise OSError(5, "Input/output error")

    station.files.add_file("broken", file, check=check)
    with station.connect() as client:
        client.sendall(b"GET /broken HTTP/1.1\r\nHost: station\r\n\r\n")
        assert len(read_body(client)) < SIZE_BYTES
    (event,) = station.journal.wait_for(EventKind.TRANSFER_FAILED)
    assert "Input/output error" in str(event.facts["reason"])
    station.journal.wait_for(EventKind.PROBLEM)


def test_a_boot_loader_counts_as_sent_when_it_has_arrived(station: HttpStation) -> None:
    """A firmware that is cut off in the middle of a small loader has not loaded it whole, though all of it has left."""
    station.files.add_body("x64/snponly.efi", bytes(100_000), role="loader")
    client = station.connect(receive_buffer_bytes=4096)
    client.sendall(b"GET /x64/snponly.efi HTTP/1.1\r\nHost: station\r\n\r\n")
    assert client.recv(1000)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    (event,) = station.journal.wait_for(EventKind.TRANSFER_FAILED)
    assert event.facts["file"] == "x64/snponly.efi"
    assert station.journal.of(EventKind.TRANSFER_FINISHED) == []
    assert get(station, "x64/snponly.efi") == bytes(100_000)
    (event,) = station.journal.wait_for(EventKind.TRANSFER_FINISHED)
    assert event.facts["role"] == "loader"


@pytest.fixture
def large_piece(file: Path) -> Iterator[KeptPiece]:
    fd = os.memfd_create("test")
    os.write(fd, file.read_bytes()[: 1 << 20])
    yield KeptPiece(ByteRange(0, 1 << 20), mmap.mmap(fd, 1 << 20, prot=mmap.PROT_READ), fd)
    os.close(fd)


def connected() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client = socket.create_connection(listener.getsockname())
        server = listener.accept()[0]
    server.setblocking(False)
    return server, client


@pytest.mark.parametrize("as_pages", [False, True])
def test_of_a_copy_as_much_is_sent_as_there_is_room_for(large_piece: KeptPiece, as_pages: bool) -> None:
    server, client = connected()
    expected, sent = b"head" + bytes(large_piece.body), b""
    with server, client:
        taken = send_kept(server, b"head", large_piece, as_pages=as_pages)
        assert 4 < taken <= len(expected)
        while len(sent) < taken:
            sent += client.recv(1 << 16)
        assert sent == expected[:taken]
        while send_kept(server, b"head", large_piece, as_pages=as_pages):
            pass
        with pytest.raises(BlockingIOError):
            server.send(b"x")
        client.close()
        assert select.select([server], [], [], 20)[0], "it is reset: not all was read"
        with pytest.raises(ClientGone):
            send_kept(server, b"head", large_piece, as_pages=as_pages)
