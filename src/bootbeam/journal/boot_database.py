"""The boots of this station on disk: SQLite through SQLAlchemy, so that a shared database is another URL.

One writer at a time, any number of readers beside it (WAL). What is committed outlives a kill -9. The oldest boots go
when there are too many of them, or too many bytes; every statement finds its rows by an index, so that a boot costs
the same after a million others.
"""

import errno
import json
import os
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Engine, Row, Select, String, create_engine, delete, event, func, select
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.engine import Connection

from bootbeam.journal.boot_tables import NO_ATTEMPT, SCHEMA_VERSION, attempts, events, metadata, packets, runs
from bootbeam.journal.event_json import facts_text
from bootbeam.journal.events import Event, EventKind
from bootbeam.journal.many_rows import ManyRows
from bootbeam.journal.packets import Packet
from bootbeam.journal.summary import Outcome, Summary

LOCK_TIMEOUT_S = 5
WAL_PAGES = 1000
"""The write-ahead log is taken over into the database when it has so many pages."""
PRUNED_AT_ONCE = 20
"""Boots that go in one transaction; the next one goes on."""
MAX_PACKETS_PER_ATTEMPT = 200
MAX_COUNTED_ATTEMPTS = 10_000
"""Whose packets are counted; those of an attempt that was silent for long among many are counted anew."""
MAX_STATION_EVENTS = 10_000
"""Events that belong to no attempt."""

MAX_RUNS = 1000
"""Starts of the station that are remembered, with the settings of each."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept."""

    max_attempts: int = 10_000
    max_bytes: int = 512 << 20


@dataclass(slots=True)
class Batch:
    """What is written in one transaction."""

    events: list[Event] = field(default_factory=list)
    packets: list[Packet] = field(default_factory=list)
    summaries: list[Summary] = field(default_factory=list)
    """Of the attempts that changed."""


class BootDatabase:
    """One database file, opened to write.

    Args:
        path: made, with its directory, where it is not there.
        limits: how much is kept.

    Raises:
        OSError, SQLAlchemyError: it cannot be made or written, or is no database.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))  # command lines may hold secrets
        self._limits = limits
        self._run = 0
        self._engine = _open(URL.create("sqlite", database=str(path)))
        dialect = self._engine.dialect
        self._event_rows = ManyRows(lambda rows: insert(events).values(rows), _EVENT_COLUMNS, dialect)
        self._packet_rows = ManyRows(lambda rows: insert(packets).values(rows), _PACKET_COLUMNS, dialect)
        self._attempt_rows = ManyRows(_insert_attempts, _ATTEMPT_COLUMNS, dialect)
        self._packets_of: OrderedDict[str, int] = OrderedDict()
        """How many were written of an attempt."""
        with self._engine.begin() as connection:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            if version not in (0, SCHEMA_VERSION):
                raise OSError(errno.EINVAL, f"it is of another version of bootbeam ({version}, not {SCHEMA_VERSION})")
            metadata.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
            self._attempts = _count(connection, select(func.count()).select_from(attempts))
            self._station_events = _count(connection, station_event_count())

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()

    def begin_run(self, at_s: float, version: str, settings: str) -> None:
        """The station starts: its attempts from now on are of this run."""
        with self._engine.begin() as connection:
            row = {"began_at_s": at_s, "version": version, "settings": settings}
            self._run = connection.execute(insert(runs).values(row).returning(runs.c.run)).scalar_one()
            connection.execute(delete(runs).where(runs.c.run <= self._run - MAX_RUNS))

    def summary(self, attempt: str) -> Summary | None:
        """What was written of one boot; None when there is none of that id."""
        with self._engine.connect() as connection:
            return _summary_of(connection, attempt)

    def write(self, batch: Batch) -> None:
        """Add what happened, and let the oldest boots go where there are too many.

        Raises:
            SQLAlchemyError: nothing of it was written: the disk is full, the file is locked or broken.
        """
        with self._engine.begin() as connection:
            if batch.summaries:
                self._write_summaries(connection, batch.summaries)
            if batch.events:
                self._event_rows.write(connection, [_event_row(each) for each in batch.events])
            if batch.packets:
                self._write_packets(connection, batch.packets)
            added = sum(each.attempt is None for each in batch.events)
            self._station_events = prune_station_events(connection, self._station_events + added)
            self._attempts -= self._prune(connection)

    def _write_summaries(self, connection: Connection, summaries: Sequence[Summary]) -> None:
        rows = [_summary_row(each, self._run) for each in summaries]
        known = connection.execute(
            select(func.count()).where(attempts.c.attempt.in_([each.attempt for each in summaries]))
        ).scalar_one()
        self._attempt_rows.write(connection, rows)
        self._attempts += len(rows) - known

    def _write_packets(self, connection: Connection, kept: Sequence[Packet]) -> None:
        rows = [(each.attempt, each.at_s, each.interface, each.frame) for each in kept]
        self._packet_rows.write(connection, rows)
        for attempt, added in Counter(each.attempt for each in kept).items():
            number = self._packets_of.pop(attempt, 0) + added
            if number > MAX_PACKETS_PER_ATTEMPT:
                newest = oldest_kept_packet(attempt)
                connection.execute(delete(packets).where(packets.c.attempt == attempt, packets.c.seq <= newest))
            self._packets_of[attempt] = min(number, MAX_PACKETS_PER_ATTEMPT)
        while len(self._packets_of) > MAX_COUNTED_ATTEMPTS:
            self._packets_of.popitem(last=False)

    def _prune(self, connection: Connection) -> int:
        """How many boots went."""
        surplus = self._attempts - self._limits.max_attempts
        if surplus <= 0 and _used_bytes(connection) > self._limits.max_bytes:
            surplus = PRUNED_AT_ONCE
        if surplus <= 0:
            return 0
        oldest = connection.execute(oldest_attempts(min(surplus, PRUNED_AT_ONCE))).scalars().all()
        for table in (packets, events, attempts):
            connection.execute(delete(table).where(table.c.attempt.in_(oldest)))
        return len(oldest)


class BootRecords:
    """One database file, opened to read; a station may write to it meanwhile. Use as a context manager.

    Args:
        path: exists.
    """

    def __init__(self, path: Path) -> None:
        # What SQLite takes for an address is one with every odd letter written as %XX; SQLAlchemy adds the rest.
        address = f"file:{quote(os.fsencode(path))}"
        url = URL.create("sqlite", database=address, query={"mode": "ro", "uri": "true"})
        self._engine = create_engine(url, connect_args={"timeout": LOCK_TIMEOUT_S})

    def __enter__(self) -> "BootRecords":
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()

    def newest(self, limit: int, mac: str | None = None, before_s: float | None = None) -> list[Summary]:
        """The newest boots, of one machine or of all, newest first; those only that began before ``before_s``."""
        with self._engine.connect() as connection:
            return [_summary(row) for row in connection.execute(newest_attempts(limit, mac, before_s))]

    def summary(self, attempt: str) -> Summary | None:
        """One boot; None when there is none of that id."""
        with self._engine.connect() as connection:
            return _summary_of(connection, attempt)

    def events(self, attempt: str) -> list[Event]:
        """Its events, oldest first."""
        with self._engine.connect() as connection:
            return _events(connection.execute(events_of(attempt)))

    def surroundings(self, since_s: float, until_s: float) -> list[Event]:
        """The events of no attempt in that time, oldest first."""
        with self._engine.connect() as connection:
            return _events(connection.execute(events_of(NO_ATTEMPT, since_s, until_s)))

    def packets(self, attempt: str) -> list[Packet]:
        """The packets that were kept of it, oldest first."""
        with self._engine.connect() as connection:
            return [
                Packet(row.attempt, row.at_s, row.interface, row.frame)
                for row in connection.execute(packets_of(attempt))
            ]

    def run_of(self, attempt: str) -> tuple[str, str] | None:
        """Version and settings (JSON) of the station that served it; None when that is forgotten."""
        of_run = select(runs.c.version, runs.c.settings).where(
            runs.c.run == select(attempts.c.run).where(attempts.c.attempt == attempt).scalar_subquery()
        )
        with self._engine.connect() as connection:
            row = connection.execute(of_run).first()
            return (row.version, row.settings) if row is not None else None


def newest_attempts(limit: int, mac: str | None, before_s: float | None = None) -> Select[Any]:
    """The statement behind ``BootRecords.newest``."""
    statement = select(attempts).order_by(attempts.c.began_at_s.desc()).limit(limit)
    if before_s is not None:
        statement = statement.where(attempts.c.began_at_s < before_s)
    return statement if mac is None else statement.where(attempts.c.mac == mac)


def oldest_attempts(limit: int) -> Select[Any]:
    """The ids of the boots that go first."""
    return select(attempts.c.attempt).order_by(attempts.c.began_at_s).limit(limit)


def events_of(attempt: str, since_s: float | None = None, until_s: float | None = None) -> Select[Any]:
    """The events of an attempt, of a time."""
    statement = select(events).where(events.c.attempt == attempt).order_by(events.c.at_s, events.c.seq)
    if since_s is not None and until_s is not None:
        statement = statement.where(events.c.at_s.between(since_s, until_s))
    return statement


def packets_of(attempt: str) -> Select[Any]:
    """The packets of an attempt."""
    return select(packets).where(packets.c.attempt == attempt).order_by(packets.c.seq)


def oldest_kept_packet(attempt: str) -> Any:
    """The number of the newest packet that goes; NULL while all may stay."""
    return (
        select(packets.c.seq)
        .where(packets.c.attempt == attempt)
        .order_by(packets.c.seq.desc())
        .offset(MAX_PACKETS_PER_ATTEMPT)
        .limit(1)
        .scalar_subquery()
    )


def station_event_count() -> Select[Any]:
    """How many events belong to no attempt."""
    return select(func.count()).where(events.c.attempt == NO_ATTEMPT)


def prune_station_events(connection: Connection, number: int) -> int:
    """Let the oldest of ``number`` events without an attempt go; how many are left."""
    surplus = number - MAX_STATION_EVENTS
    if surplus <= 0:
        return number
    oldest = select(events.c.seq).where(events.c.attempt == NO_ATTEMPT).order_by(events.c.at_s).limit(surplus)
    connection.execute(delete(events).where(events.c.seq.in_(oldest)))
    return MAX_STATION_EVENTS


def _open(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": LOCK_TIMEOUT_S})

    def set_up(connection: Any, _: object) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", f"wal_autocheckpoint = {WAL_PAGES}"):
            connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", set_up)
    return engine


def _count(connection: Connection, statement: Select[Any]) -> int:
    return int(connection.execute(statement).scalar_one())


def _used_bytes(connection: Connection) -> int:
    pages, free, size_bytes = (
        int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size_bytes


_EVENT_COLUMNS = ("attempt", "at_s", "kind", "mac", "address", "interface", "facts")
_PACKET_COLUMNS = ("attempt", "at_s", "interface", "frame")


def _event_row(each: Event) -> Sequence[Any]:
    """In the order of ``_EVENT_COLUMNS``."""
    facts = _storable(facts_text(each))
    return (each.attempt or NO_ATTEMPT, each.at_s, each.kind.value, each.mac, each.address, each.interface, facts)


def _events(rows: Iterable[Row[Any]]) -> list[Event]:
    """The events of these rows. A newer version's kinds of event are left out."""
    known = {kind.value for kind in EventKind}
    return [_event(row) for row in rows if row.kind in known]


def _event(row: Row[Any]) -> Event:
    attempt = None if row.attempt == NO_ATTEMPT else row.attempt
    kind = EventKind(row.kind)
    return Event(kind, row.at_s, row.mac, row.address, row.interface, json.loads(row.facts), attempt)


_ATTEMPT_COLUMNS = tuple(column.name for column in attempts.columns)
_SUMMARY_FIELDS = tuple(name for name in _ATTEMPT_COLUMNS if name != "run")
_RUN_AT = _ATTEMPT_COLUMNS.index("run")
_OUTCOME_AT = _SUMMARY_FIELDS.index("outcome")
_values_of = attrgetter(*_SUMMARY_FIELDS)
_texts_of = attrgetter(*(name for name in _SUMMARY_FIELDS if isinstance(attempts.c[name].type, String)))


def _insert_attempts(rows: list[dict[str, Any]]) -> Insert:
    statement = insert(attempts).values(rows)
    changing = {name: statement.excluded[name] for name in _SUMMARY_FIELDS if name != "attempt"}
    return statement.on_conflict_do_update(["attempt"], set_=changing)


def _summary_row(summary: Summary, run: int) -> list[Any]:
    """In the order of ``_ATTEMPT_COLUMNS``."""
    values = list(_values_of(summary))
    if not "".join(_texts_of(summary)).isascii():
        values = [_storable(value) if isinstance(value, str) else value for value in values]
    values[_OUTCOME_AT] = summary.outcome.value  # a ``str`` of a kind that drivers do not take
    values.insert(_RUN_AT, run)
    return values


def _storable(text: str) -> str:
    """Bytes that were no UTF-8 (lone surrogates in a ``str``) as hex: one such name must not spoil a batch."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _summary_of(connection: Connection, attempt: str) -> Summary | None:
    row = connection.execute(select(attempts).where(attempts.c.attempt == attempt)).first()
    return _summary(row) if row is not None else None


def _summary(row: Row[Any]) -> Summary:
    values = {name: getattr(row, name) for name in _SUMMARY_FIELDS}
    return Summary(**(values | {"outcome": Outcome(row.outcome)}))
