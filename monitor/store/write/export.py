"""Whole sweeps out of the database, as `read_sweeps` gives them, without an object for each observation.

The database joins the numbers of a model's observations in some sweeps to one text a column.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    Select,
    Text,
    bindparam,
    cast,
    func,
    select,
)

from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import NOT_RECORDED, Cause, Outcome, Verdict
from monitor.core.history.columns.batch import BatchedSweep, ModelColumns, Prototype, SweepBatch
from monitor.store import schema as t
from monitor.store.connection.codecs import batches
from monitor.store.connection.columns import read_value
from monitor.store.connection.engine import reading
from monitor.store.facts.identities import catalog_members
from monitor.store.facts.origins import read_origins
from monitor.store.write.import_export import is_exported, with_earlier_origins

_SWEEPS_AT_ONCE: Final = 100  # so many are in memory
_MOST_PROTOTYPES: Final = 50_000  # kept from one batch to the next


def read_batches(
    engine: Engine,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    providers: Collection[str] = (),
) -> Iterator[SweepBatch]:
    """Read what `read_sweeps` reads, in the same order; one batch is in memory at a time."""
    begun, own = set[str](), t.sweep.c
    query = select(own.id).where(*is_exported(since, until, providers)).order_by(own.started_at, own.id)
    with reading(engine) as connection:
        prototypes = _Prototypes(connection)
        for ids in batches(connection.scalars(query).all(), _SWEEPS_AT_ONCE):
            yield _read_batch(connection, prototypes, ids, begun)


def _read_batch(
    connection: Connection, prototypes: "_Prototypes", ids: Sequence[int], begun: set[str]
) -> SweepBatch:
    rows = connection.execute(_sweeps(), {"ids": ids}).mappings().all()
    owners = {row["provider_id"] for row in rows}
    names = {row.id: row.name for row in connection.execute(_names(), {"owners": owners})}
    params = {"owners": owners, "first": min(ids), "last": max(ids)}
    columns = _read_columns(connection, prototypes, names, params)
    members = catalog_members(connection, {row["catalog_id"] for row in rows} - {None})
    origins = read_origins(connection, ids)
    sweeps = []
    for row in rows:
        models = members.get(row["catalog_id"]) or _observed(row["id"], columns, names)
        listed = tuple(names[number] for number in models)
        others = {"listed": listed, "observations": (), "origins": origins.get(row["id"], ())}
        sweep = read_value(Sweep, row, **_decided(row), **others)
        if sweep.provider not in begun:
            begun.add(sweep.provider)
            sweep = with_earlier_origins(connection, sweep)
        sweeps.append(BatchedSweep(row["id"], sweep, models))
    return SweepBatch(sweeps, columns)


def _observed(sweep: int, columns: Sequence[ModelColumns], names: Mapping[int, str]) -> Sequence[int]:
    """Return the models that a sweep observed, in the order in which it did.

    Where it was cut short before its catalog was kept, what was observed was listed.
    """
    moments = {
        own.model_id: int(own.moments[own.sweeps.index(sweep)]) for own in columns if sweep in own.sweeps
    }
    return sorted(moments, key=lambda number: (moments[number], names[number]))


def _decided(row: RowMapping) -> dict[str, object]:
    """Return verdict, cause and detail: those of its record for an imported sweep."""
    detail = row["detail"] if row["voided"] is None else row["voided"]
    if not row["imported"] and row["verdict"] is not None:
        return {"verdict": Verdict(row["verdict"]), "cause": row["cause"], "detail": detail}
    if row["voided"] is not None:
        return {"verdict": Verdict.INCONCLUSIVE, "cause": Cause.VOIDED, "detail": detail}
    reported = row["reported_verdict"]
    return {
        "verdict": None if reported is None else Verdict(reported),
        "cause": row["reported_cause"],
        "detail": detail,
    }


def _read_columns(
    connection: Connection, prototypes: "_Prototypes", names: Mapping[int, str], params: Mapping[str, Any]
) -> Sequence[ModelColumns]:
    """Return the observations of sweeps in a range of ids."""
    streams = {
        (sweep, number): (first, speed)
        for number, sweep, first, speed in connection.execute(_streamed(), params)
    }
    joined = [
        (number, [text.split(",") for text in texts])
        for number, *texts in connection.execute(_joined(), params)
    ]
    prototypes.learn({number: set(texts[1]) for number, texts in joined}, names)
    columns = []
    for number, (sweeps, numbers, latencies, moments) in joined:
        ids = [*map(int, sweeps)]
        own = [*map(prototypes.of(number).__getitem__, numbers)]
        streamed = [streams.get((sweep, number)) for sweep in ids] if streams else ()
        columns.append(ModelColumns(number, ids, own, latencies, moments, streamed))
    return columns


class _Prototypes:
    """What observations share, by the model's id and the finding's id in digits."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._by_model = defaultdict[int, dict[str, Prototype]](dict)

    def of(self, model_id: int) -> Mapping[str, Prototype]:
        """Return those of a model."""
        return self._by_model[model_id]

    def learn(self, wanted: Mapping[int, Collection[str]], names: Mapping[int, str]) -> None:
        """Read those that are wanted by these models and are not known yet."""
        if sum(map(len, self._by_model.values())) > _MOST_PROTOTYPES:
            self._by_model.clear()
        new = {
            number: missing
            for number, ids in wanted.items()
            if (missing := set(ids) - self._by_model[number].keys())
        }
        rows = self._rows({int(text) for texts in new.values() for text in texts})
        served = self._served(list(new)) if any(row["alias"] for row in rows.values()) else {}
        for number, texts in new.items():
            for text in texts:
                self._by_model[number][text] = _prototype(rows[text], number, names[number], served)

    def _rows(self, ids: Collection[int]) -> Mapping[str, RowMapping]:
        query, rows = select(t.finding), dict[str, RowMapping]()
        for batch in batches(sorted(ids)):
            for row in self._connection.execute(query.where(t.finding.c.id.in_(batch))).mappings():
                rows[str(row["id"])] = row
        return rows

    def _served(self, models: Sequence[int]) -> Mapping[tuple[int, int], str]:
        served = dict[tuple[int, int], str]()
        for batch in batches(models):
            query = select(t.alias.c.model_id, t.alias.c.number, t.alias.c.name)
            for number, place, name in self._connection.execute(query.where(t.alias.c.model_id.in_(batch))):
                served[number, place] = name
        return served


def _prototype(row: RowMapping, number: int, name: str, served: Mapping[tuple[int, int], str]) -> Prototype:
    # Older versions kept answers without looking for a name in them.
    is_unnamed = row["alias"] is None and row["outcome"] == Outcome.AVAILABLE
    served_as = NOT_RECORDED if is_unnamed else served.get((number, row["alias"]))
    return Prototype(
        read_value(
            Observation,
            row,
            model=name,
            served_as=served_as,
            at_ms=0,
            latency_ms=None,
            first_token_ms=None,
            tokens_per_s=None,
        )
    )


@cache
def _sweeps() -> Select[Any]:
    return (
        select(t.sweep, t.provider.c.name.label("provider"))
        .join(t.provider, t.provider.c.id == t.sweep.c.provider_id)
        .where(t.sweep.c.id.in_(bindparam("ids", expanding=True)))
        .order_by(t.sweep.c.started_at, t.sweep.c.id)  # IN gives no order
    )


@cache
def _names() -> Select[Any]:
    return select(t.model.c.id, t.model.c.name).where(_is_owned())


@cache
def _joined() -> Select[Any]:
    """Ask for the observations of some sweeps: a row for each model, its columns joined to texts."""
    own = t.observation.c
    texts: list[ColumnElement[Any]] = [
        func.aggregate_strings(func.coalesce(cast(column, Text), ""), ",")
        for column in (own.sweep_id, own.finding_id, own.latency_ms, own.at_ms)
    ]
    return (
        # from the models: SQLite then walks one range of the key for each of them
        select(t.model.c.id, *texts)
        .join_from(t.model, t.observation, own.model_id == t.model.c.id)
        .where(_is_owned(), own.sweep_id.between(bindparam("first"), bindparam("last")))
        .group_by(t.model.c.id)
    )


@cache
def _streamed() -> Select[Any]:
    own = t.streamed.c
    return (
        select(own.model_id, own.sweep_id, own.first_token_ms, own.tokens_per_s)
        .join_from(t.model, t.streamed, own.model_id == t.model.c.id)
        .where(_is_owned(), own.sweep_id.between(bindparam("first"), bindparam("last")))
    )


def _is_owned() -> ColumnElement[bool]:
    return t.model.c.provider_id.in_(bindparam("owners", expanding=True))
