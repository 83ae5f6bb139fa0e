"""Batches of events on their way into the database, and a database that breaks."""

import sqlite3
import time
from pathlib import Path

import pytest

from bootbeam.journal import boot_writer
from bootbeam.journal.boot_database import Batch, BootDatabase, BootRecords
from bootbeam.journal.boot_writer import BootWriter
from bootbeam.journal.events import EventKind
from tests.journal.test_boot_store import Complaints, keeping, seen


def test_a_system_that_fetches_files_by_the_thousand_does_not_fill_the_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boot_writer, "MAX_EVENTS_PER_ATTEMPT", 10)
    monkeypatch.setattr(boot_writer, "MAX_TELLING_EVENTS_PER_ATTEMPT", 32)
    path = tmp_path / "boots.db"
    writer = BootWriter(keeping(path), Complaints(), time.time)
    writer.take([seen(kind=EventKind.TRANSFER_FINISHED)] * 30)
    writer.take([seen(kind=EventKind.INSTALL_PROGRESS, at_s=200.0)] * 30)
    writer.write()
    writer.close()
    with BootRecords(path) as records:
        kinds = [each.kind for each in records.events("a1")]
        assert records.newest(1)[0].last_at_s == 200.0
    assert kinds == [EventKind.TRANSFER_FINISHED] * 10 + [EventKind.INSTALL_PROGRESS] * 2


def test_boots_that_were_let_go_of_go_on_where_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boot_writer, "MAX_ATTEMPTS_UNDER_WAY", 2)
    path = tmp_path / "boots.db"
    writer = BootWriter(keeping(path), Complaints(), time.time)
    writer.take([seen(f"a{number}", 100.0 + number) for number in range(4)])
    writer.write()
    writer.take([seen("a0", 500.0)])
    writer.write()
    writer.close()
    with BootRecords(path) as records:
        summary = records.summary("a0")
    assert summary is not None
    assert (summary.began_at_s, summary.last_at_s) == (100.0, 500.0)


def test_a_file_that_breaks_while_the_station_runs_makes_room_for_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, complaints = tmp_path / "boots.db", Complaints()
    write, failures = BootDatabase.write, [sqlite3.DatabaseError("database disk image is malformed")]

    def fail_once(database: BootDatabase, batch: Batch) -> None:
        if failures:
            raise failures.pop()
        write(database, batch)

    monkeypatch.setattr(BootDatabase, "write", fail_once)
    writer = BootWriter(keeping(path), complaints, time.time)
    writer.take([seen("a1")])
    writer.write()
    [(_, why, _)] = complaints
    assert "malformed" in why
    writer.take([seen("c1")])
    writer.write()
    writer.close()
    with BootRecords(path) as records:
        assert [each.attempt for each in records.newest(10)] == ["c1"]
    assert (tmp_path / "boots.broken").exists()


def test_a_database_that_cannot_be_opened_is_left_alone_for_a_while_and_nothing_is_lost(tmp_path: Path) -> None:
    now_s, complaints = [1000.0], Complaints()
    directory = tmp_path / "state"
    directory.write_text("no directory")
    writer = BootWriter(keeping(directory / "boots.db"), complaints, lambda: now_s[0])
    writer.take([seen("a1")])
    writer.write()
    directory.unlink()
    writer.write()
    assert not directory.exists(), "too early"
    now_s[0] += boot_writer.RETRY_S
    writer.take([seen("a2")])
    writer.write()
    writer.close()
    with BootRecords(directory / "boots.db") as records:
        assert {each.attempt for each in records.newest(10)} == {"a1", "a2"}
    assert len(complaints) == 1


def test_what_there_was_no_room_for_meanwhile_is_counted_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boot_writer, "MAX_WAITING", 10)
    complaints, directory = Complaints(), tmp_path / "state"
    directory.write_text("no directory")
    writer = BootWriter(keeping(directory / "boots.db"), complaints, lambda: 1000.0)
    writer.write()
    writer.take([seen("a1")] * 8)
    writer.write()
    writer.take([seen("a2")] * 6)
    directory.unlink()
    writer.write(is_last=True)
    writer.close()
    assert [what for what, _, _ in complaints] == [
        "boots are not being kept",
        "4 events and packets of boots were not kept",
    ]


def test_the_last_try_is_made_whatever_the_time(tmp_path: Path) -> None:
    directory = tmp_path / "state"
    directory.write_text("no directory")
    writer = BootWriter(keeping(directory / "boots.db"), Complaints(), lambda: 1000.0)
    writer.take([seen("a1")])
    writer.write()
    directory.unlink()
    writer.write(is_last=True)
    writer.close()
    with BootRecords(directory / "boots.db") as records:
        assert [each.attempt for each in records.newest(10)] == ["a1"]
