"""Runs that alternate, and what comes out of them: medians, and the ratio of bootbeam to the best of the others."""

import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import comb
from pathlib import Path

from bootbeam.bench.place import LoadFailed

BOOTBEAM = "bootbeam"
RUNS = 5
"""Of each contender, at least. Fewer are a quick look: there are no more then where a target is in doubt."""
MOST_TIMES_RUNS = 5
"""So many times as many rounds there are where it is not decided sooner whether the target is reached."""
CHANCE = 0.05
"""It is decided when, if both were equally good, so many rounds on one side of the target would be rarer than this."""
CLOSE = 0.7
"""Who is slower than so much of the best of the others has no more rounds than there have to be."""
MAX_STOLEN = 0.1
"""Of the processors' time. Where a host of virtual computers took more of it away during a run, it is made again."""
MOST_TRIES = 3


@dataclass(slots=True)
class Cell:
    """One measurement of all contenders."""

    name: str
    unit: str
    target: float | None
    """The ratio it should reach; None when it is only told."""
    results: dict[str, list[float]] = field(default_factory=dict)
    """Of each contender, run by run; in each run all took their turn, one after the other."""
    rounds: dict[str, list[int]] = field(default_factory=dict)
    """Of each contender, in which rounds these were; empty: in all of them."""
    failures: dict[str, str] = field(default_factory=dict)
    """What a contender that did not finish said."""
    repeated: int = 0
    """How many runs were made again because the host took the processors away."""
    is_less_better: bool = False
    limit: float | None = None
    """bootbeam's own figure that should be reached, or not be passed where less is better; without any contender."""

    @property
    def medians(self) -> dict[str, float]:
        """Of each contender that finished a run."""
        return {name: statistics.median(runs) for name, runs in self.results.items() if runs}

    @property
    def best_peer(self) -> str | None:
        """Who is best beside bootbeam."""
        peers = {name: value for name, value in self.medians.items() if name != BOOTBEAM}
        if not peers:
            return None
        return min(peers, key=peers.__getitem__) if self.is_less_better else max(peers, key=peers.__getitem__)

    @property
    def ratios(self) -> list[float]:
        """bootbeam to the best peer, in each round that both finished; over 1 is better. Empty without a peer."""
        peer = self.best_peer
        if peer is None:
            return []
        ours, theirs = self._by_round(BOOTBEAM), self._by_round(peer)
        pairs = [(own, theirs[number]) for number, own in ours.items() if number in theirs]
        return [(other / own if self.is_less_better else own / other) for own, other in pairs]

    def _by_round(self, name: str) -> dict[int, float]:
        runs = self.results.get(name, [])
        return dict(zip(self.rounds.get(name) or range(len(runs)), runs, strict=True))

    @property
    def ratio(self) -> float | None:
        """The median of the ratios."""
        ratios = self.ratios
        return statistics.median(ratios) if ratios else None

    def has_collapsed(self, part: float) -> bool:
        """Whether bootbeam reaches only so small a part of the best of the others, or of the limit; or has failed."""
        own = self.medians.get(BOOTBEAM)
        if own is None:
            return True
        if self.limit is not None:
            return own > 0 and self.limit / own < part if self.is_less_better else own < self.limit * part
        return self.ratio is not None and self.ratio < part

    @property
    def is_decided(self) -> bool:
        """Whether more rounds would hardly change whether the ratio reaches its target."""
        if self.target is None or not self.ratios:
            return True
        number, above = len(self.ratios), sum(ratio >= self.target for ratio in self.ratios)
        few = min(above, number - above)
        return sum(comb(number, each) for each in range(few + 1)) / 2.0**number <= CHANCE

    @property
    def close_peers(self) -> set[str]:
        """The best peer and who comes near it."""
        medians, best = self.medians, self.best_peer
        if best is None:
            return set()
        return {
            name
            for name, value in medians.items()
            if name != BOOTBEAM
            and (medians[best] >= CLOSE * value if self.is_less_better else value >= CLOSE * medians[best])
        }

    @property
    def is_missed(self) -> bool:
        """Whether a target or a limit is not reached; where bootbeam failed, it is not."""
        own = self.medians.get(BOOTBEAM)
        if self.limit is not None:
            return own is None or (own > self.limit if self.is_less_better else own < self.limit)
        if self.target is None:
            return False
        return own is None or (self.ratio is not None and self.ratio < self.target)


def measure(cell: Cell, runs: int, contenders: Mapping[str, Callable[[], float]]) -> Cell:
    """Let the contenders take turns, one right after the other, and another one first in each round. Who fails twice in
    a row is left out.

    Args:
        cell: gets the results.
        runs: how many rounds. From ``RUNS`` on there are more of them, for bootbeam and the best of the others, while
            it is open on which side of the target they end.
        contenders: by name.
    """
    for name in contenders:
        cell.results[name], cell.rounds[name] = [], []
    troubles = dict.fromkeys(contenders, 0)
    names = list(contenders)
    for number in range(runs * MOST_TIMES_RUNS if runs >= RUNS else runs):
        if number >= runs and cell.is_decided:
            break
        if number == runs:
            names = [name for name in names if name == BOOTBEAM or name in cell.close_peers]
        first = number % len(names)
        for name in names[first:] + names[:first]:
            if troubles[name] >= 2:
                continue
            try:
                cell.results[name].append(_undisturbed(cell, contenders[name]))
                cell.rounds[name].append(number)
                troubles[name] = 0
            except LoadFailed as error:
                troubles[name] += 1
                cell.failures[name] = error.what
    return cell


def _undisturbed(cell: Cell, run: Callable[[], float]) -> float:
    """The result of a run during which this computer had its processors, if there is one. Raises ``LoadFailed``."""
    for _ in range(MOST_TRIES - 1):
        stolen_s, began_s = _stolen_s(), time.monotonic()
        failure: LoadFailed | None = None
        try:
            result = run()
        except LoadFailed as error:
            failure = error
        could_have_s = (time.monotonic() - began_s) * (os.cpu_count() or 1)
        if _stolen_s() - stolen_s <= MAX_STOLEN * could_have_s:
            if failure is not None:
                raise failure
            return result
        cell.repeated += 1
    return run()


def _stolen_s() -> float:
    """How long the host has run something else while this computer wanted to run (proc(5), "steal")."""
    ticks = Path("/proc/stat").read_text("ascii").partition("\n")[0].split()[8]
    return int(ticks) / os.sysconf("SC_CLK_TCK")


def table(cells: Sequence[Cell]) -> str:
    """The cells of one kind as a table in Markdown: the medians, and beside others the ratio and its spread."""
    names = list(dict.fromkeys(name for cell in cells for name in cell.results))
    heads = [*names, *(["ratio", "spread"] if len(names) > 1 else []), "target"]
    lines = [f"| | {' | '.join(heads)} |", f"|---|{'---:|' * len(heads)}"]
    for cell in cells:
        medians = cell.medians
        values = [number(medians[name]) if name in medians else "failed" for name in names]
        ratio, ratios = cell.ratio, cell.ratios
        told = [f"**{ratio:.2f}**", f"{min(ratios):.2f} to {max(ratios):.2f}"] if ratio is not None else ["", ""]
        fields = [cell.name, *values, *(told if len(names) > 1 else []), _target(cell)]
        lines.append(f"| {' | '.join(fields)} |")
    return "\n".join(lines) + "\n"


def _target(cell: Cell) -> str:
    """What should be reached, and whether it was; "open": it may as well be chance."""
    if cell.limit is not None:
        words = f"{number(cell.limit)} {cell.unit}"
    elif cell.target is not None:
        words = f"{cell.target:g}"
    else:
        return ""
    if cell.is_missed:
        return f"{words} (missed)"
    return words if cell.is_decided else f"{words} (open)"


def number(value: float) -> str:
    """As people write it: three digits at least, all of a large one."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
