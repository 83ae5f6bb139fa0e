"""Whether the TFTP server's part in C is here and used, and what to do when it is not.

It is built at installation, and stays behind when the source changes under an editable installation, or is copied from
another computer. TFTP works without it, at half the speed or less, which nobody would see.
"""

import os
import shlex
import shutil
from pathlib import Path

from bootbeam.errors import UserError
from bootbeam.servers.tftp_turn import LIBRARY, SOURCE, TurnLibrary, source_crc32

MAX_THREADS = 4
"""Of transfers: more send quicker than a network takes."""
COMPILER = "cc"
INSTALL_A_COMPILER = "sudo apt-get install gcc libc6-dev"
SLOWER = "TFTP works in Python alone, at half the speed or less"


class LibraryTrouble(UserError):
    """TFTP does without its compiled part.

    Args:
        what: likewise ``why`` and ``fix``: as in ``UserError``.
        is_refused: it is here, and of no use; otherwise it is not here.
    """

    def __init__(self, what: str, why: str, fix: str, *, is_refused: bool) -> None:
        super().__init__(what, why, fix)
        self.is_refused = is_refused


def build_command(library: Path = LIBRARY) -> tuple[str, ...]:
    """What makes the library of the source that is here. hatch_build.py does the same at installation."""
    define = f"-DSOURCE_CRC32={source_crc32():#010x}"
    return (COMPILER, "-O2", "-shared", "-fPIC", define, "-o", str(library), str(SOURCE))


def load_turn_libraries() -> list[TurnLibrary]:
    """One for each processor that may be used, up to ``MAX_THREADS``; none when ``find_trouble`` says why."""
    try:
        first = TurnLibrary()
    except OSError:
        return []
    threads = min(len(os.sched_getaffinity(0)), MAX_THREADS)
    return [first, *(TurnLibrary(files=first.files) for _ in range(threads - 1))]


def find_trouble(library: Path = LIBRARY) -> LibraryTrouble | None:
    """Why TFTP does without its compiled part; None when it does not."""
    try:
        TurnLibrary(library)
    except OSError as error:
        is_refused = os.path.lexists(library)
        if is_refused:
            what, why = f"the compiled part of the TFTP server, {library}, is not used", f"{error}; {SLOWER}"
        else:
            what, why = (
                "the compiled part of the TFTP server was never built",
                f"installed without a compiler; {SLOWER}",
            )
        return LibraryTrouble(what, why, _fix(library), is_refused=is_refused)
    return None


def refused_warnings() -> list[UserError]:
    """What a station says at its start: of a part that is here and of no use, not of one that was never built."""
    trouble = find_trouble()
    return [trouble] if trouble is not None and trouble.is_refused else []


def _fix(library: Path) -> str:
    """The commands that build it, then the station is to be started again."""
    if not SOURCE.exists():
        return "install bootbeam again: its files are not complete"
    command = shlex.join(build_command(library))
    lines = [f"{'' if os.access(library.parent, os.W_OK) else 'sudo '}{command}"]
    if shutil.which(COMPILER) is None:
        lines.insert(0, INSTALL_A_COMPILER)
    return "\n".join(lines)
