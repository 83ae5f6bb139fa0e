"""Requests that aiohttp reads: pages, and all requests for files that are not plain.

Loaded when the first of them comes: aiohttp takes a tenth of a second and a dozen megabytes, and most stations never
need it.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler

from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Record
from bootbeam.library.content import ContentChanged, Peer
from bootbeam.servers.http_download import Answer, Downloads, FileRequest, being_rewritten, plain_address, shown
from bootbeam.servers.http_faults import Faults
from bootbeam.servers.http_send import LAST_BYTES, Download, send_body, short_delivered, told
from bootbeam.servers.http_service import SERVER

MAX_REQUEST_LINE_BYTES = 4096
MAX_HEADER_BYTES = 8190
MAX_REPORTED_MISTAKES = 1000
"""How many pairs of a source and its mistake are remembered, so that each is recorded once."""
CLOSING_S = 1.0
"""What aiohttp gets to close its idle connections when everything else has ended."""


class AnyRequests:
    """Answers connections that were begun elsewhere.

    Args:
        downloads: what is served.
        routes: pages that go before the files.
        record: the journal.
        ports: of the server, for the journal.
        stall_timeout_s: how long a client may take not a single byte.
        keepalive_timeout_s: how long a connection may be silent between two requests.
        answering: what takes time at present, and on which connection.
    """

    def __init__(
        self,
        downloads: Downloads,
        routes: Sequence[web.AbstractRouteDef],
        record: Record,
        ports: str,
        stall_timeout_s: float,
        keepalive_timeout_s: float,
        answering: dict[asyncio.Task[Any], asyncio.Transport | None],
    ) -> None:
        self._downloads = downloads
        self._stall_timeout_s = stall_timeout_s
        self._answering = answering
        application = web.Application(middlewares=[self._answer])
        application.add_routes(routes)
        application.on_response_prepare.append(_name_the_server)
        logger = logging.Logger("bootbeam.servers.http", logging.DEBUG)  # nothing goes to the terminal by itself
        logger.addHandler(_Mistakes(record, ports))
        self._runner = web.AppRunner(
            application,
            access_log=None,
            logger=logger,
            shutdown_timeout=CLOSING_S,
            keepalive_timeout=keepalive_timeout_s,
            max_line_size=MAX_REQUEST_LINE_BYTES,
            max_field_size=MAX_HEADER_BYTES,
        )

    async def start(self) -> None:
        """Be ready for connections."""
        await self._runner.setup()

    @property
    def number_of_connections(self) -> int:
        """How many it has at present."""
        return len(self._runner.server.connections) if self._runner.server else 0

    def protocol(self) -> asyncio.Protocol:
        """What takes a connection over.

        Raises:
            RuntimeError: it is not started, or stopped.
        """
        if self._runner.server is None:
            raise RuntimeError("a connection is answered while the server runs")
        return self._runner.server()

    def close_idle(self) -> None:
        """Close what is between two requests; nothing more is begun on what is not."""
        if self._runner.server is None:
            return
        self._runner.server.pre_shutdown()
        busy = set(self._answering.values())
        for connection in self._runner.server.connections:
            if connection.transport and connection.transport not in busy:
                connection.transport.close()

    async def stop(self) -> None:
        """Close what there is."""
        await self._runner.cleanup()

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


class _Mistakes(Faults):
    """What aiohttp logs becomes an event: a client's malformed request, or a fault inside the station."""

    def __init__(self, record: Record, ports: str) -> None:
        super().__init__(record)
        self._ports = ports
        self._reported: set[tuple[str, str]] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Record each mistake of each source once, and every fault of ours."""
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, HttpProcessingError):
            super().emit(record)
            return
        source = str(record.args[0]) if isinstance(record.args, tuple) and record.args else ""
        reason = shown(" ".join(error.message.split()))
        if (source, reason) not in self._reported and len(self._reported) < MAX_REPORTED_MISTAKES:
            self._reported.add((source, reason))
            self._journal(EventKind.DATAGRAM_DROPPED, address=source, port=self._ports, reason=reason)


async def _name_the_server(_: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = SERVER


async def answer_by_aiohttp(request: web.Request, downloads: Downloads, stall_timeout_s: float) -> web.StreamResponse:
    """Answer ``request`` through aiohttp."""
    ranges = request.headers.getall("Range", [])
    answer = downloads.answer(
        FileRequest(
            request.method,
            request.raw_path,
            request.headers,
            ranges[0] if len(ranges) == 1 else None,
            peer_of(request),
            request.can_read_body,
        )
    )
    if isinstance(answer, Answer):
        return _response(answer)
    try:
        return await _send(request, answer, stall_timeout_s)
    finally:
        answer.content.close()


async def _send(request: web.Request, download: Download, stall_timeout_s: float) -> web.StreamResponse:
    response = web.StreamResponse(status=download.status, headers=download.headers)
    transfer = download.transfer

    async def send_short() -> None:
        body = download.read()
        async with asyncio.timeout(stall_timeout_s):
            await response.prepare(request)
            await response.write(body)
            await response.write_eof()
        if len(body) > LAST_BYTES:
            await short_delivered(request.transport, len(body), transfer, stall_timeout_s)

    async def send_long() -> None:
        download.content.check()
        await response.prepare(request)
        await send_body(request.transport, download, stall_timeout_s)
        await response.write_eof()

    transfer.started()
    try:
        sending = send_short() if download.is_short else send_long()
        await told(sending, transfer, request.transport, stall_timeout_s)
    except ContentChanged as error:
        if not response.prepared:
            return _response(being_rewritten(error))
    return response


def _response(answer: Answer) -> web.Response:
    response = web.Response(status=answer.status, headers=answer.headers, text=answer.text or None)
    if answer.closes:
        response.force_close()
    return response


def peer_of(request: web.Request) -> Peer:
    """Who sent ``request``, and which address of ours it reached."""
    transport = request.transport
    return Peer(
        address=plain_address(transport.get_extra_info("peername") if transport else None),
        local_address=plain_address(transport.get_extra_info("sockname") if transport else None),
        protocol="http",
        user_agent=shown(request.headers.get("User-Agent", "")),
        is_looking=request.method == "HEAD",
    )
