"""What does not grow: the time of an answer, of a script and of the start with 10,000 images, 100,000 machines seen and
a million past boots; and how soon an ISO of 3 GB is served."""

import os
import re
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bootbeam.bench import contenders, storm
from bootbeam.bench.http import answers_per_second
from bootbeam.bench.line_clock import LineClock
from bootbeam.bench.packages import Programs
from bootbeam.bench.place import PREFERRED, LoadFailed, Place, Places
from bootbeam.bench.ratios import BOOTBEAM, Cell
from bootbeam.journal.boot_database import BootDatabase, Limits
from bootbeam.journal.boot_store import BOOTS_FILE
from bootbeam.lab.payload import wrap_in_pe

IMAGES, QUICK_IMAGES = 10_000, 1_000
MACHINES, QUICK_MACHINES = 100_000, 5_000
BOOTS, QUICK_BOOTS = 1_000_000, 50_000
ISO_BYTES = 3_000_000_000
ISO_FILE = "disc.iso"
MAX_ISO_MS = 300.0
FROM_COMMAND = "from the command to the first byte of an ISO of 3 GB"
MORE_THAN_SMALL = "of it, more than with an image of 1 KB"
FROM_MOVING = "from moving such an ISO into a served directory to its first byte"
WORDS = {"start_ms": "from the command to ready", "answer_ms": "an offer", "script_ms": "a script"}
MAX_GROWTH = 1.5
"""Twice the same is measured alike to so much."""
PER_BOOT = ("answer_ms", "script_ms")
RUNS = 3
"""At most."""
ROUNDS = 5
"""In each run the stations are asked in turn so often, every other time in reverse: a computer is not equally fast all
the time."""
ANSWER_SECONDS = 1
SETTLE_S = 2.0
"""What the station gets to print, keep and judge what it has been asked, before anything is timed."""
AN_HOUR_S = 3600
MEETING_S = 90
"""How long the station may take to have seen all machines."""
SCRIPT = "/ipxe/chosen={entry}/mac=52-54-00-00-00-01/platform=efi/buildarch=x86_64/script.ipxe"


@dataclass(frozen=True, slots=True)
class Times:
    """Of one case, one for each run, or for each round of each run."""

    start_ms: list[float] = field(default_factory=list)
    answer_ms: list[float] = field(default_factory=list)
    script_ms: list[float] = field(default_factory=list)

    def of(self, figure: str) -> list[float]:
        """Those of this name."""
        return {"start_ms": self.start_ms, "answer_ms": self.answer_ms, "script_ms": self.script_ms}[figure]


Arrange = Callable[[Place], None]
"""Done to a station before its answers are timed."""


@dataclass(frozen=True, slots=True)
class Case:
    """One station."""

    name: str
    arguments: Sequence[str]
    entry: str
    """The name of an entry of it."""
    state: Path | None = None
    """Where it remembers; None: a new place."""
    arrange: Arrange = lambda _: None


def run(
    places: Places,
    programs: Programs,
    files: Path,
    load: Path,
    runs: int,
    is_quick: bool,
    only: re.Pattern[str] | None,
    tell: Callable[[Cell], None],
) -> list[Cell]:
    """Each of them against a station with one image that knows nobody, in turn; or what has ``only`` in its name."""
    runs = min(runs, RUNS)
    (files / "copies").mkdir()
    cells = _iso_cells(places, files, runs, only)
    base, *grown = _cases(files, load, is_quick)
    grown = [case for case in grown if _is_wanted(only, *(f"{words}, {case.name}" for words in WORDS.values()))]
    if grown:
        times = {case.name: Times() for case in (base, *grown)}
        for number in range(runs):
            _run_once(places, (base, *grown), number, times, _Tools(load, programs, files))
        cells += _growth_cells(base, grown, times)
    for cell in cells:
        tell(cell)
    return cells


def _is_wanted(only: re.Pattern[str] | None, *names: str) -> bool:
    return only is None or any(only.search(name) for name in names)


def _growth_cells(base: Case, grown: Sequence[Case], times: Mapping[str, Times]) -> list[Cell]:
    cells = []
    for figure, words in WORDS.items():
        own = times[base.name].of(figure)
        cells.append(Cell(f"{words}, {base.name}", "ms", None, {BOOTBEAM: own}, is_less_better=True))
        for case in grown:
            ratios = [one / other for one, other in zip(times[case.name].of(figure), own, strict=True)]
            limit = MAX_GROWTH if figure in PER_BOOT else None  # each image is looked at when the station starts
            name = f"{words}, {case.name}"
            cells.append(Cell(name, "times as long", None, {BOOTBEAM: ratios}, is_less_better=True, limit=limit))
    return cells


def _cases(files: Path, load: Path, is_quick: bool) -> list[Case]:
    images, machines, boots = (QUICK_IMAGES, QUICK_MACHINES, QUICK_BOOTS) if is_quick else (IMAGES, MACHINES, BOOTS)
    one, many = (make_images(files / f"images-{number}", number) for number in (1, images))
    name = next(one.iterdir()).name
    database = files / "state-boots"
    make_boots(database / BOOTS_FILE, boots)
    keeping = ("--keep-boots", str(2 * boots), "--keep-boots-mb", "100000")
    return [
        Case("one image, nobody seen, no past boots", [str(one), *keeping], name),
        Case(f"{images:,} images", [str(many), *keeping], max(each.name for each in many.iterdir())),
        Case(
            f"{machines:,} machines seen",
            [str(one), *keeping],
            name,
            arrange=partial(meet, load=load, machines=machines),
        ),
        Case(f"{boots:,} past boots", [str(one), *keeping], name, state=database),
    ]


def make_images(directory: Path, number: int) -> Path:
    """So many small programs for UEFI."""
    directory.mkdir()
    program = wrap_in_pe(b"\xc3")
    for index in range(number):
        (directory / f"image-{index:05}.efi").write_bytes(program)
    return directory


def make_boots(path: Path, number: int) -> None:
    """A database with so many past boots, written past the station: it would take it hours."""
    BootDatabase(path, Limits()).close()
    now = time.time()
    with closing(sqlite3.connect(path)) as connection, connection:
        rows = (
            (f"{index:06x}", 1, _mac(index % MACHINES), now - index, now - index, "booted", "", "", "", "", "", "")
            for index in range(number)
        )
        columns = (
            "attempt, run, mac, began_at_s, last_at_s, outcome, last_sign, firmware, model, image, address, interface"
        )
        connection.executemany(f"INSERT INTO attempts ({columns}) VALUES ({', '.join('?' * 12)})", rows)
        events = ((f"{index:06x}", now - index, "client-seen", _mac(index % MACHINES), "{}") for index in range(number))
        connection.executemany("INSERT INTO events (attempt, at_s, kind, mac, facts) VALUES (?, ?, ?, ?, ?)", events)


def _mac(number: int) -> str:
    return f"52:54:00:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"


def meet(place: Place, load: Path, machines: int) -> None:
    """So many machines ask, as fast as they are answered.

    Raises:
        LoadFailed: the station does not manage it in time.
    """
    ask = (str(load), storm.SERVER, storm.ROUTER, str(machines), str(MEETING_S), "0", "32", str(machines))
    seen = place.load_result(*ask, timeout_s=MEETING_S + 10)["answered"]
    if seen < machines * 0.99:
        raise LoadFailed(f"the station has answered {seen} machines in {MEETING_S} s")


@dataclass(frozen=True, slots=True)
class _Tools:
    load: Path
    programs: Programs
    files: Path


def _run_once(places: Places, cases: Sequence[Case], number: int, times: Mapping[str, Times], tools: _Tools) -> None:
    """All of them run side by side, so that one can be asked right after the other."""
    with ExitStack() as stack:
        running = []
        for index, case in enumerate(cases):
            clock = stack.enter_context(LineClock(tools.files / f"lines-{index}"))
            role = f"{BOOTBEAM}-{number}{index}"
            state = case.state or tools.files / f"state-{role}"
            place, start_ms = _start(places, role, case.arguments, state, clock, tools.files)
            stack.callback(place.processes[-1].kill)
            times[case.name].start_ms.append(start_ms)
            case.arrange(place)
            running.append((place, case))
        for _ in range(ROUNDS):
            time.sleep(SETTLE_S)
            for place, case in running:
                times[case.name].script_ms.append(_script_ms(place, case, tools))
            for place, case in running:
                times[case.name].answer_ms.append(_answer_ms(place, tools))
            running.reverse()


def _script_ms(place: Place, case: Case, tools: _Tools) -> float:
    url = f"http://{storm.SERVER}:{contenders.HTTP_PORT}{SCRIPT.format(entry=case.entry)}"
    return 1000 / answers_per_second(place, tools.programs, url)


def _answer_ms(place: Place, tools: _Tools) -> float:
    ask = (str(tools.load), storm.SERVER, storm.ROUTER, "1000", str(ANSWER_SECONDS), "0", "1")
    return float(place.load_result(*ask, timeout_s=ANSWER_SECONDS + 10)["p50_us"]) / 1000


def _start(
    places: Places, role: str, arguments: Sequence[str], state: Path, clock: LineClock, files: Path
) -> tuple[Place, float]:
    """A station, and how long it took to be ready, in milliseconds. Its copies lie in memory, like the images: on a
    disk without a journal Linux looks long for room where much was removed a minute ago."""
    place = places.add(role)
    place.priority = PREFERRED
    storm.plug_in_machines(place)
    started_at = time.monotonic()
    environment = {**os.environ, "TMPDIR": str(files / "copies")}
    contenders.start_serving(place, arguments, "eth0", state=state, output=clock.pipe, env=environment)
    return place, (clock.wait_ready() - started_at) * 1000


def _iso_cells(places: Places, files: Path, runs: int, only: re.Pattern[str] | None) -> list[Cell]:
    """From the command to the first byte of an ISO of 3 GB, how much of it is the ISO's, and the same for one that is
    put into a directory."""
    names = [(FROM_COMMAND, None), (MORE_THAN_SMALL, MAX_ISO_MS), (FROM_MOVING, MAX_ISO_MS)]
    if not _is_wanted(only, *(name for name, _ in names)):
        return []
    large = files / "large"
    with large.open("wb") as file:
        file.truncate(ISO_BYTES)
    iso = contenders.make_iso_around(files / ISO_FILE, large)
    small = make_images(files / "images-small", 1)
    cells = [Cell(name, "ms", None, {BOOTBEAM: []}, is_less_better=True, limit=limit) for name, limit in names]
    for number in range(runs):
        iso.touch()  # written in this moment, as by a build whose last step serves it
        iso_ms = _first_byte_ms(places, f"iso-{number}", iso, ISO_FILE, files)
        small_ms = _first_byte_ms(places, f"small-{number}", small, "image-00000.efi", files)
        moved_ms = _moved_ms(places, f"moved-{number}", iso, small, files)
        for cell, figure in zip(cells, (iso_ms, iso_ms - small_ms, moved_ms), strict=True):
            cell.results[BOOTBEAM].append(figure)
    iso.unlink()
    return cells


def _first_byte_ms(places: Places, role: str, image: Path, name: str, files: Path) -> float:
    with LineClock(files / "lines") as clock:
        place, start_ms = _start(places, role, [str(image)], files / "state", clock, files)
        ready_at = time.monotonic()
        _await_first_byte(place, name)
        answered_at = time.monotonic()
        place.processes[-1].kill()
    return start_ms + (answered_at - ready_at) * 1000


def _moved_ms(places: Places, role: str, iso: Path, directory: Path, files: Path) -> float:
    """One that has lain elsewhere for an hour; it is put back."""
    with LineClock(files / "lines") as clock:
        place, _ = _start(places, role, [str(directory)], files / "state", clock, files)
        time.sleep(SETTLE_S)
        an_hour_ago = time.time() - AN_HOUR_S
        os.utime(iso, (an_hour_ago, an_hour_ago))
        moved_at = time.monotonic()
        inside = iso.rename(directory / iso.name)
        try:
            _await_first_byte(place, iso.name)
            return (time.monotonic() - moved_at) * 1000
        finally:
            inside.rename(iso)
            place.processes[-1].kill()


def _await_first_byte(place: Place, name: str) -> None:
    """Asks for it until it comes. Raises ``LoadFailed``."""
    get = f"GET /{name} HTTP/1.1\\r\\nHost: a\\r\\nRange: bytes=0-0\\r\\n\\r\\n"
    ask = f"exec 3<>/dev/tcp/{storm.SERVER}/{contenders.HTTP_PORT}; printf '{get}' >&3; head -n 1 <&3 | grep -q 206"
    place.run_load("bash", "-c", f"until {ask}; do sleep 0.01; done", timeout_s=10)
