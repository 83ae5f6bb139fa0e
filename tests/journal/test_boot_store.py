"""The store and its process: what is kept, and what a bad disk and a kill -9 of either do to it."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from bootbeam.journal import boot_store
from bootbeam.journal.boot_database import BootRecords
from bootbeam.journal.boot_store import BootStore, Keeping, WriterProcess
from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.packets import Packet
from bootbeam.journal.summary import Outcome
from tests.waiting import wait_until

MAC = "52:54:00:12:34:56"


class Complaints(list[tuple[str, str, str]]):
    """What the store said is wrong."""

    def __call__(self, what: str, why: str, fix: str) -> None:
        self.append((what, why, fix))


def keeping(path: Path, max_attempts: int = 1000) -> Keeping:
    return Keeping(path, max_attempts, 100_000_000, "0.1.0", "{}")


def seen(attempt: str | None = "a1", at_s: float = 100.0, kind: EventKind = EventKind.CLIENT_SEEN) -> Event:
    return Event(kind, at_s, MAC if attempt else None, None, "eth0", {"firmware": "UEFI x64"}, attempt)


def test_what_happens_is_on_disk_a_moment_later_and_all_of_it_after_stop(tmp_path: Path) -> None:
    path, complaints = tmp_path / "boots.db", Complaints()
    store = BootStore(keeping(path), complaints)
    store.watch(seen())
    store.start()
    wait_until(path.exists)
    with BootRecords(path) as records:
        wait_until(lambda: bool(has_table(path) and records.newest(1)))
        store.watch(seen(at_s=101.0, kind=EventKind.SYSTEM_SEEN))
        store.watch(seen(at_s=101.0, kind=EventKind.TRANSFER_PROGRESS))
        store.watch(seen(None))
        store.keep_packet(Packet("a1", 100.5, "eth0", b"frame"))
        store.stop()
        [summary] = records.newest(10)
        assert (summary.attempt, summary.mac, summary.firmware) == ("a1", MAC, "UEFI x64")
        assert (summary.outcome, summary.duration_s) == (Outcome.BOOTED, 1.0)
        assert [each.kind for each in records.events("a1")] == [EventKind.CLIENT_SEEN, EventKind.SYSTEM_SEEN]
        assert [packet.frame for packet in records.packets("a1")] == [b"frame"]
        assert len(records.surroundings(0, 1000)) == 1
    assert complaints == []


def has_table(path: Path) -> bool:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone())


def test_what_a_slow_disk_leaves_no_room_for_is_counted_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boot_store, "MAX_WAITING", 10)
    path, complaints = tmp_path / "boots.db", Complaints()
    store = BootStore(keeping(path), complaints)
    for number in range(14):
        store.watch(seen(kind=EventKind.INSTALL_PROGRESS, at_s=100.0 + number))
    store.start()
    store.stop()
    [(what, _, fix)] = complaints
    assert what == "4 events and packets of boots were not kept"
    assert "--state" in fix
    with BootRecords(path) as records:
        assert [each.at_s for each in records.events("a1")] == [104.0 + number for number in range(10)]


def test_a_thousand_machines_switched_on_together_are_all_kept(tmp_path: Path) -> None:
    path, complaints = tmp_path / "boots.db", Complaints()
    store = BootStore(keeping(path, max_attempts=2000), complaints)
    store.start()
    attempts = [f"a{number:04}" for number in range(1000)]
    for attempt in attempts:
        for kind in (EventKind.CLIENT_SEEN, EventKind.OFFERED):
            store.watch(seen(attempt, kind=kind))
        for frame in (b"question", b"answer"):
            store.keep_packet(Packet(attempt, 100.0, "eth0", frame))
    store.stop(timeout_s=30)
    with BootRecords(path) as records:
        assert {summary.attempt for summary in records.newest(2000)} == set(attempts)
        for attempt in attempts[::111]:
            assert [each.kind for each in records.events(attempt)] == [EventKind.CLIENT_SEEN, EventKind.OFFERED]
            assert [each.frame for each in records.packets(attempt)] == [b"question", b"answer"]
    assert complaints == []


def test_nothing_is_kept_where_that_is_wished(tmp_path: Path) -> None:
    store = BootStore(keeping(tmp_path / "boots.db", max_attempts=0), Complaints())
    store.watch(seen())
    store.start()
    store.stop()
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told_once_and_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    complaints = Complaints()
    store = BootStore(keeping(tmp_path / "file" / "boots.db"), complaints)
    store.start()
    store.watch(seen())
    wait_until(lambda: bool(complaints))
    store.watch(seen())
    time.sleep(2 * boot_store.COMMIT_EVERY_S)
    store.stop()
    [(what, why, fix)] = complaints
    assert what == "boots are not being kept"
    assert "Not a directory" in why or "File exists" in why
    assert "df " in fix


ON_A_SMALL_DISK = """
import json, subprocess, sys, time
from contextlib import suppress
from pathlib import Path
from bootbeam.journal import boot_store
from bootbeam.journal.boot_database import BootRecords
from bootbeam.journal.boot_store import BootStore, Keeping
from bootbeam.journal.events import Event, EventKind
from tests.waiting import wait_until

disk = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", disk], check=True)
complaints = []
path = disk / "boots.db"
store = BootStore(Keeping(path, 1000, 10**8, "0.1.0", "{}"), lambda *words: complaints.append(words))
seen = lambda attempt: Event(EventKind.CLIENT_SEEN, 100.0, "m", facts={}, attempt=attempt)
store.watch(seen("before"))
store.start()
time.sleep(3 * boot_store.COMMIT_EVERY_S)
with suppress(OSError), (disk / "ballast").open("wb", buffering=0) as file:
    while True:
        file.write(bytes(4096))
for number in range(2000):
    if complaints:
        break
    store.watch(seen(f"meanwhile{number}"))
    time.sleep(0.01)
time.sleep(3 * boot_store.COMMIT_EVERY_S)
(disk / "ballast").unlink()
store.watch(seen("after"))
store.stop()
with BootRecords(path) as records:
    print(json.dumps([complaints, [records.summary(each) is not None for each in ("before", "after")]]))
"""


def test_a_full_disk_is_told_once_and_writing_goes_on_when_there_is_room(tmp_path: Path) -> None:
    # In a namespace of its own, so that the disk is gone with the process.
    command = ["unshare", "--mount", sys.executable, "-c", ON_A_SMALL_DISK, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=50)
    [[what, why, _]], kept = json.loads(done.stdout)
    assert (what, kept) == ("boots are not being kept", [True, True])
    assert "full" in why


def test_a_broken_file_makes_room_for_a_new_one(tmp_path: Path) -> None:
    path, complaints = tmp_path / "boots.db", Complaints()
    path.write_bytes(b"no database at all, but as long as the header of one" * 100)
    store = BootStore(keeping(path), complaints)
    store.watch(seen())
    store.start()
    wait_until(lambda: bool(complaints))
    store.stop()
    assert (tmp_path / "boots.broken").exists()
    with BootRecords(path) as records:
        assert len(records.newest(10)) == 1
    [(what, why, fix)] = complaints
    assert what == "the record of earlier boots is damaged, and a new one was begun"
    assert "not a database" in why
    assert f"sqlite3 {tmp_path}/boots.broken .recover" in fix


def writing_store(path: Path, complaints: Complaints) -> tuple[BootStore, psutil.Process]:
    """A store that has begun to write, and its process."""
    store = BootStore(keeping(path), complaints)
    store.start()
    store.watch(seen("a1"))
    wait_until(lambda: path.exists() and has_table(path))
    [process] = psutil.Process().children()
    return store, process


def test_a_writer_that_is_killed_is_told_of_though_nothing_more_happens(tmp_path: Path) -> None:
    path, complaints = tmp_path / "boots.db", Complaints()
    store, process = writing_store(path, complaints)
    process.kill()
    wait_until(lambda: bool(complaints))
    store.stop()
    assert [what for what, _, _ in complaints] == ["the process that keeps boots has ended"]


def test_a_writer_that_is_killed_is_told_of_and_begun_again(tmp_path: Path) -> None:
    path, complaints = tmp_path / "boots.db", Complaints()
    store, process = writing_store(path, complaints)
    process.kill()
    store.watch(seen("a2"))
    wait_until(lambda: bool(complaints))
    store.watch(seen("a3"))
    store.stop()
    [(what, why, fix)] = complaints
    assert what == "the process that keeps boots has ended"
    assert "SIGKILL" in why
    assert "free -m" in fix
    with BootRecords(path) as records:
        assert "a3" in [each.attempt for each in records.newest(10)]


def test_ctrl_c_at_a_terminal_is_not_for_the_writer_even_while_it_starts(tmp_path: Path) -> None:
    store, process = writing_store(tmp_path / "boots.db", Complaints())
    group = os.getpgid(process.pid)
    store.stop()
    assert group == process.pid != os.getpgid(0)


def test_what_ends_a_service_comes_to_the_writer_too_and_it_writes_the_rest(tmp_path: Path) -> None:
    path, complaints = tmp_path / "boots.db", Complaints()
    store, process = writing_store(path, complaints)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process.send_signal(number)
    store.watch(seen("a2"))
    store.stop()
    with BootRecords(path) as records:
        assert {each.attempt for each in records.newest(10)} == {"a1", "a2"}
    assert complaints == []
    assert not process.is_running()


def test_the_writer_takes_no_modules_from_where_the_station_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = tmp_path / "strange"
    strange.mkdir()
    for name in ("sqlite3", "json", "sqlalchemy", "bootbeam"):
        (strange / f"{name}.py").write_text(f"open({str(tmp_path / 'taken')!r}, 'w')")
    monkeypatch.chdir(strange)
    complaints = Complaints()
    store = BootStore(keeping(tmp_path / "boots.db"), complaints)
    store.watch(seen())
    store.start()
    store.stop()
    assert not (tmp_path / "taken").exists()
    with BootRecords(tmp_path / "boots.db") as records:
        assert len(records.newest(10)) == 1
    assert complaints == []


def test_the_writer_does_without_openssl(tmp_path: Path) -> None:
    store, process = writing_store(tmp_path / "boots.db", Complaints())
    mapped = {Path(each.path).name for each in process.memory_maps()}
    store.stop()
    unwanted = ("libssl", "libcrypto") if find_spec("_md5") else ("libssl",)  # some systems' hashes are OpenSSL's only
    assert not any(name.startswith(unwanted) for name in mapped)


def test_why_the_writer_does_not_stay_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    complaints = Complaints()
    monkeypatch.setattr(boot_store, "WRITER_MODULE", "bootbeam.no_such_module")
    monkeypatch.setattr(boot_store, "REMIND_EVERY_S", 5.0)
    begun = []

    def begin(keeping: Keeping, complain: boot_store.Complain) -> WriterProcess:
        begun.append(WriterProcess(keeping, complain))
        return begun[-1]

    monkeypatch.setattr(boot_store, "WriterProcess", begin)
    store = BootStore(keeping(tmp_path / "boots.db"), complaints)
    store.start()

    def has_tried_again() -> bool:
        store.watch(seen())
        return len(begun) >= 2

    wait_until(has_tried_again)
    store.stop()
    [(what, why, fix)] = complaints
    assert what == "the process that keeps boots has ended"
    assert "no_such_module" in why
    assert "free -m" in fix


def test_a_writer_that_cannot_be_started_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    complaints = Complaints()
    program = tmp_path / "python"
    program.write_text("not to be executed")
    monkeypatch.setattr(sys, "executable", str(program))
    store = BootStore(keeping(tmp_path / "boots.db"), complaints)
    store.watch(seen())
    store.start()
    wait_until(lambda: bool(complaints))
    store.stop()
    [(what, why, fix)] = complaints
    assert what == "boots are not being kept"
    assert "cannot be started" in why
    assert f"ls -l {program}" in fix


WRITER = """
import sys, time
from pathlib import Path
from bootbeam.journal.boot_store import BootStore, Keeping
from bootbeam.journal.events import Event, EventKind
from tests.waiting import wait_until
store = BootStore(Keeping(Path(sys.argv[1]), 1000, 10**8, "0.1.0", "{}"), print)
store.start()
number = 0
while True:
    number += 1
    store.watch(Event(EventKind.CLIENT_SEEN, time.time(), "m", None, None, {"n": number}, f"a{number // 100}"))
    print(number, flush=True)
    time.sleep(0.001)
"""


def test_kill_9_loses_a_second_at_most_and_breaks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "boots.db"
    with subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        wait_until(lambda: path.exists() and has_table(path))
        time.sleep(5)
        killed_at_s = time.time()
        writer.send_signal(signal.SIGKILL)
        written = writer.stdout.read().split()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    [(number, newest_s)] = connection.execute("SELECT count(*), max(at_s) FROM events").fetchall()
    connection.close()
    assert newest_s > killed_at_s - 2.5, "half a second, and what a busy computer adds"
    assert 0 < number <= len(written)
    # And the next station goes on with the same file.
    store = BootStore(keeping(path), Complaints())
    store.watch(seen("z1", 2e9))
    store.start()
    store.stop()
    with BootRecords(path) as records:
        assert records.newest(1)[0].attempt == "z1"
