"""What is believed of a provider between two sweeps, as rows."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, delete, select

from monitor.core.domain.state import ModelState, ProviderState
from monitor.store.connection.codecs import stable_json
from monitor.store.connection.columns import columns_of, read_value
from monitor.store.connection.engine import reading
from monitor.store.facts.identities import find_provider, model_ids, upsert
from monitor.store.facts.rows import overwrite_rows, renew_rows
from monitor.store.schema import model, model_state, provider_state

_PROVIDER = TypeAdapter(ProviderState)
_DEFAULTS = {field.name: field.default for field in fields(ModelState) if field.default is not MISSING}


def load_state(engine: Engine, provider: str) -> ProviderState:
    """Return what is believed of a provider; the empty state for one never heard of."""
    with reading(engine) as connection:
        owner = find_provider(connection, provider)
        return ProviderState() if owner is None else read_state(connection, owner)


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
    rows = connection.execute(query_models).mappings()
    models = {row["name"]: read_value(ModelState, row) for row in rows}
    return replace(_PROVIDER.validate_json(memory), models=models)


def save_state(connection: Connection, provider_id: int, state: ProviderState) -> None:
    """Write the rows of a state that differ from those in the database."""
    ids = model_ids(connection, provider_id, list(state.models))
    query = select(model_state).join_from(model, model_state).where(model.c.provider_id == provider_id)
    stored = {row.model_id: tuple(row) for row in connection.execute(query)}
    rows = [state_row(ids[name], believed) for name, believed in state.models.items()]
    # few of many rows change in a sweep; an unchanged one costs no write
    changed = [row for row in rows if tuple(row.values()) != stored.get(row["model_id"])]
    overwrite_rows(connection, model_state, [tuple(row.values()) for row in changed])
    _save_memory(connection, provider_id, state)


def save_changes(
    connection: Connection,
    provider_id: int,
    before: ProviderState,
    after: ProviderState,
    ids: Mapping[str, int],
) -> None:
    """Write what changed of a state, `before` being what stands; `ids` are those of most models."""
    changed = {name: state for name, state in after.models.items() if before.models.get(name) != state}
    if others := [name for name in changed if name not in ids]:
        ids = {**ids, **model_ids(connection, provider_id, others)}
    rows = [tuple(state_row(ids[name], state).values()) for name, state in changed.items()]
    renew_rows(connection, model_state, rows)
    _save_memory(connection, provider_id, after)


def _save_memory(connection: Connection, provider_id: int, state: ProviderState) -> None:
    row = {"provider_id": provider_id, "memory": provider_memory(state)}
    connection.execute(upsert(connection, provider_state), row)


def forget_state(connection: Connection, provider_id: int) -> None:
    """Delete what is believed of a provider; the facts stay."""
    models = select(model.c.id).where(model.c.provider_id == provider_id)
    connection.execute(delete(model_state).where(model_state.c.model_id.in_(models)))
    connection.execute(delete(provider_state).where(provider_state.c.provider_id == provider_id))


def state_row(model_id: int, state: ModelState) -> Mapping[str, Any]:
    """Return the row of a state, in the order of the table's columns."""
    return {"model_id": model_id, **columns_of(state)}


def provider_memory(state: ProviderState) -> str:
    """Return what a provider's row remembers, without its models; what is at its default is left out."""
    return stable_json(_PROVIDER.dump_python(state, exclude={"models"}, exclude_defaults=True))


def state_document(state: ProviderState) -> str:
    """Return a whole state as JSON."""
    models = {name: state_row(0, believed) for name, believed in state.models.items()}
    return stable_json({"memory": provider_memory(state), "models": models})


def read_document(document: str) -> ProviderState:
    """Return the state of `state_document`."""
    stored = json.loads(document)
    # Horizons of older databases do not have the latest fields.
    models = {name: read_value(ModelState, _DEFAULTS | row) for name, row in stored["models"].items()}
    return replace(_PROVIDER.validate_json(stored["memory"]), models=models)
