"""A connection is ended when nobody has asked for so long, and not while it is busy."""

import asyncio

from bootbeam.servers.http_silence import Silence

LIMIT_S = 0.05
GENEROUS_S = 20.0


def test_it_is_closed_when_nothing_is_heard_and_it_is_not_busy() -> None:
    async def run() -> list[bool]:
        closed = asyncio.Event()
        busy, closed_when_busy = [True], []

        def close() -> None:
            closed_when_busy.append(busy[0])
            closed.set()

        silence = Silence(LIMIT_S, lambda: busy[0], close)
        await asyncio.sleep(4 * LIMIT_S)
        assert not closed.is_set()
        busy[0] = False
        silence.heard()
        async with asyncio.timeout(GENEROUS_S):
            await closed.wait()
        return closed_when_busy

    assert asyncio.run(run()) == [False]


def test_nothing_happens_after_it_was_stopped() -> None:
    async def run() -> None:
        closed: list[bool] = []
        Silence(LIMIT_S, lambda: False, lambda: closed.append(True)).stop()
        await asyncio.sleep(4 * LIMIT_S)
        assert not closed

    asyncio.run(run())
