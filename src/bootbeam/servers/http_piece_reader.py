"""One connection's reading of one file, piece by piece: what is open for it, and when that is let go of."""

import asyncio
import os
import socket
from asyncio.trsock import TransportSocket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter

from bootbeam.library.content import Content, Peer
from bootbeam.servers.http_kept_pieces import KeptPiece
from bootbeam.servers.http_pieces import Pieces, pieces_of
from bootbeam.servers.http_send import Download, send_at_once, send_kept
from bootbeam.servers.http_service import Service
from bootbeam.wire.http_request import MAX_PLAIN_HEAD_BYTES, PlainRequest

KEPT_OPEN_S = 5.0
"""How long a file stays open for the next piece."""
READS_ON_S = 0.25
"""A client that has asked within this time is likely to ask again."""
SPIN_S = 50e-6
"""After a piece the next request is looked for without sleeping: waking up takes longer than a client takes to ask."""
LARGE_BYTES = 128 << 10
"""Pieces of this size take turns."""
MAX_COPIED_TO = 4
"""With no more connections than this each client waits for its piece and for nothing else. Copying is over sooner then,
though it takes more of the processor's time."""
MAX_AWAITED = 2
"""With more connections than this nobody is waited for, as somebody else may have asked already."""


@dataclass(slots=True)
class Piece:
    """The answer to one request."""

    download: Download
    """Its content is still the reader's."""
    head: bytes
    pages: memoryview | None = None
    """Where the whole file is in memory."""
    kept: KeptPiece | None = None
    """The copy of the piece, if there is one."""


class PieceReader:
    """Begins when a client was found to read a file piece by piece, and stops when it does something else.

    Args:
        service: of the server.
        connection: its socket.
    """

    def __init__(self, service: Service, connection: TransportSocket) -> None:
        self._service = service
        self._connection = connection
        self._sending: socket.socket | None = None
        self._loop = asyncio.get_running_loop()
        self._pieces: Pieces | None = None
        self._read_s = 0.0
        self._piece_bytes = 0
        """Of the newest."""
        self._letting_go: asyncio.TimerHandle | None = None

    @property
    def is_reading(self) -> bool:
        """Whether a file is open for the next piece."""
        return self._pieces is not None

    @property
    def is_reading_on(self) -> bool:
        """Whether it asked for a piece a moment ago."""
        return self._pieces is not None and self._loop.time() < self._read_s + READS_ON_S

    def begin(self, request: PlainRequest, raw: bytes, download: Download, peer: Peer) -> bool:
        """What ``peer`` asked for by ``request`` has been sent: go on from there, if there are to be more such.

        Args:
            request: the newest.
            raw: the same as it came.
            download: the answer; its content is the reader's from now on if this returns true.
            peer: who asked.
        """
        if not download.is_piece or self._pieces is not None:
            return False
        self._pieces = pieces_of(request, raw, download, peer, self._service.mapped_files)
        if self._pieces is None:
            return False
        self._read_s, self._piece_bytes = self._loop.time(), download.part.size_bytes
        if self._letting_go is None:
            self._letting_go = self._loop.call_later(KEPT_OPEN_S, self._let_go)
        return True

    def has_turn(self, go_on: Callable[[], None]) -> bool:
        """Whether its next piece, which is asked for, may be sent now; ``go_on`` is called later if not."""
        self._read_s = self._loop.time()
        return self._piece_bytes < LARGE_BYTES or self._service.piece_turns.take(self, self._piece_bytes, go_on)

    def find_piece(self, data: bytes) -> Piece | None:
        """What ``data`` asks for, if it is one more piece; None when it is not to be answered so."""
        pieces, service = self._pieces, self._service
        if pieces is None:
            return None
        kept_pieces = service.mapped_files.kept
        kept = kept_pieces.find(pieces.content, data, self._loop.call_soon) if pieces.is_mapped else None
        part = pieces.part(data) if kept is None else kept.part
        if part is None:
            return None
        self._piece_bytes = part.size_bytes
        download = service.downloads.piece(pieces.content, pieces.peer, part)
        common = service.common_headers()
        if kept is not None:
            if kept.date != common["Date"]:
                kept.date, kept.head = common["Date"], pieces.head(part, common)
            return Piece(download, kept.head, kept=kept)
        if pieces.is_mapped:
            kept_pieces.note(pieces.content, data, part)
        return Piece(download, pieces.head(part, common), pieces.pages(part))

    def send(self, piece: Piece) -> int:
        """Send as much as the kernel takes without waiting; how many bytes it took, the head's included.

        Raises:
            ContentChanged: the file is being rewritten. Not all has been sent.
            ClientGone: the connection is broken.
        """
        if piece.kept is None:
            fd = self._connection.fileno()
            return send_at_once(fd, piece.head, piece.download, self._service.buffer, piece.pages)
        if self._sending is None:
            # What asyncio gives cannot send.
            self._sending = self._connection.dup()
            self._sending.setblocking(False)
        as_pages = len(self._service.connections) > MAX_COPIED_TO
        return send_kept(self._sending, piece.head, piece.kept, as_pages=as_pages)

    def asked_at_once(self) -> bytes:
        """What a client that has just got its piece asks for next, if it does so before one could go to sleep and be
        woken. Where it has closed the connection, that is left to be found again."""
        if len(self._service.connections) > MAX_AWAITED:
            return b""
        until = perf_counter() + SPIN_S
        with suppress(OSError):
            while True:
                with suppress(BlockingIOError):
                    data = os.read(self._connection.fileno(), MAX_PLAIN_HEAD_BYTES)
                    self._service.mapped_files.kept.look_again()
                    return data
                if perf_counter() > until:
                    break
        return b""

    def take_out(self, content: Content) -> None:
        """If ``content`` is the reader's, it is the caller's from now on, and the reading is over."""
        if self._pieces is not None and self._pieces.content is content:
            self._pieces.release()
            self._pieces = None

    def stop(self) -> None:
        """Let go of the file."""
        self._service.piece_turns.leave(self)
        if self._sending is not None:
            self._sending.close()
            self._sending = None
        if self._pieces is not None:
            self._pieces.release().close()
            self._pieces = None
        if self._letting_go is not None:
            self._letting_go.cancel()
            self._letting_go = None

    def _let_go(self) -> None:
        """A file that is not read any more is closed: another version may have taken its place."""
        self._letting_go = None
        ends_s = self._read_s + KEPT_OPEN_S
        if self._loop.time() >= ends_s:
            self.stop()
        elif self._pieces is not None:
            self._letting_go = self._loop.call_at(ends_s, self._let_go)
