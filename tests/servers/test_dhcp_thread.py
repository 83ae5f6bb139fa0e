"""Servers in a thread beside a loop that is busy."""

import asyncio
import queue
import threading

import pytest

from bootbeam.servers.dhcp_thread import DhcpThread


class Listening:
    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.threads: list[threading.Thread] = []
        self.answered = threading.Event()

    def start(self) -> None:
        if self.error is not None:
            raise self.error
        self.threads.append(threading.current_thread())
        asyncio.get_running_loop().call_later(0.01, self.answered.set)

    def stop(self) -> None:
        self.threads.append(threading.current_thread())
        asyncio.get_running_loop()


def test_it_answers_while_the_other_loop_is_busy_and_ends_with_it() -> None:
    first, second = Listening(), Listening()

    async def run() -> None:
        thread = DhcpThread()
        await thread.start(first, second)
        assert first.answered.wait(10)  # the loop of this test stands still meanwhile
        await thread.stop()

    asyncio.run(run())
    own = {*first.threads, *second.threads}
    assert len(own) == 1
    assert own != {threading.current_thread()}
    assert not own.pop().is_alive()
    assert len(first.threads) == len(second.threads) == 2


def test_what_is_asked_for_from_anywhere_is_done_by_the_thread() -> None:
    server, done = Listening(), queue.SimpleQueue[tuple[str, threading.Thread]]()

    async def run() -> None:
        thread = DhcpThread()
        await thread.start(server)
        thread.call_soon(lambda words: done.put((words, threading.current_thread())), "told")
        assert done.get(timeout=10) == ("told", server.threads[0])
        await thread.stop()

    asyncio.run(run())


def test_what_goes_wrong_at_the_start_is_raised_there() -> None:
    async def run() -> None:
        thread = DhcpThread()
        with pytest.raises(OSError, match="no such card"):
            await thread.start(Listening(OSError("no such card")))
        await thread.stop()

    asyncio.run(run())
