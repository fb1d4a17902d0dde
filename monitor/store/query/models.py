"""What is believed of models now, and the story of one."""

from collections.abc import Set as AbstractSet
from functools import cache
from typing import Any

from sqlalchemy import Engine, Select, select

from monitor.core.domain.fields import field_types
from monitor.core.history.rows import ModelRow, ModelStory, StreamRow, percent
from monitor.store import schema as t
from monitor.store.connection.columns import read_value
from monitor.store.connection.engine import reading
from monitor.store.query.daily import Totals
from monitor.store.query.events import events
from monitor.store.query.filters import MODEL, PROVIDER, models, named, names
from monitor.store.query.outages import outages
from monitor.store.query.uptime import latest_totals

_UPTIME_DAYS = 30  # of model_status
_STATE = tuple(t.model_state.c[name] for name in field_types(ModelRow) if name in t.model_state.c)


def current_models(
    engine: Engine, provider: str | None = None, *, model: str | None = None
) -> list[ModelRow]:
    """Return what is believed of every model, by provider and id."""
    params = names(provider, model)
    with reading(engine) as connection:
        rows = connection.execute(_believed(frozenset(params)), params).mappings().all()
        owners = [(row["provider_id"], row["id"]) for row in rows]
        totals = latest_totals(connection, _UPTIME_DAYS, owners, is_one="model" in params)
    return [read_value(ModelRow, row, uptime_30d=_uptime_percent(totals.get(row["id"]))) for row in rows]


def model_keys(engine: Engine) -> list[tuple[str, str]]:
    """Return the provider and id of every model, by these: far quicker than what is believed of them."""
    with reading(engine) as connection:
        return [(row.provider, row.model) for row in models(connection, {})]


def model_story(engine: Engine, provider: str, model: str, *, limit: int = 50) -> ModelStory | None:
    """Return one model's story; None for a model that nothing is believed of."""
    rows = current_models(engine, provider, model=model)
    if not rows:
        return None
    changes = events(engine, provider=provider, model=model, newest_first=True, limit=limit)
    down = outages(engine, provider=provider, model=model, limit=limit)
    return ModelStory(rows[0], tuple(changes), tuple(down), last_streamed(engine, provider, model))


def last_streamed(engine: Engine, provider: str, model: str) -> StreamRow | None:
    """Return a model's latest streamed observation, by the id of its sweep; None where it never had one."""
    with reading(engine) as connection:
        row = connection.execute(_streamed(), names(provider, model)).mappings().first()
    return None if row is None else read_value(StreamRow, row)


def _uptime_percent(totals: Totals | None) -> float | None:
    _, answered, unavailable, _ = totals or (0, 0, 0, 0)
    return percent(answered, answered + unavailable)


@cache
def _believed(params: AbstractSet[str]) -> Select[Any]:
    return (
        select(PROVIDER, MODEL, t.model.c.id, t.model.c.provider_id, t.model.c.publisher, *_STATE)
        .select_from(t.provider)
        .join(t.model, t.model.c.provider_id == t.provider.c.id)
        .join(t.model_state, t.model_state.c.model_id == t.model.c.id)
        .where(*named(params))
        .order_by(t.provider.c.name, t.model.c.name)
    )


@cache
def _streamed() -> Select[Any]:
    own, stream = t.observation.c, t.streamed.c
    return (
        select(
            PROVIDER,
            MODEL,
            t.streamed,
            (t.sweep.c.started_at + own.at_ms).label("observed_at"),
            own.latency_ms,
        )
        .select_from(t.provider)
        .join(t.model, t.model.c.provider_id == t.provider.c.id)
        .join(t.streamed, stream.model_id == t.model.c.id)
        .join(t.observation, (own.model_id == stream.model_id) & (own.sweep_id == stream.sweep_id))
        .join(t.sweep, t.sweep.c.id == stream.sweep_id)
        .where(*named(["provider", "model"]))
        .order_by(stream.sweep_id.desc())
        .limit(1)
    )
