"""What is believed of models now, and the story of one."""

from collections.abc import Set as AbstractSet
from functools import cache
from typing import Any

from sqlalchemy import Engine, Select, select

from monitor.core.history.rows import ModelRow, ModelStory, StreamRow
from monitor.store import schema as t
from monitor.store.connection.engine import reading
from monitor.store.query.events import events
from monitor.store.query.filters import MODEL, PROVIDER, named, names
from monitor.store.query.outages import outages
from monitor.store.query.rows import model_row, stream_row
from monitor.store.query.uptime import latest_totals

_UPTIME_DAYS = 30  # of model_status
_BELIEVED = tuple(
    t.model_state.c[name]
    for name in (
        *("kind", "listed", "status", "flapping", "reason", "since", "last_checked_at", "last_available_at"),
        *("http_status", "latency_ms", "retires_at", "served_as"),
    )
)


def current_models(
    engine: Engine, provider: str | None = None, *, model: str | None = None
) -> list[ModelRow]:
    """Return what is believed of every model, by provider and id."""
    asked = names(provider, model)
    with reading(engine) as connection:
        rows = connection.execute(_believed(frozenset(asked)), asked).all()
        totals = latest_totals(connection, _UPTIME_DAYS, rows, is_one="model" in asked)
    return [model_row(row, totals.get(row.id)) for row in rows]


def model_story(engine: Engine, provider: str, model: str, *, limit: int = 50) -> ModelStory | None:
    """Return one model's story; None for a model that nothing is believed of."""
    found = current_models(engine, provider, model=model)
    if not found:
        return None
    told = events(engine, provider=provider, model=model, newest_first=True, limit=limit)
    down = outages(engine, provider=provider, model=model, limit=limit)
    return ModelStory(found[0], tuple(told), tuple(down), last_streamed(engine, provider, model))


def last_streamed(engine: Engine, provider: str, model: str) -> StreamRow | None:
    """Return a model's latest streamed observation, by the id of its sweep; None where it never had one."""
    with reading(engine) as connection:
        row = connection.execute(_streamed(), names(provider, model)).mappings().first()
    return None if row is None else stream_row(row)


@cache
def _believed(asked: AbstractSet[str]) -> Select[Any]:
    return (
        select(PROVIDER, MODEL, t.model.c.id, t.model.c.provider_id, *_BELIEVED)
        .select_from(t.provider)
        .join(t.model, t.model.c.provider_id == t.provider.c.id)
        .join(t.model_state, t.model_state.c.model_id == t.model.c.id)
        .where(*named(asked))
        .order_by(t.provider.c.name, t.model.c.name)
    )


@cache
def _streamed() -> Select[Any]:
    seen, told = t.observation.c, t.streamed.c
    return (
        select(
            PROVIDER,
            MODEL,
            t.streamed,
            (t.sweep.c.started_at + seen.at_ms).label("observed_at"),
            seen.latency_ms,
        )
        .select_from(t.provider)
        .join(t.model, t.model.c.provider_id == t.provider.c.id)
        .join(t.streamed, told.model_id == t.model.c.id)
        .join(t.observation, (seen.model_id == told.model_id) & (seen.sweep_id == told.sweep_id))
        .join(t.sweep, t.sweep.c.id == told.sweep_id)
        .where(*named(["provider", "model"]))
        .order_by(told.sweep_id.desc())
        .limit(1)
    )
