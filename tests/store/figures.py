"""The statistics of a window, each asked in a transaction of its own."""

from datetime import datetime

from sqlalchemy import Engine

from monitor.core.history.reliability import by_provider, reliability
from monitor.core.history.reliability_values import Reliability
from monitor.core.history.rows import OutageRow, StatusAt, WindowRow
from monitor.store.connection.engine import reading
from monitor.store.statistics.as_of import read_outages, read_statuses
from monitor.store.statistics.counts import read_counts
from monitor.store.statistics.windows import window_figures


def model_counts(
    engine: Engine,
    begins_at: datetime,
    ends_at: datetime,
    *,
    provider: str | None = None,
    model: str | None = None,
) -> list[WindowRow]:
    """Return the counts of each model that was due in the window."""
    with reading(engine) as connection:
        return read_counts(connection, begins_at, ends_at, provider, model)


def statuses_at(engine: Engine, moment: datetime, *, provider: str | None = None) -> list[StatusAt]:
    """Return what was believed of every model just before a moment."""
    with reading(engine) as connection:
        return read_statuses(connection, moment, provider)


def outages_between(
    engine: Engine,
    begins_at: datetime,
    ends_at: datetime,
    *,
    provider: str | None = None,
    model: str | None = None,
) -> list[OutageRow]:
    """Return the outages of the window as known at its end, newest first."""
    with reading(engine) as connection:
        return read_outages(connection, begins_at, ends_at, provider, model)


def provider_reliability(
    engine: Engine, begins_at: datetime, ends_at: datetime, *, provider: str | None = None
) -> dict[str, Reliability]:
    """Return how reliable each provider was in the window, all its models pooled, by name."""
    parts = by_provider(window_figures(engine, begins_at, ends_at, provider=provider, latencies=False))
    return {name: reliability(part) for name, part in parts.items()}
