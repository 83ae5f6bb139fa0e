"""Requests for files that aiohttp has read: all those that are not plain."""

import asyncio

from aiohttp import web

from bootbeam.library.content import ContentChanged, Peer
from bootbeam.servers.http_connection import being_rewritten
from bootbeam.servers.http_download import Answer, Downloads, FileRequest, plain_address, shown
from bootbeam.servers.http_send import LAST_BYTES, Download, send_body, short_delivered, told


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
