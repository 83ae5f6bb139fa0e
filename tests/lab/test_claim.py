import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.lab.claim import STATE_ROOT, Claim, namespace_name, namespaces_of, reap_dead_runs, run_tool
from bootbeam.lab.lan import check_privileges

_A_RUN_THAT_IS_KILLED = """
import sys, time
from pathlib import Path
from bootbeam.lab.lan import Lan
with Lan(Path(sys.argv[1])) as lan:
    # Without setpriv it outlives its parent, as a process may that was killed halfway through its own start.
    import subprocess
    child = subprocess.Popen(["ip", "netns", "exec", lan.switch.name, "sleep", "300"])
    print(lan.run_id, child.pid, flush=True)
    time.sleep(300)
"""


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def killed_run(tmp_path: Path) -> Iterator[tuple[str, int]]:
    """The id of a run that was killed with SIGKILL, and the process id of a program it had started."""
    with subprocess.Popen(
        [sys.executable, "-c", _A_RUN_THAT_IS_KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        run_id, pid = owner.stdout.readline().split()
        owner.send_signal(signal.SIGKILL)
        owner.wait(10)
    yield run_id, int(pid)
    reap_dead_runs()


@pytest.fixture(autouse=True)
def _as_root() -> None:
    check_privileges()


def test_the_reaper_removes_what_a_killed_run_left(killed_run: tuple[str, int]) -> None:
    run_id, child_pid = killed_run
    assert namespaces_of(run_id) == [f"bb-{run_id}-{role}" for role in ("lan", "router", "station")]
    assert (STATE_ROOT / run_id).is_dir()
    assert is_alive(child_pid)

    assert run_id in reap_dead_runs()

    assert namespaces_of(run_id) == []
    assert not (STATE_ROOT / run_id).exists()
    assert not is_alive(child_pid)


def test_a_killed_runs_own_services_die_with_it(killed_run: tuple[str, int]) -> None:
    run_id, child_pid = killed_run
    deadline = time.monotonic() + 10
    living: set[str] = set()
    while time.monotonic() < deadline:
        living = {pid for name in namespaces_of(run_id) for pid in run_tool("ip", "netns", "pids", name).split()}
        if living == {str(child_pid)}:
            return
        time.sleep(0.05)
    pytest.fail(f"still alive: {living}, expected only {child_pid}")


def test_the_reaper_leaves_a_living_run_alone() -> None:
    mine = Claim()
    try:
        run_tool("ip", "netns", "add", namespace_name(mine.run_id, "lan"))
        assert mine.run_id not in reap_dead_runs()
        assert namespaces_of(mine.run_id) == [f"bb-{mine.run_id}-lan"]
        assert mine.directory.is_dir()
    finally:
        mine.release()
    assert namespaces_of(mine.run_id) == []
    assert not mine.directory.exists()


def test_two_runs_never_have_the_same_id(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = iter(["aaaaaa", "aaaaaa", "bbbbbb"])
    monkeypatch.setattr(secrets, "token_hex", lambda _: next(ids))
    first, second = Claim(), Claim()
    try:
        assert (first.run_id, second.run_id) == ("aaaaaa", "bbbbbb")
    finally:
        first.release()
        second.release()


def test_a_claim_is_released_once() -> None:
    mine = Claim()
    mine.release()
    other = os.open("/dev/null", os.O_RDONLY)  # takes the number of the descriptor that release() closed
    try:
        mine.release()
        os.fstat(other)
    finally:
        os.close(other)


def test_a_missing_program_is_named() -> None:
    with pytest.raises(UserError, match="no-such-program") as caught:
        run_tool("no-such-program")
    assert caught.value.fix


def test_a_failing_program_says_why() -> None:
    with pytest.raises(UserError, match="Cannot open network namespace"):
        run_tool("ip", "-n", "bb-nobody-lan", "link")
