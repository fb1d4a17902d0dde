"""Figures of any window of time [begins_at, ends_at), as known when it ended.

Only sweeps started before its end and events confirmed before it count, whatever was learned since. Each
public function is one look at one moment of the database; those of as_of.py and counts.py are params
in a transaction at hand.
"""

from collections import Counter
from datetime import datetime

from sqlalchemy import Engine, func, select

from monitor.clock import to_millis
from monitor.core.domain.vocabulary import Verdict
from monitor.core.history.reliability import WindowFigures, available_times
from monitor.core.history.reliability_values import SweepCounts
from monitor.store import schema as t
from monitor.store.connection.codecs import is_storable
from monitor.store.connection.engine import reading
from monitor.store.statistics.as_of import read_outages, read_status_events, read_statuses_only
from monitor.store.statistics.counts import read_counts

_CONCLUSIVE = Verdict.CONCLUSIVE.value
_NO_CAUSE = "unknown"  # of an imported sweep that is inconclusive and names none


def sweep_counts(engine: Engine, begins_at: datetime, ends_at: datetime, *, provider: str) -> SweepCounts:
    """Count the decided sweeps that started in the window, and the slots in it that no sweep was made for."""
    begin, end = to_millis(begins_at), to_millis(ends_at)
    if not is_storable(provider):  # Postgres refuses a NUL in a parameter
        return SweepCounts()
    owner = select(t.provider.c.id).where(t.provider.c.name == provider).scalar_subquery()
    started, slot = t.sweep.c.started_at, t.missed_slot.c.slot
    made = (
        select(t.sweep.c.verdict, t.sweep.c.cause, func.count().label("sweeps"))
        .where(t.sweep.c.provider_id == owner, started >= begin, started < end)
        .where(t.sweep.c.verdict.is_not(None))
        .group_by(t.sweep.c.verdict, t.sweep.c.cause)
    )
    is_missed = (t.missed_slot.c.provider_id == owner, slot >= begin, slot < end)
    missed = select(func.count()).where(*is_missed)
    cause = t.missed_slot.c.cause
    because = select(cause).where(*is_missed, cause.is_not(None)).order_by(slot.desc()).limit(1)
    with reading(engine) as connection:
        counts = Counter[tuple[str, str]]()
        for row in connection.execute(made):
            counts[row.verdict, row.cause or _NO_CAUSE] += row.sweeps
        return SweepCounts(
            conclusive=sum(number for (verdict, _), number in counts.items() if verdict == _CONCLUSIVE),
            inconclusive={
                cause: number for (verdict, cause), number in counts.items() if verdict != _CONCLUSIVE
            },
            missed=connection.execute(missed).scalar_one(),
            missed_because=connection.scalar(because),
        )


def window_figures(
    engine: Engine,
    begins_at: datetime,
    ends_at: datetime,
    *,
    provider: str | None = None,
    model: str | None = None,
    latencies: bool = True,
) -> WindowFigures:
    """Return all that is counted in the window, of every model or of those named.

    Without `latencies` the rows have none, which is quicker. See `count_window` for how exact they are.
    """
    with reading(engine) as connection:  # one transaction: the figures must agree with one another
        statuses = read_statuses_only(connection, begins_at, provider, model)
        events = read_status_events(connection, begins_at, ends_at, provider, model)
        counts = read_counts(connection, begins_at, ends_at, provider, model, latencies=latencies)
        return WindowFigures(
            begins_at=begins_at,
            ends_at=ends_at,
            counts=tuple(counts),
            outages=tuple(read_outages(connection, begins_at, ends_at, provider, model)),
            available=available_times(statuses, events, begins_at, ends_at),
        )
