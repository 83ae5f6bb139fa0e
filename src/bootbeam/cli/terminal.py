"""Events on the terminal: the story for a person, one JSON object a line for a machine, bars for long transfers."""

import json
import re
import sys
import textwrap
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Protocol, TextIO

from rich.console import Console
from rich.control import strip_control_codes
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn
from rich.text import Text

from bootbeam.journal.event_json import event_json
from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.story import Line, Story, Tone

MAX_WAITING_EVENTS = 10_000
"""A terminal that stands still (Ctrl-S) must not stop the station; past that, lines are left out."""
GATHER_S = 0.02
"""Events that come so shortly after each other are shown together."""
STOP_TIMEOUT_S = 2.0
MAX_PROGRESS_BARS = 8
LABEL_COLUMNS = 18
"""Where the words of a finding begin, after their label (``journal.story``)."""
COMMAND_COLUMN = LABEL_COLUMNS + 4
"""Where its commands begin."""
_encode_json = json.JSONEncoder(ensure_ascii=False).encode
_LEAD = re.compile(r" *(?:[a-z ]+: +)?")
STYLES = {
    Tone.STEP: "",
    Tone.GOOD: "green",
    Tone.QUIET: "dim",
    Tone.WARNING: "yellow",
    Tone.PROBLEM: "bold red",
}


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
        self._stream.write(_encode_json(event_json(event)) + "\n")

    def flush(self) -> None:
        """Hand the lines on."""
        self._stream.flush()

    def close(self) -> None:
        """Nothing to put back."""


class StoryView:
    """The story, and a bar for each long transfer where a person watches."""

    def __init__(self, console: Console, story: Story) -> None:
        self._console = console
        self._story = story
        self._names: dict[str, str] = {}  # of transfers under way, which the servers bound
        self._bars: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=console,
            transient=True,
            expand=True,
        )

    def show(self, event: Event) -> None:
        """Print the event's line, or move its bar."""
        if event.kind is EventKind.TRANSFER_PROGRESS:
            self._show_progress(event)
            return
        if event.kind is EventKind.TRANSFER_STARTED:
            self._names[str(event.facts.get("transfer"))] = str(event.facts.get("file")).rpartition("/")[2]
        if event.kind in (EventKind.TRANSFER_FINISHED, EventKind.TRANSFER_FAILED):
            self._remove_bar(str(event.facts.get("transfer")))
        line = self._story.tell(event)
        if line is not None:
            self._print(event, line)

    def flush(self) -> None:
        """Hand on what is written to a file or a pipe; a terminal has it already."""
        if not self._console.is_terminal:
            self._console.file.flush()

    def close(self) -> None:
        """Take the bars away."""
        if self._bars:
            self._progress.stop()

    def _print(self, event: Event, line: Line) -> None:
        moment = datetime.fromtimestamp(event.at_s, UTC).astimezone()
        who = event.mac or event.address or ""
        head = f"{moment:%H:%M:%S} {who:17} "
        for text, style in ((line.text, STYLES[line.tone]), *((f"  {more}", "") for more in line.more)):
            if not self._console.is_terminal:
                # Nobody sees colours there, and rich takes ten times as long for a line of text.
                self._console.file.write(strip_control_codes(f"{head}{text}") + "\n")
                head = " " * len(head)
                continue
            for row in self._wrap(text, len(head)):
                self._console.print(Text.assemble((head, "dim"), (row, style)), soft_wrap=True, highlight=False)
                head = " " * len(head)

    def _wrap(self, text: str, indent: int) -> list[str]:
        """Lines that fit beside the head."""
        width = max(self._console.width - indent, 30)
        lead = _LEAD.match(text)
        column = lead.end() if lead else 0
        if column >= COMMAND_COLUMN:
            return [text]  # to be copied whole
        hanging = column if column == LABEL_COLUMNS and width >= 2 * column else 2
        hang = " " * hanging
        # Addresses and paths stay whole, to be copied.
        rows = textwrap.wrap(text, width, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False)
        return rows or [""]

    def _show_progress(self, event: Event) -> None:
        if not self._console.is_terminal:
            return
        transfer = str(event.facts.get("transfer"))
        sent = _amount(event, "sent_bytes")
        if transfer in self._bars:
            self._progress.update(self._bars[transfer], completed=sent)
        elif len(self._bars) < MAX_PROGRESS_BARS:
            name = f"{event.mac or event.address} {self._names.get(transfer, '')}"
            total = _amount(event, "size_bytes") or None
            self._bars[transfer] = self._progress.add_task(name, total=total, completed=int(sent))
            self._progress.start()

    def _remove_bar(self, transfer: str) -> None:
        self._names.pop(transfer, None)
        bar = self._bars.pop(transfer, None)
        if bar is None:
            return
        self._progress.remove_task(bar)
        if not self._bars:
            self._progress.stop()


def _amount(event: Event, key: str) -> float:
    value = event.facts.get(key)
    return float(value) if isinstance(value, int | float) else 0.0


class EventPrinter:
    """Shows events in a thread of its own, so that a slow terminal holds up no boot. Use as a context manager."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._waiting: deque[Event] = deque()
        self._left_out = 0
        self._wake = threading.Event()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="terminal", daemon=True)

    def watch(self, event: Event) -> None:
        """Take one event; may be called from any thread, never blocks."""
        if len(self._waiting) >= MAX_WAITING_EVENTS:
            self._left_out += 1
            return
        self._waiting.append(event)
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
                time.sleep(GATHER_S)
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
    return StoryView(Console(), Story(maker_of))
