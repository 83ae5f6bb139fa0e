"""Events put aside: none is lost unsaid."""

import threading

from bootbeam.web.waiting import MAX_WAITING, Waiting
from tests.boot_events import good_boot


def test_the_oldest_go_and_are_counted() -> None:
    waiting, [first, second, *_] = Waiting(), good_boot()
    waiting.put(first)
    for _ in range(MAX_WAITING):
        waiting.put(second)
    assert (len(waiting), waiting.lost) == (MAX_WAITING, 1)
    assert waiting.take() == [second] * MAX_WAITING
    assert len(waiting) == 0


def test_threads_put_while_one_takes() -> None:
    waiting, [first, *_] = Waiting(), good_boot()

    def put_many() -> None:
        for _ in range(2000):
            waiting.put(first)

    threads = [threading.Thread(target=put_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    taken = 0
    while any(thread.is_alive() for thread in threads):
        taken += len(waiting.take())
    assert taken + len(waiting.take()) == 8000
