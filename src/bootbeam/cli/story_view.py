"""The story on the terminal, for a person, and bars for long transfers."""

import re
import textwrap
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from rich.console import Console
from rich.control import strip_control_codes
from rich.text import Text

from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.story import Line, Story, Tone

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

MAX_PROGRESS_BARS = 8
LABEL_COLUMNS = 18
"""Where the words of a finding begin, after their label (``journal.story``)."""
COMMAND_COLUMN = LABEL_COLUMNS + 4
"""Where its commands begin."""
_LEAD = re.compile(r" *(?:[a-z ]+: +)?")
STYLES = {
    Tone.STEP: "",
    Tone.GOOD: "green",
    Tone.QUIET: "dim",
    Tone.WARNING: "yellow",
    Tone.PROBLEM: "bold red",
}


class StoryView:
    """The story, and a bar for each long transfer where a person watches."""

    def __init__(self, console: Console, story: Story) -> None:
        self._console = console
        self._story = story
        self._names: dict[str, str] = {}  # of transfers under way, which the servers bound
        self._bars: dict[str, TaskID] = {}

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

    @cached_property
    def _progress(self) -> "Progress":
        # Loaded with the first bar: few boots are slow enough for one, and what draws it is 1.5 MB.
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        columns = TextColumn("{task.description}"), BarColumn(bar_width=None), DownloadColumn(), TransferSpeedColumn()
        return Progress(*columns, console=self._console, transient=True, expand=True)

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
