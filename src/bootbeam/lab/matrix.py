"""``make matrix``: boots every firmware there is, and writes into docs/hardware.md what was seen.

Two tables are there. Each row of the long one names the test that stands for it; the grid of firmware and images is
``boot_grid``'s. What was not run keeps what it said.
"""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bootbeam.lab.boot_grid import Outcome, render_grid, rewrite_grid

COLLECT_TIMEOUT_S = 120.0
TABLE_HEAD = "| firmware | image | result | test | seen in |"
TABLE_RULE = "|---|---|---|---|---|"
FAILED = "**failed**"
NEVER = "-"

_TEST_NAME = re.compile(r"`(test_\w+)`")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table."""

    firmware: str
    image: str
    result: str
    test: str
    """The name of its test."""
    seen_in: str
    """Seconds from power-on, "**failed**", or "-" when it has not been run."""

    def __str__(self) -> str:
        return f"| {self.firmware} | {self.image} | {self.result} | `{self.test}` | {self.seen_in} |"

    def after(self, outcomes: Mapping[str, Sequence[Outcome]]) -> "Row":
        """The row after a run."""
        of_test = outcomes.get(self.test)
        if not of_test:
            return self
        return Row(self.firmware, self.image, self.result, self.test, _seen(of_test))


def main(arguments: Sequence[str]) -> int:
    """Run the firmware tests with pytest's ``arguments``, write the table, print it; pytest's exit code."""
    project = Path(__file__).parents[3]
    document = project / "docs" / "hardware.md"
    with TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        command = [sys.executable, "-m", "pytest", "tests/firmware", "--verbose", f"--junit-xml={report}"]
        command += ["--override-ini", "junit_duration_report=call", *arguments]  # without what a test sets up first
        exit_code = subprocess.run(command, cwd=project, check=False).returncode
        cases = read_cases(report.read_text("utf-8")) if report.exists() else {}
    outcomes = by_function(cases)
    text = rewrite_table(document.read_text("utf-8"), outcomes)
    text = rewrite_grid(text, cases, _quick_cases(project))
    document.write_text(text, "utf-8")
    console = Console()
    console.print(render_rows([row for row in read_rows(text) if row.test in outcomes]))
    console.print(render_grid(text))
    return exit_code


def _quick_cases(project: Path) -> list[str]:
    """The test cases that ``make test`` runs too."""
    command = [sys.executable, "-m", "pytest", "tests/firmware", "--collect-only", "--quiet", "-m", "not slow"]
    listed = subprocess.run(
        command, cwd=project, check=False, capture_output=True, text=True, timeout=COLLECT_TIMEOUT_S
    )
    return [line.partition("::")[2] for line in listed.stdout.splitlines() if "::" in line]


def read_cases(report: str) -> dict[str, list[Outcome]]:
    """How each test case went, by pytest's name for it, from a report of pytest's (JUnit XML). Skipped ones are left
    out."""
    outcomes: defaultdict[str, list[Outcome]] = defaultdict(list)
    for case in ElementTree.fromstring(report).iter("testcase"):
        if case.find("skipped") is None:
            passed = case.find("failure") is None and case.find("error") is None
            outcomes[case.get("name", "")].append(Outcome(passed, float(case.get("time", "0"))))
    return dict(outcomes)


def by_function(cases: Mapping[str, Sequence[Outcome]]) -> dict[str, list[Outcome]]:
    """The same by the name of the test's function, whatever its parameters."""
    outcomes: defaultdict[str, list[Outcome]] = defaultdict(list)
    for name, of_case in cases.items():
        outcomes[name.partition("[")[0]] += of_case
    return dict(outcomes)


def read_rows(document: str) -> list[Row]:
    """The rows of the table in ``document``."""
    return [row for line in document.splitlines() if (row := _row(line)) is not None]


def rewrite_table(document: str, outcomes: Mapping[str, Sequence[Outcome]]) -> str:
    """``document`` with what was seen in the last column of its table."""
    lines = document.splitlines()
    for number, line in enumerate(lines):
        row = _row(line)
        if row is not None:
            lines[number] = str(row.after(outcomes))
        elif line.startswith("| firmware | image | result | test |"):
            lines[number : number + 2] = [TABLE_HEAD, TABLE_RULE]
    return "\n".join(lines) + "\n"


def render_rows(rows: Sequence[Row]) -> Table:
    """The rows, for a terminal."""
    table = Table(box=box.SIMPLE_HEAD)
    for title in ("Firmware", "Image", "Result", "Seen in"):
        table.add_column(title, overflow="fold")
    for row in rows:
        seen = Text("failed", "bold red") if row.seen_in == FAILED else Text(row.seen_in, "green")
        table.add_row(Text(row.firmware), Text(row.image), Text(row.result), seen)
    return table


def _row(line: str) -> Row | None:
    """A line of the table: four columns as a person writes them, or five after a run."""
    fields = [field.strip() for field in line.strip().strip("|").split("|")]
    name = _TEST_NAME.fullmatch(fields[3]) if len(fields) in (4, 5) else None
    if name is None or not line.startswith("|"):
        return None
    firmware, image, result = fields[:3]
    return Row(firmware, image, result, name[1], fields[4] if len(fields) == 5 else NEVER)


def _seen(outcomes: Sequence[Outcome]) -> str:
    if not all(outcome.passed for outcome in outcomes):
        return FAILED
    seconds = [round(outcome.duration_s) for outcome in outcomes]
    low, high = min(seconds), max(seconds)
    return f"{high} s" if low == high else f"{low}-{high} s"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
