"""The page and the JSON that `make bench` writes: the machine, the tables, nothing that tells where it ran."""

import json
import os
import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from bootbeam.bench.ratios import Cell, table
from bootbeam.errors import UserError

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def machine() -> str:
    """This computer in words: processor, cores, memory, kernel."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown CPU")
    memory_gb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    return (
        f"{model}, {os.cpu_count()} cores, {memory_gb:.0f} GB, Linux {platform.release().partition('-')[0]}, "
        f"Python {platform.python_version()}"
    )


def write_json(path: Path, parts: Mapping[str, Sequence[Cell]]) -> None:
    """All results, of this run and, for parts that were not run, of the run before."""
    kept = json.loads(path.read_text("utf-8")) if path.exists() else {}
    for part, cells in parts.items():
        kept[part] = {"machine": machine(), "at": f"{datetime.now(UTC):%Y-%m-%d}", "cells": [asdict(c) for c in cells]}
    _rewrite(path, json.dumps(kept, indent=1) + "\n")


def read_json(path: Path) -> dict[str, tuple[str, str, list[Cell]]]:
    """Machine, date and cells of each part."""
    return {
        part: (each["machine"], each["at"], [Cell(**cell) for cell in each["cells"]])
        for part, each in json.loads(path.read_text("utf-8")).items()
    }


def write_page(page: Path, results: Path, titles: Mapping[str, str]) -> None:
    """Put the tables of all parts into the page, between its two marks, in the order of ``titles``.

    Raises:
        UserError: the marks are not there, once each and in order.
    """
    text = page.read_text("utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in after:
        raise UserError(
            f"{page} has no place for the tables",
            f"they belong between {BEGIN} and {END}, once each",
            f"git checkout {page}",
        )
    measured = read_json(results)
    ordered = sorted(measured, key=lambda part: list(titles).index(part) if part in titles else len(titles))
    body = "\n".join(_section(titles.get(part, part), *measured[part]) for part in ordered)
    _rewrite(page, f"{before}{BEGIN}\n\n{body}\n{END}{after}")


def _section(title: str, where: str, when: str, cells: Sequence[Cell]) -> str:
    """One part: where and when it was measured, a table for each unit, and who failed at what."""
    counts = {max(map(len, cell.results.values()), default=0) for cell in cells} or {0}
    runs = " to ".join(map(str, sorted({min(counts), max(counts)})))
    lines = [f"### {title}\n\n{where}; {when}; {runs} runs each, alternating.\n"]
    units = dict.fromkeys(cell.unit for cell in cells)
    lines += [f"In {unit}:\n\n{table([cell for cell in cells if cell.unit == unit])}" for unit in units]
    lines += [f'{name} in "{c.name}": {said}\n' for c in cells for name, said in c.failures.items()]
    if repeated := sum(cell.repeated for cell in cells):
        lines.append(f"Runs made again because the host had taken the processors away: {repeated}.\n")
    return "\n".join(lines)


def _rewrite(path: Path, text: str) -> None:
    """All of it or nothing, however this ends; it stays its owner's, who may not be root."""
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, "utf-8")
    if path.exists():
        shutil.copymode(path, new)
        os.chown(new, path.stat().st_uid, path.stat().st_gid)
    new.replace(path)
