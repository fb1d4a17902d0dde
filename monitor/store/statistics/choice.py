"""Which models were worth choosing at the end of a span, as known then, read in the transaction at hand."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, select

from monitor.clock import to_datetime, to_millis
from monitor.core.domain.vocabulary import Verdict
from monitor.core.history.calendar import Span, days_until
from monitor.core.history.rows import StatusAt, WindowRow
from monitor.core.summary.recommend import Candidates, Choice, choose, shortlist
from monitor.store import schema as t
from monitor.store.facts.identities import catalog_members, find_provider
from monitor.store.statistics.counts import read_counts

RECENT_DAYS: Final = 30  # that the choice rests on
_FEW: Final = 24  # models whose latencies are read one by one: a month of all takes long
_DAY: Final = timedelta(days=1)


def read_choice(
    connection: Connection,
    provider: str,
    span: Span,
    until: datetime,
    *,
    before: Iterable[StatusAt],
    after: Iterable[StatusAt],
) -> Choice:
    """Return the choice at `until`, when the span is over or read, and what the span changed in it.

    It is compared with the choice of the day before the span as known when that ended: a summary of that day
    says the same, whenever it is printed. `before` and `after` are the statuses at the two moments.
    """
    day_before = span.first - _DAY
    earlier = _read_candidates(connection, provider, _recent(day_before, span), span.begins_at, before)
    now = _read_candidates(connection, provider, _recent(span.last, span), until, after)
    return choose(now, earlier)


def read_candidates_now(
    connection: Connection, provider: str, days: int, now: datetime, models: Iterable[StatusAt]
) -> Candidates:
    """Return what may be chosen at this moment by the last `days` days; `models` are the statuses of now."""
    return _read_candidates(connection, provider, now - days * _DAY, now, models)


def _recent(last: date, span: Span) -> datetime:
    return days_until(last, RECENT_DAYS, span.zone).begins_at


def _read_candidates(
    connection: Connection, provider: str, begin: datetime, end: datetime, models: Iterable[StatusAt]
) -> Candidates:
    """Return the candidates at the end of a window; latencies only of those that they may decide about."""
    candidates = Candidates(
        until=end,
        models=tuple(models),
        listed=read_listed(connection, provider, end),
        first_seen=_first_seen(connection, provider),
        sweeps=_conclusive(connection, provider, begin, end),
        counts=read_counts(connection, begin, end, provider, latencies=False),
    )
    counts = _with_latencies(connection, provider, begin, end, shortlist(candidates))
    return replace(candidates, counts=counts)


def read_listed(connection: Connection, provider: str, moment: datetime) -> frozenset[str]:
    """Return the catalog of the last conclusive sweep that began before a moment."""
    owner = find_provider(connection, provider)
    latest = (
        select(t.sweep.c.catalog_id)
        .where(t.sweep.c.provider_id == owner, t.sweep.c.verdict == Verdict.CONCLUSIVE.value)
        .where(t.sweep.c.started_at < to_millis(moment))
        .order_by(t.sweep.c.started_at.desc(), t.sweep.c.id.desc())
        .limit(1)
    )
    catalog = connection.scalar(latest)
    if catalog is None:
        return frozenset()
    members = frozenset(catalog_members(connection, [catalog])[catalog])
    models = connection.execute(select(t.model.c.id, t.model.c.name).where(t.model.c.provider_id == owner))
    return frozenset(row.name for row in models if row.id in members)


def _first_seen(connection: Connection, provider: str) -> dict[str, datetime]:
    """Return by model the start of the sweep of its first event, which is that it appeared."""
    # one step in the key for each model, whatever happened to it since
    first = select(func.min(t.event.c.swept_at)).where(t.event.c.model_id == t.model.c.id).scalar_subquery()
    owner = find_provider(connection, provider)
    rows = connection.execute(select(t.model.c.name, first).where(t.model.c.provider_id == owner))
    return {name: to_datetime(swept_at) for name, swept_at in rows if swept_at is not None}


def _conclusive(connection: Connection, provider: str, begins_at: datetime, ends_at: datetime) -> int:
    started = t.sweep.c.started_at
    counted = (
        select(func.count())
        .select_from(t.sweep)
        .where(t.sweep.c.provider_id == find_provider(connection, provider))
        .where(t.sweep.c.verdict == Verdict.CONCLUSIVE.value)
        .where(started >= to_millis(begins_at), started < to_millis(ends_at))
    )
    return connection.execute(counted).scalar_one()


def _with_latencies(
    connection: Connection, provider: str, begin: datetime, end: datetime, models: Collection[str]
) -> list[WindowRow]:
    if len(models) > _FEW:
        return [row for row in read_counts(connection, begin, end, provider) if row.model in models]
    return [row for model in sorted(models) for row in read_counts(connection, begin, end, provider, model)]
