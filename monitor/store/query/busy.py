"""Which models were hosted and busy when they were last asked (rules.md 2)."""

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, Select, bindparam, select

from monitor.clock import to_millis
from monitor.core.domain.vocabulary import UNASKED, Outcome, Status, Verdict
from monitor.store import schema as t
from monitor.store.connection.engine import reading
from monitor.store.query.filters import MODEL, PROVIDER, named, names

ModelKey = tuple[str, str]  # provider and id


def busy_models(
    engine: Engine, provider: str | None = None, *, model: str | None = None
) -> frozenset[ModelKey]:
    """Return the available models whose last answer in a conclusive sweep was that they are limited."""
    params = names(provider, model)
    query = _current(frozenset(params))
    with reading(engine) as connection:
        return frozenset((row.provider, row.model) for row in connection.execute(query, params))


def read_busy(
    connection: Connection, provider: str, models: Collection[str], *, since: datetime, until: datetime
) -> Mapping[str, int | None]:
    """Return the models that were limited when last asked in [`since`, `until`), with HTTP status."""
    params = {"provider": provider, "since": to_millis(since), "until": to_millis(until)}
    query, busy = _past(), dict[str, int | None]()
    for model in sorted(models):
        for row in connection.execute(query, {**params, "model": model}):
            busy[row.model] = row.http_status
    return busy


@cache
def _current(params: AbstractSet[str]) -> Select[Any]:
    # of others the last answer says nothing, and that of one never asked would be searched in all it has
    is_available = t.model_state.c.status == Status.AVAILABLE.value
    query = _busy(_last_answer(), frozenset(params))
    return query.join(t.model_state, t.model_state.c.model_id == t.model.c.id).where(is_available)


@cache
def _past() -> Select[Any]:
    started = t.sweep.c.started_at
    last = _last_answer().where(started >= bindparam("since"), started < bindparam("until"))
    return _busy(last, frozenset({"provider", "model"}))


def _busy(last_answer: Select[Any], params: AbstractSet[str]) -> Select[Any]:
    return (
        select(PROVIDER, MODEL, t.finding.c.http_status)
        .select_from(t.provider)
        .join(t.model, t.model.c.provider_id == t.provider.c.id)
        .join(t.finding, t.finding.c.id == last_answer.scalar_subquery())
        .where(t.finding.c.outcome == Outcome.RATE_LIMITED.value, *named(params))
    )


def _last_answer() -> Select[Any]:
    """Select the finding of a model's latest observation that asked it, from the end of its key."""
    asked = t.finding.alias()
    return (
        select(t.observation.c.finding_id)
        .join(t.sweep, t.sweep.c.id == t.observation.c.sweep_id)
        .join(asked, asked.c.id == t.observation.c.finding_id)
        .where(t.observation.c.model_id == t.model.c.id, t.sweep.c.verdict == Verdict.CONCLUSIVE.value)
        .where(asked.c.reason.not_in([reason.value for reason in UNASKED]))
        .order_by(t.observation.c.sweep_id.desc())
        .limit(1)
    )
