"""What a station costs: how soon it is ready, and how much memory it takes when nothing happens."""

import time
from collections.abc import Callable
from pathlib import Path

from bootbeam.bench import contenders
from bootbeam.bench.memory import used_bytes
from bootbeam.bench.place import Places
from bootbeam.bench.ratios import BOOTBEAM, Cell
from bootbeam.lab.payload import make_multiboot_elf

IDLE_S = 2.0
"""Until the process that keeps boots has written its first."""
MAX_READY_MS = 500
MAX_IDLE_MB = 80


def run(places: Places, files: Path, runs: int, tell: Callable[[Cell], None]) -> list[Cell]:
    """A station that serves one kernel with an initrd of 1 MiB, started again and again."""
    initrd = contenders.make_word_file(files / "words", 1 << 20)
    image = contenders.named_kernel(make_multiboot_elf(files / "kernel.elf"), [initrd])
    ready = Cell("from the command to ready", "ms", None, {BOOTBEAM: []}, is_less_better=True, limit=MAX_READY_MS)
    memory = Cell("memory, idle", "MB", None, {BOOTBEAM: []}, is_less_better=True, limit=MAX_IDLE_MB)
    for number in range(runs):
        place = places.add(f"{BOOTBEAM}-{number}")
        started_at = time.monotonic()
        process = contenders.start_serving(place, image)
        ready.results[BOOTBEAM].append((time.monotonic() - started_at) * 1000)
        time.sleep(IDLE_S)
        memory.results[BOOTBEAM].append(used_bytes(process.pid) / 1e6)
        process.kill()
    for cell in (ready, memory):
        tell(cell)
    return [ready, memory]
