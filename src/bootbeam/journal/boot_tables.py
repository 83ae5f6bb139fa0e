"""The tables of the boots."""

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text

SCHEMA_VERSION = 1
NO_ATTEMPT = ""
"""In the column ``attempt``, of events that belong to none."""

metadata = MetaData()
attempts = Table(
    "attempts",
    metadata,
    Column("attempt", String(16), primary_key=True),
    Column("run", Integer, nullable=False),
    Column("mac", String(45), nullable=False),
    Column("began_at_s", Float, nullable=False),
    Column("last_at_s", Float, nullable=False),
    Column("outcome", String(16), nullable=False),
    *(Column(name, Text, nullable=False) for name in ("last_sign", "firmware", "model", "image")),
    *(Column(name, String(45), nullable=False) for name in ("address", "interface")),
    Index("attempts_by_time", "began_at_s"),
    Index("attempts_by_mac", "mac", "began_at_s"),
)
events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("attempt", String(16), nullable=False),
    Column("at_s", Float, nullable=False),
    Column("kind", String(40), nullable=False),
    *(Column(name, String(45)) for name in ("mac", "address", "interface")),
    Column("facts", Text, nullable=False),
    Index("events_by_attempt", "attempt", "at_s"),
)
packets = Table(
    "packets",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("attempt", String(16), nullable=False),
    Column("at_s", Float, nullable=False),
    Column("interface", String(45), nullable=False),
    Column("frame", LargeBinary, nullable=False),
    Index("packets_by_attempt", "attempt"),
)
runs = Table(
    "runs",
    metadata,
    Column("run", Integer, primary_key=True),
    Column("began_at_s", Float, nullable=False),
    Column("version", Text, nullable=False),
    Column("settings", Text, nullable=False),
)
