"""What does not grow: the time of an answer, of a script and of the start with 10,000 images, 100,000 machines seen and
a million past boots; and how soon an ISO of 3 GB is served."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
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
MAX_GROWTH = 1.5
"""Twice the same is measured alike to so much."""
PER_BOOT = ("answer_ms", "script_ms")
RUNS = 3
"""At most."""
ANSWER_SECONDS = 1
SETTLE_S = 2.0
"""What the station gets to print, keep and judge what it has been asked, before anything is timed."""
MEETING_S = 90
"""How long the station may take to have seen all machines."""
SCRIPT = "/ipxe/chosen={entry}/mac=52-54-00-00-00-01/platform=efi/buildarch=x86_64/script.ipxe"


@dataclass(frozen=True, slots=True)
class Times:
    """Of one station."""

    start_ms: float
    answer_ms: float
    script_ms: float


Arrange = Callable[[Place], None]
"""Done to a station before its answers are timed."""


@dataclass(frozen=True, slots=True)
class Case:
    """One station."""

    name: str
    arguments: Sequence[str]
    entry: str
    """The name of an entry of it."""
    state: Path
    arrange: Arrange = lambda _: None


def run(
    places: Places,
    programs: Programs,
    files: Path,
    load: Path,
    runs: int,
    is_quick: bool,
    tell: Callable[[Cell], None],
) -> list[Cell]:
    """Each of them against a station with one image that knows nobody, in turn."""
    runs = min(runs, RUNS)
    base, *grown = _cases(files, load, is_quick)
    times: dict[str, list[Times]] = {case.name: [] for case in (base, *grown)}
    for number in range(runs):
        for index, case in enumerate((base, *grown)):
            times[case.name].append(_times(places, f"{BOOTBEAM}-{number}{index}", case, load, programs, files))
    cells = _iso_cells(places, files, runs)
    for field, words in (
        ("start_ms", "from the command to ready"),
        ("answer_ms", "an offer"),
        ("script_ms", "a script"),
    ):
        own = {BOOTBEAM: _of(times[base.name], field)}
        cells.append(Cell(f"{words}, {base.name}", "ms", None, own, is_less_better=True))
        for case in grown:
            pairs = zip(_of(times[case.name], field), own[BOOTBEAM], strict=True)
            ratios = {BOOTBEAM: [one / other for one, other in pairs]}
            name = f"{words}, {case.name}"
            limit = MAX_GROWTH if field in PER_BOOT else None  # each image is looked at when the station starts
            cells.append(Cell(name, "times as long", None, ratios, is_less_better=True, limit=limit))
    for cell in cells:
        tell(cell)
    return cells


def _of(times: Sequence[Times], field: str) -> list[float]:
    return [float(getattr(each, field)) for each in times]


def _cases(files: Path, load: Path, is_quick: bool) -> list[Case]:
    images, machines, boots = (QUICK_IMAGES, QUICK_MACHINES, QUICK_BOOTS) if is_quick else (IMAGES, MACHINES, BOOTS)
    one, many = (make_images(files / f"images-{number}", number) for number in (1, images))
    name = next(one.iterdir()).name
    database = files / "state-boots"
    make_boots(database / BOOTS_FILE, boots)
    keeping = ("--keep-boots", str(2 * boots), "--keep-boots-mb", "100000")
    return [
        Case("one image, nobody seen, no past boots", [str(one), *keeping], name, files / "state"),
        Case(f"{images:,} images", [str(many), *keeping], max(each.name for each in many.iterdir()), files / "state"),
        Case(
            f"{machines:,} machines seen",
            [str(one), *keeping],
            name,
            files / "state",
            partial(meet, load=load, machines=machines),
        ),
        Case(f"{boots:,} past boots", [str(one), *keeping], name, database),
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


def _start(places: Places, role: str, arguments: Sequence[str], state: Path, clock: LineClock) -> tuple[Place, float]:
    """A station, and how long it took to be ready, in milliseconds."""
    place = places.add(role)
    place.priority = PREFERRED
    storm.plug_in_machines(place)
    started_at = time.monotonic()
    contenders.start_serving(place, arguments, "eth0", state=state, output=clock.pipe)
    return place, (clock.wait_ready() - started_at) * 1000


def _times(places: Places, role: str, case: Case, load: Path, programs: Programs, files: Path) -> Times:
    with LineClock(files / "lines") as clock:
        place, start_ms = _start(places, role, case.arguments, case.state, clock)
        case.arrange(place)
        time.sleep(SETTLE_S)
        url = f"http://{storm.SERVER}:{contenders.HTTP_PORT}{SCRIPT.format(entry=case.entry)}"
        script_ms = 1000 / answers_per_second(place, programs, url)
        ask = (str(load), storm.SERVER, storm.ROUTER, "1000", str(ANSWER_SECONDS), "0", "1")
        answer_ms = place.load_result(*ask, timeout_s=ANSWER_SECONDS + 10)["p50_us"] / 1000
        place.processes[-1].kill()
    return Times(start_ms, answer_ms, script_ms)


def _iso_cells(places: Places, files: Path, runs: int) -> list[Cell]:
    """From the command to the first byte of an ISO of 3 GB, and how much of it is the ISO's."""
    large = files / "large"
    with large.open("wb") as file:
        file.truncate(ISO_BYTES)
    iso = contenders.make_iso_around(files / ISO_FILE, large)
    small = make_images(files / "images-small", 1)
    whole, own = (
        Cell(name, "ms", None, {BOOTBEAM: []}, is_less_better=True, limit=limit)
        for name, limit in (
            ("from the command to the first byte of an ISO of 3 GB", None),
            ("of it, more than with an image of 1 KB", MAX_ISO_MS),
        )
    )
    for number in range(runs):
        iso_ms = _first_byte_ms(places, f"iso-{number}", iso, ISO_FILE, files)
        small_ms = _first_byte_ms(places, f"small-{number}", small, "image-00000.efi", files)
        whole.results[BOOTBEAM].append(iso_ms)
        own.results[BOOTBEAM].append(iso_ms - small_ms)
    iso.unlink()
    return [whole, own]


def _first_byte_ms(places: Places, role: str, image: Path, name: str, files: Path) -> float:
    with LineClock(files / "lines") as clock:
        place, start_ms = _start(places, role, [str(image)], files / "state", clock)
        ready_at = time.monotonic()
        get = f"GET /{name} HTTP/1.1\\r\\nHost: a\\r\\nRange: bytes=0-0\\r\\n\\r\\n"
        said = place.run_load(
            *(
                "bash",
                "-c",
                f"exec 3<>/dev/tcp/{storm.SERVER}/{contenders.HTTP_PORT}; printf '{get}' >&3; head -n 1 <&3",
            ),
            timeout_s=10,
        )
        answered_at = time.monotonic()
        place.processes[-1].kill()
    if "206" not in said:
        raise LoadFailed(f"{name} is not served: {said}")
    return start_ms + (answered_at - ready_at) * 1000
