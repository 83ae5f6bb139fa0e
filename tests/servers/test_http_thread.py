"""The HTTP server answers whatever the loop that started it is busy with."""

import asyncio
import socket
import urllib.request

import pytest

from bootbeam.servers.http import HttpServer
from bootbeam.servers.http_thread import HttpThread
from tests.servers.http_station import Files
from tests.servers.kept_events import Kept


def _get(port: int) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/words", timeout=20) as answer:
        body: bytes = answer.read()
    return body


def test_it_answers_while_the_callers_loop_is_busy_and_stops_with_it() -> None:
    files = Files()
    files.add_body("words", b"abc")
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    address = listener.getsockname()

    async def serve() -> bytes:
        server = HttpThread(HttpServer(files, Kept(), [listener]))
        await server.start()
        try:
            return _get(address[1])  # not awaited: a server in this loop could not answer
        finally:
            await server.stop(0)

    assert asyncio.run(serve()) == b"abc"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=20)
