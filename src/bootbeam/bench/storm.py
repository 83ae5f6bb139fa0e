"""A storm: a thousand machines are switched on in the same second, and each boots to its last byte."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bootbeam.bench import contenders
from bootbeam.bench.memory import MemoryWatch
from bootbeam.bench.place import PREFERRED, Place, Places
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
