"""Sends one part of a ``Content`` as the body of a response, and tells the journal how it went."""

import asyncio

from aiohttp import web

from bootbeam.library.content import Content, ContentChanged
from bootbeam.servers.http_body import BodySocket, ClientGone
from bootbeam.servers.http_transfer import Transfer
from bootbeam.wire.http_range import ByteRange

CHUNK_BYTES = 8 << 20
"""Between two looks at whether the file is still the version the transfer began with."""
COPIED_BODY_BYTES = 256 * 1024
"""A body up to this is read into memory and goes out in one piece with its headers."""
LAST_BYTES = 16 * 1024
"""Whether the last bytes of a body have arrived is not looked at.

Quirk: iPXE: starts what it has loaded without acknowledging the end of it.
"""
HELD_BACK_BYTES = 16 * 1024
"""The end of a longer body is copied, and sent only when all before it has arrived and the file is still the same
version: ``sendfile`` queues pages of the file itself, and whoever writes to the file changes what is in the queue."""
PUSHING_BYTES = 128 * 1024
"""What comes before that end is copied too, and sent right behind the file's own pages: a client acknowledges what it
got when more follows, and otherwise waits for up to 40 ms. A range of 1 MiB took 14 ms in the mean."""
CHANGED_RETRY_AFTER_S = 2


async def send_part(
    request: web.Request,
    status: int,
    headers: dict[str, str],
    content: Content,
    part: ByteRange,
    transfer: Transfer,
    stall_timeout_s: float,
) -> web.StreamResponse:
    """Answer ``request`` with the bytes ``part`` of ``content``, to a client that takes some of them now and then.

    A client never gets the end of a body whose bytes are of two versions: the connection is reset before.
    """
    transfer.started()
    response = web.StreamResponse(status=status, headers=headers)
    try:
        content.check()
        if part.size_bytes <= COPIED_BODY_BYTES:
            body = content.read_at(part.offset, part.size_bytes)
            content.check()
            response = web.Response(status=status, headers=headers, body=body)
            async with asyncio.timeout(stall_timeout_s):
                await response.prepare(request)
                await response.write_eof()
            if part.size_bytes > LAST_BYTES and request.transport is not None:
                async with BodySocket(
                    request.transport, stall_timeout_s, on_stall=transfer.stalled, sent_bytes=part.size_bytes
                ) as sent:
                    await sent.delivered(LAST_BYTES)
        else:
            await response.prepare(request)
            await _send_long(request, content, part, transfer, stall_timeout_s)
            await response.write_eof()
    except ContentChanged as error:
        transfer.failed(str(error))
        if response.prepared:
            return response
        retry = {"Retry-After": str(CHANGED_RETRY_AFTER_S)}
        return web.Response(status=503, headers=retry, text=f"{error}\n")
    except (ClientGone, ConnectionError) as error:
        transfer.failed(str(error))
        return response
    except TimeoutError:
        transfer.failed(f"the client took nothing for {stall_timeout_s:g} s")
        if request.transport:
            request.transport.abort()
        return response
    except BaseException as error:
        stopped = isinstance(error, asyncio.CancelledError)
        transfer.failed("the station was stopped" if stopped else f"the station failed: {error!r}")
        raise
    transfer.finished()
    return response


async def _send_long(
    request: web.Request, content: Content, part: ByteRange, transfer: Transfer, stall_timeout_s: float
) -> None:
    if request.transport is None:
        raise ClientGone("the client closed the connection")
    end = part.offset + part.size_bytes
    async with BodySocket(request.transport, stall_timeout_s, transfer.progress, transfer.stalled) as body:
        if content.body is not None:
            await body.send_bytes(memoryview(content.body)[part.offset : end])
            await body.delivered(LAST_BYTES)
            return
        offset, held_back = part.offset, end - HELD_BACK_BYTES
        pages_end = max(offset, held_back - PUSHING_BYTES)
        while offset < pages_end:
            content.check()
            size_bytes = min(CHUNK_BYTES, pages_end - offset)
            for piece in content.slices_of(offset, size_bytes):
                await body.send_file(piece)
            offset += size_bytes
        pushing = content.read_at(pages_end, held_back - pages_end)
        content.check()
        await body.send_bytes(pushing)
        await body.delivered(but_bytes=len(pushing))
        tail = content.read_at(held_back, HELD_BACK_BYTES)
        content.check()
        await body.send_bytes(tail)
