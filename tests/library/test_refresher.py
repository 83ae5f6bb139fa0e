import os
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from bootbeam.journal.events import EventKind
from bootbeam.library import refresher as refresher_module
from bootbeam.library.refresher import DIGEST_NICENESS, Refresher
from tests.library.recorded import Recorded


class Looked:
    """A file that counts the looks at it, and says when it wants the next."""

    def __init__(self, wait_s: float | None = None) -> None:
        self.wait_s = wait_s
        self.looks = 0
        self.looked = threading.Semaphore(0)
        self.error: Exception | None = None

    def refresh(self) -> float | None:
        self.looks += 1
        self.looked.release()
        if self.error:
            raise self.error
        return self.wait_s

    def await_look(self) -> None:
        assert self.looked.acquire(timeout=10)


@pytest.fixture
def journal() -> Recorded:
    return Recorded()


@pytest.fixture
def refresher(journal: Recorded) -> Iterator[Refresher]:
    refresher = Refresher(journal)
    refresher.start()
    yield refresher
    refresher.close()
    assert not [thread for thread in threading.enumerate() if thread.name in ("bootbeam-images", "bootbeam-digests")]


def test_a_file_is_looked_at_when_it_is_added_and_then_now_and_then(
    refresher: Refresher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresher_module, "IDLE_LOOK_S", 0.02)
    file = Looked()
    refresher.add(file)
    for _ in range(3):
        file.await_look()


def test_a_file_that_was_looked_at_is_not_looked_at_again_at_once(
    refresher: Refresher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresher_module, "IDLE_LOOK_S", 1000.0)
    fresh, other = Looked(), Looked()
    refresher.add(fresh, is_fresh=True)
    refresher.add(other)
    other.await_look()
    assert fresh.looks == 0
    refresher.wake(fresh)
    fresh.await_look()


def test_a_file_says_itself_when_the_next_look_is_due(refresher: Refresher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresher_module, "IDLE_LOOK_S", 1000.0)
    file, idle = Looked(wait_s=0.02), Looked()
    refresher.add(idle)
    refresher.add(file)
    for _ in range(3):
        file.await_look()
    assert idle.looks == 1


def test_a_file_is_looked_at_as_soon_as_somebody_asks(refresher: Refresher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresher_module, "IDLE_LOOK_S", 1000.0)
    file = Looked()
    refresher.add(file)
    file.await_look()
    time.sleep(0.05)
    refresher.wake(file)
    file.await_look()


def test_a_file_asked_for_during_a_look_is_looked_at_once_more(
    refresher: Refresher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresher_module, "IDLE_LOOK_S", 1000.0)

    class Slow(Looked):
        def refresh(self) -> float | None:
            if self.looks == 0:
                refresher.wake(self)
            return super().refresh()

    file = Slow()
    refresher.add(file)
    file.await_look()
    file.await_look()


def test_a_removed_file_is_left_alone(refresher: Refresher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresher_module, "IDLE_LOOK_S", 0.01)
    file, other = Looked(), Looked()
    refresher.add(file)
    file.await_look()
    refresher.remove(file)
    refresher.wake(file)
    looks = file.looks
    refresher.add(other)
    for _ in range(10):
        other.await_look()
    assert file.looks <= looks + 1  # one may have been under way


def test_an_error_is_told_and_stops_nothing(
    refresher: Refresher, journal: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresher_module, "IDLE_LOOK_S", 0.01)
    file = Looked()
    file.error = ValueError("surprise")
    refresher.add(file)
    file.await_look()
    file.await_look()
    assert "surprise" in str(journal.of(EventKind.PROBLEM)[0]["why"])


def test_digests_are_computed_one_after_the_other_and_survive_errors(refresher: Refresher, journal: Recorded) -> None:
    done = threading.Event()
    order: list[int] = []

    def fail(_: Callable[[], bool]) -> None:
        order.append(1)
        raise OSError("unreadable")

    def finish(should_stop: Callable[[], bool]) -> None:
        order.append(2)
        assert not should_stop()
        done.set()

    refresher.compute_digest(fail)
    refresher.compute_digest(finish)
    assert done.wait(10)
    assert order == [1, 2]
    assert len(journal.of(EventKind.PROBLEM)) == 1


def test_closing_breaks_a_long_digest_off(journal: Recorded) -> None:
    refresher = Refresher(journal)
    refresher.start()
    started, stopped = threading.Event(), threading.Event()

    def long_job(should_stop: Callable[[], bool]) -> None:
        started.set()
        while not should_stop():
            time.sleep(0.005)
        stopped.set()

    refresher.compute_digest(long_job)
    assert started.wait(10)
    refresher.close()
    assert stopped.is_set()


def test_a_digest_gives_way_to_everything_else(refresher: Refresher) -> None:
    niceness: list[int] = []
    done = threading.Event()

    def look(_: Callable[[], bool]) -> None:
        niceness.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        done.set()

    refresher.compute_digest(look)
    assert done.wait(20)
    assert niceness == [DIGEST_NICENESS]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) < DIGEST_NICENESS


def test_closing_what_was_never_started_does_no_harm(journal: Recorded) -> None:
    Refresher(journal).close()
