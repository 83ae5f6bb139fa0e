import secrets
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootbeam.errors import UserError
from bootbeam.lab.claim import NETNS_ROOT, reap_dead_runs
from bootbeam.lab.netns import Namespace


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    with Namespace(f"t{secrets.token_hex(2)}", "test") as made:
        yield made


def wait_until_written(path: Path) -> None:
    deadline = time.monotonic() + 10
    while not path.read_bytes():
        assert time.monotonic() < deadline, f"{path} stays empty"
        time.sleep(0.02)


def test_it_has_a_network_of_its_own(namespace: Namespace) -> None:
    links = [line for line in namespace.ip("-oneline", "link").splitlines() if line]
    assert len(links) == 1
    assert "lo:" in links[0]
    assert "UP" in links[0]


def test_a_machine_that_makes_none_says_what_it_takes(namespace: Namespace) -> None:
    again = Namespace("", "")
    again.name = namespace.name  # taken
    with pytest.raises(UserError, match=r"could not be made: .*exists") as caught:
        again.__enter__()
    assert "--privileged" in caught.value.fix
    assert (NETNS_ROOT / namespace.name).exists()


def test_the_process_id_is_the_programs_own(namespace: Namespace, tmp_path: Path) -> None:
    output = tmp_path / "out"
    process = namespace.start("sh", "-c", "echo $$; exec sleep 60", output=output)
    wait_until_written(output)
    assert int(output.read_text()) == process.pid
    assert process.exit_code is None


def test_output_and_errors_can_be_kept_apart(namespace: Namespace, tmp_path: Path) -> None:
    process = namespace.start(
        "sh", "-c", "echo said; echo complained >&2", output=tmp_path / "out", errors=tmp_path / "err"
    )
    assert process.wait(10) == 0
    assert (tmp_path / "out").read_text() == "said\n"
    assert (tmp_path / "err").read_text() == "complained\n"


def test_waiting_for_what_does_not_end_is_bounded(namespace: Namespace, tmp_path: Path) -> None:
    process = namespace.start("sleep", "60", output=tmp_path / "out")
    with pytest.raises(TimeoutError, match="sleep"):
        process.wait(0.05)


def test_killing_twice_is_harmless(namespace: Namespace, tmp_path: Path) -> None:
    process = namespace.start("sleep", "60", output=tmp_path / "out")
    process.kill()
    process.kill()
    assert process.exit_code == -signal.SIGKILL


def test_its_end_takes_everything_with_it(tmp_path: Path) -> None:
    with Namespace(f"t{secrets.token_hex(2)}", "test") as made:
        process = made.start("sh", "-c", "sleep 60 & echo $!; wait", output=tmp_path / "out")
        wait_until_written(tmp_path / "out")
        grandchild = int((tmp_path / "out").read_text())
        assert Path(f"/proc/{grandchild}").exists()
    assert process.exit_code == -signal.SIGKILL
    assert not (NETNS_ROOT / made.name).exists()
    deadline = time.monotonic() + 5
    while (stat := Path(f"/proc/{grandchild}/stat")).exists() and ") Z " not in stat.read_text():
        assert time.monotonic() < deadline, "the program's own child still lives"
        time.sleep(0.02)


def test_its_end_takes_everything_with_it_after_an_error(tmp_path: Path) -> None:
    made = Namespace(f"t{secrets.token_hex(2)}", "test")
    started = []

    def work() -> None:
        with made:
            started.append(made.start("sleep", "60", output=tmp_path / "out"))
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        work()
    (process,) = started
    assert process.exit_code == -signal.SIGKILL
    assert not (NETNS_ROOT / made.name).exists()


def test_a_short_commands_failure_is_told(namespace: Namespace) -> None:
    with pytest.raises(UserError, match="out of order"):
        namespace.run("sh", "-c", "echo out of order >&2; exit 1")


def test_the_reaper_keeps_away_from_namespaces_of_others(namespace: Namespace) -> None:
    reap_dead_runs()
    assert (NETNS_ROOT / namespace.name).exists()
