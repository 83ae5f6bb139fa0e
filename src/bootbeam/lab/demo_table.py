"""How the demonstration looks on a terminal: a line per step as it happens, a table at the end."""

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from bootbeam.lab.demo import Boot, Step


def render_step(boot: Boot, step: Step) -> Text:
    """One step, as it happens."""
    return Text.assemble(
        (f"{step.at_s:7.1f} s  ", "dim"), f"{boot.pc.spec.name:5} {step.name:20} ", (step.detail, "dim")
    )


def render_table(boots: Sequence[Boot]) -> Table:
    """All steps of all boots, and how each ended."""
    table = Table(title="Boots, in seconds from power-on", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("Firmware", min_width=12)
    table.add_column("Step", no_wrap=True)
    table.add_column("At", justify="right", no_wrap=True)
    table.add_column("What", overflow="fold")
    for boot in boots:
        title = boot.title
        for step in boot.steps:
            table.add_row(title, step.name, f"{step.at_s:.1f} s", Text(step.detail))
            title = ""
        result = Text("booted", "bold green") if boot.reached_userland else Text(boot.problem, "bold red")
        table.add_row(title, Text("result", "bold"), "", result, end_section=True)
    return table
