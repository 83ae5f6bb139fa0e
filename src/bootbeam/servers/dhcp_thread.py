"""DHCP in a thread with a loop of its own.

A machine that asks is not to wait until boots are judged, or until the page has taken up what happened: each of these
takes longer than an answer may.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import Protocol

from bootbeam.servers.short_turns import take_short_turns


class Server(Protocol):
    """One that answers or listens in the loop that calls ``start``, until that loop calls ``stop``."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End, and close the sockets."""


class DhcpThread:
    """Runs servers that share what they know: their methods are called by this thread alone."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="dhcp", daemon=True)
        self._servers: tuple[Server, ...] = ()

    def call_soon(self, call: Callable[..., object], *arguments: object) -> None:
        """Have the thread make this call after what it is at; from any thread."""
        self._loop.call_soon_threadsafe(call, *arguments)

    async def start(self, *servers: Server) -> None:
        """Begin to answer. What a server raises at its start is raised here."""
        self._servers = servers
        self._thread.start()
        await self._each(lambda server: server.start())

    async def stop(self) -> None:
        """Answer nothing more, and end the thread."""
        try:
            await self._each(lambda server: server.stop())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            await asyncio.to_thread(self._thread.join)

    async def _each(self, do: Callable[[Server], None]) -> None:
        async def all_of_them() -> None:
            for server in self._servers:
                do(server)

        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(all_of_them(), self._loop))

    def _run(self) -> None:
        take_short_turns()
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()
