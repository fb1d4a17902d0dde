"""What catalogs say of models' origins, as facts of sweeps, and the publishers that follow."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Select, bindparam, select, update

from monitor.core.domain.sweep import ModelOrigin
from monitor.core.history.publishers import publishers
from monitor.store.connection.codecs import batches, millis
from monitor.store.connection.columns import read_value
from monitor.store.facts.identities import upsert
from monitor.store.schema import model, origin, sweep

_PUBLISH: Final = update(model).where(model.c.id == bindparam("of_model")).values(publisher=bindparam("by"))


def latest_origins(
    connection: Connection, provider_id: int, before: int | None = None
) -> dict[str, ModelOrigin]:
    """Return what catalogs said last of each model's origin: of all sweeps, or those started before (ms)."""
    query = _latest(is_limited=before is not None)
    rows = connection.execute(query, {"owner": provider_id, "before": before}).mappings()
    return {name: _merged(said) for name, said in groupby(rows, key=lambda row: row["model"])}


def _merged(said: Iterable[RowMapping]) -> ModelOrigin:
    """Return the latest word on each: a catalog may leave one of them out."""
    *_, last = said_so_far(read_value(ModelOrigin, row) for row in said)
    return last


def said_so_far(origins: Iterable[ModelOrigin]) -> Iterable[ModelOrigin]:
    """Give what is known after each of a model's origins, the oldest first."""
    known: ModelOrigin | None = None
    for said in origins:
        known = ModelOrigin(
            said.model,
            said.owned_by or (known.owned_by if known else None),
            (known.created if known else None) or said.created,
        )
        yield known


def write_origins(
    connection: Connection,
    provider_id: int,
    sweep_id: int,
    models: Mapping[str, int],
    said: Sequence[ModelOrigin],
) -> None:
    """Write what a sweep's catalog says of models, and the publishers that follow."""
    rows = [
        {
            "model_id": models[each.model],
            "sweep_id": sweep_id,
            "owned_by": each.owned_by,
            "created": millis(each.created),
        }
        for each in said
        if each.model in models
    ]
    if rows:
        connection.execute(upsert(connection, origin), rows)
        settle_publishers(connection, provider_id)


def settle_publishers(connection: Connection, provider_id: int) -> None:
    """Bring each model's publisher to the one that follows from the provider's ids and origins."""
    query = select(model.c.name, model.c.id, model.c.publisher).where(model.c.provider_id == provider_id)
    stand = connection.execute(query).all()
    known = latest_origins(connection, provider_id)
    owners = {name: known[name].owned_by if name in known else None for name, _, _ in stand}
    follow = publishers(owners)
    changed = [{"of_model": number, "by": follow[name]} for name, number, by in stand if follow[name] != by]
    if changed:
        connection.execute(_PUBLISH, changed)


def read_origins(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[ModelOrigin, ...]]:
    """Return what the catalogs of these sweeps said, by sweep id, in the order of the models' names."""
    origins: dict[int, tuple[ModelOrigin, ...]] = {}
    for batch in batches(ids):
        query = _origins().where(origin.c.sweep_id.in_(batch)).order_by(origin.c.sweep_id, model.c.name)
        rows = connection.execute(query).mappings().all()
        for number, said in groupby(rows, key=lambda row: row["sweep_id"]):
            origins[number] = tuple(read_value(ModelOrigin, row) for row in said)
    return origins


@cache
def _latest(*, is_limited: bool) -> Select[Any]:
    query = _origins().where(model.c.provider_id == bindparam("owner"))
    if is_limited:
        query = query.where(sweep.c.started_at < bindparam("before"))
    return query.order_by(model.c.id, sweep.c.started_at, sweep.c.id)


def _origins() -> Select[Any]:
    return (
        select(model.c.name.label("model"), origin)
        .join_from(origin, model, model.c.id == origin.c.model_id)
        .join(sweep, sweep.c.id == origin.c.sweep_id)
    )
