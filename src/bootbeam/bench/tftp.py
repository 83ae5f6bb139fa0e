"""TFTP: every block size with every window and every number of clients, against dnsmasq, tftpd-hpa and atftpd."""

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from bootbeam.bench import contenders
from bootbeam.bench.packages import Programs
from bootbeam.bench.place import ADDRESS, FIRST_CLIENT, LoadFailed, Place, Places
from bootbeam.bench.ratios import BOOTBEAM, Cell, measure

MIB = 1 << 20
BLKSIZES = (512, 1432, 1468, 8192)
WINDOWSIZES = (1, 4, 16, 64)
CLIENTS = (1, 10, 100, 500)
BYTES_PER_CLIENT = {1: 64 * MIB, 10: 8 * MIB, 100: 2 * MIB, 500: MIB // 2}
"""How much each client fetches, by how many there are, so that a run takes a second or so."""
BYTES_PER_QUICK_CLIENT = {1: 64 * MIB, 10: 32 * MIB, 100: 4 * MIB, 500: MIB}
"""The same with blocks of 8192 bytes, or with windows of 16 blocks and more."""
BYTES_PER_QUICKEST_CLIENT = {1: 64 * MIB, 10: 64 * MIB, 100: 16 * MIB, 500: MIB}
"""The same with both: less would be over before all clients have begun."""
QUICK = ((1432, 1, 1), (1432, 16, 1), (1432, 1, 100), (8192, 64, 10))
TARGET, WINDOW_TARGET = 1.0, 1.5
SETTLING_S = 0.6
"""bootbeam writes down what happened twice a second: not while the next one is measured."""
RUN_TIMEOUT_S = 12
"""Then a run counts as failed."""

Contenders = dict[str, Place]
Chosen = tuple[int, int, int]
"""Block size in bytes, window in blocks, number of clients."""


def parse_cells(text: str) -> tuple[Chosen, ...]:
    """``1432:1:100,8192:64:10``: each block size, window and number of clients.

    Raises:
        ValueError: it says something else, or names clients that no file was made for.
    """
    chosen = []
    for cell in text.split(","):
        blksize, windowsize, clients = (int(number) for number in cell.split(":"))
        if clients not in BYTES_PER_CLIENT:
            raise ValueError(f"{clients} clients: one of {', '.join(map(str, BYTES_PER_CLIENT))}")
        chosen.append((blksize, windowsize, clients))
    return tuple(chosen)


def start_all(places: Places, programs: Programs, root: Path) -> Contenders:
    """All four servers, each at its place, with the files of all sizes."""
    files = [
        contenders.make_word_file(root / name_of(size), size)
        for size in sorted({size_bytes(*each) for each in cells()})
    ]
    ours, dnsmasq = places.add(BOOTBEAM), places.add("dnsmasq")
    hpa, atftpd = places.add("tftpd-hpa"), places.add("atftpd")
    contenders.start_bootbeam(ours, files)
    contenders.start_dnsmasq_tftp(dnsmasq, root)
    contenders.start_tftpd_hpa(hpa, programs, root)
    contenders.start_atftpd(atftpd, programs, root)
    return {place.role: place for place in (ours, dnsmasq, hpa, atftpd)}


def cells() -> Iterator[Chosen]:
    """All of them."""
    for clients in CLIENTS:
        for blksize in BLKSIZES:
            for windowsize in WINDOWSIZES:
                yield blksize, windowsize, clients


def run(
    servers: Contenders, load: Path, runs: int, chosen: Iterable[Chosen], tell: Callable[[Cell], None]
) -> list[Cell]:
    """These measurements; each is told when it is there."""
    measured = []
    for blksize, windowsize, clients in chosen:
        name = f"blksize {blksize}, windowsize {windowsize}, {clients} client{'s' if clients > 1 else ''}"
        cell = Cell(name, "MB/s", WINDOW_TARGET if windowsize >= 16 else TARGET)
        each = {role: partial(_download, place, load, blksize, windowsize, clients) for role, place in servers.items()}
        measure(cell, runs, each)
        tell(cell)
        measured.append(cell)
    return measured


def size_bytes(blksize: int, windowsize: int, clients: int) -> int:
    """Of the file that each of so many clients fetches."""
    by_quickness = (BYTES_PER_CLIENT, BYTES_PER_QUICK_CLIENT, BYTES_PER_QUICKEST_CLIENT)
    return by_quickness[(blksize == 8192) + (windowsize >= 16)][clients]


def name_of(size: int) -> str:
    """The file of so many bytes."""
    return f"words-{size >> 10}k"


def _download(place: Place, load: Path, blksize: int, windowsize: int, clients: int) -> float:
    size = size_bytes(blksize, windowsize, clients)
    result = place.load_result(
        *(str(load), ADDRESS, "69", name_of(size), str(size), str(blksize), str(windowsize), str(clients)),
        *(str(RUN_TIMEOUT_S), FIRST_CLIENT),
        timeout_s=RUN_TIMEOUT_S + 5,
    )
    if result["unfinished"]:
        raise LoadFailed(f"{result['unfinished']} of {clients} clients did not finish")
    if place.role == BOOTBEAM:
        time.sleep(SETTLING_S)
    return float(result["bytes"]) / float(result["seconds"]) / 1e6
