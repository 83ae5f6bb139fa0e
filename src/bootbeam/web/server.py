"""The port of the page: opened before root is given up, served beside everything else.

It is no port of the machines that boot: those get files and scripts, and nothing about each other. What is behind it is
loaded when somebody first connects, in a thread, so that a station nobody looks at starts no later and is no larger.
Where much happens before that, it is counted without a server.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bootbeam.errors import UserError
from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.journal import Record
from bootbeam.net.ports import bind_tcp, explain_bind_failure
from bootbeam.settings.model import StationSettings
from bootbeam.web.waiting import Waiting

if TYPE_CHECKING:
    from bootbeam.web.live import Live
    from bootbeam.web.room import Room

MANY_WAITING = 2_000
"""So many events are not left to wait for somebody who looks: they must not be lost to the metrics."""


def open_page(settings: StationSettings) -> tuple[socket.socket | None, UserError | None]:
    """The listening socket of the page; or why there is none, which keeps no machine from booting."""
    if settings.page is None:
        return None, None
    address, port = settings.page
    try:
        return bind_tcp(address, port), None
    except OSError as error:
        explained = explain_bind_failure(error, "tcp", address, port, "--page ADDRESS:PORT")
        fix = f"{explained.fix}; or do without: --no-page. Machines boot all the same."
        return None, UserError(f"the page is not served: {explained.what}", explained.why, fix)


class PageServer:
    """Serves page, API and metrics.

    Args:
        listener: as ``open_page`` gave it; None serves nothing, and costs nothing.
        path: the database of the station; None when it keeps none.
        recent_events: the newest events, oldest first.
        record: the journal, for faults of the page itself.
        maker_of: the maker's name for a MAC, or None.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        listener: socket.socket | None,
        path: Path | None,
        recent_events: Callable[[], Sequence[Event]],
        record: Record,
        maker_of: Callable[[str], str | None],
        clock: Callable[[], float],
    ) -> None:
        self._listener = listener
        self._record = record
        self._waiting = Waiting()
        self._maker_of = maker_of
        self._clock = clock
        self._furniture = (path, recent_events, record, maker_of)
        self._live: Live | None = None
        self._room: Room | None = None
        self._opening: asyncio.Task[None] | None = None
        self._making: asyncio.Task[Live] | None = None

    @property
    def url(self) -> str | None:
        """Where a person opens it; None when it is not served."""
        if self._listener is None:
            return None
        address, port = self._listener.getsockname()[:2]
        return f"http://{f'[{address}]' if ':' in address else address}:{port}/"

    def watch(self, event: Event) -> None:
        """Take one event; may be called from any thread, never waits."""
        is_shown = event.kind is not EventKind.TRANSFER_PROGRESS or self._live is not None
        if self._listener is not None and is_shown:
            self._waiting.put(event)

    def advance(self) -> None:
        """Take up what happened; to be called every second or so."""
        if self._live is not None:
            self._live.advance()
        elif len(self._waiting) >= MANY_WAITING and self._making is None:
            self._making = asyncio.create_task(self._make_live())

    def start(self) -> None:
        """Answer from now on."""
        if self._listener is not None:
            asyncio.get_running_loop().add_reader(self._listener, self._begin)

    async def stop(self) -> None:
        """Accept nothing more, let listeners go. Safe to call twice."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        if self._making is not None:
            await asyncio.wait([self._making])
        if self._opening is None:
            asyncio.get_running_loop().remove_reader(listener)
            listener.close()
        else:
            await self._opening
        room, self._room = self._room, None
        if room is not None:
            await room.close()

    def _begin(self) -> None:
        """Somebody connects: who does waits in the socket's queue until the room is there."""
        if self._listener is None or self._opening is not None:
            return
        asyncio.get_running_loop().remove_reader(self._listener)
        self._opening = asyncio.create_task(self._open(self._listener))

    async def _make_live(self) -> "Live":
        kind = await asyncio.to_thread(_load_live)
        self._live = kind(self._waiting, self._maker_of, self._clock)
        self._live.advance()
        return self._live

    async def _open(self, listener: socket.socket) -> None:
        try:
            if self._making is None:
                self._making = asyncio.create_task(self._make_live())
            live = await self._making
            room = (await asyncio.to_thread(_load_room))(live, *self._furniture)
            await room.open(listener)
        except Exception as error:  # whatever it is, machines boot
            listener.close()
            fix = "machines boot all the same; please report this line"
            self._record(EventKind.PROBLEM, what="the page cannot be served", why=repr(error), fix=fix)
            return
        self._room = room


def _load_live() -> "type[Live]":
    """What counts and remembers, imported now."""
    from bootbeam.web.live import Live

    return Live


def _load_room() -> "type[Room]":
    """What the room is made of, imported now."""
    from bootbeam.web.room import Room

    return Room
