"""Closes a connection on which nothing is asked for too long."""

import asyncio
from collections.abc import Callable


class Silence:
    """Of one connection, from its beginning on.

    Args:
        limit_s: how long it may be silent between two requests, and before the first.
        is_busy: whether something is being sent on it; then it is not silent.
        close: ends it.
    """

    def __init__(self, limit_s: float, is_busy: Callable[[], bool], close: Callable[[], None]) -> None:
        self._limit_s = limit_s
        self._is_busy = is_busy
        self._close = close
        self._loop = asyncio.get_running_loop()
        self._heard_s = self._loop.time()
        self._timer = self._loop.call_later(limit_s, self._look)

    def heard(self) -> None:
        """Something was asked, or an answer is over."""
        self._heard_s = self._loop.time()

    def stop(self) -> None:
        """Nobody watches any more."""
        self._timer.cancel()

    def _look(self) -> None:
        left_s = self._limit_s if self._is_busy() else self._heard_s + self._limit_s - self._loop.time()
        if left_s > 0:
            self._timer = self._loop.call_later(left_s, self._look)
        else:
            self._close()
