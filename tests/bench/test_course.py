"""A part that fails takes nothing from the others, and a run that is ended leaves nothing behind."""

import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from bootbeam.bench import __main__ as command
from bootbeam.bench.__main__ import _judge, main
from bootbeam.bench.course import ENDING_SIGNALS, Outcome, run_parts, scratch_directory
from bootbeam.bench.packages import Programs
from bootbeam.bench.ratios import Cell
from bootbeam.errors import UserError
from bootbeam.servers.tftp_library import find_trouble

RUN = """
import sys
from pathlib import Path
from bootbeam.bench.course import ended_in_order, run_parts, scratch_directory

def part():
    with scratch_directory(Path(sys.argv[1])) as files:
        (files / "large").write_bytes(bytes(1000))
        print(files, flush=True)
        sys.stdin.read()
    return []

with ended_in_order():
    run_parts({"first": list, "second": part, "third": lambda: print("not any more")}, lambda *_: print("kept"), print)
"""


def fail_with(error: Exception) -> Callable[[], list[Cell]]:
    def part() -> list[Cell]:
        raise error

    return part


def good() -> list[Cell]:
    return [Cell("a cell", "MB/s", 1.0, {"bootbeam": [1.0]})]


def test_a_part_that_fails_is_told_and_the_others_are_measured_and_kept() -> None:
    kept: list[str] = []
    told: list[str] = []
    parts = {
        "one": fail_with(UserError("Kea did not start", "its port is taken", "kill it")),
        "two": fail_with(ValueError("a defect")),
        "three": good,
    }
    outcome = run_parts(parts, lambda part, cells: kept.append(part), told.append)
    assert outcome.failed == ["one", "two"]
    assert kept == ["three"]
    assert outcome.cells == good()
    assert told[0] == "error: one was not measured: Kea did not start\nits port is taken\nkill it"
    assert "Traceback" in told[1]
    assert "a defect" in told[1]


def test_each_part_is_kept_before_the_next_is_measured() -> None:
    order: list[str] = []

    def part(name: str) -> list[Cell]:
        order.append(f"measured {name}")
        return []

    parts = {"one": lambda: part("one"), "two": lambda: part("two")}
    run_parts(parts, lambda name, cells: order.append(f"kept {name}"), order.append)
    assert order == ["measured one", "kept one", "measured two", "kept two"]


@pytest.mark.parametrize(
    ("outcome", "is_guard", "code"),
    [
        (Outcome(good(), []), True, 0),
        (Outcome([], ["tftp"]), False, 1),
        (Outcome([Cell("a cell", "MB/s", 1.0, {"bootbeam": [1.0], "one": [20.0]})]), True, 1),
        (Outcome([Cell("a cell", "MB/s", 1.0, {"bootbeam": [1.0], "one": [20.0]})]), False, 0),
    ],
)
def test_the_exit_code_tells_of_parts_that_failed_and_with_the_guard_of_a_collapse(
    outcome: Outcome, is_guard: bool, code: int
) -> None:
    assert _judge(outcome, is_guard) == code


def test_tftp_is_not_measured_without_its_compiled_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = find_trouble(tmp_path / "missing.so")
    monkeypatch.setattr(command, "find_trouble", lambda: missing)
    told: list[str] = []
    part = partial(command.PARTS["tftp"], Programs(tmp_path), tmp_path, 1, True)
    assert run_parts({"tftp": part}, lambda part, cells: None, told.append).failed == ["tftp"]
    assert "was never built" in told[0]
    assert f"-o {tmp_path}" in told[0]


def test_an_unknown_part_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "ftp"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2


@pytest.mark.parametrize("number", [signal.SIGINT, *ENDING_SIGNALS])
def test_ended_by_a_signal_it_takes_back_what_it_began(tmp_path: Path, number: signal.Signals) -> None:
    command = (sys.executable, "-c", RUN, str(tmp_path))
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "kept\n"
        files = Path(run.stdout.readline().strip())
        assert (files / "large").exists()
        run.send_signal(number)
        rest, said = run.communicate(timeout=30)
    assert run.returncode == 128 + number
    assert not list(tmp_path.iterdir())
    assert not rest
    assert said == "ended early: what was measured before is kept\n"


def test_what_a_killed_run_left_is_removed_by_the_next_one_and_a_living_ones_is_not(tmp_path: Path) -> None:
    with subprocess.Popen(
        (sys.executable, "-c", RUN, str(tmp_path)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "kept\n"
        files = Path(run.stdout.readline().strip())
        with scratch_directory(tmp_path):
            assert files.exists()
        run.kill()
        run.wait(30)
    assert files.exists()
    with scratch_directory(tmp_path) as own:
        assert list(tmp_path.iterdir()) == [own]
    assert not list(tmp_path.iterdir())
