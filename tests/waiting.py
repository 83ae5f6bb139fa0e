"""Waiting for what another thread or process brings about."""

import time
from collections.abc import Callable

LIMIT_S = 20.0
POLL_S = 0.02


def wait_until(is_so: Callable[[], bool], limit_s: float = LIMIT_S) -> None:
    """Return as soon as ``is_so()``; it has long, because the computer may be busy."""
    deadline = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline, f"not so within {limit_s:.0f} s"
        time.sleep(POLL_S)
