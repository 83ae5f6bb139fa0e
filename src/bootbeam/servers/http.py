"""The station's HTTP server: files by ``sendfile``, scripts, and whatever pages are handed in.

On the plain asyncio loop: uvloop has no ``sendfile``. What is not a plain request for a file is left to aiohttp.
"""

import asyncio
import logging
import resource
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bootbeam.journal.journal import Record
from bootbeam.library.content import ContentSource
from bootbeam.servers.http_connection import FileConnection
from bootbeam.servers.http_download import Downloads
from bootbeam.servers.http_faults import Faults
from bootbeam.servers.http_kept_pieces import MAX_KEPT_BYTES, MIN_PAGES_BYTES
from bootbeam.servers.http_service import Service
from bootbeam.servers.pages import NO_PAGES, Pages

if TYPE_CHECKING:
    from bootbeam.servers.http_any_request import AnyRequests

STALL_TIMEOUT_S = 120.0
"""A client that takes no byte for so long is gone. iPXE itself gives up a silent server after the same time."""
KEEPALIVE_TIMEOUT_S = 75.0
"""How long a connection may be silent between two requests, and before the first."""
MAX_CONNECTIONS = 4000
"""A thousand machines at once, though an iPXE may have an idle connection beside the one it loads by."""
DESCRIPTORS_PER_CONNECTION = 4
"""The socket, its second descriptor, and the files of what it sends."""
RESERVED_DESCRIPTORS = 64 + 2 * MAX_KEPT_BYTES // MIN_PAGES_BYTES
"""Kept free for the rest of the station, and for copies of large pieces."""
BACKLOG = 4096
"""Connections that wait to be accepted. When a thousand machines ask at once, one that finds no place there is dropped
by the kernel, and tries again after one second, then three."""
BUSY_LINGER_S = 1.0
"""What a client turned away gets to read why."""
CLOSING_S = 1.0
"""What was cancelled gets to end."""

_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 21\r\nConnection: close\r\n\r\ntoo many connections\n"
)


class HttpServer:
    """Serves ``source`` over HTTP/1.1.

    Args:
        source: what is served.
        record: the journal.
        listeners: bound TCP sockets, listening or not; the server closes them.
        pages: what goes before the files.
        stall_timeout_s: how long a client may take not a single byte.
    """

    def __init__(
        self,
        source: ContentSource,
        record: Record,
        listeners: Sequence[socket.socket],
        pages: Pages = NO_PAGES,
        stall_timeout_s: float = STALL_TIMEOUT_S,
    ) -> None:
        self._record = record
        self._listeners = listeners
        self._pages = pages
        self._downloads = Downloads(source, record)
        self._stall_timeout_s = stall_timeout_s
        self._answering: dict[asyncio.Task[Any], asyncio.Transport | None] = {}
        self._servers: list[asyncio.Server] = []
        self._arriving = 0
        self._max_connections = _affordable_connections()
        self._any_requests: AnyRequests | None = None
        self._opening: asyncio.Task[None] | None = None
        logger = logging.Logger("bootbeam.servers.http.files", logging.DEBUG)
        logger.addHandler(Faults(record))
        self._service = Service(
            self._downloads,
            stall_timeout_s,
            KEEPALIVE_TIMEOUT_S,
            self._successor,
            self._load_successor,
            pages.prefixes,
            logger,
            self._answering,
        )

    async def start(self) -> None:
        """Begin to accept connections."""
        loop = asyncio.get_running_loop()
        for listener in self._listeners:
            self._servers.append(await loop.create_server(self._connection, sock=listener, backlog=BACKLOG))

    async def stop(self, deadline_s: float) -> None:
        """Accept nothing more, let transfers end for up to ``deadline_s`` seconds, then end them."""
        for server in self._servers:
            server.close()
        self._service.piece_turns.release_all()
        self._service.is_stopping = True
        for file_connection in list(self._service.connections):
            if file_connection.is_idle:
                file_connection.close()
        if self._any_requests is not None:
            self._any_requests.close_idle()
        # What those have sent and has not arrived is waited for as well.
        await asyncio.sleep(0)
        if self._answering:
            await asyncio.wait(self._answering, timeout=deadline_s)
        for task in self._answering:
            task.cancel()
        if self._answering:
            await asyncio.wait(self._answering, timeout=CLOSING_S)
        if self._opening is not None:
            await asyncio.wait([self._opening])
        if self._any_requests is not None:
            await self._any_requests.stop()

    def _connection(self) -> asyncio.BaseProtocol:
        others = self._any_requests.number_of_connections if self._any_requests is not None else 0
        number = self._arriving + len(self._service.connections) + others
        if number >= self._max_connections:
            return _TooMany()
        # asyncio accepts many connections at one go and tells their protocols so one turn later: they count at once.
        self._arriving += 1
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, self._arrived)
        return FileConnection(self._service)

    def _successor(self) -> asyncio.Protocol | None:
        return self._any_requests.protocol() if self._any_requests is not None else None

    async def _load_successor(self) -> None:
        """Load what answers all that is not plain, once, however many connections wait for it."""
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())
        await asyncio.shield(self._opening)

    async def _open(self) -> None:
        kind, routes = await asyncio.to_thread(lambda: (_load(), self._pages.load()))
        opened = kind(
            self._downloads,
            routes,
            self._record,
            ",".join(str(port) for port in sorted({each.getsockname()[1] for each in self._listeners})),
            self._stall_timeout_s,
            KEEPALIVE_TIMEOUT_S,
            self._answering,
        )
        await opened.start()
        self._any_requests = opened

    def _arrived(self) -> None:
        self._arriving -= 1


class _TooMany(asyncio.Protocol):
    """A connection more than the station can serve: it is told so at once, and closed.

    Its request is read and thrown away: closing with unread bytes would reset the connection, answer and all.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        asyncio.get_running_loop().call_later(BUSY_LINGER_S, transport.close)
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(_BUSY)
            transport.write_eof()


def _load() -> "type[AnyRequests]":
    """What answers them, imported now."""
    from bootbeam.servers.http_any_request import AnyRequests

    return AnyRequests


def _affordable_connections() -> int:
    """How many connections the limit of open files leaves room for, at most ``MAX_CONNECTIONS``."""
    soft_limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft_limit == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(1, min(MAX_CONNECTIONS, (soft_limit - RESERVED_DESCRIPTORS) // DESCRIPTORS_PER_CONNECTION))
