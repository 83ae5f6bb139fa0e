"""What is remembered of machines from one run to the next: which image was, or is being, installed on which, and
which form of answer their firmware wants.

SQLite through SQLAlchemy, so that several stations can share one database by another URL. Safe to use from several
threads. A station that cannot remember does not start: it would install a machine again and again.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Boolean, Column, Float, MetaData, String, Table, create_engine, delete, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from bootbeam.errors import UserError
from bootbeam.machine import PxeVendorOptions
from bootbeam.pxe.client import ClientKind
from bootbeam.pxe.reply_variant import ReplyVariant

SCHEMA_VERSION = 1
MAX_MACHINES = 100_000
"""Past that the oldest are forgotten: a rack, a school, a lab are a few thousand."""

_metadata = MetaData()
_installed = Table(
    "installed_machines",
    _metadata,
    Column("mac", String(17), primary_key=True),
    Column("entry", String(200), nullable=False),
    Column("at_s", Float, nullable=False),
)
_under_way = Table(
    "installations_under_way",
    _metadata,
    Column("mac", String(17), primary_key=True),
    Column("entry", String(200), nullable=False),
    Column("at_s", Float, nullable=False),
)
_replies = Table(
    "reply_variants",
    _metadata,
    Column("mac", String(17), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("offer", String(20), nullable=False),
    Column("answer", String(20), nullable=False),
    Column("file_in_offer", Boolean, nullable=False),
    Column("at_s", Float, nullable=False),
)


class Machines:
    """Which machines are installed, and which want their answers in a form of their own.

    Args:
        path: the database file; made when it is not there. None: in memory.

    Raises:
        UserError: the file cannot be made, read or written.
    """

    def __init__(self, path: Path | None) -> None:
        self._engine = _engine(path)
        self._path = path
        self._lock = threading.Lock()
        with self._explained():
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            _metadata.create_all(self._engine)
            with self._engine.begin() as connection:
                # Written at every start, so that a place that cannot be written to shows now.
                connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Makes a UserError of what goes wrong with the file."""
        try:
            yield
        except (OSError, SQLAlchemyError) as error:
            self._engine.dispose()
            why = error.strerror if isinstance(error, OSError) else str(error.__cause__ or error)
            raise UserError(
                f"{self._path} cannot be written, where it is remembered which machines are installed",
                why or str(error),
                "name another directory: --state DIR",
            ) from None

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()

    def set_under_way(self, mac: str, entry: str, at_s: float) -> None:
        """The installer on the machine ``mac``, started from ``entry``, has its answers."""
        with self._lock, self._engine.begin() as connection:
            _put(connection, _under_way, {"mac": mac, "entry": entry, "at_s": at_s})

    def entry_under_way(self, mac: str) -> str | None:
        """What is being installed on the machine; None when nothing is."""
        with self._lock, self._engine.connect() as connection:
            return connection.execute(select(_under_way.c.entry).where(_under_way.c.mac == mac)).scalar()

    def set_installed(self, mac: str, entry: str, at_s: float) -> None:
        """The machine ``mac`` has been installed from ``entry``."""
        with self._lock, self._engine.begin() as connection:
            _put(connection, _installed, {"mac": mac, "entry": entry, "at_s": at_s})
            connection.execute(delete(_under_way).where(_under_way.c.mac == mac))

    def installed_entry(self, mac: str) -> str | None:
        """What the machine was installed from; None when it was not, or was forgotten."""
        with self._lock, self._engine.connect() as connection:
            return connection.execute(select(_installed.c.entry).where(_installed.c.mac == mac)).scalar()

    def all_installed(self) -> list[tuple[str, str, float]]:
        """MAC, entry and time of every installed machine, newest first."""
        with self._lock, self._engine.connect() as connection:
            rows = connection.execute(select(_installed).order_by(_installed.c.at_s.desc()))
            return [(row.mac, row.entry, row.at_s) for row in rows]

    def set_replies(self, replies: Mapping[str, tuple[ClientKind, ReplyVariant] | None], at_s: float) -> None:
        """These forms of answer work with the machines' firmware of that kind; None: nothing unusual is needed.

        Raises:
            UserError: the file cannot be written.
        """
        with self._lock, self._explained(), self._engine.begin() as connection:
            for mac, reply in replies.items():
                if reply is None:
                    connection.execute(delete(_replies).where(_replies.c.mac == mac))
                    continue
                kind, variant = reply
                values = {"mac": mac, "kind": str(kind), "offer": str(variant.offer), "answer": str(variant.answer)}
                _put(connection, _replies, {**values, "file_in_offer": variant.file_in_offer, "at_s": at_s})

    def all_replies(self) -> dict[str, tuple[ClientKind, ReplyVariant]]:
        """The machines that want a form of their own, by their MAC. A row that another version of bootbeam wrote, in
        words unknown here, is left out.

        Raises:
            UserError: the file cannot be read.
        """
        known: dict[str, tuple[ClientKind, ReplyVariant]] = {}
        with self._lock, self._explained(), self._engine.connect() as connection:
            for row in connection.execute(select(_replies)):
                try:
                    offer, answer = PxeVendorOptions(row.offer), PxeVendorOptions(row.answer)
                    known[row.mac] = ClientKind(row.kind), ReplyVariant(offer, answer, row.file_in_offer)
                except ValueError:
                    continue
        return known

    def forget(self, mac: str) -> bool:
        """Let the machine be installed again, and answer it as any other; false when it was not known."""
        with self._lock, self._engine.begin() as connection:
            connection.execute(delete(_under_way).where(_under_way.c.mac == mac))
            rows = [connection.execute(delete(table).where(table.c.mac == mac)) for table in (_installed, _replies)]
            return any(deleted.rowcount for deleted in rows)


def _put(connection: Connection, table: Table, values: dict[str, str | float | bool]) -> None:
    connection.execute(insert(table).values(values).on_conflict_do_update(["mac"], set_=values))
    oldest = select(table.c.mac).order_by(table.c.at_s.desc()).offset(MAX_MACHINES)
    connection.execute(delete(table).where(table.c.mac.in_(oldest)))


def _engine(path: Path | None) -> Engine:
    if path is None:
        return create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    return create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": 5})
