"""Which sweeps there are, and of which providers."""

from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, bindparam, func, select, tuple_

from monitor.clock import to_millis
from monitor.core.domain.names import unknown_words
from monitor.core.domain.vocabulary import Verdict
from monitor.core.history.rows import SweepRow
from monitor.errors import UsageError
from monitor.store import schema as t
from monitor.store.connection.codecs import is_storable, moment
from monitor.store.connection.columns import read_value
from monitor.store.connection.engine import reading
from monitor.store.query.filters import PROVIDER, named, names, of_named_provider, of_providers

_STARTED = t.sweep.c.started_at

Place = tuple[int, int]  # of a sweep in the order of all: when it started (ms since 1970), and its id


def providers(engine: Engine) -> list[str]:
    """Return the names of all providers with a history, by code point."""
    with reading(engine) as connection:
        return list(connection.scalars(select(t.provider.c.name).order_by(t.provider.c.name)))


def chosen_providers(engine: Engine, names: Collection[str] = ()) -> list[str]:
    """Return the providers of these names, or all of the history; raises UsageError for one without any."""
    recorded = providers(engine)
    for name in names:
        if name not in recorded:
            raise UsageError(unknown_words("provider", name, recorded, " in the history"))
    return [name for name in recorded if not names or name in names]


def sweeps(
    engine: Engine,
    provider: str | None = None,
    limit: int | None = None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    providers: Collection[str] = (),
    verdicts: Collection[str] = (),
    causes: Collection[str] = (),
    after: Place | None = None,
) -> list[SweepRow]:
    """Return the sweeps started in [`since`, `until`), newest first, running ones included.

    `after` is the place of the sweep that came last before them. No `providers`, `verdicts` or `causes` are
    all of them.
    """
    started, number = after or (None, None)
    filters = {
        "most": limit,
        "since": None if since is None else to_millis(since),
        "until": None if until is None else to_millis(until),
        "providers": list(filter(is_storable, providers)) if providers else None,
        "verdicts": list(verdicts) or None,
        "causes": list(causes) or None,
        "started": started,
        "number": number,
    }
    params = {**names(provider), **{key: it for key, it in filters.items() if it is not None}}
    with reading(engine) as connection:
        rows = connection.execute(_sweeps(frozenset(params)), params).mappings()
        return [read_value(SweepRow, row, sweep_id=row["id"], detail=row["words"]) for row in rows]


def last_conclusive_at(engine: Engine, provider: str) -> datetime | None:
    """Return the start of a provider's latest conclusive sweep."""
    with reading(engine) as connection:
        return moment(connection.scalar(_last_conclusive(), names(provider)))


def requests_between(engine: Engine, provider: str, since: datetime, until: datetime) -> int:
    """Return how many requests the sweeps of a provider sent that began from `since` on, before `until`."""
    with reading(engine) as connection:
        return count_requests(connection, provider, since, until)


def count_requests(connection: Connection, provider: str, since: datetime, until: datetime) -> int:
    """As `requests_between`, in the transaction at hand."""
    params = {**names(provider), "since": to_millis(since), "until": to_millis(until)}
    return int(connection.scalar(_requests(), params) or 0)  # an empty sum is NULL


@cache
def _requests() -> Select[Any]:
    return (
        select(func.sum(t.sweep.c.requests))
        .join(t.provider, t.provider.c.id == t.sweep.c.provider_id)
        .where(*named(["provider"]), bindparam("since") <= _STARTED, bindparam("until") > _STARTED)
    )


@cache
def _sweeps(params: AbstractSet[str]) -> Select[Any]:
    query = (
        select(
            t.sweep,
            PROVIDER,
            func.coalesce(t.sweep.c.voided, t.sweep.c.detail).label("words"),
            (t.sweep.c.clock_step_ms // 1000).label("clock_step_s"),
        )
        .join(t.provider, t.provider.c.id == t.sweep.c.provider_id)
        .order_by(_STARTED.desc(), t.sweep.c.id.desc())
    )
    query = query.where(*_filtered(params))
    return query.limit(bindparam("most")) if "most" in params else query


def _filtered(params: AbstractSet[str]) -> Iterator[ColumnElement[bool]]:
    own = t.sweep.c
    if "provider" in params:
        yield of_named_provider(own.provider_id)
    if "providers" in params:
        yield own.provider_id.in_(of_providers())
    if "verdicts" in params:
        yield own.verdict.in_(bindparam("verdicts", expanding=True))
    if "causes" in params:
        yield own.cause.in_(bindparam("causes", expanding=True))
    if "since" in params:
        yield bindparam("since") <= _STARTED
    if "until" in params:
        yield bindparam("until") > _STARTED
    if "started" in params:
        yield tuple_(_STARTED, own.id) < tuple_(bindparam("started"), bindparam("number"))


@cache
def _last_conclusive() -> Select[Any]:
    is_conclusive = t.sweep.c.verdict == Verdict.CONCLUSIVE.value
    return select(func.max(_STARTED)).where(of_named_provider(t.sweep.c.provider_id), is_conclusive)
