"""A response's body, put into the connection's socket past aiohttp: file pages go out with ``sendfile``, not copied.

asyncio's own ``loop.sendfile`` says nothing until a whole piece is sent and needs an aiohttp that leaves its transport
alone; a second descriptor of the same socket needs neither, and every byte taken is seen.

``TCP_USER_TIMEOUT`` would leave it to the kernel to end a connection whose client takes nothing any more, but it also
ends one whose client takes bytes slowly through a small window: seen with Linux 6.18 after the first timeout.
"""

import asyncio
import errno
import os
import socket
from asyncio.trsock import TransportSocket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

from bootbeam.library.content import ContentChanged, FileSlice
from bootbeam.servers.tcp_state import (
    acknowledged_bytes,
    is_over,
    reset_when_closed,
    unacknowledged_bytes,
    unsent_bytes,
)

FIRST_POLL_S = 0.0001
LONGEST_POLL_S = 0.02
"""Delivery has no event to wait for: it is looked up after 0.1 ms, then at doubling intervals up to 20 ms."""
TURN_BYTES = 512 << 10
"""Given to the kernel at once: a fast client would take megabytes, while hundreds of others wait for their turn."""
TURN_ALONE_BYTES = 2 << 20
"""The same while next to nobody else waits."""
UNSENT_BYTES = 128 << 10
"""What a client has waiting, besides what is on its way, which is not limited. Where clients read the same file, little
is behind in the one's queue of what is in the other's, and it is still in the processor's cache: on this computer 200
read three times as fast as with no limit. Less than two segments of 64 KiB runs dry before there is more."""
UNSENT_ALONE_BYTES = 512 << 10
"""The same of one with nobody beside it, for whom less makes only more turns. What waits is sent as it acknowledges the
rest, most likely by its own processor where that is this computer's."""
COPIED_BYTES = 64 * 1024
"""What is read at once from a file that ``sendfile`` cannot send."""
STALL_TOLD_AFTER_S = 15.0
"""A client that takes nothing for so long is told of, long before it is given up."""
LOOK_EVERY_S = 1.0
CLOSED = "the client closed the connection"
_CANNOT_SENDFILE = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})


class ClientGone(Exception):
    """The client went away, or took nothing for too long. The text says which."""


class _OnItsWay(Exception):
    """All was sent, and nothing more is heard of the client."""


class _NoSendfile(Exception):
    """``sendfile`` does not send this file."""


@dataclass(slots=True)
class _Rest:
    """What is left of a piece of an open file."""

    fd: int
    offset: int
    end: int


class BodySocket:
    """Sends a body on a connection whose headers aiohttp has written.

    Used as an asynchronous context manager; while it is open nothing else may write to the connection. Left with an
    error it resets the connection, so that the client sees a short body and never takes it for the file.

    Args:
        transport: the connection; plain TCP.
        stall_timeout_s: how long the client may take not a single byte.
        on_sent: called with the number of bytes sent so far, often; must be quick.
        on_stall: called when the client has taken nothing for ``STALL_TOLD_AFTER_S``, with the number of bytes it has
            acknowledged.
        on_resume: called when it takes bytes again after that, with the same number and for how many seconds it took
            none.
        sent_bytes: how much of the body the kernel has been given already.
        turn_bytes: how much to give it at once.
    """

    def __init__(
        self,
        transport: asyncio.WriteTransport,
        stall_timeout_s: float,
        on_sent: Callable[[int], None] = lambda _: None,
        on_stall: Callable[[int], None] = lambda _: None,
        sent_bytes: int = 0,
        on_resume: Callable[[int, float], None] = lambda _, __: None,
        turn_bytes: Callable[[], int] = lambda: TURN_BYTES,
    ) -> None:
        self._turn_bytes = turn_bytes
        self._transport = transport
        self._stall_timeout_s = stall_timeout_s
        self._on_sent = on_sent
        self._on_stall = on_stall
        self._on_resume = on_resume
        self._is_stall_told = False
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket = transport.get_extra_info("socket").dup()
        self._socket.setblocking(False)
        self._began_bytes: int | None = None
        self._is_corked = False
        self._unsent_limit_bytes: int | None = None
        self.sent_bytes = sent_bytes
        """How many bytes of the body the kernel has taken."""

    async def __aenter__(self) -> Self:
        try:
            await self._headers_written()
        except BaseException:
            self._close(reset=True)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close(reset=kind is not None)

    async def send_bytes(self, data: bytes | memoryview) -> None:
        """Send all of ``data``. Raises ``ClientGone``."""
        view = memoryview(data)
        while view:
            try:
                taken = self._socket.send(view)
            except BlockingIOError:
                await self._writable()
                continue
            except OSError as error:
                raise _gone(error) from None
            view = view[taken:]
            self._count(taken)
            # One turn of the loop for everybody else: the buffer of a fast client may never be full.
            await asyncio.sleep(0)

    async def send_read(self, read: Callable[[int, int], bytes], offset: int, end: int) -> None:
        """Send what ``read(offset, size_bytes)`` gives, up to ``end``.

        What the kernel does not take is read again when it does: a thousand clients that are slow at once would
        have their bytes in memory otherwise. Raises ``ClientGone``, and whatever ``read`` does.
        """
        while offset < end:
            try:
                taken = self._socket.send(read(offset, end - offset))
            except BlockingIOError:
                await self._writable()
                continue
            except OSError as error:
                raise _gone(error) from None
            offset += taken
            self._count(taken)
            await asyncio.sleep(0)

    async def send_file(self, part: FileSlice) -> None:
        """Send one piece of a file without copying it.

        Raises:
            ClientGone: the client went away or stalls.
            ContentChanged: the file ends before the piece does.
        """
        rest = _Rest(part.fd, part.offset, part.offset + part.size_bytes)
        self._cork(True)
        try:
            await self._given(partial(self._give_pages, rest))
        except _NoSendfile:
            await self._send_copied(rest)

    async def delivered(self, but_bytes: int = 0) -> None:
        """Wait until the client has acknowledged everything sent so far, but for the last ``but_bytes``.

        Raises:
            ClientGone: it stalls, or it went away without that much.
        """
        await self.acknowledged(self.queued_bytes() - but_bytes)

    def queued_bytes(self) -> int:
        """What the client has acknowledged since the connection began, when it has all that the kernel was given."""
        return acknowledged_bytes(self._socket) + unacknowledged_bytes(self._socket.fileno())

    async def acknowledged(self, target_bytes: int) -> None:
        """Wait until the client has acknowledged so much since the connection began. Raises ``ClientGone``."""
        self._cork(False)
        await self._emptied(lambda: max(0, target_bytes - acknowledged_bytes(self._socket)))
        # One that comes after the last byte is how some firmware closes.
        if is_over(self._socket) and acknowledged_bytes(self._socket) < target_bytes:
            raise ClientGone(CLOSED)

    async def arrived(self, target_bytes: int) -> None:
        """The same for a body of which the kernel has all.

        When nothing more is heard of a client that has begun to acknowledge it, or the station stops, it has arrived
        as far as anybody can know, once all of it was on the wire. iPXE starts a loader with the acknowledgement of up
        to some 100 KB unsent, and is silent from then on.
        """
        self._began_bytes = self.queued_bytes() - self.sent_bytes
        try:
            await self.acknowledged(target_bytes)
        except _OnItsWay:
            return
        except asyncio.CancelledError:
            if not self._is_on_its_way():
                raise

    def _cork(self, is_wanted: bool) -> None:
        """Whether a segment that is not full waits for what comes next: each turn would end with one otherwise, which
        the client acknowledges by itself (3 % of the throughput of a client on this computer)."""
        if self._is_corked != is_wanted:
            self._is_corked = is_wanted
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, is_wanted)

    def _limit_unsent(self, turn_bytes: int) -> None:
        limit_bytes = UNSENT_ALONE_BYTES if turn_bytes == TURN_ALONE_BYTES else UNSENT_BYTES
        if self._unsent_limit_bytes != limit_bytes:
            self._unsent_limit_bytes = limit_bytes
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, limit_bytes)

    def _give_pages(self, rest: _Rest) -> bool:
        """Give the kernel what it takes of one turn. Whether nothing is left."""
        turn_bytes = self._turn_bytes()
        self._limit_unsent(turn_bytes)
        try:
            taken = os.sendfile(self._socket.fileno(), rest.fd, rest.offset, min(rest.end - rest.offset, turn_bytes))
        except BlockingIOError:
            return False
        except OSError as error:
            raise (_NoSendfile if error.errno in _CANNOT_SENDFILE else _gone(error)) from None
        if not taken:
            raise ContentChanged("the file became shorter while it was being sent")
        rest.offset += taken
        self._count(taken)
        return rest.offset == rest.end

    async def _send_copied(self, rest: _Rest) -> None:
        while rest.offset < rest.end:
            data = os.pread(rest.fd, min(COPIED_BYTES, rest.end - rest.offset), rest.offset)
            if not data:
                raise ContentChanged("the file became shorter while it was being sent")
            await self.send_bytes(data)
            rest.offset += len(data)

    async def _headers_written(self) -> None:
        """Wait until aiohttp's own output has left its buffer: what is sent here would overtake it.

        A connection that breaks meanwhile empties the buffer too; the first send then finds it broken.
        """
        await self._emptied(self._transport.get_write_buffer_size)

    async def _emptied(self, waiting_bytes: Callable[[], int]) -> None:
        """Wait until ``waiting_bytes`` gives 0. Raises ``ClientGone`` when it does not change any more."""
        poll_s = FIRST_POLL_S
        waiting, since_s = waiting_bytes(), self._loop.time()
        while waiting:
            if is_over(self._socket):
                return
            await asyncio.sleep(poll_s)
            poll_s = min(poll_s * 2, LONGEST_POLL_S)
            before, waiting = waiting, waiting_bytes()
            since_s = self._since(since_s, has_moved=waiting != before)

    def _since(self, since_s: float, *, has_moved: bool) -> float:
        """Since when the client takes nothing. Raises ``ClientGone`` when that is too long."""
        now_s = self._loop.time()
        if has_moved:
            if self._is_stall_told and not is_over(self._socket):
                self._is_stall_told = False
                self._on_resume(self._taken_bytes(), now_s - since_s)
            return now_s
        if now_s - since_s > min(self._stall_timeout_s, STALL_TOLD_AFTER_S) and self._is_on_its_way():
            raise _OnItsWay
        if now_s - since_s > self._stall_timeout_s:
            raise ClientGone(f"the client took nothing for {self._stall_timeout_s:g} s")
        if now_s - since_s > STALL_TOLD_AFTER_S and not self._is_stall_told:
            self._is_stall_told = True
            self._on_stall(self._taken_bytes())
        return since_s

    def _taken_bytes(self) -> int:
        return max(0, self.sent_bytes - unacknowledged_bytes(self._socket.fileno()))

    async def _writable(self) -> None:
        """Wait until the socket takes bytes again. Raises ``ClientGone``."""
        await self._given(lambda: True)

    async def _given(self, give: Callable[[], bool]) -> None:
        """Call ``give`` whenever the socket takes bytes, until it says that nothing is left.

        The kernel calls a socket writable when a third of its buffer is free. A slow client may need long for that:
        it stalls only when it acknowledges nothing either.

        Raises:
            ClientGone: it stalls. And whatever ``give`` raises.
        """
        taking, since_s = self._taking(), self._loop.time()
        while not await self._given_within(min(LOOK_EVERY_S, self._stall_timeout_s), give):
            before, taking = taking, self._taking()
            since_s = self._since(since_s, has_moved=taking != before)
        self._since(since_s, has_moved=True)

    async def _given_within(self, timeout_s: float, give: Callable[[], bool]) -> bool:
        # Called by the loop each time, not woken to wait once more: a fast client takes some several thousand times a
        # second, which made 94 microseconds of processor time for 1 MB instead of 74. Nor asyncio.wait or timeout.
        ended: asyncio.Future[bool] = self._loop.create_future()
        timer = self._loop.call_later(timeout_s, _wake, ended, False)
        self._loop.add_writer(self._socket.fileno(), _give, give, ended)
        try:
            return await ended
        finally:
            timer.cancel()
            self._loop.remove_writer(self._socket.fileno())

    def _taking(self) -> tuple[int, int]:
        """What changes when the client takes something."""
        return self.sent_bytes, unacknowledged_bytes(self._socket.fileno())

    def _count(self, taken_bytes: int) -> None:
        self.sent_bytes += taken_bytes
        self._on_sent(self.sent_bytes)

    def _is_on_its_way(self) -> bool:
        """Whether the client has acknowledged some of the whole body, and all the rest was sent to it."""
        if self._began_bytes is None or is_over(self._socket) or acknowledged_bytes(self._socket) <= self._began_bytes:
            return False
        return not unsent_bytes(self._socket)

    def _close(self, *, reset: bool) -> None:
        if reset:
            _reset(self._socket, self._transport)
        else:
            self._cork(False)
        self._socket.close()


def reset(transport: asyncio.WriteTransport) -> None:
    """End the connection so that the client sees that something is missing."""
    _reset(transport.get_extra_info("socket"), transport)


def _reset(connection: socket.socket | TransportSocket, transport: asyncio.WriteTransport) -> None:
    reset_when_closed(connection)
    transport.abort()


def _give(give: Callable[[], bool], ended: "asyncio.Future[bool]") -> None:
    if ended.done():
        return
    try:
        if give():
            ended.set_result(True)
    except Exception as error:
        ended.set_exception(error)


def _wake(ended: "asyncio.Future[bool]", is_given: bool) -> None:
    if not ended.done():
        ended.set_result(is_given)


def _gone(error: OSError) -> ClientGone:
    return ClientGone(CLOSED if isinstance(error, ConnectionError) else f"the connection failed: {error.strerror}")
