"""Who owns which lab: a run's private id, the claim that says it is alive, and the reaper of runs that are not.

Everything a run makes on the machine carries its id: a directory under ``STATE_ROOT`` and namespaces called
``bb-ID-ROLE``. The owner holds a lock on its claim file for as long as it lives; the kernel lets go of the lock
however the owner ends, ``kill -9`` included. So "can I take the lock?" is the whole question the reaper asks.
"""

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path

from bootbeam.errors import UserError

STATE_ROOT = Path("/run/bootbeam-lab")
NETNS_ROOT = Path("/run/netns")
ID_BYTES = 3
"""Six hexadecimal digits: few enough for a namespace's name to be read aloud, enough for runs not to meet."""
MAX_CLAIM_ATTEMPTS = 16
KILL_TIMEOUT_S = 10.0
TOOL_TIMEOUT_S = 20.0
CLAIM_FILE = "claim"


def run_tool(*argv: str) -> str:
    """Run one short command of the system and return what it prints.

    Raises:
        UserError: the program is missing, fails or takes too long.
    """
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=TOOL_TIMEOUT_S, stdin=subprocess.DEVNULL, check=False
        )
    except FileNotFoundError as error:
        raise UserError(f"the lab needs the program {argv[0]}", "it is not installed", "make setup") from error
    except subprocess.TimeoutExpired as error:
        raise UserError(f"`{' '.join(argv)}` did not finish in {TOOL_TIMEOUT_S:.0f} s") from error
    if done.returncode != 0:
        raise UserError(f"`{' '.join(argv)}` failed", done.stderr.strip() or done.stdout.strip())
    return done.stdout


def namespace_name(run_id: str, role: str) -> str:
    """The name of the network namespace that plays ``role`` in the run ``run_id``."""
    return f"bb-{run_id}-{role}"


def namespaces_of(run_id: str) -> list[str]:
    """The names of all network namespaces that belong to the run ``run_id``."""
    prefix = namespace_name(run_id, "")
    return sorted(entry.name for entry in NETNS_ROOT.glob(f"{prefix}*"))


def remove_namespace(name: str) -> None:
    """Kill what lives in the network namespace ``name``, wait until it is gone, and remove the namespace."""
    deadline = time.monotonic() + KILL_TIMEOUT_S
    while pids := [int(pid) for pid in run_tool("ip", "netns", "pids", name).split()]:
        for pid in pids:
            _kill(pid)
        if time.monotonic() > deadline:
            raise UserError(f"processes {pids} in namespace {name} do not die")
        time.sleep(0.02)
    run_tool("ip", "netns", "delete", name)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


class Claim:
    """A run's place on this machine: an id nobody else has and a directory that says the run is alive."""

    def __init__(self) -> None:
        STATE_ROOT.mkdir(mode=0o755, parents=True, exist_ok=True)
        for _ in range(MAX_CLAIM_ATTEMPTS):
            run_id = secrets.token_hex(ID_BYTES)
            directory = STATE_ROOT / run_id
            try:
                directory.mkdir(mode=0o700)
            except FileExistsError:
                continue
            lock = _lock(directory)
            if lock is None:
                continue
            if not directory.is_dir():  # a reaper came between the two steps and took the unlocked claim for a dead one
                os.close(lock)
                continue
            self.run_id = run_id
            self.directory = directory
            self._lock_fd = lock
            os.write(lock, f"{os.getpid()}\n".encode())
            return
        raise UserError(f"no free lab id after {MAX_CLAIM_ATTEMPTS} attempts", f"look into {STATE_ROOT}")

    def release(self) -> None:
        """Remove everything that carries this run's id and give the id back. Safe to call twice."""
        if self._lock_fd < 0:
            return
        _remove_run(self.directory)
        os.close(self._lock_fd)
        self._lock_fd = -1


def reap_dead_runs() -> list[str]:
    """Remove what killed runs left behind: processes, namespaces, directories. Returns the ids of those runs."""
    reaped = []
    for directory in sorted(STATE_ROOT.glob("*")) if STATE_ROOT.is_dir() else []:
        lock = _lock(directory)
        if lock is None:
            continue
        try:
            _remove_run(directory)
            reaped.append(directory.name)
        finally:
            os.close(lock)
    return reaped


def _lock(directory: Path) -> int | None:
    """Take the lock on a run's claim; None when its owner is alive or the run has just been removed."""
    try:
        # O_CLOEXEC is Python's default: a child that outlives its run must not keep the claim alive.
        fd = os.open(directory / CLAIM_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def _remove_run(directory: Path) -> None:
    for name in namespaces_of(directory.name):
        remove_namespace(name)
    shutil.rmtree(directory, ignore_errors=True)
