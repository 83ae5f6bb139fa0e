"""The page's server: everything behind the port, loaded when somebody first asks (``web.server``)."""

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bootbeam import __version__
from bootbeam.journal.account import MakerOf
from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.journal import Record
from bootbeam.web.api import Api
from bootbeam.web.guard import add_headers, guard
from bootbeam.web.live import Live
from bootbeam.web.pages import Pages
from bootbeam.web.stream import Stream

MAX_CONNECTIONS = 128
BACKLOG = 128
KEEPALIVE_TIMEOUT_S = 30.0
CLOSING_S = 1.0
"""What answers under way get when the station stops."""
MAX_REQUEST_LINE_BYTES = 2048
MAX_HEADER_BYTES = 4096
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MAX_TOLD_FAULTS = 10


class Room:
    """Serves page, API and metrics on a listening socket.

    Args:
        live: what happens now.
        path: the database of the station; None when it keeps none.
        recent_events: the newest events, oldest first.
        record: the journal, for faults of the page itself.
        maker_of: the maker's name for a MAC, or None.
    """

    def __init__(
        self,
        live: Live,
        path: Path | None,
        recent_events: Callable[[], Sequence[Event]],
        record: Record,
        maker_of: MakerOf,
    ) -> None:
        self.live = live
        api = Api(self.live, path, recent_events, maker_of)
        self._stream = Stream(self.live)
        application = web.Application(middlewares=[guard])
        application.add_routes([*api.routes(), *self._stream.routes(), *Pages(api, maker_of).routes()])
        application.add_routes([web.get("/metrics", self._metrics)])
        application.on_response_prepare.append(add_headers)
        self._runner = web.AppRunner(
            application,
            access_log=None,
            logger=_logger(record),
            shutdown_timeout=CLOSING_S,
            keepalive_timeout=KEEPALIVE_TIMEOUT_S,
            max_line_size=MAX_REQUEST_LINE_BYTES,
            max_field_size=MAX_HEADER_BYTES,
        )
        self._server: asyncio.Server | None = None
        self._arriving = 0

    async def open(self, listener: socket.socket) -> None:
        """Begin to answer."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, sock=listener, backlog=BACKLOG)

    async def close(self) -> None:
        """Accept nothing more, let listeners go."""
        if self._server is not None:
            self._server.close()
        self._stream.stop()
        await self._runner.cleanup()

    def _connection(self) -> asyncio.Protocol:
        server = self._runner.server
        if server is None or len(server.connections) + self._arriving >= MAX_CONNECTIONS:
            return _Closed()
        # asyncio accepts many connections at one go and tells their protocols so one turn later: they count at once.
        self._arriving += 1
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, self._arrived)
        return server()

    def _arrived(self) -> None:
        self._arriving -= 1

    async def _metrics(self, _: web.Request) -> web.Response:
        self.live.advance()
        text = self.live.counters.render(__version__, self.live.transfers.under_way())
        return web.Response(body=text.encode(), headers={"Content-Type": METRICS_TYPE})


def _logger(record: Record) -> logging.Logger:
    """A logger of this server's own: nothing aiohttp says goes to the terminal by itself."""
    logger = logging.Logger("bootbeam.web", logging.ERROR)
    logger.addHandler(_Faults(record))
    return logger


class _Faults(logging.Handler):
    """A fault of the page becomes an event, once of its kind; what clients do wrong they are told themselves."""

    def __init__(self, record: Record) -> None:
        super().__init__()
        self._journal = record
        self._told: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Record it."""
        error = record.exc_info[1] if record.exc_info else None
        why = repr(error) if error else record.getMessage()
        if isinstance(error, HttpProcessingError) or why in self._told or len(self._told) >= MAX_TOLD_FAULTS:
            return
        self._told.add(why)
        fix = "machines boot all the same; please report this line"
        self._journal(EventKind.PROBLEM, what="the page could not answer", why=why, fix=fix)


class _Closed(asyncio.Protocol):
    """A connection more than there may be."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()
