"""The page's server on loopback, shown events as a station would record them."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy.exc import OperationalError

from bootbeam.journal.boot_database import BootRecords
from bootbeam.journal.boot_store import BOOTS_FILE, BootStore, Keeping
from bootbeam.journal.events import Event
from bootbeam.journal.journal import Journal
from bootbeam.net.maker import maker_of
from bootbeam.net.ports import bind_tcp
from bootbeam.web.server import PageServer
from tests.waiting import wait_until


class RecordedStation:
    """Journal, store and page as the real station has them, in a thread of its own; as a context manager.

    Args:
        directory: where boots are kept; None keeps none.
        port: of the page; 0 for any.
    """

    def __init__(self, directory: Path | None, port: int = 0) -> None:
        path = self._path = directory / BOOTS_FILE if directory else None
        self._now_s = time.time()
        self.journal = Journal(lambda: self._now_s)
        self._store: BootStore | None = None
        if path is not None:
            self._store = BootStore(Keeping(path, 1000, 10**8, "0.1.0", '{"cmdline": "password=hunter2"}'), print)
            self.journal.watch(self._store.watch)
        listener: socket.socket = bind_tcp("127.0.0.1", port)
        self.port: int = listener.getsockname()[1]
        self.page = PageServer(listener, path, self.journal.events, self.journal.record, maker_of, time.time)
        self.journal.watch(self.page.watch)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        """Of the page, without the slash."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        self._loop.call_soon_threadsafe(self.page.start)
        if self._store is not None:
            self._store.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_page()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        if self._store is not None:
            self._store.stop()

    def advance(self) -> None:
        """What the station does every second."""

        async def once() -> None:
            self.page.advance()

        asyncio.run_coroutine_threadsafe(once(), self._loop).result(10)

    def stop_page(self) -> None:
        """As the station does at its end; safe to call twice."""
        asyncio.run_coroutine_threadsafe(self.page.stop(), self._loop).result(10)

    def wait_until_written(self, attempt: str) -> None:
        """Until all events of ``attempt`` are on the disk; the store writes twice a second."""
        path = self._path
        assert path is not None
        told = [event for event in self.journal.events() if event.attempt == attempt]

        def is_written() -> bool:
            with BootRecords(path) as records, suppress(OperationalError):  # its tables may not be there yet
                return len(records.events(attempt)) == len(told)
            return False

        wait_until(path.exists)
        wait_until(is_written)

    def record(self, events: Iterable[Event], *, at_s: float | None = None, mac: str | None = None) -> str:
        """Record them with the times between them, the first one at ``at_s``; the attempt they became."""
        start_s, first_s = at_s if at_s is not None else time.time(), None
        attempt = ""
        for event in events:
            first_s = event.at_s if first_s is None else first_s
            self._now_s = start_s + event.at_s - first_s
            told = replace(event, mac=mac) if mac and event.mac else event
            facts = dict(told.facts)
            self.journal.record(told.kind, mac=told.mac, address=told.address, interface=told.interface, **facts)
            attempt = (told.mac and self.journal.attempt_of(told.mac)) or attempt
        return attempt
