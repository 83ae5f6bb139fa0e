"""The threads behind the images: one looks for new versions and takes them, one computes digests of large files."""

import heapq
import itertools
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from bootbeam.journal.events import EventKind
from bootbeam.journal.journal import Record

IDLE_LOOK_S = 0.5
"""How often a file is looked at that is as it was. Below the settle time: a rebuild is seen before it is over."""
IDLE_LOOK_PER_FILE_S = 0.002
"""Added for each file, so that 10,000 of them cost a hundredth of a processor. Whoever asks for one looks himself."""
IDLE_TICK_S = 0.05
"""Files that are as they were are looked at together, at whole multiples of this: waking up costs more than a look."""
SHORTEST_LOOK_S = 0.01
STOP_TIMEOUT_S = 5.0
DIGEST_DELAY_S = 2.0
"""A digest reads all of a file. Who boots from an ISO as soon as it is served must not wait for the disk behind it."""
DIGEST_NICENESS = 19
"""Of the thread: everything else goes first, transfers above all (setpriority(2), which Linux has for threads too)."""

_NOW = 0.0
_BEING_LOOKED_AT = float("inf")

DigestJob = Callable[[Callable[[], bool]], None]
"""Called with a function that says whether to stop."""


class Refreshable(Protocol):
    """What the thread looks after."""

    def refresh(self) -> float | None:
        """Take a new version if there is one; how many seconds from now to look again, None when nothing is due."""


class Refresher:
    """Looks after files until closed. Safe to use from several threads.

    Args:
        record: the journal, for what goes wrong in the threads.
    """

    def __init__(self, record: Record) -> None:
        self._record = record
        self._due_at_s: dict[Refreshable, float] = {}
        self._queue: list[tuple[float, int, Refreshable]] = []
        self._count = itertools.count()
        self._digest_jobs: deque[tuple[float, DigestJob]] = deque()
        self._is_closed = False
        self._changed = threading.Condition()
        self._has_digest_job = threading.Condition()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads."""
        for name, work in (("bootbeam-images", self._look_after), ("bootbeam-digests", self._compute_digests)):
            thread = threading.Thread(target=work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """Stop the threads; what they are doing is broken off or finished within ``STOP_TIMEOUT_S``."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        with self._has_digest_job:
            self._has_digest_job.notify_all()
        for thread in self._threads:
            thread.join(STOP_TIMEOUT_S)

    def add(self, file: Refreshable, *, is_fresh: bool = False) -> None:
        """Look after ``file`` from now on: at once, or later when it ``is_fresh`` from a look. Of many such each has
        its own time: all of them at once would keep a station that is ready from answering."""
        with self._changed:
            self._set_due(file, self._next_idle_look_at_s() if is_fresh else time.monotonic())

    def remove(self, file: Refreshable) -> None:
        """Leave ``file`` alone from now on."""
        with self._changed:
            self._due_at_s.pop(file, None)

    def wake(self, file: Refreshable) -> None:
        """Look at ``file`` now."""
        with self._changed:
            if file in self._due_at_s:
                self._set_due(file, _NOW)

    def compute_digest(self, job: DigestJob) -> None:
        """Run ``job`` when the jobs before it are done, and not at once."""
        with self._has_digest_job:
            self._digest_jobs.append((time.monotonic() + DIGEST_DELAY_S, job))
            self._has_digest_job.notify_all()

    def _look_after(self) -> None:
        while (file := self._next_due()) is not None:
            wait_s: float | None = None
            try:
                wait_s = file.refresh()
            except Exception as error:
                self._problem(error)
            with self._changed:
                # Neither removed nor woken while it was being looked at.
                if self._due_at_s.get(file) == _BEING_LOOKED_AT:
                    due_at_s = time.monotonic() + max(SHORTEST_LOOK_S, wait_s or 0.0)
                    self._set_due(file, self._next_idle_look_at_s() if wait_s is None else due_at_s)

    def _next_idle_look_at_s(self) -> float:
        at_s = time.monotonic() + IDLE_LOOK_S + IDLE_LOOK_PER_FILE_S * len(self._due_at_s)
        return math.ceil(at_s / IDLE_TICK_S) * IDLE_TICK_S

    def _next_due(self) -> Refreshable | None:
        """Waits for the file that is due next; None when closed."""
        with self._changed:
            while not self._is_closed:
                now_s = time.monotonic()
                while self._queue and self._queue[0][0] <= now_s:
                    due_at_s, _, file = heapq.heappop(self._queue)
                    if self._due_at_s.get(file) == due_at_s:
                        self._due_at_s[file] = _BEING_LOOKED_AT
                        return file
                self._changed.wait(self._queue[0][0] - now_s if self._queue else None)
        return None

    def _set_due(self, file: Refreshable, due_at_s: float) -> None:
        """An older place in the queue stays there, and is passed over since the time is not this one."""
        self._due_at_s[file] = due_at_s
        heapq.heappush(self._queue, (due_at_s, next(self._count), file))
        self._changed.notify_all()

    def _compute_digests(self) -> None:
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), DIGEST_NICENESS)
        while (job := self._next_digest()) is not None:
            try:
                job(lambda: self._is_closed)
            except Exception as error:
                self._problem(error)

    def _next_digest(self) -> DigestJob | None:
        """Waits for the next job and for its time; None when closed."""
        with self._has_digest_job:
            while not self._is_closed:
                wait_s = self._digest_jobs[0][0] - time.monotonic() if self._digest_jobs else None
                if wait_s is not None and wait_s <= 0:
                    return self._digest_jobs.popleft()[1]
                self._has_digest_job.wait(wait_s)
        return None

    def _problem(self, error: Exception) -> None:
        self._record(EventKind.PROBLEM, what="a served file could not be looked after", why=repr(error), fix="")
