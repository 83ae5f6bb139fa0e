import subprocess
import sys
from pathlib import Path

import pytest

from bootbeam.lab.boot_grid import Outcome
from bootbeam.lab.matrix import by_function, read_cases, read_rows, render_rows, rewrite_table

DOCUMENT = """\
# Firmware

Text | with | bars.

| firmware | image | result | test |
|---|---|---|---|
| SeaBIOS | Linux | boots | `test_bios` |
| OVMF, `x.efi` | Xen | boots | `test_uefi` |
| U-Boot | Linux | boots | `test_uboot` |

| other | table |
|---|---|
| a | b |
"""
RUN = {"test_bios": [Outcome(True, 12.4)], "test_uefi": [Outcome(True, 9.6), Outcome(True, 20.2)]}


def test_what_was_seen_goes_into_the_last_column() -> None:
    text = rewrite_table(DOCUMENT, RUN)
    assert "| SeaBIOS | Linux | boots | `test_bios` | 12 s |" in text.splitlines()
    assert "| OVMF, `x.efi` | Xen | boots | `test_uefi` | 10-20 s |" in text.splitlines()
    assert "| U-Boot | Linux | boots | `test_uboot` | - |" in text.splitlines()
    assert "| firmware | image | result | test | seen in |\n|---|---|---|---|---|\n" in text
    for line in ("Text | with | bars.", "| other | table |", "|---|---|", "| a | b |"):
        assert line in text.splitlines()


def test_a_row_that_was_not_run_keeps_what_it_said() -> None:
    text = rewrite_table(rewrite_table(DOCUMENT, RUN), {"test_uboot": [Outcome(True, 30.0)]})
    assert [row.seen_in for row in read_rows(text)] == ["12 s", "10-20 s", "30 s"]
    assert rewrite_table(text, {}) == text


def test_one_failure_of_several_is_a_failure() -> None:
    text = rewrite_table(DOCUMENT, {"test_uefi": [Outcome(True, 9.6), Outcome(False, 60.0)]})
    assert "| OVMF, `x.efi` | Xen | boots | `test_uefi` | **failed** |" in text.splitlines()
    assert render_rows(read_rows(text)).row_count == 3


def test_pytests_own_report_is_understood(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import time, pytest\n"
        "@pytest.mark.parametrize('n', [1, 2])\n"
        "def test_good(n): time.sleep(n / 10)\n"
        "def test_bad(): assert False\n"
        "@pytest.fixture\n"
        "def broken(): raise RuntimeError\n"
        "def test_no_start(broken): pass\n"
        "@pytest.mark.skip\n"
        "def test_left_out(): pass\n"
    )
    report = tmp_path / "report.xml"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--junit-xml={report}", "test_it.py"]
    subprocess.run(command, cwd=tmp_path, timeout=50, capture_output=True, check=False)
    outcomes = by_function(read_cases(report.read_text()))
    assert {name: [one.passed for one in each] for name, each in outcomes.items()} == {
        "test_good": [True, True],
        "test_bad": [False],
        "test_no_start": [False],
    }
    assert outcomes["test_good"][1].duration_s == pytest.approx(0.2, abs=0.15)
