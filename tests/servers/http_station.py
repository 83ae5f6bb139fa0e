"""A running ``HttpServer`` for the tests, with a source of made-up files and a journal that only keeps."""

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from bootbeam.library.content import Content, FileSlice, Missing, NotReady, Peer, Version
from bootbeam.servers.http import STALL_TIMEOUT_S, HttpServer
from bootbeam.servers.pages import Pages
from tests.servers.kept_events import Kept

SHA256_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


Serve = Callable[[Peer], Content | Missing | NotReady]


class Files:
    """A ``ContentSource`` that counts what it gave out and got back."""

    def __init__(self) -> None:
        self.served: dict[str, Serve] = {}
        self.asked: list[tuple[str, Peer]] = []
        self.opened = 0
        self.closed = 0

    def open(self, path: str, peer: Peer) -> Content | Missing | NotReady:
        self.asked.append((path, peer))
        serve = self.served.get(path)
        answer = serve(peer) if serve else Missing("no such file")
        if isinstance(answer, Content):
            self.opened += 1
            give_back = answer.on_close

            def on_close() -> None:
                self.closed += 1
                give_back()

            answer.on_close = on_close
        return answer

    def add_body(self, path: str, body: bytes, role: str = "image", media_type: str | None = None) -> None:
        def serve(_: Peer) -> Content:
            content = Content(path, len(body), role=role, body=body)
            if media_type:
                content.media_type = media_type
            return content

        self.served[path] = serve

    def add_file(
        self,
        path: str,
        file: Path,
        pieces: Sequence[tuple[int, int]] | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """Serve ``file``, or these (offset, size) pieces of it in turn; opened anew for each request."""

        def serve(_: Peer) -> Content:
            fd = os.open(file, os.O_RDONLY)
            stat = os.fstat(fd)
            wanted = [(0, stat.st_size)] if pieces is None else pieces
            slices = tuple(FileSlice(fd, offset, size_bytes) for offset, size_bytes in wanted)
            return Content(
                path,
                sum(part.size_bytes for part in slices),
                slices=slices,
                version=Version(stat.st_size, stat.st_mtime, lambda: SHA256_OF_NOTHING),
                check=check,
                on_close=lambda: os.close(fd),
            )

        self.served[path] = serve

    def wait_closed(self, timeout_s: float = 10) -> None:
        """Everything given out came back, each exactly once."""
        deadline = time.monotonic() + timeout_s
        while self.closed < self.opened:
            assert time.monotonic() < deadline, f"{self.opened} contents opened, {self.closed} closed"
            time.sleep(0.005)
        assert self.closed == self.opened


class HttpStation:
    """An ``HttpServer`` on loopback, its loop in a thread of its own."""

    def __init__(
        self,
        routes: Sequence[web.RouteDef] = (),
        stall_timeout_s: float = STALL_TIMEOUT_S,
        stop_deadline_s: float = 0,
        send_buffer_bytes: int | None = None,
        listener: socket.socket | None = None,
    ) -> None:
        self.files = Files()
        self.journal = Kept()
        self.stop_deadline_s = stop_deadline_s
        if listener is None:
            listener = socket.socket()
            if send_buffer_bytes:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer_bytes)
            listener.bind(("127.0.0.1", 0))
        self.port: int = listener.getsockname()[1]
        pages = Pages(tuple(route.path.partition("{")[0] for route in routes), lambda: routes)
        self.server = HttpServer(self.files, self.journal, [listener], pages, stall_timeout_s)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.server.start(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            asyncio.run_coroutine_threadsafe(self.server.stop(self.stop_deadline_s), self._loop).result(30)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
            self._loop.close()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    def connect(self, receive_buffer_bytes: int | None = None) -> socket.socket:
        """A raw client connection, with a small window when asked for."""
        client = socket.socket()
        if receive_buffer_bytes:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        client.settimeout(20)
        try:
            client.connect(("127.0.0.1", self.port))
        except OSError:
            client.close()
            raise
        return client

    def exchange(self, request: bytes) -> bytes:
        """Everything the server sends on one connection until it closes it."""
        with self.connect() as client:
            client.sendall(request)
            received = b""
            while data := client.recv(1 << 16):
                received += data
            return received


def open_descriptors() -> int:
    """How many files and sockets this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))
