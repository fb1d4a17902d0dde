"""Turns rows of the database into the values of core/history/rows.py."""

from typing import Any

from sqlalchemy import Row, RowMapping

from monitor.clock import to_datetime
from monitor.core.domain.vocabulary import Status, Verdict
from monitor.core.history.rows import EventRow, ModelRow, OutageRow, StreamRow, SweepRow, percent
from monitor.store.connection.codecs import moment
from monitor.store.query.daily import Totals


def model_row(row: Row[Any], totals: Totals | None) -> ModelRow:
    """Return a model's line from its row and its counts of 30 days."""
    _, answered, unavailable, _ = totals or (0, 0, 0, 0)
    return ModelRow(
        provider=row.provider,
        model=row.model,
        kind=row.kind,
        listed=row.listed,
        status=Status(row.status),
        flapping=row.flapping,
        reason=row.reason,
        since=to_datetime(row.since),
        last_checked_at=moment(row.last_checked_at),
        last_available_at=moment(row.last_available_at),
        http_status=row.http_status,
        latency_ms=row.latency_ms,
        retires_at=moment(row.retires_at),
        uptime_30d=percent(answered, answered + unavailable),
        served_as=row.served_as,
    )


def event_row(row: Row[Any]) -> EventRow:
    """Return an event's line from its row."""
    return EventRow(
        event_id=row.id,
        provider=row.provider,
        model=row.model,
        kind=row.kind,
        began_at=to_datetime(row.began_at),
        confirmed_at=to_datetime(row.confirmed_at),
        from_status=row.from_status,
        to_status=row.to_status,
        reason=row.reason,
        sweep_id=row.sweep_id,
        detail=row.detail,
    )


def sweep_row(row: RowMapping) -> SweepRow:
    """Return a sweep's line from its row."""
    counts = (
        "listed",
        "duplicates",
        "probed",
        "available",
        "rate_limited",
        "unavailable",
        "unknown",
        "requests",
    )
    return SweepRow(
        sweep_id=row["id"],
        started_at=to_datetime(row["started_at"]),
        finished_at=moment(row["finished_at"]),
        verdict=None if row["verdict"] is None else Verdict(row["verdict"]),
        slot=moment(row["slot"]),
        **{name: row[name] for name in ("provider", "vantage", "cause", "rejected", *counts)},
    )


def outage_row(
    provider: str, model: str, began_at: int, ended_at: int | None, reason: str | None
) -> OutageRow:
    """Return an outage's line from its row."""
    return OutageRow(
        provider=provider,
        model=model,
        began_at=to_datetime(began_at),
        ended_at=moment(ended_at),
        reason=reason,
    )


def stream_row(row: RowMapping) -> StreamRow:
    """Return a streamed observation's line from its row."""
    same = ("provider", "model", "sweep_id", "latency_ms", "first_token_ms", "tokens_per_s")
    return StreamRow(observed_at=to_datetime(row["observed_at"]), **{name: row[name] for name in same})
