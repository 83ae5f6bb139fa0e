"""A client that reads a file piece by piece: the right bytes of the right version, however it is read."""

import os
import random
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import bootbeam.servers.http_piece_reader as piece_reader
from bootbeam.journal.events import EventKind
from bootbeam.library.content import Content, ContentChanged, FileSlice, Missing, NotReady, Peer
from bootbeam.library.snapshot import SnapshotStorage
from bootbeam.library.versions import ImageFile
from bootbeam.servers.http_download import PIECES_TOLD_EACH
from bootbeam.servers.http_kept_pieces import MAX_KEPT_BYTES, MIN_PAGES_BYTES
from bootbeam.servers.http_piece_reader import MAX_COPIED_TO
from tests.library.recorded import Recorded
from tests.servers.http_station import HttpStation, open_descriptors

SIZE_BYTES = 3_000_000
SETTLED_S = 20.0
REQUEST = b"GET /%b HTTP/1.1\r\nHost: station\r\nRange: bytes=%d-%d\r\n\r\n"


class Image:
    """A real image, whose file is settled as soon as it is written."""

    def __init__(self, path: Path, copy_limit_bytes: int) -> None:
        self.path = path
        self.ahead_s = SETTLED_S
        self.file = ImageFile(
            path,
            "image",
            "image",
            SnapshotStorage(path.parent),
            Recorded(),
            copy_limit_bytes=copy_limit_bytes,
            clock=lambda: time.time() + self.ahead_s,
            monotonic=lambda: time.monotonic() + self.ahead_s,
        )
        self.before = self.data = self.build()
        path.write_bytes(self.data)
        self.file.load()

    @staticmethod
    def build() -> bytes:
        return b"#!ipxe\n" + os.urandom(SIZE_BYTES - 7)

    def settle(self) -> None:
        self.file.refresh()
        self.ahead_s += SETTLED_S
        self.file.refresh()

    def replace(self) -> None:
        self.before, self.data = self.data, self.build()
        new = self.path.with_name("new")
        new.write_bytes(self.data)
        new.rename(self.path)
        self.settle()

    def rewrite(self) -> None:
        self.data = self.build()
        self.path.write_bytes(self.data)
        self.settle()

    def open(self, _: Peer) -> Content | Missing | NotReady:
        return self.file.open()

    def open_pinned(self, _: Peer) -> Content | Missing | NotReady:
        version = self.file.current_version()
        return version if isinstance(version, NotReady) else self.file.open(version)


@pytest.fixture(params=["a private copy", "the file itself"])
def image(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Image]:
    made = Image(tmp_path / "image", 1 << 30 if request.param == "a private copy" else 0)
    yield made
    made.file.close()


@pytest.fixture
def station(image: Image) -> Iterator[HttpStation]:
    before = open_descriptors()
    with HttpStation() as running:
        running.files.served["image"] = image.open
        running.files.served["pinned"] = image.open_pinned
        running.files.add_body("small", b"small body", role="script")
        yield running
        running.files.wait_closed()
    assert open_descriptors() <= before + 2, "but for versions that took the place of the first"


class Client:
    """One connection."""

    def __init__(self, station: HttpStation) -> None:
        self.socket = station.connect()
        self._received = b""

    def ask(self, name: str, offset: int, size_bytes: int) -> None:
        self.socket.sendall(REQUEST % (name.encode(), offset, offset + size_bytes - 1))

    def answer(self) -> tuple[int, bytes]:
        while b"\r\n\r\n" not in self._received:
            self._more()
        head, _, rest = self._received.partition(b"\r\n\r\n")
        [length] = [line for line in head.split(b"\r\n") if line.startswith(b"Content-Length: ")]
        size_bytes = int(length.split()[1])
        self._received = rest
        while len(self._received) < size_bytes:
            self._more()
        body, self._received = self._received[:size_bytes], self._received[size_bytes:]
        return int(head.split()[1]), body

    def get(self, offset: int, size_bytes: int, name: str = "image") -> tuple[int, bytes]:
        self.ask(name, offset, size_bytes)
        return self.answer()

    def _more(self) -> None:
        data = self.socket.recv(1 << 20)
        if not data:
            raise ConnectionResetError
        self._received += data

    def settle_in(self, name: str = "image") -> None:
        """Read so many pieces that the rest goes the short way."""
        for _ in range(PIECES_TOLD_EACH + 2):
            assert self.get(0, 512, name)[0] == 206


@pytest.fixture
def client(station: HttpStation) -> Iterator[Client]:
    made = Client(station)
    yield made
    made.socket.close()


@pytest.mark.parametrize("name", ["image", "pinned"])
def test_pieces_of_every_length_are_right_and_the_file_is_opened_no_more(
    station: HttpStation, client: Client, image: Image, name: str
) -> None:
    client.settle_in(name)
    asked = len(station.files.asked)
    chance = random.Random(1)
    sizes = [1, 511, 4095, 4096, 4097, 16384, 262_144, 262_145, 1 << 20]
    for number in range(90):
        size_bytes = sizes[number % len(sizes)]
        offset = chance.randrange(SIZE_BYTES - size_bytes)
        assert client.get(offset, size_bytes, name) == (206, image.data[offset : offset + size_bytes])
    # Where a client takes less at once than it asked for, the rest goes the long way, and the next piece too.
    assert len(station.files.asked) < asked + 90


def test_small_pieces_never_go_the_long_way_again(station: HttpStation, client: Client, image: Image) -> None:
    client.settle_in()
    asked = len(station.files.asked)
    for number in range(200):
        assert client.get(number * 512, 4096) == (206, image.data[number * 512 : number * 512 + 4096])
    assert len(station.files.asked) == asked


@pytest.mark.parametrize("way", ["replace", "rewrite"])
def test_a_rebuilt_file_is_read_anew(client: Client, image: Image, way: str) -> None:
    for _ in range(3):
        client.settle_in()
        assert client.get(100, 50_000) == (206, image.data[100:50_100])
        getattr(image, way)()
        assert client.get(100, 50_000) == (206, image.data[100:50_100])


def test_while_a_file_is_being_written_nobody_gets_its_bytes(client: Client, image: Image) -> None:
    client.settle_in()
    before = image.data
    image.path.write_bytes(b"half")
    status, body = client.get(100, 50_000)
    assert (status, body) == (206, before[100:50_100]) or status == 503


def test_a_boot_that_has_begun_reads_on_in_its_version(station: HttpStation, client: Client, image: Image) -> None:
    version = image.file.current_version()
    assert isinstance(version, str)
    station.files.served["begun"] = lambda _: image.file.open(version)
    client.settle_in("begun")
    before = image.data
    image.replace()
    assert client.get(100, 50_000, "begun") == (206, before[100:50_100])


def test_other_requests_in_between_are_answered_in_turn(station: HttpStation, client: Client, image: Image) -> None:
    client.settle_in()
    others: list[tuple[bytes, int, bytes]] = [
        (b"GET /small HTTP/1.1\r\nHost: station\r\n\r\n", 200, b"small body"),
        (b"GET /nothing HTTP/1.1\r\nHost: station\r\nRange: bytes=0-9\r\n\r\n", 404, b"nothing: no such file\n"),
        (b"GET /image HTTP/1.1\r\nHost: station\r\nRange: bytes=-5\r\n\r\n", 206, image.data[-5:]),
        (b"GET /image HTTP/1.1\r\nHost: station\r\n\r\n", 200, image.data),
    ]
    for request, status, body in others:
        client.socket.sendall(request)
        assert client.answer() == (status, body)
        assert client.get(7, 4096) == (206, image.data[7:4103])
        client.settle_in()
    client.socket.sendall(REQUEST % (b"image", 5, 9) + others[0][0] + REQUEST % (b"image", 6, 9))
    assert [client.answer()[1] for _ in range(3)] == [image.data[5:10], b"small body", image.data[6:10]]


def test_a_client_that_asks_ahead_and_reads_late_gets_all(station: HttpStation, client: Client, image: Image) -> None:
    client.settle_in()
    size_bytes = 1 << 20

    def ask() -> None:
        for number in range(20):
            client.ask("image", number, size_bytes)

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.2)
    for number in range(20):
        assert client.answer() == (206, image.data[number : number + size_bytes])
    asking.join(20)


def test_many_clients_read_the_same_file(station: HttpStation, image: Image) -> None:
    clients = [Client(station) for _ in range(20)]
    for number, each in enumerate(clients):
        each.settle_in()
        each.ask("image", number, 100_000)
    for number, each in enumerate(clients):
        assert each.answer() == (206, image.data[number : number + 100_000])
    for each in clients[:10]:
        each.socket.close()
    for number, each in enumerate(clients[10:]):
        assert each.get(number, 100_000) == (206, image.data[number : number + 100_000])
        each.socket.close()


def test_clients_that_take_turns_with_large_pieces_all_get_theirs(station: HttpStation, image: Image) -> None:
    clients, size_bytes = [Client(station) for _ in range(24)], 1 << 20
    for each in clients:
        each.settle_in()
        each.get(0, size_bytes)
    for _ in range(2):
        for number, each in enumerate(clients):
            each.ask("image", number, size_bytes)
        for number, each in enumerate(clients):
            assert each.answer() == (206, image.data[number : number + size_bytes])
    for number, each in enumerate(clients):
        each.ask("image", number, size_bytes)
        if number % 3 == 1:
            each.socket.shutdown(socket.SHUT_WR)  # and still wants its answer
        elif number % 3 == 2:
            each.socket.close()
    for number, each in enumerate(clients):
        if number % 3 < 2:
            assert each.answer() == (206, image.data[number : number + size_bytes])
            each.socket.close()


def test_it_is_told_as_one_that_reads_piece_by_piece(station: HttpStation, client: Client) -> None:
    for _ in range(100):
        client.get(0, 100_000)
    station.journal.wait_for(EventKind.BLOCKS_READ)
    client.socket.close()
    station.files.wait_closed()
    assert len(station.journal.of(EventKind.TRANSFER_STARTED)) == PIECES_TOLD_EACH
    assert station.journal.of(EventKind.TRANSFER_FAILED) == []


def test_a_file_that_is_not_read_any_more_is_let_go_of(
    station: HttpStation, client: Client, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(piece_reader, "KEPT_OPEN_S", 0.05)
    client.settle_in()
    station.files.wait_closed()
    assert client.get(5, 4096) == (206, image.data[5:4101]), "the connection is none the worse for it"


def test_a_client_that_leaves_in_the_midst_of_a_piece(station: HttpStation, client: Client) -> None:
    client.settle_in()
    for number in range(20):
        client.ask("image", number, 1 << 20)
    client.socket.close()
    station.files.wait_closed()


def made_up(station: HttpStation, path: Path, check_fails: list[bool]) -> None:
    """A file which is said to be as it was until ``check`` finds out."""

    def check() -> None:
        if check_fails[0]:
            raise ContentChanged("rewritten")

    def serve(_: Peer) -> Content:
        fd = os.open(path, os.O_RDONLY)
        slices = (FileSlice(fd, 0, SIZE_BYTES),)
        close, always = (lambda: os.close(fd)), (lambda: True)
        return Content("made-up", SIZE_BYTES, slices=slices, check=check, on_close=close, is_current=always)

    station.files.served["made-up"] = serve


def rest_of(client: socket.socket) -> bytes:
    received = b""
    try:
        while data := client.recv(1 << 20):
            received += data
    except ConnectionResetError:
        pass
    return received


@pytest.mark.parametrize("size_bytes", [1, 4096, 4097, 300_000, 1 << 20])
def test_a_file_rewritten_while_a_piece_is_copied_never_has_the_end_of_that(
    station: HttpStation, client: Client, image: Image, size_bytes: int
) -> None:
    check_fails = [False]
    made_up(station, image.path, check_fails)
    client.settle_in("made-up")
    check_fails[0] = True
    client.ask("made-up", 0, size_bytes)
    _, _, body = rest_of(client.socket).partition(b"\r\n\r\n")
    assert len(body) < size_bytes
    station.files.wait_closed()


def test_a_file_cut_short_ends_the_connection_and_not_the_station(
    station: HttpStation, client: Client, image: Image
) -> None:
    made_up(station, image.path, [False])
    client.settle_in("made-up")
    os.truncate(image.path, 1000)
    client.ask("made-up", 0, 1 << 20)
    _, _, body = rest_of(client.socket).partition(b"\r\n\r\n")
    assert len(body) < 1 << 20
    other = Client(station)
    other.socket.sendall(b"GET /small HTTP/1.1\r\nHost: station\r\n\r\n")
    assert other.answer() == (200, b"small body")
    other.socket.close()


@pytest.fixture
def pages_sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of how many bytes of copies the pages themselves were sent, each time."""
    sent: list[int] = []
    sendfile = os.sendfile

    def watched(to_fd: int, from_fd: int, offset: int, size_bytes: int) -> int:
        taken = sendfile(to_fd, from_fd, offset, size_bytes)
        if str(Path(f"/proc/self/fd/{from_fd}").readlink()).startswith("/memfd:piece"):
            sent.append(taken)
        return taken

    monkeypatch.setattr(os, "sendfile", watched)
    return sent


@pytest.mark.parametrize("number", [MAX_COPIED_TO, MAX_COPIED_TO + 2])
def test_machines_that_read_the_same_pieces_get_the_same_bytes_until_the_file_is_rebuilt(
    station: HttpStation, image: Image, number: int, pages_sent: list[int]
) -> None:
    clients = [Client(station) for _ in range(number)]
    for client in clients:
        client.settle_in()
    for _ in range(3):
        for offset in (0, 1 << 20, 5000):
            for client in clients:
                client.ask("image", offset, 700_000)
            expected = image.data[offset : offset + 700_000]
            assert [client.answer() for client in clients] == len(clients) * [(206, expected)]
        image.replace()
    assert bool(pages_sent) == (number > MAX_COPIED_TO), "few are served sooner by copying"
    for client in clients:
        client.socket.close()


@pytest.mark.parametrize("others", [0, MAX_COPIED_TO])
def test_a_copy_that_a_slow_client_does_not_take_at_once_is_whole(
    station: HttpStation, client: Client, image: Image, others: int, pages_sent: list[int]
) -> None:
    beside = [station.connect() for _ in range(others)]
    client.settle_in()
    for _ in range(3):
        assert client.get(1000, 1 << 20) == (206, image.data[1000 : 1000 + (1 << 20)])
    for _ in range(20):
        client.ask("image", 1000, 1 << 20)
    time.sleep(0.2)
    assert [client.answer() for _ in range(20)] == 20 * [(206, image.data[1000 : 1000 + (1 << 20)])]
    assert bool(pages_sent) == bool(others)
    for each in beside:
        each.close()


def test_pages_are_on_their_way_still_when_their_copy_gives_way_to_others(
    station: HttpStation, client: Client, image: Image, pages_sent: list[int]
) -> None:
    """A client that reads late gets what it asked for, though those pages belong to nobody else any more."""
    reading = [Client(station) for _ in range(MAX_COPIED_TO)]
    for each in reading:
        each.settle_in()
    client.settle_in()
    size_bytes = MIN_PAGES_BYTES
    for _ in range(3):
        client.get(0, size_bytes)
    pages_sent.clear()
    client.ask("image", 0, size_bytes)
    until_s = time.monotonic() + 20
    while not pages_sent:
        assert time.monotonic() < until_s
        time.sleep(0.01)
    image.replace()
    for offset in range(1, 2 * MAX_KEPT_BYTES // size_bytes):
        for each in reading[:2]:
            assert each.get(offset, size_bytes) == (206, image.data[offset : offset + size_bytes])
    assert client.answer() == (206, image.before[:size_bytes])
    for each in reading:
        each.socket.close()
