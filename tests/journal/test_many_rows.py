"""Rows that go into few statements arrive as those that go one by one do."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Dialect, Integer, LargeBinary, MetaData, String, Table, create_engine, event, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine.default import DefaultDialect

from bootbeam.journal.many_rows import SIZES, ManyRows

TABLE = Table(
    "things",
    MetaData(),
    Column("seq", Integer, primary_key=True),
    Column("name", String(40), unique=True),
    Column("data", LargeBinary),
)


def many_rows(dialect: Dialect) -> ManyRows:
    def statement(rows: list[dict[str, Any]]) -> Any:
        new = insert(TABLE).values(rows)
        return new.on_conflict_do_update(["name"], set_={"data": new.excluded.data})

    return ManyRows(statement, ("name", "data"), dialect)


@given(st.integers(0, 2 * SIZES[0] + SIZES[1] + 2))
def test_all_rows_arrive_in_their_order(number: int) -> None:
    engine = create_engine("sqlite://")
    rows = [(f"'; DROP TABLE things; -- {place}", bytes([place % 256])) for place in range(number)]
    with engine.begin() as connection:
        TABLE.metadata.create_all(connection)
        many_rows(engine.dialect).write(connection, rows)
        found = connection.execute(select(TABLE.c.name, TABLE.c.data).order_by(TABLE.c.seq)).all()
    engine.dispose()
    assert [tuple(row) for row in found] == rows


def test_a_row_that_is_there_is_changed_and_few_statements_are_run() -> None:
    engine, statements = create_engine("sqlite://"), list[str]()
    with engine.begin() as connection:
        TABLE.metadata.create_all(connection)
        event.listen(engine, "before_cursor_execute", lambda _, __, text, *___: statements.append(text))
        writer = many_rows(engine.dialect)
        for data in (b"old", b"new"):
            writer.write(connection, [(f"n{place}", data) for place in range(SIZES[0] + 1)])
        assert len(statements) == 4
        assert set(connection.execute(select(TABLE.c.data)).scalars()) == {b"new"}
    engine.dispose()


def test_a_driver_that_takes_values_by_name_is_refused() -> None:
    dialect = DefaultDialect(paramstyle="named")
    with pytest.raises(ValueError, match="by name"):
        many_rows(dialect)
