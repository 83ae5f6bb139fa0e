"""What is written to the terminal: whole lines when piped, wrapped ones for a person, JSON for a machine."""

import io
import json
import re
import threading
from typing import ClassVar

from rich.console import Console

from bootbeam.cli.story_view import StoryView
from bootbeam.cli.terminal import EventPrinter, JsonView
from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.story import Story

MESSAGE = Event(
    EventKind.MESSAGE_SHOWN,
    1_700_000_000.0,
    "52:54:00:12:34:56",
    "192.168.1.7",
    "eth0",
    {"title": "bitvisor.elf cannot boot on this machine", "why": "it is " + "long " * 20, "fix": "legacy mode"},
)


def shown(width: int, *, terminal: bool) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=terminal, color_system="standard" if terminal else None)
    view = StoryView(console, Story(lambda _: None))
    view.show(MESSAGE)
    view.close()
    return stream.getvalue()


def test_piped_lines_are_whole_and_without_colour() -> None:
    lines = shown(80, terminal=False).splitlines()
    assert len(lines) == 3
    assert "52:54:00:12:34:56 its screen says: bitvisor.elf cannot boot on this machine" in lines[0]
    assert lines[1].strip() == "why: it is " + ("long " * 20).strip()
    assert "\x1b" not in "".join(lines)


def test_a_person_gets_lines_that_fit() -> None:
    text = shown(80, terminal=True)
    assert "\x1b[" in text
    plain = [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line) for line in text.splitlines()]
    assert max(len(line) for line in plain) <= 80
    assert sum("long" in line for line in plain) > 1


def test_a_path_is_never_broken_in_two() -> None:
    path = "/var/lib/" + "a-long-name/" * 12
    stream = io.StringIO()
    view = StoryView(Console(file=stream, width=80, force_terminal=True, color_system=None), Story(lambda _: None))
    view.show(Event(EventKind.PROBLEM, 1_700_000_000.0, facts={"what": "no room", "why": "", "fix": f"df {path}"}))
    view.close()
    assert path in stream.getvalue()


def test_an_output_whose_disk_is_full_disturbs_nobody() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    failed: list[object] = []
    hook, threading.excepthook = threading.excepthook, failed.append
    try:
        with EventPrinter(JsonView(Full())) as printer:
            printer.watch(MESSAGE)
    finally:
        threading.excepthook = hook
    assert not failed


def test_a_findings_words_stand_under_each_other_and_its_commands_are_whole() -> None:
    command = "    sudo firewall-cmd --add-port=67/udp --add-port=69/udp --add-port=4011/udp --add-port=8080/tcp"
    facts = {
        "id": "BB-020",
        "title": "t",
        "sure": "surely",
        "cause": "word " * 40,
        "fix": f"open the ports:\n{command}",
    }
    stream = io.StringIO()
    view = StoryView(Console(file=stream, width=100, force_terminal=True, color_system=None), Story(lambda _: None))
    view.show(Event(EventKind.FINDING, 1_700_000_000.0, "52:54:00:12:34:56", None, None, facts))
    view.close()
    lines = stream.getvalue().splitlines()
    words = [line for line in lines if "word" in line]
    assert len(words) > 2
    assert len({line.index("word") for line in words}) == 1
    [whole] = [line for line in lines if "firewall-cmd" in line]
    assert whole.endswith(command)


def test_json_lines() -> None:
    stream = io.StringIO()
    view = JsonView(stream)
    view.show(MESSAGE)
    view.flush()
    line = json.loads(stream.getvalue())
    assert line["kind"] == "message-shown"
    assert line["at"] == "2023-11-14T22:13:20.000+00:00"
    assert line["mac"] == "52:54:00:12:34:56"
    assert line["facts"]["fix"] == "legacy mode"


def test_progress_is_a_bar_for_a_person_and_nothing_in_json() -> None:
    started = Event(EventKind.TRANSFER_STARTED, 0.0, "m", None, None, {"transfer": "1", "file": "file/v/linux"})
    progress = Event(
        EventKind.TRANSFER_PROGRESS,
        0.0,
        "m",
        None,
        None,
        {"transfer": "1", "sent_bytes": 5_000_000, "size_bytes": 10_000_000},
    )
    stream = io.StringIO()
    JsonView(stream).show(progress)
    assert stream.getvalue() == ""
    console = Console(file=io.StringIO(), width=100, force_terminal=True, _environ={"TERM": "xterm"})
    view = StoryView(console, Story(lambda _: None))
    view.show(started)
    view.show(progress)
    view.show(Event(EventKind.TRANSFER_FINISHED, 0.0, "m", None, None, {"transfer": "1", "file": "a/linux"}))
    view.close()
    assert isinstance(console.file, io.StringIO)
    assert "5.0/10.0 MB" in console.file.getvalue()
    assert "m linux " in console.file.getvalue()


def test_a_terminal_that_stands_still_holds_nobody_up() -> None:
    release = threading.Event()

    class Stuck:
        shown: ClassVar[list[Event]] = []

        def show(self, event: Event) -> None:
            release.wait(10)
            Stuck.shown.append(event)

        def flush(self) -> None:
            pass

        def close(self) -> None:
            pass

    with EventPrinter(Stuck()) as printer:
        for _ in range(20_000):
            printer.watch(MESSAGE)
        release.set()
    *shown, last = Stuck.shown
    assert set(map(id, shown)) == {id(MESSAGE)}
    assert last.kind is EventKind.PROBLEM
    number = int(str(last.facts["what"]).split()[0])
    assert len(shown) + number == 20_000
