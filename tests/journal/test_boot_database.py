"""What is on disk: written, read, bounded, and found by an index however much there is."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.engine import Engine

from bootbeam.journal import boot_database
from bootbeam.journal.boot_database import Batch, BootDatabase, BootRecords, Limits
from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.packets import Packet
from bootbeam.journal.summary import Outcome, Summary

MAC = "52:54:00:12:34:56"


def boot(number: int, mac: str = MAC, packets: int = 0) -> Batch:
    attempt, at_s = f"a{number:04}", 1000.0 + 10 * number
    events = [Event(EventKind.CLIENT_SEEN, at_s + n, mac, None, "eth0", {"secs": n}, attempt) for n in range(3)]
    summary = Summary(attempt, mac, at_s, at_s + 2, Outcome.BOOTED, "done", "UEFI x64", "QEMU Q35", "Linux")
    return Batch(events, [Packet(attempt, at_s + n, "eth0", b"frame %d" % n) for n in range(packets)], [summary])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "boots.db"


@pytest.fixture
def database(path: Path) -> Iterator[BootDatabase]:
    database = BootDatabase(path, Limits(max_attempts=5))
    database.begin_run(1.0, "0.1.0", '{"cmdline": "quiet"}')
    yield database
    database.close()


def test_what_was_written_is_read(path: Path, database: BootDatabase) -> None:
    database.write(boot(1, packets=2))
    database.write(boot(2, "52:54:00:00:00:02"))
    with BootRecords(path) as records:
        assert [each.attempt for each in records.newest(10)] == ["a0002", "a0001"]
        assert records.newest(1) == boot(2, "52:54:00:00:00:02").summaries
        assert records.newest(10, MAC) == boot(1).summaries
        assert records.newest(10, before_s=1020.0) == boot(1).summaries, "the page before"
        assert records.summary("a0001") == boot(1).summaries[0]
        assert records.summary("nothing") is None
        assert records.events("a0001") == boot(1).events
        assert [packet.frame for packet in records.packets("a0001")] == [b"frame 0", b"frame 1"]
        assert records.run_of("a0001") == ("0.1.0", '{"cmdline": "quiet"}')
        assert records.run_of("nothing") is None


def test_an_attempt_that_goes_on_is_updated(path: Path, database: BootDatabase) -> None:
    database.write(boot(1))
    later = boot(1)
    later.summaries[0].last_sign = "its system asked for an address"
    database.write(later)
    with BootRecords(path) as records:
        assert [each.last_sign for each in records.newest(10)] == ["its system asked for an address"]
        assert len(records.events("a0001")) == 6


def test_what_belongs_to_no_boot_is_found_by_its_time(path: Path, database: BootDatabase) -> None:
    database.write(Batch([Event(EventKind.PROBLEM, at_s, facts={"what": "x"}) for at_s in (10.0, 20.0, 30.0)]))
    with BootRecords(path) as records:
        assert [each.at_s for each in records.surroundings(15, 30)] == [20.0, 30.0]
        assert records.surroundings(15, 30)[0].attempt is None


def test_only_the_owner_may_read_it(path: Path, database: BootDatabase) -> None:
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_oldest_boots_go_with_all_that_belongs_to_them(path: Path, database: BootDatabase) -> None:
    for number in range(9):
        database.write(boot(number, packets=1))
    with BootRecords(path) as records:
        assert [each.attempt for each in records.newest(10)] == [f"a000{n}" for n in (8, 7, 6, 5, 4)]
        assert records.events("a0003") == []
        assert records.packets("a0003") == []
        assert len(records.events("a0004")) == 3


def test_the_bounds_hold_after_a_restart(path: Path, database: BootDatabase) -> None:
    for number in range(5):
        database.write(boot(number))
    database.close()
    again = BootDatabase(path, Limits(max_attempts=5))
    again.write(boot(5))
    again.close()
    with BootRecords(path) as records:
        assert len(records.newest(10)) == 5


def test_the_bytes_are_bounded(path: Path) -> None:
    database = BootDatabase(path, Limits(max_attempts=10**6, max_bytes=1_000_000))
    for number in range(300):
        batch = boot(number)
        batch.packets = [Packet(f"a{number:04}", 1.0, "eth0", bytes(1500)) for _ in range(20)]
        database.write(batch)
    database.close()
    assert path.stat().st_size < 2_000_000
    with BootRecords(path) as records:
        assert records.newest(1)[0].attempt == "a0299"


def test_the_packets_of_one_boot_are_bounded_and_the_newest_stay(
    path: Path, database: BootDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boot_database, "MAX_PACKETS_PER_ATTEMPT", 10)
    for _ in range(3):
        database.write(boot(1, packets=7))
    with BootRecords(path) as records:
        frames = [packet.frame for packet in records.packets("a0001")]
    assert frames == [b"frame %d" % n for n in (4, 5, 6, 0, 1, 2, 3, 4, 5, 6)]


def test_events_of_no_boot_are_bounded(path: Path, database: BootDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boot_database, "MAX_STATION_EVENTS", 10)
    for start in range(0, 40, 8):
        database.write(Batch([Event(EventKind.PROBLEM, float(start + n)) for n in range(8)]))
    with BootRecords(path) as records:
        assert [each.at_s for each in records.surroundings(0, 100)] == [float(n) for n in range(30, 40)]


def test_every_statement_finds_its_rows_by_an_index(path: Path, database: BootDatabase) -> None:
    """So that a boot costs the same after a million others: no statement walks through a table."""
    statements: set[tuple[str, Any]] = set()

    def note(connection: object, cursor: object, statement: str, parameters: Any, *_: object) -> None:
        first = parameters[0] if isinstance(parameters, list) else parameters
        if not statement.startswith("PRAGMA"):
            statements.add((statement, first))

    sqlalchemy_event.listen(Engine, "before_cursor_execute", note)
    try:
        for number in range(9):
            batch = boot(number, packets=2)
            batch.events.append(Event(EventKind.PROBLEM, 5.0))
            database.write(batch)
        database._station_events = boot_database.MAX_STATION_EVENTS + 1
        database.write(boot(10))
        with BootRecords(path) as records:
            records.newest(10)
            records.newest(10, MAC)
            records.newest(10, MAC, before_s=5.0)
            records.summary("a0008")
            records.events("a0008")
            records.packets("a0008")
            records.surroundings(1, 10)
            records.run_of("a0008")
    finally:
        sqlalchemy_event.remove(Engine, "before_cursor_execute", note)
    connection = sqlite3.connect(path)
    # As with a million boots: the planner must not think that the tables are small.
    connection.execute("ANALYZE")
    connection.execute("UPDATE sqlite_stat1 SET stat = '1000000' || substr(stat, instr(stat, ' '))")
    connection.commit()
    connection.close()
    connection = sqlite3.connect(path)
    plans = [
        (statement, row[3])
        for statement, parameters in statements
        for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
    ]
    connection.close()
    assert len(statements) >= 14
    # Walking along an index in its order, up to a LIMIT, is no walk through the table.
    walks = [plan for plan in plans if plan[1].startswith("SCAN") and "INDEX attempts_by_time" not in plan[1]]
    assert walks == []
    assert not [plan for plan in plans if "TEMP B-TREE" in plan[1]], "nothing is sorted at the time of asking"


def test_another_versions_file_is_left_alone(path: Path, database: BootDatabase) -> None:
    database.close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(OSError, match="another version of bootbeam"):
        BootDatabase(path, Limits())


def test_kinds_of_event_of_a_newer_version_are_left_out(path: Path, database: BootDatabase) -> None:
    database.write(boot(1))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE events SET kind = 'from-the-future' WHERE seq = 2")
    with BootRecords(path) as records:
        assert len(records.events("a0001")) == 2


def test_names_that_are_no_text_are_kept_too(path: Path, database: BootDatabase) -> None:
    batch = boot(1)
    batch.events.append(Event(EventKind.FILE_REFUSED, 2000.0, MAC, facts={"file": "odd\udcff\0name"}, attempt="a0001"))
    batch.summaries[0].last_sign = "odd\udcffname"
    database.write(batch)
    with BootRecords(path) as records:
        assert str(records.events("a0001")[-1].facts["file"]).endswith("\0name")
        assert records.newest(1)[0].last_sign == "odd\\udcffname"
