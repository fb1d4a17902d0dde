"""For pollers: a cheap version number, and the newest changes.

How often a provider's rows were derived (`provider.folds`) is the first at the price of a few rows: each
sweep, import, rebuild, void and rename counts it up.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, RowMapping, Select, func, not_, or_, select

from monitor.clock import to_datetime
from monitor.core.domain.vocabulary import EventKind
from monitor.core.history.rows import EventRow
from monitor.core.lifecycle.rules import BASELINE
from monitor.store import schema as t
from monitor.store.connection.engine import reading
from monitor.store.query.events import event_row
from monitor.store.query.filters import MODEL, PROVIDER

_IS_FIRST_SEEN = (t.event.c.detail == BASELINE) & (t.event.c.kind == EventKind.APPEARED.value)
_IS_CHANGE = or_(t.event.c.detail.is_(None), not_(_IS_FIRST_SEEN))  # else events without detail drop out
_CHANGES = (
    select(t.event, PROVIDER, MODEL, t.sweep.c.finished_at)
    .select_from(t.event)
    .join(t.provider, t.provider.c.id == t.event.c.provider_id)
    .join(t.sweep, t.sweep.c.id == t.event.c.sweep_id)
    .outerjoin(t.model, t.model.c.id == t.event.c.model_id)
    .where(_IS_CHANGE)
    .order_by(t.event.c.swept_at.desc(), t.event.c.id.desc())
)

# By provider and verdict, so that the index on these finds them among a million others.
_RUNNING = select(t.sweep.c.started_at).where(
    t.sweep.c.provider_id.in_(select(t.provider.c.id)),
    t.sweep.c.verdict.is_(None),
    t.sweep.c.finished_at.is_(None),
)

Version = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """One event, or how many models were first seen in one sweep; `told_at` is that sweep's end."""

    provider: str
    sweep_id: int
    told_at: datetime
    event: EventRow | None = None
    first_seen: int = 0


def version_of(engine: Engine) -> Version:
    """Return what differs whenever anything derived from the history may have changed."""
    with reading(engine) as connection:
        query = select(t.provider.c.name, t.provider.c.folds).order_by(t.provider.c.name)
        return tuple((name, folds) for name, folds in connection.execute(query))


def standing_of(engine: Engine) -> object:
    """Return what differs whenever what is known now may have changed, or which sweeps there are."""
    with reading(engine) as connection:
        folds = select(t.provider.c.name, t.provider.c.folds).order_by(t.provider.c.name)
        return (
            [tuple(row) for row in connection.execute(folds)],
            connection.scalar(select(func.max(t.sweep.c.id))),
            sorted(connection.scalars(_RUNNING)),
        )


def running_since(engine: Engine) -> list[datetime]:
    """Return when each sweep began that has not ended, the oldest first."""
    with reading(engine) as connection:
        return sorted(map(to_datetime, connection.scalars(_RUNNING)))


def rewritten(engine: Engine) -> int:
    """Return a number that differs when the past was rewritten: not by a sweep that ends, as it only adds.

    An import, a rebuild, a void and a rename change it, and so does a slot that turns out to be missed.
    """
    lived = (t.sweep.c.finished_at.is_not(None), t.sweep.c.imported.is_(False))
    with reading(engine) as connection:
        derived = connection.scalar(select(func.coalesce(func.sum(t.provider.c.folds), 0)))
        made = connection.scalar(select(func.count()).select_from(t.sweep).where(*lived))
        missed = connection.scalar(select(func.count()).select_from(t.missed_slot))
    return int(derived or 0) - int(made or 0) + int(missed or 0)


def change_feed(
    engine: Engine, *, providers: Collection[str] = (), kinds: Collection[str] = (), limit: int = 100
) -> list[FeedItem]:
    """Return what changed last, newest first; no providers or kinds are all of them.

    The models first seen when watching began are one piece of news for each sweep (rules.md 12).
    """
    conditions: list[ColumnElement[bool]] = []
    if providers:
        conditions.append(t.provider.c.name.in_(providers))
    if kinds:
        conditions.append(t.event.c.kind.in_(kinds))
    with reading(engine) as connection:
        rows = [
            *connection.execute(_CHANGES.where(*conditions).limit(limit)).mappings(),
            *connection.execute(_first_seen(conditions, limit)).mappings(),
        ]
    rows.sort(key=lambda row: (row["swept_at"], row["id"]), reverse=True)
    return [_item(row) for row in rows[:limit]]


def _first_seen(conditions: Collection[ColumnElement[bool]], limit: int) -> Select[Any]:
    swept_at = t.event.c.swept_at
    return (
        select(
            PROVIDER,
            t.event.c.sweep_id,
            swept_at,
            t.sweep.c.finished_at,
            func.min(t.event.c.id).label("id"),
            func.count().label("first_seen"),
        )
        .select_from(t.event)
        .join(t.provider, t.provider.c.id == t.event.c.provider_id)
        .join(t.sweep, t.sweep.c.id == t.event.c.sweep_id)
        .where(_IS_FIRST_SEEN, *conditions)
        .group_by(t.provider.c.name, t.event.c.sweep_id, swept_at, t.sweep.c.finished_at)
        .order_by(swept_at.desc())
        .limit(limit)
    )


def _item(row: RowMapping) -> FeedItem:
    first_seen = row.get("first_seen", 0)
    return FeedItem(
        provider=row["provider"],
        sweep_id=row["sweep_id"],
        told_at=to_datetime(row["finished_at"]),
        event=None if first_seen else event_row(row),
        first_seen=first_seen,
    )
