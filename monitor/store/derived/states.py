"""What is believed of a provider between two sweeps, as rows."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, RowMapping, Select, delete, select

from monitor.clock import to_datetime
from monitor.core.domain.state import ModelState, ProviderState
from monitor.core.domain.vocabulary import Status
from monitor.store.connection.codecs import memory_text, millis, moment, read_memory, stable_json
from monitor.store.connection.engine import reading
from monitor.store.facts.identities import find_provider, model_ids, upsert
from monitor.store.schema import model, model_state, provider_state

_PROVIDER = TypeAdapter(ProviderState)


def load_state(engine: Engine, provider: str) -> ProviderState:
    """Return what is believed of a provider; the empty state for one never heard of."""
    with reading(engine) as connection:
        found = find_provider(connection, provider)
        return ProviderState() if found is None else read_state(connection, found)


def read_state(connection: Connection, provider_id: int) -> ProviderState:
    """Return what is believed of a provider, in the transaction at hand."""
    query = select(provider_state.c.memory).where(provider_state.c.provider_id == provider_id)
    memory = connection.scalar(query)
    if memory is None:
        return ProviderState()
    query_models = (
        select(model.c.name, model_state)
        .join_from(model, model_state)
        .where(model.c.provider_id == provider_id)
    )
    models = {row["name"]: _model_state(row) for row in connection.execute(query_models).mappings()}
    return replace(_PROVIDER.validate_json(memory), models=models)


def save_state(connection: Connection, provider_id: int, state: ProviderState) -> None:
    """Write the rows of a state that differ from those in the database."""
    ids = model_ids(connection, provider_id, list(state.models))
    stored = {row.model_id: tuple(row) for row in connection.execute(_stored_states(provider_id))}
    rows = [state_row(ids[name], known) for name, known in state.models.items()]
    changed = [row for row in rows if tuple(row.values()) != stored.get(row["model_id"])]
    if changed:
        connection.execute(upsert(connection, model_state), changed)
    row = {"provider_id": provider_id, "memory": provider_memory(state)}
    connection.execute(upsert(connection, provider_state), row)


def forget_state(connection: Connection, provider_id: int) -> None:
    """Delete what is believed of a provider; the facts stay."""
    models = select(model.c.id).where(model.c.provider_id == provider_id)
    connection.execute(delete(model_state).where(model_state.c.model_id.in_(models)))
    connection.execute(delete(provider_state).where(provider_state.c.provider_id == provider_id))


def state_row(model_id: int, state: ModelState) -> Mapping[str, Any]:
    """Return the row of a state, in the order of the table's columns."""
    return {
        "model_id": model_id,
        "status": state.status.value,
        "reason": None if state.reason is None else str(state.reason),
        "since": millis(state.since),
        "listed": state.listed,
        "flapping": state.flapping,
        "kind": str(state.kind),
        "last_checked_at": millis(state.last_checked_at),
        "last_available_at": millis(state.last_available_at),
        "http_status": state.http_status,
        "latency_ms": state.latency_ms,
        "retires_at": millis(state.retires_at),
        "served_as": state.served_as,
        "memory": memory_text(state.memory),
    }


def provider_memory(state: ProviderState) -> str:
    """Return what a provider's row remembers, without its models; what is at its default is left out."""
    return stable_json(_PROVIDER.dump_python(state, exclude={"models"}, exclude_defaults=True))


def state_document(state: ProviderState) -> str:
    """Return a whole state as JSON."""
    models = {name: state_row(0, known) for name, known in state.models.items()}
    return stable_json({"memory": provider_memory(state), "models": models})


def read_document(document: str) -> ProviderState:
    """Return the state of `state_document`."""
    found = json.loads(document)
    models = {name: _model_state(row) for name, row in found["models"].items()}
    return replace(_PROVIDER.validate_json(found["memory"]), models=models)


def _stored_states(provider_id: int) -> Select[Any]:
    return select(model_state).join_from(model, model_state).where(model.c.provider_id == provider_id)


def _model_state(row: Mapping[str, Any] | RowMapping) -> ModelState:
    return ModelState(
        status=Status(row["status"]),
        reason=row["reason"],
        since=to_datetime(row["since"]),
        listed=row["listed"],
        flapping=row["flapping"],
        kind=row["kind"],
        last_checked_at=moment(row["last_checked_at"]),
        last_available_at=moment(row["last_available_at"]),
        http_status=row["http_status"],
        latency_ms=row["latency_ms"],
        retires_at=moment(row["retires_at"]),
        served_as=row.get("served_as"),  # horizons of older databases do not have it
        memory=read_memory(row["memory"]),
    )
