"""The table that one would write first, a wide row of words for each check: a measure for the real one.

It tells the same of each check as the real one does, to the millisecond.
"""

from sqlalchemy import Connection, func, select

from monitor.store.connection.engine import Engine, is_sqlite, writing
from monitor.store.schema import observation

_TABLE = """
CREATE TABLE naive (
    id {identity} PRIMARY KEY, provider TEXT NOT NULL, model TEXT NOT NULL, kind TEXT NOT NULL,
    swept_at TEXT NOT NULL, checked_at TEXT NOT NULL, status TEXT NOT NULL, reason TEXT,
    http_status INTEGER, attempts INTEGER, detail TEXT, latency_ms INTEGER)
"""
NAIVE_COLUMNS = (
    *("provider", "model", "kind", "swept_at", "checked_at"),
    *("status", "reason", "http_status", "attempts", "detail", "latency_ms"),
)
_INDEX = "CREATE INDEX ix_naive ON naive (model, checked_at)"
_COPY = """
INSERT INTO naive ({columns})
SELECT p.name, m.name, f.kind, {swept_at}, {checked_at},
    f.outcome, f.reason, f.http_status, f.attempts, f.detail, o.latency_ms
FROM observation o
JOIN model m ON m.id = o.model_id
JOIN provider p ON p.id = m.provider_id
JOIN finding f ON f.id = o.finding_id
JOIN sweep s ON s.id = o.sweep_id
ORDER BY o.sweep_id, o.model_id
"""
_MOMENTS = {"swept_at": "s.started_at", "checked_at": "(s.started_at + o.at_ms)"}
_SQLITE = {
    "identity": "INTEGER",
    "moment": "strftime('%Y-%m-%dT%H:%M:%S', {0} / 1000, 'unixepoch') || printf('.%03d+00:00', {0} % 1000)",
}
_POSTGRES = {
    "identity": "BIGINT GENERATED ALWAYS AS IDENTITY",
    "moment": "to_char(to_timestamp({0} / 1000.0) AT TIME ZONE 'UTC', "
    '\'YYYY-MM-DD"T"HH24:MI:SS.MS"+00:00"\')',
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
        moments = {name: words["moment"].format(millis) for name, millis in _MOMENTS.items()}
        statement = _COPY.format(columns=", ".join(NAIVE_COLUMNS), **moments)
        connection.exec_driver_sql(statement.replace("%", "%%"))


def count_observations(engine: Engine) -> int:
    """Return how many observations the history holds."""
    with engine.connect() as connection:
        return int(connection.scalar(select(func.count()).select_from(observation)) or 0)
