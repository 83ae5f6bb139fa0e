"""What becomes of everything else while 200 machines download: how soon a new machine is answered, and how soon a
person reads of it."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bootbeam.bench import contenders, storm
from bootbeam.bench.http import megabytes_per_second
from bootbeam.bench.line_clock import LineClock
from bootbeam.bench.packages import Programs
from bootbeam.bench.place import PREFERRED, REAL_TIME, LoadFailed, Place, Places
from bootbeam.bench.ratios import BOOTBEAM, Cell

DOWNLOADS = 200
SECONDS, QUICK_SECONDS = 8, 3
LEAD_S = 1.0
"""How long downloads are under way before anybody asks."""
QUESTIONS_PER_S = 100
NEW_MACHINES = 1_000_000
"""More than questions are asked: each comes from a machine that was never seen."""
MAX_ANSWER_MS, MAX_LINE_MS = 5.0, 100.0


def run(
    places: Places,
    programs: Programs,
    files: Path,
    load: Path,
    runs: int,
    is_quick: bool,
    tell: Callable[[Cell], None],
) -> list[Cell]:
    """All figures, of the same runs. The station is that of a storm, but for the pipe its lines go into."""
    names = (
        (f"an offer while {DOWNLOADS} machines download, median", None),
        ("99th percentile of it", MAX_ANSWER_MS),
        ("from an event to its line meanwhile, 99th percentile", MAX_LINE_MS),
        ("the longest of it", None),
    )
    cells = [Cell(name, "ms", None, {BOOTBEAM: []}, is_less_better=True, limit=limit) for name, limit in names]
    cells.append(Cell("the downloads meanwhile", "MB/s", None, {BOOTBEAM: []}))
    place = places.add(BOOTBEAM)
    place.priority = PREFERRED
    storm.plug_in_machines(place)
    images = contenders.named_kernel(
        storm.make_kernel(files), [contenders.make_word_file(files / "initrd.img", storm.INITRD_BYTES)]
    )
    with LineClock(files / "lines") as clock:
        contenders.start_serving(place, images, "eth0", output=clock.pipe)
        clock.wait_ready()
        for _ in range(runs):
            figures = _measure(place, clock, load, programs, QUICK_SECONDS if is_quick else SECONDS)
            for cell, value in zip(cells, figures, strict=True):
                cell.results[BOOTBEAM].append(value)
    for cell in cells:
        tell(cell)
    return cells


def _measure(
    place: Place, clock: LineClock, load: Path, programs: Programs, seconds: int
) -> tuple[float, float, float, float, float]:
    url = f"http://{storm.SERVER}:{contenders.HTTP_PORT}/initrd.img"
    wrk = (
        programs.path("wrk"),
        "-t",
        "1",
        "-c",
        str(DOWNLOADS),
        "-d",
        f"{seconds + 2 * LEAD_S:.0f}s",
        "--timeout",
        "30s",
    )
    ask = (str(load), storm.SERVER, storm.ROUTER, str(NEW_MACHINES), str(seconds), str(QUESTIONS_PER_S), "1")
    with ThreadPoolExecutor(1) as background:
        downloads = background.submit(place.run_load, *wrk, url, timeout_s=seconds + 60, env=programs.environment)
        time.sleep(LEAD_S)
        before = len(clock.ages_ms)
        asked = place.load_result(*REAL_TIME, *ask, timeout_s=seconds + 10)
        ages_ms = sorted(clock.ages_ms[before:])
        said = downloads.result()
    if not ages_ms:
        raise LoadFailed("the station said nothing")
    return (
        asked["p50_us"] / 1000,
        asked["p99_us"] / 1000,
        ages_ms[len(ages_ms) * 99 // 100],
        ages_ms[-1],
        megabytes_per_second(said),
    )
