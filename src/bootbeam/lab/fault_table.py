"""``make faults``: breaks boots on purpose, one thing at a time, and shows what the station said of each.

The faults are tests of ``tests/faults``. The control are the tests of ``tests/firmware``: good boots, of which nothing
must be said.
"""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text


@dataclass(frozen=True, slots=True)
class Judged:
    """One fault and what was said of it."""

    injected: str
    machine: str
    """The firmware that met it."""
    verdict: str
    """The finding that was named first."""
    screen: str
    """What of the finding's words was seen on the machine's own screen; "" when that was not looked for."""
    is_right: bool
    duration_s: float


def main(arguments: Sequence[str]) -> int:
    """Run the faults with pytest's ``arguments``, print the table; 0 when every verdict was right."""
    project = Path(__file__).parents[3]
    with TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        command = [sys.executable, "-m", "pytest", "tests/faults", f"--junit-xml={report}", "-o", "junit_family=xunit1"]
        exit_code = subprocess.run([*command, *arguments], cwd=project, check=False).returncode
        judged = read_judged(report.read_text("utf-8")) if report.exists() else []
    console = Console()
    console.print(render_table(judged))
    right = sum(one.is_right for one in judged)
    console.print(f"{right} of {len(judged)} faults were named rightly")
    return exit_code


def read_judged(report: str) -> list[Judged]:
    """What pytest's report (JUnit XML) tells of each fault."""
    found = []
    for case in ElementTree.fromstring(report).iter("testcase"):
        told = {each.get("name", ""): each.get("value", "") for each in case.iter("property")}
        if "injected" in told:
            found.append(
                Judged(
                    told["injected"],
                    told.get("machine", "-"),
                    told.get("verdict", "nothing said"),
                    told.get("screen", ""),
                    case.find("failure") is None and case.find("error") is None,
                    float(case.get("time", "0")),
                )
            )
    return found


def render_table(judged: Sequence[Judged]) -> Table:
    """The table, for a terminal."""
    table = Table(box=box.SIMPLE_HEAD)
    for title in ("Injected", "Machine", "Verdict", "Seen on its screen", ""):
        table.add_column(title, overflow="fold")
    for one in judged:
        outcome = Text("right", "green") if one.is_right else Text("WRONG", "bold red")
        table.add_row(Text(one.injected), Text(one.machine), Text(one.verdict), Text(one.screen), outcome)
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
