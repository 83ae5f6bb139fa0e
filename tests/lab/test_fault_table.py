import subprocess
import sys
from pathlib import Path

from rich.console import Console

from bootbeam.lab.fault_table import Judged, read_judged, render_table


def test_pytests_own_report_is_understood(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "def test_good(record_property):\n"
        "    for name, value in (('injected', 'a fault'), ('machine', 'OVMF'), ('verdict', 'BB-002 nobody')):\n"
        "        record_property(name, value)\n"
        "    record_property('screen', 'PXE-E16')\n"
        "def test_bad(record_property):\n"
        "    record_property('injected', 'another')\n"
        "    assert False\n"
        "def test_no_fault(): pass\n"
    )
    report = tmp_path / "report.xml"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--junit-xml={report}", str(tmp_path)]
    subprocess.run([*command, "-o", "junit_family=xunit1"], capture_output=True, check=False, timeout=50)
    good, bad = read_judged(report.read_text("utf-8"))
    assert good == Judged("a fault", "OVMF", "BB-002 nobody", "PXE-E16", True, good.duration_s)
    assert bad == Judged("another", "-", "nothing said", "", False, bad.duration_s)
    console = Console(width=100, record=True)
    console.print(render_table([good, bad]))
    lines = console.export_text().splitlines()
    assert any("a fault" in line and "right" in line for line in lines)
    assert any("another" in line and "WRONG" in line for line in lines)
