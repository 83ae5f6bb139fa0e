"""A storm: a thousand machines are switched on in the same second, and each boots to its last byte."""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bootbeam.bench import contenders
from bootbeam.bench.place import PREFERRED, LoadFailed, Place, Places
from bootbeam.bench.ratios import BOOTBEAM, Cell
from bootbeam.lab.payload import wrap_in_pe

SERVER, ROUTER, FIRST_MACHINE = "10.78.0.1", "10.78.0.2", "10.78.16.0"
MACHINES, QUICK_MACHINES = 1000, 100
MACHINES_PREFIX = 20
KERNEL_BYTES, INITRD_BYTES = 8 << 20, 40 << 20
TIMEOUT_S = 80.0
"""Then the machines that are not done count as failed."""
RUNS = 2
"""At most: 48 GB go over the wire in each."""
LOOK_EVERY_S = 0.25
MAX_RETRIES, MAX_SPREAD, MAX_MEMORY_MB = 1.0, 2.0, 200.0


def start_all(places: Places, files: Path) -> Place:
    """The station, with a wire to a network namespace in which all machines live."""
    place = places.add(BOOTBEAM)
    place.priority = PREFERRED
    plug_in_machines(place)
    initrd = contenders.make_word_file(files / "initrd.img", INITRD_BYTES)
    contenders.start_serving(place, contenders.named_kernel(make_kernel(files), [initrd]), "eth0")
    return place


def plug_in_machines(place: Place) -> None:
    """A wire to a namespace that has the addresses of some thousand machines."""
    clients = place.plug_in(f"{SERVER}/16", f"{ROUTER}/16")
    clients.ip("route", "add", "local", f"{FIRST_MACHINE}/{MACHINES_PREFIX}", "dev", "lo")


def make_kernel(files: Path) -> Path:
    """What a UEFI machine starts, of the size of a kernel."""
    kernel = files / "kernel.efi"
    kernel.write_bytes(wrap_in_pe(b"\xc3" * KERNEL_BYTES))
    return kernel


def run(place: Place, load: Path, runs: int, is_quick: bool, tell: Callable[[Cell], None]) -> list[Cell]:
    """Storms, one after the other; all figures come from the same ones."""
    machines = QUICK_MACHINES if is_quick else MACHINES
    cells = _cells(machines)
    for _ in range(min(runs, RUNS)):
        result = _storm(place, load, machines)
        if result["finished"] < machines:
            cells[0].failures[BOOTBEAM] = f"{machines - result['finished']} did not finish: {result['why']}"
        for cell, value in zip(cells, _figures(result), strict=True):
            cell.results[BOOTBEAM].append(value)
    for cell in cells:
        tell(cell)
    return cells


def _cells(machines: int) -> list[Cell]:
    def limited(name: str, unit: str, limit: float | None) -> Cell:
        return Cell(name, unit, None, {BOOTBEAM: []}, is_less_better=True, limit=limit)

    finished = Cell(f"of {machines} machines have booted", "machines", None, {BOOTBEAM: []}, limit=machines)
    return [
        finished,
        limited("most retries of one machine", "retries", MAX_RETRIES),
        limited("median of the time from power-on to the last byte", "s", None),
        limited("99th percentile of it", "s", None),
        limited("99th percentile by median", "times", MAX_SPREAD),
        limited("most memory of the station meanwhile", "MB", MAX_MEMORY_MB),
    ]


def _figures(result: dict[str, Any]) -> tuple[float, ...]:
    median_s, p99_s = float(result["median_s"]), float(result["p99_s"])
    return (result["finished"], result["retries_max"], median_s, p99_s, p99_s / median_s, result["memory_mb"])


def _storm(place: Place, load: Path, machines: int) -> dict[str, Any]:
    with MemoryWatch(place.processes[-1].pid) as memory:
        result = place.load_result(
            *(
                str(load),
                SERVER,
                ROUTER,
                FIRST_MACHINE,
                str(machines),
                str(contenders.HTTP_PORT),
                str(TIMEOUT_S),
                "eth0",
            ),
            timeout_s=TIMEOUT_S + 20,
        )
    return result | {"memory_mb": memory.most_bytes / 1e6}


class MemoryWatch:
    """Looks, as long as the ``with`` block lasts, how much memory a process and all it has started take (PSS: what is
    shared with others counts in part)."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.most_bytes = 0

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        if not self.most_bytes:
            raise LoadFailed("the station has ended")

    def _watch(self) -> None:
        while True:
            with suppress(OSError):  # it has ended
                self.most_bytes = max(self.most_bytes, sum(_pss_bytes(pid) for pid in _family(self._pid)))
            if self._ended.wait(LOOK_EVERY_S):
                return


def _family(pid: int) -> list[int]:
    """A process and all below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return [pid, *(each for child in children for each in _family(int(child)))]


def _pss_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
