"""The station's HTTP server: files by ``sendfile``, scripts, and whatever pages are handed in.

aiohttp on the plain asyncio loop: uvloop has no ``sendfile``.
"""

import asyncio
import logging
import resource
import socket
from collections.abc import Sequence
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Record
from bootbeam.library.content import ContentSource
from bootbeam.servers.http_any_request import answer_by_aiohttp
from bootbeam.servers.http_connection import SERVER, FileConnection, Service
from bootbeam.servers.http_download import Downloads, shown

STALL_TIMEOUT_S = 120.0
"""A client that takes no byte for so long is gone. iPXE itself gives up a silent server after the same time."""
KEEPALIVE_TIMEOUT_S = 75.0
"""How long a connection may be silent between two requests, and before the first."""
MAX_CONNECTIONS = 4000
"""A thousand machines at once, though an iPXE may have an idle connection beside the one it loads by."""
DESCRIPTORS_PER_CONNECTION = 4
"""The socket, its second descriptor, and the files of what it sends."""
RESERVED_DESCRIPTORS = 64
"""Kept free for the rest of the station."""
MAX_REQUEST_LINE_BYTES = 4096
MAX_HEADER_BYTES = 8190
BACKLOG = 4096
"""Connections that wait to be accepted. When a thousand machines ask at once, one that finds no place there is dropped
by the kernel, and tries again after one second, then three."""
MAX_REPORTED_MISTAKES = 1000
"""How many pairs of a source and its mistake are remembered, so that each is recorded once."""
BUSY_LINGER_S = 1.0
"""What a client turned away gets to read why."""
CLOSING_S = 1.0
"""What aiohttp gets to close its idle connections when everything else has ended."""

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
        routes: pages that go before the files.
        stall_timeout_s: how long a client may take not a single byte.
    """

    def __init__(
        self,
        source: ContentSource,
        record: Record,
        listeners: Sequence[socket.socket],
        routes: Sequence[web.AbstractRouteDef] = (),
        stall_timeout_s: float = STALL_TIMEOUT_S,
    ) -> None:
        self._record = record
        self._listeners = listeners
        self._downloads = Downloads(source, record)
        self._stall_timeout_s = stall_timeout_s
        self._answering: dict[asyncio.Task[Any], asyncio.Transport | None] = {}
        self._servers: list[asyncio.Server] = []
        self._arriving = 0
        self._max_connections = _affordable_connections()
        application = web.Application(middlewares=[self._answer])
        application.add_routes(routes)
        application.on_response_prepare.append(_name_the_server)
        logger = _logger(record, listeners)
        self._service = Service(
            self._downloads,
            stall_timeout_s,
            KEEPALIVE_TIMEOUT_S,
            self._aiohttp,
            tuple(route.path.partition("{")[0] for route in routes if isinstance(route, web.RouteDef)),
            logger,
            self._answering,
        )
        self._runner = web.AppRunner(
            application,
            access_log=None,
            logger=logger,
            shutdown_timeout=CLOSING_S,
            keepalive_timeout=KEEPALIVE_TIMEOUT_S,
            max_line_size=MAX_REQUEST_LINE_BYTES,
            max_field_size=MAX_HEADER_BYTES,
        )

    async def start(self) -> None:
        """Begin to accept connections."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        for listener in self._listeners:
            self._servers.append(await loop.create_server(self._connection, sock=listener, backlog=BACKLOG))

    async def stop(self, deadline_s: float) -> None:
        """Accept nothing more, let transfers end for up to ``deadline_s`` seconds, then end them."""
        for server in self._servers:
            server.close()
        self._service.is_stopping = True
        for file_connection in list(self._service.connections):
            if file_connection.is_idle:
                file_connection.close()
        if self._runner.server:
            self._runner.server.pre_shutdown()
            busy = set(self._answering.values())
            for connection in self._runner.server.connections:
                if connection.transport and connection.transport not in busy:
                    connection.transport.close()
        # What those have sent and has not arrived is waited for as well.
        await asyncio.sleep(0)
        if self._answering:
            await asyncio.wait(self._answering, timeout=deadline_s)
        for task in self._answering:
            task.cancel()
        if self._answering:
            await asyncio.wait(self._answering, timeout=CLOSING_S)
        await self._runner.cleanup()

    def _connection(self) -> asyncio.Protocol:
        server = self._runner.server
        number = self._arriving + len(self._service.connections) + (len(server.connections) if server else 0)
        if number >= self._max_connections:
            return _TooMany()
        # asyncio accepts many connections at one go and tells their protocols so one turn later: they count at once.
        self._arriving += 1
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, self._arrived)
        return FileConnection(self._service)

    def _aiohttp(self) -> asyncio.Protocol:
        if self._runner.server is None:
            raise RuntimeError("a connection is answered while the server runs")
        return self._runner.server()

    def _arrived(self) -> None:
        self._arriving -= 1

    @web.middleware
    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Pages first, and files for every path that is no page."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a request is answered in a task of its own")
        self._answering[task] = request.transport
        try:
            missing = request.match_info.http_exception
            if isinstance(missing, web.HTTPNotFound):
                return await answer_by_aiohttp(request, self._downloads, self._stall_timeout_s)
            return await handler(request)
        finally:
            del self._answering[task]


class _TooMany(asyncio.Protocol):
    """A connection more than the station can serve: it is told so at once, and closed.

    Its request is read and thrown away: closing with unread bytes would reset the connection, answer and all.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        asyncio.get_running_loop().call_later(BUSY_LINGER_S, transport.close)
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(_BUSY)
            transport.write_eof()


class _Mistakes(logging.Handler):
    """What aiohttp logs becomes an event: a client's malformed request, or a fault inside the station."""

    def __init__(self, record: Record, ports: str) -> None:
        super().__init__()
        self._journal = record
        self._ports = ports
        self._reported: set[tuple[str, str]] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Record each mistake of each source once, and every fault of ours."""
        error = record.exc_info[1] if record.exc_info else None
        source = str(record.args[0]) if isinstance(record.args, tuple) and record.args else ""
        if isinstance(error, HttpProcessingError):
            reason = shown(" ".join(error.message.split()))
            if (source, reason) not in self._reported and len(self._reported) < MAX_REPORTED_MISTAKES:
                self._reported.add((source, reason))
                self._journal(EventKind.DATAGRAM_DROPPED, address=source, port=self._ports, reason=reason)
        elif record.levelno >= logging.WARNING:
            self._journal(
                EventKind.PROBLEM,
                address=source or None,
                what=record.getMessage(),
                why=repr(error) if error else "",
                fix="please report it, with what the client asked for",
            )


def _logger(record: Record, listeners: Sequence[socket.socket]) -> logging.Logger:
    """A logger of this server's own: nothing aiohttp says goes to the terminal by itself."""
    ports = ",".join(str(port) for port in sorted({listener.getsockname()[1] for listener in listeners}))
    logger = logging.Logger("bootbeam.servers.http", logging.DEBUG)
    logger.addHandler(_Mistakes(record, ports))
    return logger


def _affordable_connections() -> int:
    """How many connections the limit of open files leaves room for, at most ``MAX_CONNECTIONS``."""
    soft_limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft_limit == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(1, min(MAX_CONNECTIONS, (soft_limit - RESERVED_DESCRIPTORS) // DESCRIPTORS_PER_CONNECTION))


async def _name_the_server(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = SERVER
