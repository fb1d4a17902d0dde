"""A sweep's observations as rows, and back: the narrow row, its finding, and what streaming measured."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, Select, Table, and_, delete, select

from monitor.core.domain.fields import field_types
from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import NOT_RECORDED, Outcome
from monitor.store.connection.codecs import batches
from monitor.store.connection.columns import read_values
from monitor.store.facts.identities import Identities, alias_numbers, finding_ids, model_ids
from monitor.store.facts.rows import add_rows, overwrite_rows
from monitor.store.schema import alias, finding, model, observation, streamed

# Where the fields of an observation are kept: a column of the same name says so.
_OWN, _REPEATED, _OF_STREAMS = (
    [table.c[name] for name in field_types(Observation) if name in table.c]
    for table in (observation, finding, streamed)
)
_NOT_STREAMED: Final = (None, None)
_BY_NAME: Final = {
    "model": model.c.name,
    "served_as": alias.c.name,
    **{column.name: column for column in (*_OWN, *_REPEATED, *_OF_STREAMS)},
}
_FIELDS: Final = [_BY_NAME[name] for name in field_types(Observation)]


def write_observations(
    connection: Connection,
    provider_id: int,
    sweep_id: int,
    observations: Iterable[Observation],
    known: Identities | None = None,
    *,
    tried: Collection[str] | None = None,
) -> Mapping[str, int]:
    """Write observations over those of the same models and sweep, equal ones aside; returns model ids.

    `known` are ids found before, and gets those found now. `tried` are the models that the sweep may have an
    observation of already; of others none is looked for. None if any may be there.
    """
    latest = {result.model: result for result in observations}  # the last one counts
    models = model_ids(connection, provider_id, list(latest), known)
    aliases = alias_numbers(connection, models, latest.values(), known)
    findings = finding_ids(connection, latest.values(), aliases, known)
    rows = [
        (models[name], sweep_id, findings[name], result.latency_ms, result.at_ms)
        for name, result in latest.items()
    ]
    streams = {name: (result.first_token_ms, result.tokens_per_s) for name, result in latest.items()}
    streams = {name: values for name, values in streams.items() if values != _NOT_STREAMED}
    older = [name for name in latest if tried is None or name in tried]
    # an answer that was streamed before and is not now
    _delete(connection, streamed, sweep_id, [models[name] for name in older if name not in streams])
    write = overwrite_rows if older else add_rows
    write(connection, observation, rows)
    write(connection, streamed, [(models[name], sweep_id, *values) for name, values in streams.items()])
    return models


def write_all_observations(
    connection: Connection, provider_id: int, sweep_id: int, observations: Iterable[Observation]
) -> None:
    """Bring a sweep's observations to these: write what a lost batch held, delete what does not hold."""
    models = write_observations(connection, provider_id, sweep_id, observations)
    of_provider = select(model.c.id).where(model.c.provider_id == provider_id)
    stored = select(observation.c.model_id).where(
        observation.c.model_id.in_(of_provider), observation.c.sweep_id == sweep_id
    )
    extra = set(connection.scalars(stored)).difference(models.values())
    delete_observations(connection, sweep_id, list(extra))


def delete_observations(connection: Connection, sweep_id: int, models: Sequence[int]) -> None:
    """Delete a sweep's observations of these models, and what was streamed of them."""
    _delete(connection, observation, sweep_id, models)


def read_observations(
    connection: Connection, providers: set[int], ids: Sequence[int]
) -> dict[int, dict[int, Observation]]:
    """Return the observations of sweeps of these providers by sweep id and model id."""
    observations: dict[int, dict[int, Observation]] = {number: {} for number in ids}
    # as tuples: a history has millions, and looking columns up by name takes as long as all else
    for sweep_id, model_id, number, *values in connection.execute(_select_observations(providers, ids)):
        if sweep_id in observations:
            observations[sweep_id][model_id] = _observation(number, values)
    return observations


def _delete(connection: Connection, table: Table, sweep_id: int, models: Sequence[int]) -> None:
    for batch in batches(models):
        named = (table.c.sweep_id == sweep_id, table.c.model_id.in_(batch))
        connection.execute(delete(table).where(*named))


def _select_observations(providers: set[int], ids: Sequence[int]) -> Select[Any]:
    """Select the observations of all sweeps of a range of ids.

    From the models, so that SQLite walks one range for each of them instead of the whole table. The range is
    said of `streamed` too: Postgres does not conclude it, and would read that table from end to end.
    """
    first, last = min(ids), max(ids)  # a range of ids: SQLite finds rows by model and sweep
    is_same = and_(
        streamed.c.model_id == observation.c.model_id,
        streamed.c.sweep_id == observation.c.sweep_id,
        streamed.c.sweep_id.between(first, last),
    )
    return (
        select(observation.c.sweep_id, observation.c.model_id, finding.c.alias, *_FIELDS)
        .select_from(model)
        .join(observation, observation.c.model_id == model.c.id)
        .join(finding, finding.c.id == observation.c.finding_id)
        .outerjoin(alias, (alias.c.model_id == model.c.id) & (alias.c.number == finding.c.alias))
        .outerjoin(streamed, is_same)
        .where(model.c.provider_id.in_(providers), observation.c.sweep_id.between(first, last))
    )


def _observation(alias_number: int | None, values: Sequence[Any]) -> Observation:
    made = read_values(Observation, values)
    # Older versions kept answers without looking for a name in them.
    is_unnamed = alias_number is None and made.outcome == Outcome.AVAILABLE
    return replace(made, served_as=NOT_RECORDED) if is_unnamed else made
