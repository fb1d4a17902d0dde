"""The views of the public interface, read in an order and a form in which both databases must agree."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Engine, text

from monitor.store.connection.engine import reading

COLUMNS = {
    "model_status": "provider, model, kind, listed, status, flapping, reason, since, last_checked_at,"
    " last_available_at, http_status, latency_ms, retires_at, uptime_30d, served_as, publisher",
    "observation_history": "provider, model, sweep_id, vantage, observed_at, outcome, reason,"
    " http_status, latency_ms, attempts, conclusive, kind, detail, served_as",
    "uptime_daily": "provider, model, day, checks, answered, unavailable, unknown, uptime_percent,"
    " latency_p50_ms, latency_p95_ms, publisher",
    "uptime_monthly": "provider, model, month, checks, answered, unavailable, unknown, uptime_percent,"
    " latency_p50_ms, latency_p95_ms, publisher",
    "outage_history": "provider, model, began_at, ended_at, duration_s, reason, duration_so_far_s",
    "status_history": "provider, model, status, began_at, ended_at, duration_s, reason, duration_so_far_s",
    "change_history": "event_id, provider, model, kind, began_at, confirmed_at, from_status, to_status,"
    " reason, sweep_id, detail, retires_at",
    "sweep_history": "sweep_id, provider, vantage, started_at, finished_at, verdict, cause, listed,"
    " duplicates, probed, available, rate_limited, unavailable, unknown, requests, slot, rejected, detail,"
    " clock_step_s",
    "provider_uptime_daily": "provider, day, sweeps, conclusive, provider_down, our_fault, interrupted,"
    " missed",
    "stream_history": "provider, model, sweep_id, observed_at, latency_ms, first_token_ms, tokens_per_s",
}

# A month is text on SQLite and a date on Postgres.
_AS_TEXT = {
    "uptime_monthly": COLUMNS["uptime_monthly"].replace("month", "substr(CAST(month AS text), 1, 7)", 1)
}


def columns(view: str) -> list[str]:
    """Return the columns that the contract gives a view."""
    return COLUMNS[view].split(", ")


def rows(engine: Engine, view: str) -> list[tuple[Any, ...]]:
    """Return a view's rows, sorted, with times and days as the text that SQLite gives."""
    with reading(engine) as connection:
        found = connection.execute(text(f"SELECT {_AS_TEXT.get(view, '*')} FROM {view}")).all()  # noqa: S608  # from above
    return sorted((timeless(view, tuple(map(_plain, row))) for row in found), key=repr)


def timeless(view: str, row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return a row without how long something lasts that has not ended: it is longer every second."""
    if "duration_so_far_s" not in columns(view):
        return row
    lasted, so_far = (row[columns(view).index(name)] for name in ("duration_s", "duration_so_far_s"))
    assert so_far >= 0
    return tuple("so far" if value is so_far and lasted is None else value for value in row)


def all_rows(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Return every view's rows."""
    return {view: rows(engine, view) for view in COLUMNS}


def told(engine: Engine, view: str) -> list[dict[str, Any]]:
    """Return a view's rows by column."""
    return [dict(zip(columns(view), row, strict=True)) for row in rows(engine, view)]


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        assert value.utcoffset() is not None
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    return int(value) if isinstance(value, bool) else value
