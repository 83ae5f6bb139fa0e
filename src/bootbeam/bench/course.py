"""One run of the bench: part after part, whatever becomes of one of them, and in order when it is ended early."""

import fcntl
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from bootbeam.bench.ratios import Cell
from bootbeam.errors import UserError

PREFIX = "bootbeam-bench-"
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
"""Besides SIGINT, which Python sees to."""


@dataclass(slots=True)
class Outcome:
    """What came of a run."""

    cells: list[Cell] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """The parts that were not measured."""


def run_parts(
    parts: Mapping[str, Callable[[], Sequence[Cell]]],
    keep: Callable[[str, Sequence[Cell]], None],
    complain: Callable[[str], None],
) -> Outcome:
    """Measure each part and keep its results at once: what comes later, and how it ends, takes nothing away from it.

    Args:
        parts: by name.
        keep: told of each part that was measured.
        complain: told in words of each that was not.
    """
    outcome = Outcome()
    for name, measure in parts.items():
        try:
            cells = measure()
            keep(name, cells)
        except UserError as error:
            said = "\n".join(part for part in (error.what, error.why, error.fix) if part)
        except Exception:
            said = traceback.format_exc()
        else:
            outcome.cells += cells
            continue
        outcome.failed.append(name)
        complain(f"error: {name} was not measured: {said}")
    return outcome


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Whoever ends the program inside the ``with`` block, by Ctrl-C or a signal, ends it by an exception: everything
    that was begun is taken back then. A second time does nothing, so that this is not cut short.
    """

    def end(number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGINT, *ENDING_SIGNALS):
            signal.signal(each, signal.SIG_IGN)
        print("ended early: what was measured before is kept", file=sys.stderr, flush=True)
        raise SystemExit(128 + number)

    before = {each: signal.signal(each, end) for each in (signal.SIGINT, *ENDING_SIGNALS)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def scratch_directory(parent: Path) -> Iterator[Path]:
    """A directory that everybody may read, for the time of the ``with`` block. What killed runs left is removed first.

    Its owner holds a lock on it for as long as it lives.
    """
    for left in parent.glob(f"{PREFIX}*"):
        _remove_unless_locked(left)
    directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        directory.chmod(0o755)
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        os.close(lock)


def _remove_unless_locked(directory: Path) -> None:
    with suppress(OSError):  # gone, or somebody else's
        lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(directory, ignore_errors=True)
        finally:
            os.close(lock)
