"""Sends one part of a ``Content`` as the body of a response, and tells the journal how it went."""

import asyncio
import errno
import os
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from bootbeam.library.content import Content, ContentChanged
from bootbeam.servers.http_body import CLOSED, TURN_BYTES, BodySocket, ClientGone
from bootbeam.servers.http_kept_pieces import KeptPiece
from bootbeam.servers.http_transfer import Transfer
from bootbeam.wire.http_range import ByteRange

CHUNK_BYTES = 8 << 20
"""Between two looks at whether the file is still the version the transfer began with."""
COPIED_BODY_BYTES = 256 * 1024
"""A body up to this is read into memory and goes out in one piece with its headers."""
AT_ONCE_BYTES = 1 << 20
"""A part of a file up to this is copied into the connection in as far as the kernel takes it at once."""
CHECKED_BYTES = 4 * 1024
"""The end of a part of a file in memory, which is sent when the rest is known to be of one version."""
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


@dataclass(slots=True)
class Download:
    """The answer that is a part of a file, or all of it."""

    status: int
    headers: dict[str, str]
    content: Content
    part: ByteRange
    transfer: Transfer
    is_piece: bool = False
    """One of many, by somebody who reads the file piece by piece."""

    @property
    def is_short(self) -> bool:
        """It is read into memory and goes out in one piece with its headers."""
        return self.part.size_bytes <= COPIED_BODY_BYTES

    def read(self) -> bytes:
        """All of a short one. Raises ``ContentChanged``."""
        self.content.check()
        body = self.content.read_at(self.part.offset, self.part.size_bytes)
        self.content.check()
        return body


def send_kept(connection: socket.socket, head: bytes, kept: KeptPiece, *, as_pages: bool) -> int:
    """Send as much as the kernel takes without waiting of what nobody can change.

    Args:
        connection: does not block.
        head: goes before the body.
        kept: the body.
        as_pages: let the kernel send a large one's pages themselves, instead of what it copies from there.

    Returns:
        How many bytes it took, the head's included.

    Raises:
        ClientGone: the connection is broken.
    """
    taken = 0
    try:
        if not as_pages or kept.fd < 0:
            return os.writev(connection.fileno(), (head, kept.body))
        taken = connection.send(head, socket.MSG_MORE)
        if taken == len(head):
            taken += os.sendfile(connection.fileno(), kept.fd, 0, kept.part.size_bytes)
    except BlockingIOError:
        pass
    except OSError:
        raise ClientGone(CLOSED) from None
    return taken


def send_at_once(fd: int, head: bytes, download: Download, buffer: memoryview, pages: memoryview | None = None) -> int:
    """Send as much as the kernel takes without waiting, copied: what is copied cannot change any more on its way.

    Args:
        fd: of the connection.
        head: goes before the body.
        download: of a file.
        buffer: is overwritten; each copy goes through it.
        pages: where the whole file is in memory: the kernel copies out of there, once instead of twice. The end goes
            through ``buffer`` even so, unless nobody can change the file: it is sent when all that came before it is
            known to be of the same version.

    Returns:
        How many bytes it took, the head's included.

    Raises:
        ContentChanged: the file is being rewritten. Not all has been sent.
        ClientGone: the connection is broken.
    """
    content, part = download.content, download.part
    done, size_bytes = 0, part.size_bytes
    mapped_bytes = 0 if pages is None else size_bytes - (0 if content.is_unchanging else CHECKED_BYTES)
    while done < size_bytes:
        if pages is not None and done < mapped_bytes:
            piece = pages[part.offset + done : part.offset + mapped_bytes]
        else:
            piece = buffer[: min(len(buffer), size_bytes - done)]
            content.read_into(part.offset + done, piece)
            if done + len(piece) == size_bytes:
                content.check()
        try:
            taken = os.write(fd, piece) if done else os.writev(fd, [head, piece]) - len(head)
        except BlockingIOError:
            return done + len(head) if done else 0
        except OSError as error:
            if error.errno == errno.EFAULT:
                raise ContentChanged(f"{content.name} became shorter while it was being sent") from None
            raise ClientGone(CLOSED) from None
        done += taken
        if taken < len(piece):
            break
    return done + len(head)


async def told(
    sending: Coroutine[Any, Any, None], transfer: Transfer, transport: asyncio.Transport | None, stall_timeout_s: float
) -> None:
    """Carry out ``sending``, and tell the journal how it went; a client that goes away is no error.

    Raises:
        ContentChanged: the file is being rewritten. What has been sent of it is not all, and the connection is reset.
    """
    try:
        await sending
    except (ClientGone, ConnectionError) as error:
        transfer.failed(str(error))
    except TimeoutError:
        transfer.failed(f"the client took nothing for {stall_timeout_s:g} s")
        if transport is not None:
            transport.abort()
    except BaseException as error:
        transfer.failed(failure_words(error))
        raise
    else:
        transfer.finished()


def failure_words(error: BaseException) -> str:
    """Why a download ended that the client did not end."""
    if isinstance(error, ContentChanged):
        return str(error)
    return "the station was stopped" if isinstance(error, asyncio.CancelledError) else f"the station failed: {error!r}"


async def short_delivered(
    transport: asyncio.Transport | None, size_bytes: int, transfer: Transfer, stall_timeout_s: float
) -> None:
    """Wait until a body that went out in one piece has arrived, but for its last bytes. Raises ``ClientGone``."""
    if transport is not None:
        async with watched_body(transport, size_bytes, transfer, stall_timeout_s) as sent:
            await sent.arrived(sent.queued_bytes() - LAST_BYTES)


def watched_body(
    transport: asyncio.Transport, size_bytes: int, transfer: Transfer, stall_timeout_s: float
) -> BodySocket:
    """For a body of which the kernel has all: tells the journal when the client takes nothing of it."""
    return BodySocket(
        transport, stall_timeout_s, on_stall=transfer.stalled, sent_bytes=size_bytes, on_resume=transfer.resumed
    )


async def all_taken(transport: asyncio.Transport, stall_timeout_s: float) -> None:
    """Wait until the client has taken so much of what was written that the kernel takes the rest."""
    with suppress(ClientGone):
        async with BodySocket(transport, stall_timeout_s):
            pass


async def arrived(body: BodySocket, target_bytes: int) -> None:
    """Wait until the client has acknowledged so much since the connection began. Raises ``ClientGone``."""
    async with body:
        await body.arrived(target_bytes)


async def send_body(
    transport: asyncio.Transport | None,
    download: Download,
    stall_timeout_s: float,
    done_bytes: int = 0,
    turn_bytes: Callable[[], int] = lambda: TURN_BYTES,
) -> None:
    """Send a longer body, behind its head, to a client that takes some bytes of it now and then.

    ``done_bytes`` of it have been sent, copied; ``turn_bytes`` says how much to give the kernel at once.

    A client never gets the end of a body whose bytes are of two versions: the connection is reset before.

    Raises:
        ClientGone: it went away, or takes nothing.
        ContentChanged: the file is being rewritten.
    """
    if transport is None:
        raise ClientGone(CLOSED)
    content, part, transfer = download.content, download.part, download.transfer
    offset, end = part.offset + done_bytes, part.offset + part.size_bytes
    telling = (transfer.progress, transfer.stalled)
    async with BodySocket(transport, stall_timeout_s, *telling, done_bytes, transfer.resumed, turn_bytes) as body:
        if content.body is not None or end - offset <= COPIED_BODY_BYTES:
            rest = (
                content.read_at(offset, end - offset) if content.body is None else memoryview(content.body)[offset:end]
            )
            content.check()
            await body.send_bytes(rest)
            await body.arrived(body.queued_bytes() - LAST_BYTES)
            return
        held_back = end - HELD_BACK_BYTES
        pages_end = max(offset, held_back - PUSHING_BYTES)
        while offset < pages_end:
            content.check()
            size_bytes = min(CHUNK_BYTES, pages_end - offset)
            for piece in content.slices_of(offset, size_bytes):
                await body.send_file(piece)
            offset += size_bytes
        await body.send_read(partial(_read_checked, content), pages_end, held_back)
        await body.delivered(but_bytes=held_back - pages_end)
        tail = content.read_at(held_back, HELD_BACK_BYTES)
        content.check()
        await body.send_bytes(tail)


async def send_rest(
    transport: asyncio.Transport,
    download: Download,
    stall_timeout_s: float,
    done_bytes: int,
    turn_bytes: Callable[[], int],
) -> None:
    """The same with what the journal is told of it, and the content closed in the end."""
    sending = send_body(transport, download, stall_timeout_s, done_bytes, turn_bytes)
    try:
        # Where the file changes under it the connection is reset, and that is all there is to do.
        with suppress(ContentChanged):
            await told(sending, download.transfer, transport, stall_timeout_s)
    finally:
        download.content.close()


def _read_checked(content: Content, offset: int, size_bytes: int) -> bytes:
    data = content.read_at(offset, size_bytes)
    content.check()
    return data
