"""The same questions asked of the naive table, as well as its one index allows."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from benchmarks.years.filling import Filled
from monitor.store.connection.engine import Engine, is_sqlite, reading

_ANSWERED = "sum(CASE WHEN status IN ('available', 'rate_limited') THEN 1 ELSE 0 END)"
_DOWN = "sum(CASE status WHEN 'unavailable' THEN 1 ELSE 0 END)"
_DAY = "substr(checked_at, 1, 10)"
_PERCENT = f"{_ANSWERED} * 100.0 / nullif({_ANSWERED} + {_DOWN}, 0)"
_UPTIME = f"""
SELECT provider, model, count(*), {_ANSWERED}, {_DOWN} FROM naive WHERE checked_at >= :since
GROUP BY provider, model
"""  # noqa: S608 - of what stands above
_HEAT_MAP = f"""
SELECT provider, model, {_DAY}, {_PERCENT} FROM naive WHERE checked_at >= :since
GROUP BY provider, model, {_DAY}
"""  # noqa: S608
_TURNS = """
WITH clear AS (
    SELECT model, checked_at, status, reason,
        lag(status, 1, 'none') OVER (PARTITION BY model ORDER BY checked_at) AS before
    FROM naive WHERE status IN ('available', 'unavailable') AND {chosen}
), turn AS (
    SELECT model, status, reason, checked_at AS began_at,
        lead(checked_at) OVER (PARTITION BY model ORDER BY checked_at) AS ended_at
    FROM clear WHERE status <> before
)
"""
_OUTAGES = "{turns} SELECT * FROM turn WHERE status = 'unavailable' ORDER BY {length} DESC LIMIT 50"
_CHANGES = "{turns} SELECT * FROM turn ORDER BY began_at DESC LIMIT 50"
_LENGTHS = {
    "sqlite": "julianday(coalesce(ended_at, :end)) - julianday(began_at)",
    "postgresql": "CAST(coalesce(ended_at, :end) AS timestamptz) - CAST(began_at AS timestamptz)",
}
_STATUS = """
SELECT n.* FROM naive n JOIN (SELECT model, max(checked_at) AS checked_at FROM naive GROUP BY model) latest
ON n.model = latest.model AND n.checked_at = latest.checked_at
"""
_STORY = (
    "SELECT * FROM naive WHERE model = :model ORDER BY checked_at DESC LIMIT 1",
    f"SELECT {_DAY}, {_PERCENT} FROM naive WHERE model = :model AND checked_at >= :quarter GROUP BY {_DAY}",  # noqa: S608
    """SELECT latency_ms FROM naive WHERE model = :model AND checked_at >= :week AND status = 'available'
    ORDER BY latency_ms""",
    _CHANGES.format(turns=_TURNS.format(chosen="model = :model")),
)


def uptime(engine: Engine, filled: Filled, *, days: int) -> object:
    """Count each model's answers."""
    return _rows(engine, _UPTIME, since=_days_before(filled, days))


def heat_map(engine: Engine, filled: Filled) -> object:
    """Return the uptime of each model and day."""
    return _rows(engine, _HEAT_MAP, since=_days_before(filled, 90))


def outages(engine: Engine, filled: Filled) -> object:
    """Return the longest runs of failures; single ones are outages here."""
    turns = _TURNS.format(chosen="checked_at >= :since")
    statement = _OUTAGES.format(turns=turns, length=_LENGTHS[engine.dialect.name])
    return _rows(engine, statement, since=_days_before(filled, 90), end=_words(filled.end))


def status(engine: Engine, _filled: Filled) -> object:
    """Return the last row of each model."""
    return _rows(engine, _STATUS)


def story(engine: Engine, filled: Filled) -> object:
    """Return one model's last row, its days, its latencies of a week (sorted), and its last changes."""
    values = {
        "model": filled.models[0],
        "quarter": _days_before(filled, 90),
        "week": _days_before(filled, 7),
    }
    return [_rows(engine, statement, **values) for statement in _STORY]


def _rows(engine: Engine, statement: str, **values: object) -> Sequence[Any]:
    if not is_sqlite(engine):
        statement = statement.replace("lag(status, 1, 'none')", "lag(status, 1, CAST('none' AS text))")
    with reading(engine) as connection:
        return connection.execute(text(statement), values).all()


def _days_before(filled: Filled, days: int) -> str:
    return _words(filled.end - timedelta(days=days))


def _words(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S+00:00}"
