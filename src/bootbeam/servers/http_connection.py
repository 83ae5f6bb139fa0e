"""One connection of a client that asks for files: plain requests are answered here, all others by aiohttp.

aiohttp takes some 60 microseconds for a small answer, of which a boot of hundreds of machines needs thousands; what
boot clients send needs nothing of what it does in them. Whatever is not a plain request for a file (a page, a body, a
request in pieces, HTTP/1.0) goes to aiohttp, and so does all that comes after it on that connection.
"""

import asyncio
import socket
from collections.abc import Coroutine, Mapping
from typing import Any

from bootbeam.library.content import ContentChanged, Peer
from bootbeam.servers.http_body import ClientGone, reset
from bootbeam.servers.http_deliveries import Deliveries
from bootbeam.servers.http_download import Answer, FileRequest, being_rewritten, plain_address, shown
from bootbeam.servers.http_piece_reader import READS_ON_S, Piece, PieceReader
from bootbeam.servers.http_send import (
    AT_ONCE_BYTES,
    Download,
    all_taken,
    arrived,
    failure_words,
    send_at_once,
    send_rest,
    short_delivered,
    told,
    watched_body,
)
from bootbeam.servers.http_service import Service
from bootbeam.servers.http_silence import Silence
from bootbeam.servers.http_transfer import Transfer
from bootbeam.wire.http_request import MAX_PLAIN_HEAD_BYTES, PlainRequest, encode_response_head, find_plain_request

MAX_WAITING_BYTES = 4 * MAX_PLAIN_HEAD_BYTES
"""What a client may send ahead while it is being answered; then it is read no further for the moment."""
MAX_ANSWERS_A_TURN = 32
"""Of requests that a client has sent all at once; then everybody else gets their turn."""
SETTLED_AFTER_S = 0.02
"""When a short answer has not arrived after so long, its arrival is watched."""


class FileConnection(asyncio.BufferedProtocol):
    """Answers one request after the other, in their order."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._fd = -1
        self._address = self._local_address = ""
        self._peers: dict[tuple[str, bool], Peer] = {}
        self._is_busy = False
        self._is_last = False
        self._waiting = b""
        self._silence = Silence(service.keepalive_timeout_s, lambda: self._is_busy, self.close)
        self._settling: asyncio.TimerHandle | None = None

    @property
    def is_idle(self) -> bool:
        """Nothing is being sent on it."""
        return not self._is_busy

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It begins to count, and to be watched for silence."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a connection is a stream")
        self._transport = transport
        connection = transport.get_extra_info("socket")
        self._fd = connection.fileno()
        # asyncio does so only where the listener was made with the protocol's number. The end of a body, which is often
        # sent by itself, would wait for the client to acknowledge what came before: up to 40 ms.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._deliveries = Deliveries(connection)
        self._reader = PieceReader(self._service, connection)
        self._address = plain_address(transport.get_extra_info("peername"))
        self._local_address = plain_address(transport.get_extra_info("sockname"))
        self._service.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """What is still being sent on it finds out by itself."""
        self._leave()
        self._settle()
        self._reader.stop()

    def eof_received(self) -> bool:
        """Quirk: simple clients (netcat) close their sending side after the request; they still get the answer."""
        self._is_last = True
        return self._is_busy

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where what comes is put: one place for all, as asyncio would make a new one of 256 KiB each time."""
        return self._service.arriving

    def buffer_updated(self, nbytes: int) -> None:
        """Answer what has come, or keep it for when the answer before is sent."""
        data = bytes(self._service.arriving[:nbytes])
        if self._waiting or self._is_busy:
            self._waiting += data
            if self._is_busy:
                if len(self._waiting) > MAX_WAITING_BYTES and self._transport is not None:
                    self._transport.pause_reading()
                return
            data, self._waiting = self._waiting, b""
        self._take(data)

    def close(self) -> None:
        """End it, when what has been written is sent."""
        if self._transport is not None:
            self._transport.close()

    def _leave(self) -> None:
        self._service.connections.discard(self)
        self._silence.stop()

    def _take(self, data: bytes) -> None:
        """Answer the requests in ``data`` until one takes its time."""
        transport = self._transport
        if transport is None:
            return
        self._silence.heard()
        if self._reader.is_reading and data:
            if not self._reader.has_turn(self._have_turn):
                self._is_busy, self._waiting = True, data
                return
            try:
                data = self._take_pieces(transport, data)
            except Exception as error:
                self._failed(transport, error)
                return
            if not data:
                return
        position, number = 0, 0
        while position < len(data) and not self._is_busy and not transport.is_closing():
            request = find_plain_request(data, position)
            if request is None or self._service.is_page(request.target):
                self._hand_over(transport, data[position:])
                return
            raw = data[position : position + request.size_bytes]
            position += request.size_bytes
            number += 1
            self._deliveries.settle()
            try:
                self._answer(transport, request, raw)
            except Exception as error:
                self._failed(transport, error)
                return
            if number == MAX_ANSWERS_A_TURN and not self._is_busy:
                self._is_busy = True
                self._loop.call_soon(self._go_on)
        self._waiting = data[position:]

    def _take_pieces(self, transport: asyncio.Transport, data: bytes) -> bytes:
        """Answer what goes the short way. Returns what does not."""
        for _ in range(MAX_ANSWERS_A_TURN):
            piece = None if self._is_last or self._service.is_stopping else self._reader.find_piece(data)
            if piece is None:
                self._reader.stop()
                return data
            self._deliveries.read()
            if not self._send_part(transport, piece.download, piece.head, piece):
                return b""
            data = self._reader.asked_at_once()
            if not data:
                return b""
        self._is_busy, self._waiting = True, data
        self._loop.call_soon(self._go_on)
        return b""

    def _hand_over(self, transport: asyncio.Transport, data: bytes) -> None:
        successor = self._service.successor()
        if successor is None:
            self._waiting, self._is_busy = data, True
            loading = self._loop.create_task(self._service.load_successor())
            self._service.answering[loading] = transport
            loading.add_done_callback(self._loaded)
            return
        self._leave()
        self._settle()
        self._reader.stop()
        transport.resume_reading()
        transport.set_protocol(successor)
        successor.connection_made(transport)
        successor.data_received(data)

    def _loaded(self, loading: asyncio.Task[None]) -> None:
        """There is somebody to hand over to."""
        self._forget(loading)
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if loading.cancelled() or loading.exception() is not None:
            transport.abort()
            return
        data, self._waiting = self._waiting, b""
        self._hand_over(transport, data)

    def _answer(self, transport: asyncio.Transport, request: PlainRequest, raw: bytes) -> None:
        self._is_last |= not request.keeps_connection or self._service.is_stopping
        headers, method = request.headers, request.method
        answer = self._service.downloads.answer(
            FileRequest(method, request.target, headers, headers.get("Range"), self._peer(headers, method))
        )
        if isinstance(answer, Answer):
            self._send_answer(transport, answer, has_body=method != "HEAD")
        elif answer.is_short and not answer.is_piece:
            self._send_short(transport, answer)
        elif answer.part.size_bytes <= AT_ONCE_BYTES:
            answer.transfer.started()
            if not self._is_intact(transport, answer):
                if self._is_last:
                    transport.close()
            elif self._send_part(transport, answer, self._head(answer.status, answer.headers)) and not (
                self._reader.begin(request, raw, answer, self._peer(headers, method))
            ):
                answer.content.close()
        else:
            self._start(transport, self._send_long(transport, answer))

    def _peer(self, headers: Mapping[str, str], method: str) -> Peer:
        key = (headers.get("User-Agent", ""), method == "HEAD")
        peer = self._peers.get(key)
        if peer is None:
            peer = Peer(self._address, self._local_address, "http", user_agent=shown(key[0]), is_looking=key[1])
            # A client has one name; whoever changes it is remembered by the last.
            self._peers = {key: peer}
        return peer

    def _send_answer(self, transport: asyncio.Transport, answer: Answer, *, has_body: bool) -> None:
        body = answer.text.encode("utf-8") if has_body else b""
        transport.write(self._head(answer.status, answer.all_headers) + body)
        self._is_last |= answer.closes
        if transport.get_write_buffer_size():
            self._start(transport, all_taken(transport, self._service.stall_timeout_s))
        elif self._is_last:
            transport.close()

    def _send_short(self, transport: asyncio.Transport, download: Download) -> None:
        """Send it at once; whether it has arrived is seen beside what comes next on this connection."""
        transfer = download.transfer
        transfer.started()
        try:
            body = download.read()
        except ContentChanged as error:
            transfer.failed(str(error))
            self._send_answer(transport, being_rewritten(error), has_body=True)
            return
        except BaseException as error:
            transfer.failed(failure_words(error))
            raise
        finally:
            download.content.close()
        transport.write(self._head(download.status, download.headers) + body)
        if transport.get_write_buffer_size():
            arriving = short_delivered(transport, len(body), transfer, self._service.stall_timeout_s)
            self._start(transport, told(arriving, transfer, transport, self._service.stall_timeout_s))
        else:
            self._sent(transport, len(body), transfer)

    def _send_part(
        self, transport: asyncio.Transport, download: Download, head: bytes, piece: Piece | None = None
    ) -> bool:
        """Send a part that the kernel is likely to take whole; what it does not take at once is sent bit by bit.

        Returns:
            Whether it took all, and the content is still the caller's.
        """
        transfer = download.transfer
        try:
            if piece is not None:
                taken = self._reader.send(piece)
            else:
                taken = send_at_once(self._fd, head, download, self._service.buffer)
        except BaseException as error:
            # Some of it may have been sent: the client must not take it for all.
            self._reader.take_out(download.content)
            download.content.close()
            reset(transport)
            transfer.failed(str(error) if isinstance(error, ClientGone) else failure_words(error))
            if isinstance(error, ClientGone | ContentChanged):
                return False
            raise
        done_bytes = max(0, taken - len(head))
        if done_bytes == download.part.size_bytes:
            self._sent(transport, done_bytes, transfer)
            return True
        self._reader.take_out(download.content)
        if taken < len(head):
            transport.write(head[taken:])
        self._start(transport, self._send_rest(transport, download, done_bytes))
        return False

    def _sent(self, transport: asyncio.Transport, size_bytes: int, transfer: Transfer) -> None:
        """The kernel has all of an answer."""
        self._deliveries.add(size_bytes, transfer)
        if self._settling is None and self._deliveries.is_waiting:
            self._settling = self._loop.call_later(SETTLED_AFTER_S, self._look_whether_settled)
        if self._is_last:
            transport.close()

    def _look_whether_settled(self) -> None:
        """Of a client that reads on piece by piece the next request tells."""
        self._settling = None
        if self._reader.is_reading_on:
            self._settling = self._loop.call_later(READS_ON_S, self._look_whether_settled)
        else:
            self._settle()

    def _settle(self) -> None:
        """Tell what has arrived; what has not is watched from now on until it has, or the client is given up."""
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None
        transport = self._transport
        if transport is None or not self._deliveries.settle():
            return
        for delivery in self._deliveries.take():
            transfer, stall_timeout_s = delivery.transfer, self._service.stall_timeout_s
            # Its descriptor is made now: the connection's own may be closed in a moment.
            body = watched_body(transport, delivery.size_bytes, transfer, stall_timeout_s)
            watching = told(arrived(body, delivery.target_bytes), transfer, transport, stall_timeout_s)
            self._start(transport, watching, holds_up=False)

    async def _send_long(self, transport: asyncio.Transport, download: Download) -> None:
        """Send it bit by bit."""
        download.transfer.started()
        if self._is_intact(transport, download):
            transport.write(self._head(download.status, download.headers))
            await self._send_rest(transport, download, 0)

    def _is_intact(self, transport: asyncio.Transport, download: Download) -> bool:
        """Whether the file is still what was opened. If not the client is told to come again, and all is done."""
        try:
            download.content.check()
        except BaseException as error:
            download.content.close()
            download.transfer.failed(failure_words(error))
            if not isinstance(error, ContentChanged):
                raise
            answer = being_rewritten(error)
            transport.write(self._head(answer.status, answer.all_headers) + answer.text.encode("utf-8"))
            return False
        return True

    def _send_rest(
        self, transport: asyncio.Transport, download: Download, done_bytes: int
    ) -> Coroutine[Any, Any, None]:
        """Send what comes after the first ``done_bytes``."""
        return send_rest(transport, download, self._service.stall_timeout_s, done_bytes, self._service.turn_bytes)

    def _start(self, transport: asyncio.Transport, work: Coroutine[Any, Any, None], *, holds_up: bool = True) -> None:
        """Do what takes time; the next request waits for it if it ``holds_up``."""
        self._is_busy |= holds_up
        task = self._loop.create_task(work)
        self._service.answering[task] = transport
        task.add_done_callback(self._free if holds_up else self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        del self._service.answering[task]
        if not task.cancelled() and task.exception() is not None:
            self._service.tell_fault(self._address, task.exception())

    def _free(self, task: asyncio.Task[None]) -> None:
        """What took its time is done."""
        self._forget(task)
        if self._transport is not None and (task.cancelled() or task.exception() is not None):
            self._transport.abort()
        self._go_on()

    def _have_turn(self) -> None:
        """A piece that was asked for may be sent."""
        self._go_on(is_answered=False)

    def _go_on(self, *, is_answered: bool = True) -> None:
        """Answer what has been asked meanwhile."""
        self._is_busy = False
        self._silence.heard()
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if is_answered and (self._is_last or self._service.is_stopping):
            transport.close()
            return
        data, self._waiting = self._waiting, b""
        if len(data) <= MAX_WAITING_BYTES:
            transport.resume_reading()
        self._take(data)

    def _failed(self, transport: asyncio.Transport, error: Exception) -> None:
        """The station itself is at fault: the client is told, and the journal."""
        self._service.tell_fault(self._address, error)
        if not transport.is_closing():
            transport.write(self._head(500, {"Content-Length": "0", "Connection": "close"}))
            transport.close()

    def _head(self, status: int, headers: dict[str, str]) -> bytes:
        closing = {"Connection": "close"} if self._is_last else {}
        return encode_response_head(status, {**headers, **self._service.common_headers(), **closing})
