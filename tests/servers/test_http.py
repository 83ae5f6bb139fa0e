"""The server as a whole: odd clients, too many of them, its pages, and its end."""

import asyncio
import http.client
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from aiohttp import web

import bootbeam.servers.http as http_server
import bootbeam.servers.http_any_request as http_any_request
from bootbeam.journal.events import EventKind
from bootbeam.library.content import Peer
from bootbeam.servers.http import HttpServer
from tests.servers.http_station import Files, HttpStation, open_descriptors
from tests.servers.kept_events import Kept


@pytest.fixture
def station() -> Iterator[HttpStation]:
    with HttpStation() as running:
        running.files.add_body("kernel", b"kernel bytes")
        running.files.add_body("x/grubx64.efi", b"grub bytes")
        yield running


@pytest.mark.parametrize(
    ("request_bytes", "first_line", "end"),
    [
        (b"GET /kernel HTTP/1.0\r\n\r\n", b"HTTP/1.0 200 OK", b"\r\n\r\nkernel bytes"),
        (b"GET http://station:80/kernel HTTP/1.0\r\n\r\n", b"HTTP/1.0 200 OK", b"\r\n\r\nkernel bytes"),
        (b"GET //x//grubx64.efi HTTP/1.0\r\n\r\n", b"HTTP/1.0 200 OK", b"\r\n\r\ngrub bytes"),
        (b"GET /kernel HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"HTTP/1.1 200 OK", b"\r\n\r\nkernel bytes"),
        (b"GET /kernel HTTP/1.1\r\nhost:a\r\nCONNECTION:close\r\n\r\n", b"HTTP/1.1 200 OK", b"\r\n\r\nkernel bytes"),
        (b"GET /none HTTP/1.0\r\n\r\n", b"HTTP/1.0 404 Not Found", b"none: no such file\n"),
        (b"OPTIONS * HTTP/1.0\r\n\r\n", b"HTTP/1.0 405 Method Not Allowed", b"\n"),
        (b"CONNECT a:1 HTTP/1.0\r\n\r\n", b"HTTP/1.0 405 Method Not Allowed", b"\n"),
    ],
)
def test_odd_but_valid_requests(station: HttpStation, request_bytes: bytes, first_line: bytes, end: bytes) -> None:
    sent = station.exchange(request_bytes)
    assert sent.split(b"\r\n", 1)[0] == first_line
    assert sent.endswith(end)


def test_connection_of_http_1_0_is_kept_when_asked_for(station: HttpStation) -> None:
    with station.connect() as client:
        for _ in range(2):
            client.sendall(b"GET /kernel HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            sent = b""
            while not sent.endswith(b"kernel bytes"):
                sent += client.recv(4096)
            assert b"Connection: keep-alive" in sent


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xaa" * 300,
        b"nonsense\r\n\r\n",
        b"GET /kernel HTTP/9.9\r\n\r\n",
        b"GET /kernel HTTP/1.1\r\n\r\n",
        b"GET /" + b"a" * 5000 + b" HTTP/1.0\r\n\r\n",
        b"GET /kernel HTTP/1.0\r\nX: " + b"a" * 9000 + b"\r\n\r\n",
        b"GET /kernel HTTP/1.0\r\n" + b"X: y\r\n" * 3000 + b"\r\n",
        b"GET /kernel HTTP/1.0\r\nContent-Length: -1\r\n\r\n",
        b"GET /kernel\x01 HTTP/1.0\r\n\r\n",
    ],
)
def test_malformed_request_is_refused_and_recorded_once(station: HttpStation, request_bytes: bytes) -> None:
    for _ in range(3):
        assert station.exchange(request_bytes).split()[1] == b"400"
    (event,) = station.journal.events
    assert event.kind is EventKind.DATAGRAM_DROPPED
    assert event.address == "127.0.0.1"
    assert event.facts["port"] == str(station.port)
    reason = event.facts["reason"]
    assert isinstance(reason, str)
    assert reason.isprintable()
    assert 0 < len(reason) < 250
    assert station.files.asked == []


def test_mistakes_remembered_are_bounded(station: HttpStation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_any_request, "MAX_REPORTED_MISTAKES", 2)
    for name in (b"A", b"B", b"C", b"D"):
        station.exchange(b"GET /" + name + b"\x01 HTTP/1.0\r\n\r\n")
    assert len(station.journal.of(EventKind.DATAGRAM_DROPPED)) == 2


def test_nothing_is_logged_to_the_terminal(station: HttpStation, capfd: pytest.CaptureFixture[str]) -> None:
    station.exchange(b"nonsense\r\n\r\n")
    station.exchange(b"GET /kernel HTTP/1.0\r\n\r\n")

    def broken(_: Peer) -> NoReturn:
        raise ZeroDivisionError

    station.files.served["broken"] = broken
    station.exchange(b"GET /broken HTTP/1.0\r\n\r\n")
    assert capfd.readouterr() == ("", "")
    (problem,) = station.journal.of(EventKind.PROBLEM)
    assert "ZeroDivisionError" in str(problem.facts["why"])
    assert problem.address == "127.0.0.1"


PLAIN = b"GET /kernel HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def test_requests_of_every_kind_are_answered_while_what_reads_them_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    loads, may_load = [], threading.Event()

    def load() -> type[http_any_request.AnyRequests]:
        loads.append(1)
        assert may_load.wait(20)
        return http_any_request.AnyRequests

    monkeypatch.setattr(http_server, "_load", load)
    with HttpStation() as station:
        station.files.add_body("kernel", b"kernel bytes")
        clients = [station.connect() for _ in range(20)]
        for client in clients:
            client.sendall(b"GET /kernel HTTP/1.0\r\n")
        # The rest of a request, more than that, and the end of what the client has to say come meanwhile.
        for number, client in enumerate(clients):
            client.sendall(b"\r\n" if number % 2 else b"Connection: keep-alive\r\n\r\nGET /kernel HTTP/1.0\r\n\r\n")
        clients[1].shutdown(socket.SHUT_WR)
        assert station.exchange(b"GET /kernel HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").endswith(
            b"kernel bytes"
        )
        may_load.set()
        for number, client in enumerate(clients):
            with client:
                assert read_all(client).count(b"kernel bytes") == (1 if number % 2 else 2)
    assert loads == [1]


def test_a_stop_while_it_is_loaded_ends_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def load() -> type[http_any_request.AnyRequests]:
        time.sleep(0.5)
        return http_any_request.AnyRequests

    monkeypatch.setattr(http_server, "_load", load)
    with HttpStation() as station:
        client = station.connect()
        client.sendall(b"GET /kernel HTTP/1.0\r\n\r\n")
        time.sleep(0.1)
    with client:
        read_all(client)


def test_a_library_that_cannot_be_loaded_is_told_and_files_are_served_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load() -> NoReturn:
        raise ImportError("no aiohttp")

    monkeypatch.setattr(http_server, "_load", load)
    with HttpStation() as station:
        station.files.add_body("kernel", b"kernel bytes")
        for _ in range(2):
            assert station.exchange(b"GET /kernel HTTP/1.0\r\n\r\n") == b""
        assert "no aiohttp" in str(station.journal.wait_for(EventKind.PROBLEM, 2)[0].facts["why"])
        assert station.exchange(b"GET /kernel HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").endswith(
            b"kernel bytes"
        )


def read_all(client: socket.socket) -> bytes:
    """What comes until the other side closes or resets the connection."""
    client.settimeout(20)
    received = b""
    try:
        while part := client.recv(65536):
            received += part
    except ConnectionResetError:
        pass
    return received


def test_pages_come_before_files_and_keep_their_own_methods() -> None:
    async def page(_: web.Request) -> web.Response:
        return web.json_response({"machines": []})

    with HttpStation(routes=[web.get("/api/machines", page)]) as station:
        station.files.add_body("api/other", b"a file")
        assert station.exchange(b"GET /api/machines HTTP/1.0\r\n\r\n").endswith(b'{"machines": []}')
        assert station.exchange(b"GET /api/other HTTP/1.0\r\n\r\n").endswith(b"a file")
        assert b"405 Method" in station.exchange(b"POST /api/machines HTTP/1.0\r\n\r\n")
        assert [path for path, _ in station.files.asked] == ["api/other"]


def connected(station: HttpStation) -> socket.socket:
    """A connection the server has surely accepted: it was answered on it, and stays open."""
    client = station.connect()
    client.sendall(b"GET /kernel HTTP/1.1\r\nHost: a\r\n\r\n")
    received = b""
    while not received.endswith(b"kernel bytes"):
        received += client.recv(4096)
    return client


def test_one_connection_too_many_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "MAX_CONNECTIONS", 3)
    with HttpStation() as station:
        station.files.add_body("kernel", b"kernel bytes")
        request = b"GET /kernel HTTP/1.0\r\n\r\n"
        waiting = [connected(station) for _ in range(3)]
        sent = station.exchange(request)
        assert sent.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 5" in sent
        headers, _, body = sent.partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}".encode() in headers
        waiting.pop().close()
        deadline = time.monotonic() + 10
        while b"kernel bytes" not in station.exchange(request):
            assert time.monotonic() < deadline
        for client in waiting:
            client.close()


def test_silent_connection_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "KEEPALIVE_TIMEOUT_S", 0.2)
    with HttpStation() as station:
        station.files.add_body("kernel", b"kernel bytes")
        assert station.exchange(b"GET /ker") == b""
        sent = station.exchange(b"GET /kernel HTTP/1.1\r\nHost: a\r\n\r\n")
        assert sent.endswith(b"kernel bytes")


def test_every_listener_is_served_and_tells_its_own_address() -> None:
    async def run() -> list[str]:
        listeners = [socket.create_server((address, 0)) for address in ("127.0.0.1", "127.0.0.2")]
        listeners.append(socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True))
        files = Files()
        server = HttpServer(files, Kept(), listeners)
        await server.start()
        targets = [listener.getsockname()[:2] for listener in listeners[:2]]
        port = listeners[2].getsockname()[1]
        for host, port_number in [*targets, ("127.0.0.3", port), ("::1", port)]:
            reader, writer = await asyncio.open_connection(host, port_number)
            writer.write(b"GET /a HTTP/1.0\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.0 404")
            writer.close()
            await writer.wait_closed()
        await server.stop(1)
        return [peer.local_address for _, peer in files.asked]

    assert asyncio.run(run()) == ["127.0.0.1", "127.0.0.2", "127.0.0.3", "::1"]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image"
    path.write_bytes(os.urandom(30_000_000))
    return path


def test_stopping_lets_transfers_end_and_takes_no_new_ones(image: Path) -> None:
    before = open_descriptors()
    station = HttpStation(stop_deadline_s=15)
    received = bytearray()
    with station:
        station.files.add_file("image", image)
        client = station.connect(receive_buffer_bytes=65536)
        client.sendall(b"GET /image HTTP/1.0\r\n\r\n")
        received += client.recv(1000)
        idle = station.connect()
        idle.sendall(b"HEAD /image HTTP/1.1\r\nHost: a\r\n\r\n")
        assert idle.recv(4096).startswith(b"HTTP/1.1 200")

        def read_on() -> None:
            assert idle.recv(1) == b""
            with pytest.raises(ConnectionRefusedError):
                station.connect()
            while data := client.recv(1 << 20):
                received.extend(data)

        reader = threading.Thread(target=read_on)
        reader.start()
    reader.join(10)
    client.close()
    idle.close()
    assert bytes(received).partition(b"\r\n\r\n")[2] == image.read_bytes()
    station.journal.wait_for(EventKind.TRANSFER_FINISHED)
    assert open_descriptors() == before


def test_stopping_ends_a_transfer_that_takes_too_long(image: Path) -> None:
    before = open_descriptors()
    station = HttpStation(stop_deadline_s=0.3)
    with station:
        station.files.add_file("image", image)
        client = station.connect(receive_buffer_bytes=65536)
        client.sendall(b"GET /image HTTP/1.1\r\nHost: a\r\n\r\n")
        client.recv(1000)
        stopping_s = time.monotonic()
    assert time.monotonic() - stopping_s < 5
    client.close()
    (event,) = station.journal.of(EventKind.TRANSFER_FAILED)
    assert event.facts["reason"] == "the station was stopped"
    station.files.wait_closed()
    assert open_descriptors() == before


def test_many_small_ranges_on_one_connection(image: Path) -> None:
    """What iPXE's ``sanboot`` does with an ISO."""
    data = image.read_bytes()
    with HttpStation() as station:
        station.files.add_file("image", image)
        connection = http.client.HTTPConnection("127.0.0.1", station.port, timeout=20)
        connection.connect()
        local = connection.sock.getsockname()
        begun_s = time.monotonic()
        for block in range(0, 4000, 8):
            first, last = block * 512, block * 512 + 4095
            connection.request("GET", "/image", headers={"Range": f"bytes={first}-{last}"})
            assert connection.getresponse().read() == data[first : last + 1]
        assert connection.sock.getsockname() == local
        assert time.monotonic() - begun_s < 10
        connection.close()
        station.files.wait_closed()
        assert station.files.opened == 500
