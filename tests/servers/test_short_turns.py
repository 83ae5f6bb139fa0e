"""Short turns, as the kernel itself tells of them."""

import platform
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest

from bootbeam.servers.short_turns import TURN_NS, take_short_turns

Result = TypeVar("Result")
HAS_TURNS = tuple(int(number) for number in platform.release().split("-")[0].split(".")[:2]) >= (6, 12)


def turn_ns() -> int | None:
    """Of the calling thread; None where the kernel does not say."""
    lines = Path(f"/proc/self/task/{threading.get_native_id()}/sched").read_text().splitlines()
    return next((int(line.split()[-1]) for line in lines if line.startswith("se.slice")), None)


def in_a_thread(do: Callable[[], Result]) -> Result:
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(do).result()


def test_a_thread_takes_shorter_turns_than_others_and_says_so() -> None:
    before_ns, is_taken, after_ns = in_a_thread(lambda: (turn_ns(), take_short_turns(), turn_ns()))
    assert is_taken == HAS_TURNS
    assert after_ns == (TURN_NS if is_taken and before_ns else before_ns)
    assert in_a_thread(turn_ns) == before_ns == turn_ns()


@pytest.mark.parametrize("stranger", ["another processor", "a program of 32 bits"])
def test_where_the_calls_have_other_numbers_none_is_made(stranger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if stranger == "another processor":
        monkeypatch.setattr(platform, "machine", lambda: "m68k")
    else:
        monkeypatch.setattr(sys, "maxsize", 2**31 - 1)
    before_ns, is_taken, after_ns = in_a_thread(lambda: (turn_ns(), take_short_turns(), turn_ns()))
    assert (is_taken, after_ns) == (False, before_ns)
