"""One boot as a person reads it afterwards: what it was, its story with the silences named, where the time went."""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.spans import Span, find_spans, totals
from bootbeam.journal.story import Line, Story, Tone
from bootbeam.journal.summary import Outcome, Summary

TOLD_SILENCE_S = 1.0
"""Shorter silences get no line of their own."""
TOLD_TOTAL_S = 0.05
MOMENT_CHARACTERS = 10
"""What the column of times takes."""
LEAST_WIDTH = 40
ROUNDING_S = 1e-4
"""Sums of times are not exact."""
HEAD_INDENT = " " * len("machine: ")

Row = tuple[str, Tone]
"""A line of text, and how it is meant."""
MakerOf = Callable[[str], str | None]

OUTCOME_TONES = {
    Outcome.INSTALLED: Tone.GOOD,
    Outcome.BOOTED: Tone.GOOD,
    Outcome.FAILED: Tone.PROBLEM,
    Outcome.STOPPED: Tone.WARNING,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a timeline: something that happened, or a silence."""

    at_s: float
    """When it happened or began, seconds since the epoch."""
    line: Line
    kind: EventKind | None = None
    """None for a silence."""
    duration_s: float = 0.0
    """Of a silence."""

    @property
    def is_gap(self) -> bool:
        """Whether nothing was heard for so long."""
        return self.kind is None


def tell_steps(events: Sequence[Event], maker_of: MakerOf) -> Iterator[Step]:
    """The timeline of one boot, silences named.

    Args:
        events: its own, oldest first.
        maker_of: the maker's name for a MAC, or None.
    """
    story = Story(maker_of)
    due = [span for span in find_spans(events) if not span.is_transfer and span.duration_s >= TOLD_SILENCE_S]
    for event in events:
        while due and due[0].ended_at_s <= event.at_s + ROUNDING_S:
            span = due.pop(0)
            yield Step(span.began_at_s, Line(span.name, Tone.QUIET), None, span.duration_s)
        line = story.tell(event)
        if line is not None:
            yield Step(event.at_s, line, event.kind)


def time_spent(spans: Sequence[Span]) -> list[tuple[str, float]]:
    """Where the time went: how long each kind of span took, those left out that took none worth telling."""
    transfers = {span.name for span in spans if span.is_transfer}
    return [(name, duration_s) for name, duration_s in totals(spans) if duration_s >= TOLD_TOTAL_S or name in transfers]


def tell_boot(summary: Summary, events: Sequence[Event], maker_of: MakerOf, width: int) -> list[Row]:
    """All of one boot.

    Args:
        summary: of it.
        events: its own, oldest first.
        maker_of: the maker's name for a MAC, or None.
        width: characters a line may have; 0 leaves lines as long as they are.
    """
    rows = [*_head(summary, maker_of, width), ("", Tone.STEP)]
    rows += _timeline(summary, events, maker_of, width)
    spent = time_spent(find_spans(events))
    if spent:
        rows += [("", Tone.STEP), ("where the time went", Tone.STEP)]
        for name, duration_s in spent:
            head = f"{_seconds(duration_s):>{MOMENT_CHARACTERS}}  "
            rows += [(row, Tone.STEP) for row in _wrap(name, width, " " * len(head), head)]
    return rows


def list_boots(summaries: Sequence[Summary], maker_of: MakerOf, width: int) -> list[Row]:
    """Past boots, a line or two for each.

    Args:
        summaries: in the order they are told.
        maker_of: the maker's name for a MAC, or None.
        width: characters a line may have; 0 leaves lines as long as they are.
    """
    rows: list[Row] = []
    for each in summaries:
        facts = f"{each.attempt}  {moment(each.began_at_s)}  {each.mac:17}  "
        facts += f"{each.outcome.value:9}  {duration(each.duration_s):>8}"
        machine = ", ".join(text for text in (machine_words(each, maker_of), each.firmware) if text)
        told = [f"{part}" for part in (machine, each.image and f"gets {each.image}", each.last_sign) if part]
        tone = OUTCOME_TONES[each.outcome]
        one_line = f"{facts}  {'; '.join(told)}"
        if not width or len(one_line) <= width:
            rows.append((one_line, tone))
            continue
        rows.append((facts[:width], tone))
        rows += [(row, Tone.QUIET) for row in _wrap("; ".join(told), width, " " * (len(each.attempt) + 2))]
    return rows


def machine_words(summary: Summary, maker_of: MakerOf) -> str:
    """Maker and model, as far as they are known; "" for neither."""
    if summary.model:
        return summary.model
    maker = maker_of(summary.mac)
    return f"card by {maker}" if maker else ""


def moment(at_s: float) -> str:
    """A time of day with its date, the computer's own time: "2026-03-01 12:00:00"."""
    return f"{datetime.fromtimestamp(at_s, UTC).astimezone():%Y-%m-%d %H:%M:%S}"


def duration(duration_s: float) -> str:
    """ "4.2 s", "3 min 20 s", "1 h 5 min"."""
    if duration_s < 60:
        return _seconds(duration_s)
    minutes, seconds = divmod(round(duration_s), 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _head(summary: Summary, maker_of: MakerOf, width: int) -> Iterator[Row]:
    machine = machine_words(summary, maker_of)
    of_machine = [text for text in (machine, summary.firmware, summary.address) if text]
    where = f" on {summary.interface}" if summary.interface else ""
    began = f"began {moment(summary.began_at_s)}, heard of for {duration(summary.duration_s)}"
    rows = [
        (f"boot {summary.attempt} of {summary.mac}{where}", Tone.STEP),
        (f"machine: {', '.join(of_machine)}" if of_machine else "", Tone.STEP),
        (f"image:   {summary.image}" if summary.image else "", Tone.STEP),
        (f"time:    {began}", Tone.STEP),
        (f"result:  {summary.outcome.value}: {summary.last_sign or 'nothing more was heard'}", _tone(summary)),
    ]
    for text, tone in rows:
        if text:
            yield from ((row, tone) for row in _wrap(text, width, HEAD_INDENT, ""))


def _tone(summary: Summary) -> Tone:
    return OUTCOME_TONES[summary.outcome]


def _timeline(summary: Summary, events: Sequence[Event], maker_of: MakerOf, width: int) -> Iterator[Row]:
    for step in tell_steps(events, maker_of):
        if step.is_gap:
            silence = f"... {_seconds(step.duration_s)}: {step.line.text}"
            yield from ((row, Tone.QUIET) for row in _wrap(silence, width, " " * (MOMENT_CHARACTERS + 4)))
        else:
            moment_text = f"{step.at_s - summary.began_at_s:.1f} s"
            yield from _rows_of(step, f"{moment_text:>{MOMENT_CHARACTERS}}  ", width)


def _rows_of(step: Step, head: str, width: int) -> Iterator[Row]:
    indent = " " * len(head)
    for row in _wrap(step.line.text, width, indent, head):
        yield row, step.line.tone
    for more in step.line.more:
        if step.kind is EventKind.FINDING:  # laid out by whoever found it, commands to copy among it
            yield f"{indent}  {more}", Tone.STEP
        else:
            yield from ((row, Tone.STEP) for row in _wrap(more, width, f"{indent}  "))


def _wrap(text: str, width: int, indent: str, head: str | None = None) -> list[str]:
    first = indent if head is None else head
    if not width:
        return [first + text]
    wide = max(width, LEAST_WIDTH)
    wrapped = textwrap.wrap(
        text, wide, initial_indent=first, subsequent_indent=indent + "  " if head else indent, break_on_hyphens=False
    )
    return wrapped or [first]


def _seconds(duration_s: float) -> str:
    return f"{duration_s:.1f} s"
