"""The TFTP server: a thread of its own with one epoll loop, one connected socket per transfer.

Each transfer answers from a port of its own (RFC 1350 §4). Its socket is connected, so the kernel itself turns away, by
ICMP, whatever comes to that port from elsewhere; no ERROR 5 is sent.
"""

import errno
import os
import select
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from socket import socket

from bootbeam.errors import DecodeError
from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Record
from bootbeam.library.content import ContentSource
from bootbeam.net.udp import Datagram, receive
from bootbeam.servers.tftp_blocks import read_ahead_bytes
from bootbeam.servers.tftp_notes import DroppedDatagrams, OnceNotes
from bootbeam.servers.tftp_requests import RequestDesk
from bootbeam.servers.tftp_session import TransferSession
from bootbeam.servers.tftp_turn import Handed, TurnLibrary
from bootbeam.tftp.negotiation import Caps
from bootbeam.wire.tftp import Rrq, Wrq, decode_packet

MAX_TRANSFERS = 2000
"""At once; a client beyond that gets no answer and asks again. Each takes two file descriptors."""
MAX_TRANSFERS_PER_ADDRESS = 64
"""At once from one client address."""
BLKSIZE_CAP = 1468
"""The most that an Ethernet without tags takes unfragmented; smaller when the path's MTU is."""
WINDOWSIZE_CAP = 16
"""Bursts of more blocks overflow the receive buffers of slow firmware."""
MAX_REQUESTS_PER_TURN = 64
"""Then the transfers under way get their turn."""
TICK_S = 0.05
"""How often timers and progress are looked at while transfers are under way."""


@dataclass(frozen=True, slots=True)
class TftpLimits:
    """The most that is granted to clients."""

    max_transfers: int = MAX_TRANSFERS
    max_transfers_per_address: int = MAX_TRANSFERS_PER_ADDRESS
    blksize_cap: int = BLKSIZE_CAP
    windowsize_cap: int = WINDOWSIZE_CAP


DEFAULT_LIMITS = TftpLimits()


@dataclass(frozen=True, slots=True)
class TftpListener:
    """A socket that requests come to, made by ``net.udp.bind_udp``."""

    sock: socket
    interface: str | None
    """The interface it is bound to; answers leave by the same. None: bound to none, routes decide."""


class TftpServer:
    """Serves reads from ``source``. Takes over the listeners' sockets: ``stop`` closes them.

    Args:
        listeners: where requests come in.
        source: where the files come from; asked in the server's own thread.
        record: the journal; written to in the server's own thread.
        limits: the most that is granted.
        library: takes over what it can; None: everything is done in Python.
    """

    def __init__(
        self,
        listeners: Sequence[TftpListener],
        source: ContentSource,
        record: Record,
        limits: TftpLimits = DEFAULT_LIMITS,
        library: TurnLibrary | None = None,
    ) -> None:
        self._library = library
        self._listeners = {listener.sock.fileno(): listener for listener in listeners}
        self._record = record
        self._limits = limits
        self._dropped = DroppedDatagrams(record)
        self._desk = RequestDesk(source, record, self._dropped, Caps(limits.blksize_cap, limits.windowsize_cap))
        self._problems = OnceNotes()
        self._sessions: dict[int, TransferSession] = {}
        self._by_client: dict[tuple[str, int], TransferSession] = {}
        self._count_by_address: Counter[str] = Counter()
        self._blocked: set[TransferSession] = set()
        self._next_tick = 0.0
        self._is_stopping = False
        self._stop_at = 0.0
        self._thread: threading.Thread | None = None
        self.refused_for_lack_of_room = 0
        """How many requests since the start got no answer because of the limits."""

    @property
    def dropped_datagrams(self) -> int:
        """How many datagrams since the start were malformed or out of place."""
        return self._dropped.count

    @property
    def transfers_under_way(self) -> int:
        """How many transfers there are at this moment."""
        return len(self._sessions)

    def start(self) -> None:
        """Begin to answer, in a new thread."""
        self._epoll = select.epoll()
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        for fd in (self._wake_fd, *self._listeners):
            self._epoll.register(fd, select.EPOLLIN)
        self._thread = threading.Thread(target=self._run, name="tftp", daemon=True)
        self._thread.start()

    def stop(self, deadline_s: float = 0.0) -> None:
        """Take no more requests, let transfers finish for up to ``deadline_s`` seconds, close everything.

        Returns when the thread has ended. The clients of transfers cut off are told by an ERROR.
        """
        if self._thread is None:
            self._close_listeners()
            return
        self._stop_at = time.monotonic() + deadline_s
        os.eventfd_write(self._wake_fd, 1)
        self._thread.join()
        self._thread = None
        os.close(self._wake_fd)

    def _run(self) -> None:
        try:
            while not (self._is_stopping and (not self._sessions or time.monotonic() >= self._stop_at)):
                self._turn()
        except Exception as error:
            self._note_problem("the TFTP server has stopped", error)
        finally:
            for session in list(self._sessions.values()):
                self._drive(session, partial(session.cancel, "the boot server is stopping"))
            self._close_listeners()
            self._epoll.close()

    def _turn(self) -> None:
        """Wait for something to happen and see to it. Requests come last: their transfers may get the descriptors of
        transfers that end here."""
        until = self._next_tick if self._sessions else None
        others: list[int] = []
        if self._library is None:
            wait_s = None if until is None else max(until - time.monotonic(), 0.0)
            events = self._epoll.poll(wait_s)
            now = time.monotonic()
            for fd, mask in events:
                session = self._sessions.get(fd)
                if session is not None:
                    self._on_ready(session, mask, now)
                else:
                    others.append(fd)
        else:
            for handed in self._library.turn(self._epoll.fileno(), until):
                session = self._sessions.get(handed.fd)
                if session is not None:
                    self._on_handed(session, handed)
                else:
                    others.append(handed.fd)
            now = time.monotonic()
        for fd in others:
            self._on_request_or_wake(fd, now)
        if now >= self._next_tick:
            self._next_tick = now + TICK_S
            for session in list(self._sessions.values()):
                self._drive(session, partial(session.on_tick, now))

    def _on_request_or_wake(self, fd: int, now: float) -> None:
        if fd in self._listeners:
            self._accept(self._listeners[fd], now)
        elif fd == self._wake_fd:
            self._is_stopping = True
            self._epoll.unregister(fd)
            self._close_listeners()

    def _on_ready(self, session: TransferSession, mask: int, now: float) -> None:
        """What happens once per window; the session says in a word that there is nothing to see to."""
        if mask == select.EPOLLOUT:
            self._drive(session, session.on_writable)
            return
        try:
            if session.advance(now):
                return
        except Exception as error:
            self._drop(session, error)
            return
        self._settle(session)

    def _on_handed(self, session: TransferSession, handed: Handed) -> None:
        """The same with what the library has left."""
        now = time.monotonic()
        if handed.size_bytes == -1:
            session.collect()
            self._on_ready(session, handed.events, now)
            session.publish()
        else:
            self._drive(session, partial(session.advance_handed, handed, now))

    def _drive(self, session: TransferSession, step: Callable[[], object]) -> None:
        """Let a session do one step. Whatever goes wrong in it ends this session and no other."""
        try:
            session.collect()
            step()
            session.publish()
        except Exception as error:
            self._drop(session, error)
            return
        self._settle(session)

    def _drop(self, session: TransferSession, error: Exception) -> None:
        self._note_problem(f"the TFTP transfer to {session.identity.peer.address} was dropped", error)
        self._release(session)

    def _settle(self, session: TransferSession) -> None:
        if session.is_over:
            self._release(session)
        elif session.is_blocked != (session in self._blocked):
            self._watch_for_room(session)

    def _watch_for_room(self, session: TransferSession) -> None:
        if session.is_blocked:
            self._blocked.add(session)
            self._epoll.modify(session.fileno(), select.EPOLLIN | select.EPOLLOUT)
        else:
            self._blocked.discard(session)
            self._epoll.modify(session.fileno(), select.EPOLLIN)

    def _accept(self, listener: TftpListener, now: float) -> None:
        """Take the requests that wait at a listener, some at a time."""
        for _ in range(MAX_REQUESTS_PER_TURN):
            try:
                datagram = receive(listener.sock)
            except OSError as error:
                self._note_problem("requests cannot be received", error)
                return
            if datagram is None:
                return
            try:
                self._handle_request(listener, datagram, now)
            except Exception as error:
                self._note_problem(f"a TFTP request of {datagram.source[0]} could not be answered", error)

    def _handle_request(self, listener: TftpListener, datagram: Datagram, now: float) -> None:
        address = datagram.source[0]
        port = int(listener.sock.getsockname()[1])
        try:
            packet = decode_packet(datagram.data)
        except DecodeError as error:
            self._dropped.add(address, listener.interface, port, str(error))
            return
        if not isinstance(packet, Rrq | Wrq):
            kind = type(packet).__name__.upper()
            self._dropped.add(address, listener.interface, port, f"{kind} sent to the port that takes requests")
            return
        session = self._by_client.get(datagram.source)
        if session is not None:
            self._drive(session, partial(session.on_request, datagram.data, now))
            if not session.is_over:
                return
        if self._is_full(address):
            return
        session = self._desk.open_session(packet, datagram, listener.interface, listener.interface)
        if session is not None:
            self._admit(session)
            self._drive(session, partial(session.on_request, datagram.data, now))

    def _is_full(self, address: str) -> bool:
        """Whether a limit leaves this request without an answer; the client asks again, by then there may be room."""
        if len(self._sessions) >= self._limits.max_transfers:
            self._note_full(f"{len(self._sessions)} TFTP transfers are under way, further clients have to wait")
            return True
        if self._count_by_address[address] >= self._limits.max_transfers_per_address:
            number = self._count_by_address[address]
            self._note_full(f"{number} TFTP transfers to {address} are under way, its further requests have to wait")
            return True
        return False

    def _admit(self, session: TransferSession) -> None:
        fd = session.fileno()
        self._sessions[fd] = session
        self._by_client[session.identity.client] = session
        self._count_by_address[session.identity.peer.address] += 1
        self._epoll.register(fd, select.EPOLLIN)
        shared = self._library.share(fd) if self._library is not None else None
        if shared is not None:
            session.share(shared, read_ahead_bytes(len(self._sessions)))

    def _release(self, session: TransferSession) -> None:
        """Forget a session and close it; nothing happens when that has been done."""
        fd = session.fileno()
        if self._sessions.get(fd) is not session:
            return
        del self._sessions[fd]
        del self._by_client[session.identity.client]
        address = session.identity.peer.address
        self._count_by_address[address] -= 1
        if not self._count_by_address[address]:
            del self._count_by_address[address]
        self._blocked.discard(session)
        try:
            session.close()  # which takes the descriptor out of the epoll set too
        except Exception as error:
            self._note_problem(f"a file sent to {address} was not closed", error)

    def _close_listeners(self) -> None:
        for listener in self._listeners.values():
            listener.sock.close()
        self._listeners.clear()

    def _note_full(self, what: str) -> None:
        self.refused_for_lack_of_room += 1
        if self._problems.is_new(what, ""):
            why = "many machines at once, or a client that asks and never answers"
            self._record(EventKind.PROBLEM, what=what, why=why, fix="see who asks: tcpdump -n udp port 69")

    def _note_problem(self, what: str, error: Exception) -> None:
        """Journal a defect, or a trouble of this machine, once."""
        where = traceback.extract_tb(error.__traceback__)[-1:]
        place = f" ({where[0].filename}:{where[0].lineno})" if where else ""
        why = f"{type(error).__name__}: {error}{place}"
        if not self._problems.is_new(what, why):
            return
        with suppress(Exception):  # a watcher of the journal that fails must not take the server down with it
            self._record(EventKind.PROBLEM, what=what, why=why, fix=_next_step(error))


def _next_step(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        return "allow more open files and start again: ulimit -n 8192"
    return "the other transfers go on; if it happens again, please report this line"
