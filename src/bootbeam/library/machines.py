"""What is remembered of machines from one run to the next: which image was installed on which.

SQLite through SQLAlchemy, so that several stations can share one database by another URL. Safe to use from several
threads; a station without a place to write remembers for this run only.
"""

from pathlib import Path

from sqlalchemy import Column, Float, MetaData, String, Table, create_engine, delete, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Engine
from sqlalchemy.pool import StaticPool

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


class Machines:
    """Which machines are installed.

    Args:
        path: the database file; made when it is not there. None: in memory.
    """

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = _engine(path)
        _metadata.create_all(self._engine)

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()

    def set_installed(self, mac: str, entry: str, at_s: float) -> None:
        """The machine ``mac`` has been installed from ``entry``."""
        values = {"mac": mac, "entry": entry, "at_s": at_s}
        with self._engine.begin() as connection:
            connection.execute(insert(_installed).values(values).on_conflict_do_update(["mac"], set_=values))
            oldest = select(_installed.c.mac).order_by(_installed.c.at_s.desc()).offset(MAX_MACHINES)
            connection.execute(delete(_installed).where(_installed.c.mac.in_(oldest)))

    def installed_entry(self, mac: str) -> str | None:
        """What the machine was installed from; None when it was not, or was forgotten."""
        with self._engine.connect() as connection:
            return connection.execute(select(_installed.c.entry).where(_installed.c.mac == mac)).scalar()

    def all_installed(self) -> list[tuple[str, str, float]]:
        """MAC, entry and time of every installed machine, newest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(_installed).order_by(_installed.c.at_s.desc()))
            return [(row.mac, row.entry, row.at_s) for row in rows]

    def forget(self, mac: str) -> bool:
        """Let the machine be installed again; false when it was not known."""
        with self._engine.begin() as connection:
            return connection.execute(delete(_installed).where(_installed.c.mac == mac)).rowcount > 0


def _engine(path: Path | None) -> Engine:
    if path is None:
        return create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    return create_engine(f"sqlite:///{path}", connect_args={"timeout": 5})
