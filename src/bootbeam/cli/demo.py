"""``bootbeam demo``: boot two virtual PCs with real firmware over a private network, and show the steps."""

import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

LOGS_ROOT = Path("lab-logs")
WIDTH_IN_A_FILE = 120


def demo(
    logs: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the logs go. Default: a new directory in lab-logs/.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=1, max=600, help="Seconds the boots may take.")] = 180,
) -> None:
    """Boot two virtual PCs, one with BIOS and one with UEFI, over a private network, and show the steps.

    Needs root, QEMU and the packages in scripts/debian-packages.txt: `make demo` installs them.
    """
    from rich.console import Console

    from bootbeam.lab.demo import failure_report, run_demo
    from bootbeam.lab.demo_table import render_step, render_table

    for number in (signal.SIGTERM, signal.SIGHUP):  # like Ctrl-C: the virtual network goes too
        signal.signal(number, _end)
    console = Console(width=None if sys.stdout.isatty() else WIDTH_IN_A_FILE)
    log_dir = logs or LOGS_ROOT / f"{datetime.now():%Y%m%d-%H%M%S}"
    log_dir.mkdir(parents=True, exist_ok=True)
    console.print("Two virtual PCs boot over a private network, beside a router that knows nothing of booting.")
    boots = run_demo(log_dir, lambda boot, step: console.print(render_step(boot, step), soft_wrap=True), timeout)
    console.print(render_table(boots))
    for boot in boots:
        if not boot.reached_userland:
            console.print(failure_report(boot, log_dir / "station.jsonl"), markup=False, highlight=False)
    console.print(f"Serial consoles, the station's log, the router's and all packets: {log_dir}/", highlight=False)
    if not all(boot.reached_userland for boot in boots):
        raise typer.Exit(1)


def _end(number: int, frame: object) -> None:
    raise SystemExit(128 + number)
