"""The transfers of one thread, and the epoll loop that it goes round in.

A server has one such loop, and with the part in C one more for each further processor, up to a limit: windows are then
sent from several at a time. What is in Python runs under Python's lock in either case.
"""

import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from bootbeam.net.brief_calls import wake
from bootbeam.servers.tftp_blocks import read_ahead_bytes
from bootbeam.servers.tftp_session import TransferSession
from bootbeam.servers.tftp_turn import SPIN_S, Handed, TurnLibrary

TICK_S = 0.05
"""How often timers and progress are looked at while transfers are under way."""

NoteProblem = Callable[[str, Exception], None]


class TransferLoop:
    """Sees to its transfers. All methods but ``start``, ``post``, ``stop`` and ``join`` are for its own thread.

    Args:
        library: takes over what it can; None: everything is done in Python.
        on_end: told of each transfer that is over, before its socket and its file are closed.
        note_problem: what went wrong, and with which exception.
    """

    def __init__(
        self, library: TurnLibrary | None, on_end: Callable[[TransferSession], None], note_problem: NoteProblem
    ) -> None:
        self._library = library
        self._on_end = on_end
        self._note_problem = note_problem
        self._sessions: dict[int, TransferSession] = {}
        self._watched: dict[int, Callable[[float], None]] = {}
        self._blocked: set[TransferSession] = set()
        self._posted: deque[Callable[[], None]] = deque()
        self._is_woken = False
        self._windowed = 0
        """How many transfers have windows."""
        self._next_tick = 0.0
        self._stop_at: float | None = None
        self._thread: threading.Thread | None = None
        self.is_running = False
        self.assigned = 0
        """How many transfers are its own at this moment, those that are still on the way to its thread among them. For
        whoever assigns them."""

    def start(self, name: str, on_stop: Callable[[], None] | None = None) -> None:
        """Begin, in a new thread of this name, which calls ``on_stop`` at its end."""
        self._epoll = select.epoll()
        self._wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._wake_fd, select.EPOLLIN)
        self._thread = threading.Thread(target=self._run, args=(on_stop,), name=name, daemon=True)
        self.is_running = True
        self._thread.start()

    def post(self, step: Callable[[], None]) -> None:
        """Have this thread do something soon: after what it is at, in the order in which it was posted."""
        self._posted.append(step)
        if not self._is_woken:
            self._is_woken = True
            wake(self._wake_fd)

    def stop(self, stop_at: float) -> None:
        """End when no transfer is left, or the monotonic clock says ``stop_at``. Clients cut off are told."""
        self.post(partial(setattr, self, "_stop_at", stop_at))

    def join(self) -> None:
        """Wait for the end; nothing may be posted any more."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            os.close(self._wake_fd)

    def watch(self, fd: int, on_readable: Callable[[float], None]) -> None:
        """Have ``on_readable`` called, with the time, whenever there is something to read, until ``unwatch``."""
        self._watched[fd] = on_readable
        self._epoll.register(fd, select.EPOLLIN)

    def unwatch(self, fd: int) -> None:
        """No longer; the descriptor is still open."""
        del self._watched[fd]
        self._epoll.unregister(fd)

    def take_up(self, session: TransferSession, request: bytes, now: float) -> None:
        """A new transfer, and the request it begins with."""
        fd = session.fileno()
        self._sessions[fd] = session
        self._windowed += session.windowsize > 1
        shared = self._library.share(fd) if self._library is not None else None
        if shared is not None:
            session.share(shared, read_ahead_bytes(len(self._sessions)))
        else:
            self._epoll.register(fd, select.EPOLLIN)
        self.drive(session, partial(session.on_request, request, now))

    def drive(self, session: TransferSession, step: Callable[[], object]) -> None:
        """Let a session do one step. Whatever goes wrong in it ends this session and no other."""
        try:
            session.collect()
            step()
            session.publish()
        except Exception as error:
            self._drop(session, error)
            return
        self._settle(session)

    def _run(self, on_stop: Callable[[], None] | None) -> None:
        try:
            while self._stop_at is None or (self._sessions and time.monotonic() < self._stop_at):
                self._turn()
        except Exception as error:
            self._note_problem("the TFTP server has stopped", error)
        finally:
            self.is_running = False
            self._do_posted()
            for session in list(self._sessions.values()):
                self.drive(session, partial(session.cancel, "the boot server is stopping"))
            if on_stop is not None:
                on_stop()
            self._epoll.close()

    def _turn(self) -> None:
        """Wait for something to happen and see to it. What is no transfer's comes last: it may bring new ones, with the
        descriptors of transfers that end here."""
        others = self._see_to_transfers(self._next_tick if self._sessions else None)
        now = time.monotonic()
        for fd in others:
            if fd == self._wake_fd:
                os.eventfd_read(fd)
                self._is_woken = False  # before the steps: of what is posted from here on this thread is told again
                self._do_posted()
            elif fd in self._watched:
                self._watched[fd](now)
        if now >= self._next_tick:
            self._next_tick = now + TICK_S
            for session in list(self._sessions.values()):
                self.drive(session, partial(session.on_tick, now))

    def _see_to_transfers(self, until: float | None) -> list[int]:
        """Wait, to ``until`` at most. Returns the descriptors that are ready and no transfer's."""
        others: list[int] = []
        if self._library is not None:
            # With several windows under way, who does not sleep takes the processor from who has something to do.
            spin_s = 0.0 if self._windowed > 1 else SPIN_S
            for handed in self._library.turn(self._epoll.fileno(), until, spin_s):
                session = self._sessions.get(handed.fd)
                if session is not None:
                    self._on_handed(session, handed)
                else:
                    others.append(handed.fd)
            return others
        events = self._epoll.poll(None if until is None else max(until - time.monotonic(), 0.0))
        now = time.monotonic()
        for fd, mask in events:
            session = self._sessions.get(fd)
            if session is not None:
                self._on_ready(session, mask, now)
            else:
                others.append(fd)
        return others

    def _do_posted(self) -> None:
        while self._posted:
            step = self._posted.popleft()
            try:
                step()
            except Exception as error:
                self._note_problem("a step of a TFTP transfer failed", error)

    def _on_ready(self, session: TransferSession, mask: int, now: float) -> None:
        """What happens once per window; the session says in a word that there is nothing to see to."""
        if mask == select.EPOLLOUT:
            self.drive(session, session.on_writable)
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
            self.drive(session, partial(session.advance_handed, handed, now))

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
        else:
            self._blocked.discard(session)
        if session.shared is not None:
            session.shared.wait_for_room(session.is_blocked)
        else:
            self._epoll.modify(session.fileno(), select.EPOLLIN | (select.EPOLLOUT if session.is_blocked else 0))

    def _release(self, session: TransferSession) -> None:
        """Forget a session and close it; nothing happens when that has been done."""
        fd = session.fileno()
        if self._sessions.get(fd) is not session:
            return
        del self._sessions[fd]
        self._windowed -= session.windowsize > 1
        self._blocked.discard(session)
        self._on_end(session)
        try:
            session.close()  # which takes the descriptor out of the epoll set too
        except Exception as error:
            self._note_problem(f"a file sent to {session.identity.peer.address} was not closed", error)
