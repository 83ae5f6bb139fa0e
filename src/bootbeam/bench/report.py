"""The page and the JSON that `make bench` writes: the machine, the tables, nothing that tells where it ran."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from bootbeam.bench.ratios import Cell, table

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
    path.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")


def read_json(path: Path) -> dict[str, tuple[str, str, list[Cell]]]:
    """Machine, date and cells of each part."""
    return {
        part: (each["machine"], each["at"], [Cell(**cell) for cell in each["cells"]])
        for part, each in json.loads(path.read_text("utf-8")).items()
    }


def write_page(page: Path, results: Path, titles: Mapping[str, str]) -> None:
    """Put the tables of all parts into the page, between its two marks."""
    text = page.read_text("utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    sections = []
    for part, (where, when, cells) in read_json(results).items():
        runs = max((len(values) for cell in cells for values in cell.results.values()), default=0)
        sections.append(f"### {titles.get(part, part)}\n\n{where}; {when}; {runs} runs each, alternating.\n")
        units = dict.fromkeys(cell.unit for cell in cells)
        sections += [f"In {unit}:\n\n{table([cell for cell in cells if cell.unit == unit])}" for unit in units]
        sections += [f'{name} in "{c.name}": {said}\n' for c in cells for name, said in c.failures.items()]
    body = "\n".join(sections)
    page.write_text(f"{before}{BEGIN}\n\n{body}\n{END}{after}", "utf-8")
