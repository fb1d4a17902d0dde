"""Narrows what is read to a provider or a model by name: conditions of a statement, and the values for it."""

from collections.abc import Container, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, select, tuple_

from monitor.store import schema as t
from monitor.store.connection.codecs import is_storable

PROVIDER: Final = t.provider.c.name.label("provider")
MODEL: Final = t.model.c.name.label("model")
_COLUMNS: Final = {"provider": t.provider.c.name, "model": t.model.c.name}

Names = dict[str, str | None]


def names(provider: str | None, model: str | None = None) -> Names:
    """Return the names that are asked for, as values of a statement with the conditions of `named`.

    One that no database can hold is NULL there: nothing equals that.
    """
    params = {"provider": provider, "model": model}
    return {key: name if is_storable(name) else None for key, name in params.items() if name is not None}


def named(params: Container[str]) -> list[ColumnElement[bool]]:
    """Return the conditions on those of "provider" and "model" that are asked for."""
    return [column == bindparam(key) for key, column in _COLUMNS.items() if key in params]


def of_named_provider(column: ColumnElement[int]) -> ColumnElement[bool]:
    """Return the condition that a column is the id of the provider asked for.

    By a join with its name Postgres would go through all that the column's index has instead of to its end.
    """
    return column == select(t.provider.c.id).where(*named(["provider"])).scalar_subquery()


def of_providers() -> Select[Any]:
    """Return the ids of the providers that "providers" names."""
    return select(t.provider.c.id).where(t.provider.c.name.in_(bindparam("providers", expanding=True)))


def of_keys() -> Select[Any]:
    """Return the ids of the models that "keys" names, each with its provider."""
    return (
        select(t.model.c.id)
        .join(t.provider, t.provider.c.id == t.model.c.provider_id)
        .where(tuple_(t.provider.c.name, t.model.c.name).in_(bindparam("keys", expanding=True)))
    )


def models(connection: Connection, params: Names) -> Sequence[Row[Any]]:
    """Return `provider`, `model`, `provider_id` and `id` of the models that are asked for, by their names."""
    return connection.execute(_models(frozenset(params)), params).all()


@cache
def _models(params: AbstractSet[str]) -> Select[Any]:
    return (
        select(PROVIDER, MODEL, t.model.c.provider_id, t.model.c.id)
        .join_from(t.provider, t.model, t.model.c.provider_id == t.provider.c.id)
        .where(*named(params))
        .order_by(t.provider.c.name, t.model.c.name)
    )
