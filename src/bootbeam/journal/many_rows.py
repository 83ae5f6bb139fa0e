"""Many rows written with few calls of the database.

A driver gives up Python's lock for each statement that it runs, and for each row of ``executemany``. In a thread beside
one that is busy each of these ends with waiting for the lock; so some rows go into one statement. Its text is made by
SQLAlchemy once, and the rows go past its Python, which takes longer for a row than the database does.
"""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.engine import Connection
from sqlalchemy.sql import Insert

SIZES = (64, 8, 1)
"""Rows of one statement. SQLite takes 32766 values in one, older ones 999."""

Row = Sequence[Any]
"""The values in the order of the columns."""


class ManyRows:
    """One kind of INSERT.

    Args:
        statement: the INSERT with the values of as many rows as it is given.
        columns: what a row has, in this order, which is the table's.
        dialect: the database's.

    Raises:
        ValueError: the driver wants its values by name.
    """

    def __init__(
        self, statement: Callable[[list[dict[str, Any]]], Insert], columns: Sequence[str], dialect: Dialect
    ) -> None:
        if not dialect.positional:
            raise ValueError(f"the driver of {dialect.name} takes values by name")
        self._statement = statement
        self._columns = columns
        self._dialect = dialect
        self._texts: dict[int, str] = {}

    def write(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Add ``rows``, in their order."""
        at = 0
        for size in SIZES:
            while len(rows) - at >= size:
                values = tuple(chain.from_iterable(rows[at : at + size]))
                connection.exec_driver_sql(self._text(size), values)
                at += size

    def _text(self, size: int) -> str:
        text = self._texts.get(size)
        if text is None:
            statement = self._statement([dict.fromkeys(self._columns)] * size)
            text = self._texts[size] = str(statement.compile(dialect=self._dialect))
        return text
