"""The table that one would write first, a row of words for each check: a measure for the real one."""

from sqlalchemy import Connection, func, select

from monitor.store.engine import Engine, is_sqlite, writing
from monitor.store.schema import observation

_TABLE = """
CREATE TABLE naive (
    id {identity} PRIMARY KEY, provider TEXT NOT NULL, model TEXT NOT NULL, checked_at TEXT NOT NULL,
    status TEXT NOT NULL, reason TEXT, http_status INTEGER, latency_ms INTEGER)
"""
NAIVE_COLUMNS = ("provider", "model", "checked_at", "status", "reason", "http_status", "latency_ms")
_INDEX = "CREATE INDEX ix_naive ON naive (model, checked_at)"
_COPY = """
INSERT INTO naive (provider, model, checked_at, status, reason, http_status, latency_ms)
SELECT p.name, m.name, {moment}, f.outcome, f.reason, f.http_status, o.latency_ms
FROM observation o
JOIN model m ON m.id = o.model_id
JOIN provider p ON p.id = m.provider_id
JOIN finding f ON f.id = o.finding_id
JOIN sweep s ON s.id = o.sweep_id
ORDER BY o.sweep_id, o.model_id
"""
_SQLITE = {
    "identity": "INTEGER",
    "moment": "strftime('%Y-%m-%dT%H:%M:%S+00:00', (s.started_at + o.at_ms) / 1000, 'unixepoch')",
}
_POSTGRES = {
    "identity": "BIGINT GENERATED ALWAYS AS IDENTITY",
    "moment": "to_char(to_timestamp((s.started_at + o.at_ms) / 1000) AT TIME ZONE 'UTC',"
    ' \'YYYY-MM-DD"T"HH24:MI:SS"+00:00"\')',
}


def create_naive_table(connection: Connection) -> None:
    """Create the naive table and its index."""
    words = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRES
    connection.exec_driver_sql(_TABLE.format(**words))
    connection.exec_driver_sql(_INDEX)


def add_naive_table(engine: Engine) -> None:
    """Add the naive table beside the others and put every observation into it, in the order of time."""
    words = _SQLITE if is_sqlite(engine) else _POSTGRES
    with writing(engine) as connection:
        create_naive_table(connection)
        connection.exec_driver_sql(_COPY.format(**words).replace("%", "%%"))


def count_observations(engine: Engine) -> int:
    """Return how many observations the history holds."""
    with engine.connect() as connection:
        return int(connection.scalar(select(func.count()).select_from(observation)) or 0)
