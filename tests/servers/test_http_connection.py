"""Connections: many requests at once, odd ones between plain ones, clients that read slowly or not at all."""

import contextlib
import http.client
import os
import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from aiohttp import web

import bootbeam.servers.http as http_server
from bootbeam.journal.events import EventKind
from bootbeam.library.content import Content, ContentChanged, NotReady, Peer
from bootbeam.servers.http_connection import MAX_WAITING_BYTES
from tests.servers.http_station import HttpStation, open_descriptors

PLAIN = b"GET /%s HTTP/1.1\r\nHost: station\r\n\r\n"
LAST = b"GET /%s HTTP/1.1\r\nHost: station\r\nConnection: close\r\n\r\n"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image"
    path.write_bytes(os.urandom(3_000_000))
    return path


@pytest.fixture
def station(image: Path) -> Iterator[HttpStation]:
    before = open_descriptors()
    with HttpStation() as running:
        running.files.add_file("image", image)
        running.files.add_body("small", b"small body", role="script")
        running.files.add_body("medium", b"m" * 100_000)
        yield running
        running.files.wait_closed()
    assert open_descriptors() == before


def answers(received: bytes) -> list[tuple[int, bytes]]:
    """Status and body of each answer that was received, in turn."""
    found = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        size_bytes = int(lengths[0].split()[1])
        found.append((int(head.split()[1]), rest[:size_bytes]))
        received = rest[size_bytes:]
    return found


def test_a_small_answer_is_whole_and_says_who_gives_it(station: HttpStation) -> None:
    with station.connect() as client:
        client.sendall(PLAIN % b"small")
        response = http.client.HTTPResponse(client)
        response.begin()
        assert (response.status, response.read()) == (200, b"small body")
        assert response.headers["Server"].startswith("bootbeam/")
        assert response.headers["Date"].endswith(" GMT")
        assert response.headers["Connection"] is None
    (asked,) = station.files.asked
    assert asked[1].address == asked[1].local_address == "127.0.0.1"


@pytest.mark.parametrize(
    ("between", "status"),
    [
        (b"GET /small HTTP/1.1\r\nhost: a\r\nContent-Length: 3\r\n\r\nabc", 200),
        (b"GET http://station/small HTTP/1.1\r\nHost: a\r\n\r\n", 200),
        (b"GET /small HTTP/1.1\r\nHost: a\r\nX: a\tb\r\n\r\n", 200),
        (b"DELETE /small HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    ],
)
def test_odd_requests_between_plain_ones_are_answered_in_turn(
    station: HttpStation, image: Path, between: bytes, status: int
) -> None:
    requests = PLAIN % b"small" + PLAIN % b"image" + between + PLAIN % b"medium" + LAST % b"image"
    expected = [200, 200, status, 200, 200]
    found = answers(station.exchange(requests))
    assert [each[0] for each in found] == expected
    assert found[1][1] == found[4][1] == image.read_bytes()
    assert found[3][1] == b"m" * 100_000


def test_a_request_in_pieces(station: HttpStation) -> None:
    with station.connect() as client:
        for byte in PLAIN % b"small" + LAST % b"medium":
            client.sendall(bytes([byte]))
        received = b""
        while data := client.recv(1 << 16):
            received += data
    assert answers(received) == [(200, b"small body"), (200, b"m" * 100_000)]


def test_hundreds_of_requests_at_once(station: HttpStation) -> None:
    received = station.exchange((PLAIN % b"small") * 500 + LAST % b"small")
    assert answers(received) == [(200, b"small body")] * 501


@pytest.mark.parametrize(
    "last", [LAST % b"small", b"GET /small HTTP/1.1\r\nhost: a\r\nConnection: close\r\nTE:\r\n\r\n"]
)
def test_what_is_asked_ahead_is_bounded_and_answered(station: HttpStation, image: Path, last: bytes) -> None:
    """More requests behind a slow download than are read ahead; at the end a plain one, or one for aiohttp."""
    number = 4 * MAX_WAITING_BYTES // len(PLAIN % b"small")
    with station.connect(receive_buffer_bytes=8192) as client:
        client.sendall(PLAIN % b"image" + (PLAIN % b"small") * number)
        time.sleep(0.1)
        client.sendall(last)
        time.sleep(0.2)
        received = b""
        while data := client.recv(1 << 16):
            received += data
    found = answers(received)
    assert found[0] == (200, image.read_bytes())
    assert found[1:] == [(200, b"small body")] * (number + 1)


def test_one_that_asks_for_thousands_of_things_does_not_keep_others_waiting(
    station: HttpStation,
) -> None:
    """What one client sent all at once is answered a little at a time."""
    order: list[str] = []

    def serve(name: str) -> Callable[[Peer], Content]:
        def made(_: Peer) -> Content:
            order.append(name)
            # Long enough for the other's request to arrive in the meantime.
            time.sleep(0.002)
            return Content(name, 1, role="script", body=b"x")

        return made

    station.files.served.update(many=serve("many"), other=serve("other"))
    with station.connect() as greedy, station.connect() as other:
        greedy.sendall((PLAIN % b"many") * 400)
        while not order:
            time.sleep(0.001)
        other.sendall(PLAIN % b"other")
        assert other.recv(4096).endswith(b"x")
        assert order.index("other") < 300
        received = b""
        while received.count(b"\r\n\r\nx") < 400:
            received += greedy.recv(1 << 16)


def test_a_client_that_asks_and_never_reads_is_held_up_and_dropped() -> None:
    before = open_descriptors()
    with HttpStation(stall_timeout_s=1, send_buffer_bytes=8192) as station:
        station.files.add_body("medium", b"m" * 100_000)
        with station.connect(receive_buffer_bytes=4096) as client:
            with contextlib.suppress(TimeoutError, ConnectionError):
                client.settimeout(1)
                for _ in range(1000):
                    client.sendall((PLAIN % b"medium") * 10)
            (event,) = station.journal.wait_for(EventKind.TRANSFER_FAILED)
            assert event.facts["reason"] == "the client took nothing for 1 s"
        assert station.files.opened < 5
        station.files.wait_closed()
    assert open_descriptors() == before


def test_a_slow_reader_gets_every_answer(station: HttpStation, image: Path) -> None:
    received = b""
    with station.connect(receive_buffer_bytes=4096) as client:
        client.sendall(PLAIN % b"medium" + PLAIN % b"image" + LAST % b"medium")
        for _ in range(50):
            received += client.recv(1000)
            time.sleep(0.005)
        while data := client.recv(1 << 16):
            received += data
    assert [(status, len(body)) for status, body in answers(received)] == [
        (200, 100_000),
        (200, 3_000_000),
        (200, 100_000),
    ]
    assert answers(received)[1][1] == image.read_bytes()
    station.journal.wait_for(EventKind.TRANSFER_FINISHED, 3)


def test_pages_are_left_to_their_handlers_however_they_are_spelt() -> None:
    async def page(request: web.Request) -> web.Response:
        return web.Response(text=f"page {request.match_info['name']}")

    with HttpStation(routes=[web.get("/report/{name}", page)]) as station:
        station.files.add_body("small", b"small body")
        for target in (b"report/a", b"%72eport/a"):
            received = station.exchange(PLAIN % b"small" + LAST % target)
            assert answers(received) == [(200, b"small body"), (200, b"page a")]
        assert [path for path, _ in station.files.asked] == ["small"] * 2


def test_refusals_keep_the_connection_and_have_no_body_for_head(station: HttpStation) -> None:
    station.files.served["later"] = lambda _: NotReady("being written", 7)
    head = b"HEAD /none HTTP/1.1\r\nHost: a\r\n\r\n"
    range_after_end = b"GET /medium HTTP/1.1\r\nHost: a\r\nRange: bytes=100000-\r\n\r\n"
    received = station.exchange(head + PLAIN % b"later" + range_after_end + LAST % b"small")
    answer_to_head, _, rest = received.partition(b"\r\n\r\n")
    assert answer_to_head.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert b"Retry-After: 7\r\n" in rest
    assert b"Content-Range: bytes */100000\r\n" in rest
    assert [status for status, _ in answers(rest)] == [503, 416, 200]


def test_a_fault_of_the_station_is_told_and_ends_the_connection(station: HttpStation) -> None:
    def broken(_: Peer) -> NoReturn:
        raise ZeroDivisionError

    station.files.served["broken"] = broken
    assert answers(station.exchange(PLAIN % b"small" + PLAIN % b"broken")) == [(200, b"small body"), (500, b"")]
    (problem,) = station.journal.of(EventKind.PROBLEM)
    assert "ZeroDivisionError" in str(problem.facts["why"])
    assert problem.address == "127.0.0.1"


def test_a_long_file_being_rewritten_is_to_be_asked_for_again(station: HttpStation, image: Path) -> None:
    def check() -> NoReturn:
        raise ContentChanged("image was rewritten")

    station.files.add_file("rewritten", image, check=check)
    found = answers(station.exchange(PLAIN % b"rewritten" + LAST % b"small"))
    assert found == [(503, b"image was rewritten\n"), (200, b"small body")]


def test_hundreds_of_idle_connections_hold_up_nobody(station: HttpStation) -> None:
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(station.connect()) for _ in range(400)]
        for client in idle[::40]:
            client.sendall(PLAIN % b"small")
            assert client.recv(4096).endswith(b"small body")
        assert answers(station.exchange(LAST % b"small")) == [(200, b"small body")]


def test_a_connection_that_fell_silent_between_requests_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "KEEPALIVE_TIMEOUT_S", 2.0)
    with HttpStation() as station, station.connect() as client:
        station.files.add_body("small", b"small body")
        for _ in range(4):
            client.sendall(PLAIN % b"small")
            assert client.recv(4096).endswith(b"small body")
            time.sleep(0.7)
        assert client.recv(1) == b""


def test_what_was_sent_before_a_connection_ended_is_told_as_delivered(station: HttpStation) -> None:
    with station.connect() as client:
        client.sendall(PLAIN % b"medium")
        received = b""
        while len(received) < 100_000:
            received += client.recv(1 << 16)
    station.journal.wait_for(EventKind.TRANSFER_FINISHED)
    assert station.journal.of(EventKind.TRANSFER_FAILED) == []


def test_delivery_does_not_hold_up_the_next_request(station: HttpStation) -> None:
    """The first answer lies unread before the client, the second one is made nevertheless."""
    with station.connect(receive_buffer_bytes=4096) as client:
        client.sendall(PLAIN % b"medium")
        deadline = time.monotonic() + 10
        while not station.files.asked:
            assert time.monotonic() < deadline
        client.sendall(PLAIN % b"small")
        while len(station.files.asked) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        assert station.journal.of(EventKind.TRANSFER_FINISHED) == []
        received = b""
        while not received.endswith(b"small body"):
            received += client.recv(1 << 16)
    station.journal.wait_for(EventKind.TRANSFER_FINISHED)


@pytest.mark.parametrize("size_bytes", [300_000, 1 << 20, (1 << 20) + 1])
def test_parts_are_whole_for_quick_and_for_slow_clients(station: HttpStation, image: Path, size_bytes: int) -> None:
    request = b"GET /image HTTP/1.1\r\nHost: a\r\nRange: bytes=77-%d\r\n\r\n" % (size_bytes + 76)
    expected = [(206, image.read_bytes()[77 : size_bytes + 77])] * 3 + [(200, b"small body")]
    assert answers(station.exchange(request * 3 + LAST % b"small")) == expected
    received = b""
    with station.connect(receive_buffer_bytes=4096) as client:
        client.sendall(request * 3 + LAST % b"small")
        time.sleep(0.1)
        while data := client.recv(1 << 15):
            received += data
    assert answers(received) == expected
    finished = station.journal.wait_for(EventKind.TRANSFER_FINISHED, 6)
    assert {event.facts["size_bytes"] for event in finished} == {size_bytes}


@pytest.mark.parametrize("at_call", [1, 2])
def test_a_part_of_a_file_being_rewritten_never_has_its_end(station: HttpStation, image: Path, at_call: int) -> None:
    calls = 0

    def check() -> None:
        nonlocal calls
        calls += 1
        if calls >= at_call:
            raise ContentChanged("image was rewritten")

    station.files.add_file("rewritten", image, [(0, 600_000)], check=check)
    with station.connect() as client:
        client.sendall(PLAIN % b"rewritten")
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while (data := client.recv(1 << 16)) and not data.endswith(b"was rewritten\n"):
                received += data
    if at_call == 1:
        received += data
        assert answers(received) == [(503, b"image was rewritten\n")]
    else:
        assert len(received) < 600_000
    (event,) = station.journal.wait_for(EventKind.TRANSFER_FAILED)
    assert event.facts["reason"] == "image was rewritten"


def test_who_reads_a_file_piece_by_piece_is_told_as_one_that_does(station: HttpStation) -> None:
    part = b"GET /image HTTP/1.1\r\nHost: a\r\nRange: bytes=%d-%d\r\n\r\n"
    requests = b"".join(part % (start, start + 4095) for start in range(0, 4096 * 100, 4096))
    assert len(answers(station.exchange(requests + LAST % b"small"))) == 101
    assert len(station.journal.wait_for(EventKind.TRANSFER_FINISHED, 16)) == 16
    (event,) = station.journal.wait_for(EventKind.BLOCKS_READ)
    assert event.facts["file"] == "image"


def test_a_client_that_leaves_before_a_short_answer_arrived_has_not_got_it(station: HttpStation) -> None:
    client = station.connect(receive_buffer_bytes=4096)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.sendall(LAST % b"medium")
    assert client.recv(100)
    client.close()
    (event,) = station.journal.wait_for(EventKind.TRANSFER_FAILED)
    assert event.facts["reason"] == "the client closed the connection"
    assert station.journal.of(EventKind.TRANSFER_FINISHED) == []


def test_a_part_that_cannot_be_read_on_resets_the_connection(station: HttpStation, image: Path) -> None:
    calls = 0

    def check() -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise OSError(5, "Input/output error")

    station.files.add_file("broken", image, [(0, 600_000)], check=check)
    received = b""
    with station.connect() as client, contextlib.suppress(ConnectionResetError):
        client.sendall(PLAIN % b"broken")
        while data := client.recv(1 << 16):
            received += data
    assert len(received) < 600_000
    assert b"500 Internal" not in received
    (event,) = station.journal.wait_for(EventKind.TRANSFER_FAILED)
    assert "Input/output error" in str(event.facts["reason"])
    station.journal.wait_for(EventKind.PROBLEM)
