"""The HTTP server in a thread with a loop of its own.

With hundreds of downloads under way one turn of its loop takes a tenth of a second and more, most of it in the kernel.
In the loop that answers DHCP, each new machine would wait for that.
"""

import asyncio
import threading
from collections.abc import Coroutine

from bootbeam.servers.http import HttpServer


class HttpThread:
    """Runs ``server``, which must not have been started."""

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    async def start(self) -> None:
        """Begin to accept connections."""
        self._thread.start()
        await self._call(self._server.start())

    async def stop(self, deadline_s: float) -> None:
        """Accept nothing more, let transfers end for up to ``deadline_s`` seconds, then end them, and the thread."""
        try:
            await self._call(self._server.stop(deadline_s))
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            await asyncio.to_thread(self._thread.join)

    async def _call(self, work: Coroutine[object, object, None]) -> None:
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()
