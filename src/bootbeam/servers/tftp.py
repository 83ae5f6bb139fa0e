"""The TFTP server: threads of its own, one of which takes the requests; one connected socket per transfer.

Each transfer answers from a port of its own (RFC 1350 §4). Its socket is connected, so the kernel itself turns away, by
ICMP, whatever comes to that port from elsewhere; no ERROR 5 is sent.
"""

import errno
import functools
import threading
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from socket import AF_INET6, socket

from bootbeam.errors import DecodeError
from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Record
from bootbeam.library.content import ContentSource
from bootbeam.library.one_look import one_moment
from bootbeam.net.bursts import BurstReader
from bootbeam.net.udp import Datagram, receive, receive_burst
from bootbeam.servers.tftp_loop import TransferLoop
from bootbeam.servers.tftp_notes import DroppedDatagrams, OnceNotes
from bootbeam.servers.tftp_requests import RequestDesk
from bootbeam.servers.tftp_session import TransferSession
from bootbeam.servers.tftp_turn import TurnLibrary
from bootbeam.tftp.negotiation import Caps
from bootbeam.wire.tftp import MAX_REQUEST_BYTES, Rrq, Wrq, decode_packet

MAX_TRANSFERS = 2000
"""At once; a client beyond that gets no answer and asks again. Each takes two file descriptors."""
MAX_TRANSFERS_PER_ADDRESS = 64
"""At once from one client address."""
BLKSIZE_CAP = 1468
"""The most that an Ethernet without tags takes unfragmented; smaller when the path's MTU is."""
WINDOWSIZE_CAP = 16
"""Bursts of more blocks overflow the receive buffers of slow firmware."""


@dataclass(frozen=True, slots=True)
class TftpLimits:
    """The most that is granted to clients."""

    max_transfers: int = MAX_TRANSFERS
    max_transfers_per_address: int = MAX_TRANSFERS_PER_ADDRESS
    blksize_cap: int = BLKSIZE_CAP
    windowsize_cap: int = WINDOWSIZE_CAP


DEFAULT_LIMITS = TftpLimits()


@dataclass(frozen=True)
class TftpListener:
    """A socket that requests come to, made by ``net.udp.bind_udp``."""

    sock: socket
    interface: str | None
    """The interface it is bound to; answers leave by the same. None: bound to none, routes decide."""

    @functools.cached_property
    def is_ipv6(self) -> bool:
        """What comes in is IPv6."""
        return self.sock.family == AF_INET6


class TftpServer:
    """Serves reads from ``source``. Takes over the listeners' sockets: ``stop`` closes them.

    Args:
        listeners: where requests come in.
        source: where the files come from; asked in the server's own thread.
        record: the journal; written to in the server's own thread.
        limits: the most that is granted.
        libraries: take over what they can, each in a thread of its own; none: one thread does everything in Python.
    """

    def __init__(
        self,
        listeners: Sequence[TftpListener],
        source: ContentSource,
        record: Record,
        limits: TftpLimits = DEFAULT_LIMITS,
        libraries: Sequence[TurnLibrary] = (),
    ) -> None:
        self._listeners = {listener.sock.fileno(): listener for listener in listeners}
        self._record = record
        self._limits = limits
        self._dropped = DroppedDatagrams(record)
        self._desk = RequestDesk(source, record, self._dropped, Caps(limits.blksize_cap, limits.windowsize_cap))
        self._problems = OnceNotes()
        self._reader = BurstReader(MAX_REQUEST_BYTES + 1)
        self._loops = [TransferLoop(library, self._forget, self._note_problem) for library in libraries or (None,)]
        """The first takes the requests."""
        self._by_client: dict[tuple[str, int], tuple[TransferSession, TransferLoop]] = {}
        self._count_by_address: Counter[str] = Counter()
        self._lock = threading.Lock()
        """Around these two and the loops' ``assigned``, which a transfer's own thread takes it out of."""
        self._is_started = False
        self._is_stopping = False
        self.refused_for_lack_of_room = 0
        """How many requests since the start got no answer because of the limits."""

    @property
    def dropped_datagrams(self) -> int:
        """How many datagrams since the start were malformed or out of place."""
        return self._dropped.count

    @property
    def transfers_under_way(self) -> int:
        """How many transfers there are at this moment."""
        return len(self._by_client)

    def start(self) -> None:
        """Begin to answer, in new threads."""
        first, *others = self._loops
        for number, loop in enumerate(others, 2):
            loop.start(f"tftp-{number}")
        first.start("tftp", on_stop=self._end)
        first.post(self._watch_listeners)
        self._is_started = True

    def stop(self, deadline_s: float = 0.0) -> None:
        """Take no more requests, let transfers finish for up to ``deadline_s`` seconds, close everything.

        Returns when the threads have ended. The clients of transfers cut off are told by an ERROR.
        """
        if not self._is_started:
            self._close_listeners()
            return
        self._is_started = False
        stop_at = time.monotonic() + deadline_s
        self._loops[0].post(partial(self._stop_all, stop_at))
        for loop in self._loops:
            loop.join()

    def _watch_listeners(self) -> None:
        for fd, listener in self._listeners.items():
            self._loops[0].watch(fd, partial(self._accept, listener))

    def _stop_all(self, stop_at: float) -> None:
        """In the thread that takes the requests: none of them is on the way to another thread then."""
        for fd in self._listeners:
            self._loops[0].unwatch(fd)
        self._close_listeners()
        self._is_stopping = True
        for loop in self._loops:
            loop.stop(stop_at)

    def _end(self) -> None:
        """The thread that takes the requests ends: told to, or of a defect."""
        self._close_listeners()
        if not self._is_stopping:
            for loop in self._loops[1:]:
                loop.stop(0.0)

    def _accept(self, listener: TftpListener, now: float) -> None:
        """Take the requests that wait at a listener, some at a time."""
        try:
            datagrams = self._receive(listener)
        except OSError as error:
            self._note_problem("requests cannot be received", error)
            return
        with one_moment():
            for datagram in datagrams:
                try:
                    self._handle_request(listener, datagram, now)
                except Exception as error:
                    self._note_problem(f"a TFTP request of {datagram.source[0]} could not be answered", error)

    def _receive(self, listener: TftpListener) -> list[Datagram]:
        """What waits at a listener, as much as is seen to before the transfers get their turn."""
        if not listener.is_ipv6:
            return receive_burst(self._reader, listener.sock)
        datagram = receive(listener.sock)
        return [datagram] if datagram is not None else []

    def _handle_request(self, listener: TftpListener, datagram: Datagram, now: float) -> None:
        address = datagram.source[0]
        try:
            packet = decode_packet(datagram.data)
        except DecodeError as error:
            self._drop(listener, address, str(error))
            return
        if not isinstance(packet, Rrq | Wrq):
            self._drop(listener, address, f"{type(packet).__name__.upper()} sent to the port that takes requests")
            return
        with self._lock:
            session, loop = self._by_client.get(datagram.source, (None, self._loops[0]))
        if session is not None and loop is self._loops[0]:
            loop.drive(session, partial(session.on_request, datagram.data, now))
            if not session.is_over:
                return
        elif session is not None:
            loop.post(partial(self._repeat, session, loop, listener, datagram))
            return
        if self._is_full(address):
            return
        session = self._desk.open_session(packet, datagram, listener.interface, listener.interface)
        if session is not None:
            self._admit(session, datagram.data, now)

    def _drop(self, listener: TftpListener, address: str, reason: str) -> None:
        self._dropped.add(address, listener.interface, int(listener.sock.getsockname()[1]), reason)

    def _repeat(self, session: TransferSession, loop: TransferLoop, listener: TftpListener, datagram: Datagram) -> None:
        """In another thread than the one that takes requests: its transfer's client asks once more."""
        if not session.is_over:
            loop.drive(session, partial(session.on_request, datagram.data, time.monotonic()))
        if session.is_over:
            self._loops[0].post(partial(self._begin_anew, listener, datagram))

    def _begin_anew(self, listener: TftpListener, datagram: Datagram) -> None:
        if listener in self._listeners.values():
            self._handle_request(listener, datagram, time.monotonic())

    def _is_full(self, address: str) -> bool:
        """Whether a limit leaves this request without an answer; the client asks again, by then there may be room."""
        if self.transfers_under_way >= self._limits.max_transfers:
            self._note_full(f"{self.transfers_under_way} TFTP transfers are under way, further clients have to wait")
            return True
        if self._count_by_address[address] >= self._limits.max_transfers_per_address:
            number = self._count_by_address[address]
            self._note_full(f"{number} TFTP transfers to {address} are under way, its further requests have to wait")
            return True
        return False

    def _admit(self, session: TransferSession, request: bytes, now: float) -> None:
        """Windows are sent from as many processors as there are: the kernel cuts them up and carries them, in the
        thread that sends. In lock-step the client's half of the work is as large, and a second thread is in its way."""
        first = self._loops[0]
        loop = first
        with self._lock:
            if session.windowsize > 1:
                loop = min((each for each in self._loops if each.is_running), key=lambda each: each.assigned)
            loop.assigned += 1
            self._by_client[session.identity.client] = session, loop
            self._count_by_address[session.identity.peer.address] += 1
        if loop is first:
            loop.take_up(session, request, now)
        else:
            loop.post(partial(loop.take_up, session, request, now))

    def _forget(self, session: TransferSession) -> None:
        """It is over. In its own thread."""
        address = session.identity.peer.address
        with self._lock:
            _, loop = self._by_client.pop(session.identity.client)
            loop.assigned -= 1
            self._count_by_address[address] -= 1
            if not self._count_by_address[address]:
                del self._count_by_address[address]

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
