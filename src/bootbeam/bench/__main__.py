"""``make bench``: measure, print, write docs/performance.md and docs/performance.json.

``python -m bootbeam.bench [PART ...] [--quick] [--guard] [--runs N]``; no part named: all of them.
``http --only "ranges.*, 20 "`` measures what has that regular expression in its name; so does ``scale --only ISO``.
``tftp --cells 1432:1:100,8192:64:10`` measures these combinations of block size, window and clients.
"""

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bootbeam.bench import alive, cost, dhcp, http, report, scale, storm, tftp
from bootbeam.bench.course import Outcome, ended_in_order, run_parts, scratch_directory
from bootbeam.bench.packages import Programs, compile_load, fetch_programs, read_names
from bootbeam.bench.place import Places
from bootbeam.bench.ratios import RUNS, Cell, number
from bootbeam.errors import UserError
from bootbeam.servers.tftp_library import find_trouble

PROJECT = Path(__file__).parents[3]
PACKAGES = PROJECT / "scripts" / "bench-packages.txt"
CACHE = PROJECT / ".cache" / "bench"
PAGE = PROJECT / "docs" / "performance.md"
RESULTS = PROJECT / "docs" / "performance.json"
MEMORY = Path("/dev/shm")
QUICK_RUNS = 2
GUARD_RATIO = 0.1
"""Far below every figure of docs/performance.md but those that it calls out: only a collapse gets there."""
TITLES = {
    "tftp": "TFTP",
    "http": "HTTP",
    "dhcp": "DHCP",
    "cost": "What a station costs",
    "storm": "A storm",
    "alive": "While 200 machines download",
    "scale": "What does not grow",
}
"""In the order of the page."""

Part = Callable[[Programs, Path, int, bool], list[Cell]]


def _tftp(
    programs: Programs, files: Path, runs: int, is_quick: bool, chosen: Sequence[tftp.Chosen] | None = None
) -> list[Cell]:
    if (trouble := find_trouble()) is not None:
        raise trouble  # what was measured without its compiled part would be taken for what it can do
    chosen = chosen or (tftp.QUICK if is_quick else tuple(tftp.cells()))
    load = compile_load(Path(__file__).with_name("tftp_load.c"), CACHE)
    with Places(CACHE / "logs") as places:
        return tftp.run(tftp.start_all(places, programs, files), load, runs, chosen, partial(_tell, width=48))


def _http(
    programs: Programs, files: Path, runs: int, is_quick: bool, only: re.Pattern[str] | None = None
) -> list[Cell]:
    with Places(CACHE / "logs") as places:
        return http.run(http.start_all(places, programs, files), programs, runs, only, partial(_tell, width=48))


def _dhcp(programs: Programs, files: Path, runs: int, is_quick: bool) -> list[Cell]:
    load = compile_load(Path(__file__).with_name("dhcp_load.c"), CACHE)
    with Places(CACHE / "logs") as places:
        return dhcp.run(dhcp.start_all(places, programs, files), load, runs, partial(_tell, width=60))


def _cost(programs: Programs, files: Path, runs: int, is_quick: bool) -> list[Cell]:
    with Places(CACHE / "logs") as places:
        return cost.run(places, files, runs, partial(_tell, width=48))


def _storm(programs: Programs, files: Path, runs: int, is_quick: bool) -> list[Cell]:
    load = compile_load(Path(__file__).with_name("storm_load.c"), CACHE)
    with Places(CACHE / "logs") as places:
        return storm.run(storm.start_all(places, files), load, runs, is_quick, partial(_tell, width=60))


def _alive(programs: Programs, files: Path, runs: int, is_quick: bool) -> list[Cell]:
    load = compile_load(Path(__file__).with_name("dhcp_load.c"), CACHE)
    with Places(CACHE / "logs") as places:
        return alive.run(places, programs, files, load, runs, is_quick, partial(_tell, width=60))


def _scale(
    programs: Programs, files: Path, runs: int, is_quick: bool, only: re.Pattern[str] | None = None
) -> list[Cell]:
    load = compile_load(Path(__file__).with_name("dhcp_load.c"), CACHE)
    with Places(CACHE / "logs") as places:
        return scale.run(places, programs, files, load, runs, is_quick, only, partial(_tell, width=72))


PARTS: dict[str, Part] = {
    "tftp": _tftp,
    "http": _http,
    "dhcp": _dhcp,
    "cost": _cost,
    "storm": _storm,
    "alive": _alive,
    "scale": _scale,
}


def main() -> int:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m bootbeam.bench")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to measure; default: everything")
    parser.add_argument("--quick", action="store_true", help="a few cells, two runs each; writes nothing")
    parser.add_argument(
        "--guard", action="store_true", help="fail when something is ten times slower than it should be"
    )
    parser.add_argument(
        "--runs",
        type=int,
        help=f"of each cell, at least; default {RUNS}; with fewer there are no more where a target is in doubt",
    )
    parser.add_argument(
        "--only", type=re.compile, help="of HTTP and scale: a regular expression of names; writes nothing"
    )
    parser.add_argument(
        "--cells", type=tftp.parse_cells, help="of TFTP: BLKSIZE:WINDOWSIZE:CLIENTS,...; writes nothing"
    )
    options = parser.parse_args()
    parts: dict[str, Part] = {
        **PARTS,
        "http": partial(_http, only=options.only),
        "scale": partial(_scale, only=options.only),
        "tftp": partial(_tftp, chosen=options.cells),
    }
    runs = options.runs or (QUICK_RUNS if options.quick else RUNS)
    is_kept = not options.quick and options.only is None and options.cells is None
    try:
        programs = fetch_programs(read_names(PACKAGES), CACHE / "programs")
    except UserError as error:
        print(f"error: {error.what}\n{error.why}\n{error.fix}", file=sys.stderr)
        return 1
    print(report.machine(), flush=True)
    with ended_in_order():
        outcome = run_parts(
            {name: partial(_measure, parts[name], programs, runs, options.quick) for name in options.parts or PARTS},
            _keep if is_kept else lambda part, cells: None,
            partial(print, file=sys.stderr, flush=True),
        )
    return _judge(outcome, options.guard)


def _measure(part: Part, programs: Programs, runs: int, is_quick: bool) -> list[Cell]:
    with scratch_directory(MEMORY) as files:
        return part(programs, files, runs, is_quick)


def _keep(part: str, cells: Sequence[Cell]) -> None:
    report.write_json(RESULTS, {part: cells})
    report.write_page(PAGE, RESULTS, TITLES)


def _judge(outcome: Outcome, is_guard: bool) -> int:
    """The exit code."""
    if outcome.failed:
        print(f"not measured: {', '.join(outcome.failed)}; what was known of them stays", file=sys.stderr)
    collapsed = [cell.name for cell in outcome.cells if cell.has_collapsed(GUARD_RATIO)] if is_guard else []
    if collapsed:
        words = "; ".join(collapsed)
        print(f"ten times worse than the best of the others, or than it should be: {words}", file=sys.stderr)
    return 1 if outcome.failed or collapsed else 0


def _tell(cell: Cell, width: int) -> None:
    ratio = f"{cell.ratio:.2f}" if cell.ratio is not None else "-"
    spread = f"({min(cell.ratios):.2f} to {max(cell.ratios):.2f})" if cell.ratios else ""
    values = ", ".join(f"{name} {number(value)}" for name, value in cell.medians.items())
    failed = "; ".join(f"{name}: {said}" for name, said in cell.failures.items())
    print(f"{cell.name:{width}} {ratio:>6} {spread:<16} {cell.unit}: {values}  {failed}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
