"""DHCP: proxy offers to network boot firmware, against dnsmasq's, and against offers with addresses from Kea."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from bootbeam.bench import contenders
from bootbeam.bench.packages import Programs
from bootbeam.bench.place import PREFERRED, REAL_TIME, Place, Places
from bootbeam.bench.ratios import BOOTBEAM, Cell, measure

SERVER, RELAY, PREFIX = "10.78.0.1", "10.78.0.2", 16
MACHINES = 1000
SECONDS = 2
OUTSTANDING = 32
FIRST_ADDRESS, LAST_ADDRESS = "10.78.16.0", "10.78.31.255"
"""What Kea gives out."""
RATE = 2000
"""Questions a second, for the latencies."""
MIN_OFFERS_PER_S = 10_000
MAX_P99_US = 2_000


def start_all(places: Places, programs: Programs, files: Path) -> dict[str, Place]:
    """All of them, each with a wire to the relay that asks."""
    ours, dnsmasq, kea = places.add(BOOTBEAM), places.add("dnsmasq"), places.add("Kea")
    for place in (ours, dnsmasq, kea):
        # Among real-time processes no thread gives way to another of the same station: one that writes boots would
        # have a core for a tenth of a second while answers wait for it, as on no computer that serves a LAN.
        place.priority = PREFERRED
        # What asks stands for other computers: its own waiting for a processor is no part of an answer's time.
        place.load_priority = REAL_TIME
        place.plug_in(f"{SERVER}/{PREFIX}", f"{RELAY}/{PREFIX}")
    file = contenders.make_word_file(files / "words", 1 << 20)
    contenders.start_bootbeam(ours, [file], interface="eth0")
    contenders.start_dnsmasq_proxy(dnsmasq, SERVER)
    contenders.start_kea(kea, programs, SERVER, FIRST_ADDRESS, LAST_ADDRESS)
    return {place.role: place for place in (ours, dnsmasq, kea)}


def run(servers: dict[str, Place], load: Path, runs: int, tell: Callable[[Cell], None]) -> list[Cell]:
    """The most answers a second, and how long an answer takes at a fixed rate."""
    most = Cell(
        f"offers, {OUTSTANDING} questions under way, {MACHINES} machines", "answers/s", None, limit=MIN_OFFERS_PER_S
    )
    measure(most, runs, {role: partial(_answers_per_second, place, load) for role, place in servers.items()})
    tell(most)
    cells = [most]
    for name, key, limit in (("median", "p50_us", None), ("99th percentile", "p99_us", MAX_P99_US)):
        cell = Cell(f"{name} of the time to an offer at {RATE} a second", "µs", None, is_less_better=True, limit=limit)
        measure(cell, runs, {role: partial(_latency_us, place, load, key) for role, place in servers.items()})
        tell(cell)
        cells.append(cell)
    return cells


def _answers_per_second(place: Place, load: Path) -> float:
    result = _ask(place, load, 0)
    return float(result["answered"]) / float(result["seconds"])


def _latency_us(place: Place, load: Path, key: str) -> float:
    return float(_ask(place, load, RATE)[key])


def _ask(place: Place, load: Path, rate: int) -> dict[str, float]:
    return place.load_result(
        *(str(load), SERVER, RELAY, str(MACHINES), str(SECONDS), str(rate), str(OUTSTANDING)), timeout_s=SECONDS + 10
    )
