"""HTTP: large files, ranges and scripts, against nginx; wrk asks."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bootbeam.bench import contenders
from bootbeam.bench.packages import Programs
from bootbeam.bench.place import ADDRESS, LoadFailed, Place, Places
from bootbeam.bench.ratios import BOOTBEAM, Cell, measure

LARGE_BYTES = 1 << 30
SECONDS = 2
LATE_S = 60
"""wrk looks at the clock between two rounds of its connections, and reads each for as long as there is more. With 200
that are never empty a round may take as long as 200 files."""
CONNECTIONS = (1, 20, 200)
RANGE = "bytes=104857600-105906175"
"""One MiB in the midst of the file."""
LARGE, SCRIPT, ISO = "words-1g", "boot.ipxe", "words.iso"
MACHINES_SCRIPT = "ipxe/mac=52-54-00-00-00-01/platform=efi/buildarch=x86_64/manufacturer=QEMU/script.ipxe"
"""What iPXE asks for next: decided for this machine, rendered, and told to the journal."""
IN_ISO = f"iso/{ISO}/{LARGE}"
OF_NGINX = {IN_ISO: ISO}
"""nginx cannot look into an ISO, and serves all of it: the same pages of memory. A copy of the file beside it will not
do. In one of two files the pages may lie in order, and in the other not, which makes a third of the throughput."""
TARGET = 1.0
MIN_SCRIPTS_PER_S = 20_000


def start_all(places: Places, programs: Programs, files: Path) -> dict[str, Place]:
    """Both, with a file of one GiB, the same inside an ISO, and scripts. nginx's scripts are files of much the same
    length."""
    large = contenders.make_word_file(files / LARGE, LARGE_BYTES)
    iso = contenders.make_iso_around(files / ISO, large)
    for script in (files / SCRIPT, files / MACHINES_SCRIPT):
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text("#!ipxe\n".ljust(1024, "#") + "\n", "utf-8")
    ours, nginx = places.add(BOOTBEAM), places.add("nginx")
    contenders.start_bootbeam(ours, [large], images=[iso])
    contenders.start_nginx(nginx, programs, files)
    return {place.role: place for place in (ours, nginx)}


def run(
    servers: dict[str, Place], programs: Programs, runs: int, only: re.Pattern[str] | None, tell: Callable[[Cell], None]
) -> list[Cell]:
    """All measurements, or those whose name has ``only`` in it; each is told when it is there."""
    plans = [(f"a file of 1 GiB, {_many(number)}", "MB/s", LARGE, number, "") for number in CONNECTIONS]
    plans += [(f"a file inside an ISO, {_many(number)}", "MB/s", IN_ISO, number, "") for number in CONNECTIONS]
    plans += [(f"ranges of 1 MiB, {_many(number)}", "MB/s", LARGE, number, RANGE) for number in CONNECTIONS]
    plans += [(f"scripts, {_many(number)}", "answers/s", SCRIPT, number, "") for number in CONNECTIONS]
    plans += [
        (f"a machine's script, {_many(number)}", "answers/s", MACHINES_SCRIPT, number, "") for number in CONNECTIONS
    ]
    cells = []
    for name, unit, path, connections, part in plans:
        if only is not None and not only.search(name):
            continue
        is_file = unit == "MB/s"
        cell = Cell(name, unit, TARGET if is_file else None, limit=None if is_file else MIN_SCRIPTS_PER_S)
        each = {role: partial(_ask, place, programs, path, connections, part, unit) for role, place in servers.items()}
        tell(measure(cell, runs, each))
        cells.append(cell)
    return cells


def _many(connections: int) -> str:
    return f"{connections} connection{'s' if connections > 1 else ''}"


def _ask(place: Place, programs: Programs, path: str, connections: int, part: str, unit: str) -> float:
    headers = ("-H", f"Range: {part}") if part else ()
    if place.role != BOOTBEAM:
        path = OF_NGINX.get(path, path)
    said = place.run_load(
        *(programs.path("wrk"), "-t", "1", "-c", str(connections), "-d", f"{SECONDS}s", "--timeout", "10s", *headers),
        f"http://{ADDRESS}:{contenders.HTTP_PORT}/{path}",
        timeout_s=SECONDS + LATE_S,
        env=programs.environment,
    )
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    if refused:
        raise LoadFailed(f"{place.role}: {refused[0]}")
    if unit == "MB/s":
        return megabytes_per_second(said)
    return _number(said, r"Requests/sec:\s+([\d.]+)([KMG]?)")


def answers_per_second(place: Place, programs: Programs, url: str) -> float:
    """One connection that asks again as soon as it is answered.

    Raises:
        LoadFailed: the station refuses.
    """
    said = place.run_load(
        *(programs.path("wrk"), "-t", "1", "-c", "1", "-d", "1s", url), timeout_s=20, env=programs.environment
    )
    if refused := re.search(r"Non-2xx or 3xx responses: (\d+)", said):
        raise LoadFailed(f"{place.role}: {refused[0]}")
    return _number(said, r"Requests/sec:\s+([\d.]+)([KMG]?)")


def megabytes_per_second(said: str) -> float:
    """What wrk says it got."""
    return _number(said, r"Transfer/sec:\s+([\d.]+)([KMG]?)B") / 1e6


def _number(said: str, pattern: str) -> float:
    found = re.search(pattern, said)
    if found is None:
        raise LoadFailed(f"wrk said something else: {said[-300:]}")
    # wrk counts in powers of 1024.
    return float(found[1]) * {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}[found[2]]
