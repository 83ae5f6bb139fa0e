"""Events on the terminal: the story for a person (``story_view``), one JSON object a line for a machine."""

import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, TextIO

from bootbeam.journal.event_json import event_line
from bootbeam.journal.events import Event, EventKind

MAX_WAITING_EVENTS = 10_000
"""A terminal that stands still (Ctrl-S) must not stop the station; past that, lines are left out."""
GATHER_S = 0.02
"""Events that come so shortly after each other are shown together."""
STOP_TIMEOUT_S = 2.0


class View(Protocol):
    """Shows events one after another."""

    def show(self, event: Event) -> None:
        """Show one event, at the latest with ``flush``."""

    def flush(self) -> None:
        """What was shown is to be seen now."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class JsonView:
    """One JSON object a line: kind, at (RFC 3339), mac, address, interface, attempt, facts."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, event: Event) -> None:
        """Write one line."""
        if event.kind is EventKind.TRANSFER_PROGRESS:
            return
        self._stream.write(f"{event_line(event)}\n")

    def flush(self) -> None:
        """Hand the lines on."""
        self._stream.flush()

    def close(self) -> None:
        """Nothing to put back."""


class EventPrinter:
    """Shows events in a thread of its own, so that a slow terminal holds up no boot. Use as a context manager."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._waiting: deque[Event] = deque()
        self._left_out = 0
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="terminal", daemon=True)

    def watch(self, event: Event) -> None:
        """Take one event; may be called from any thread, never blocks."""
        if len(self._waiting) >= MAX_WAITING_EVENTS:
            self._left_out += 1
            return
        self._waiting.append(event)
        if event.kind is EventKind.STATION_READY:
            self._hurry.set()  # somebody waits for this line
        if not self._wake.is_set():
            self._wake.set()

    def __enter__(self) -> "EventPrinter":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_stopping = True
        self._wake.set()
        self._thread.join(timeout=STOP_TIMEOUT_S)

    def _run(self) -> None:
        try:
            while not self._is_stopping:
                self._wake.wait()
                self._wake.clear()
                self._show_waiting()
                # Waking up for each event by itself would cost the servers more than the events do.
                self._hurry.wait(GATHER_S)
                self._hurry.clear()
            self._show_waiting()
        except OSError:
            return  # whoever read the output has gone, or its disk is full; the station goes on
        self._view.close()

    def _show_waiting(self) -> None:
        while self._waiting:
            self._view.show(self._waiting.popleft())
        left_out, self._left_out = self._left_out, 0
        if left_out:
            what = f"{left_out} events are not shown here: they came faster than this terminal takes them"
            fix = "they are kept all the same: bootbeam boots"
            self._view.show(Event(EventKind.PROBLEM, time.time(), facts={"what": what, "why": "", "fix": fix}))
        self._view.flush()


def view_for(log_format: str, maker_of: Callable[[str], str | None]) -> View:
    """The view a person (``text``) or a machine (``json``) asked for, on standard output."""
    if log_format == "json":
        return JsonView(sys.stdout)
    # Loaded here: rich and the story take 15 ms, and a program that reads the station's lines needs neither.
    from rich.console import Console

    from bootbeam.cli.story_view import StoryView
    from bootbeam.journal.story import Story

    return StoryView(Console(), Story(maker_of))
