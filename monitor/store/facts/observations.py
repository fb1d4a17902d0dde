"""A sweep's observations as rows, and back: the narrow row, its finding, and what streaming told."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, delete, select

from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import NOT_RECORDED, Outcome
from monitor.store.connection.codecs import batches, moment
from monitor.store.facts.identities import alias_numbers, finding_digest, finding_ids, model_ids, upsert
from monitor.store.schema import alias, finding, model, observation, streamed


def write_observations(
    connection: Connection, provider_id: int, sweep_id: int, seen: Sequence[Observation]
) -> None:
    """Write observations; one of the same model and sweep is overwritten, an equal one left alone."""
    latest = {each.model: each for each in seen}
    models = _write(connection, provider_id, sweep_id, list(latest.values()))
    unstreamed = [models[name] for name, each in latest.items() if not _is_streamed(each)]
    _delete_streamed(connection, sweep_id, unstreamed)


def write_all_observations(
    connection: Connection, provider_id: int, sweep_id: int, seen: Sequence[Observation]
) -> None:
    """Write what is not in the database yet or differs, and delete what the sweep does not say."""
    rows = connection.execute(_select_observations({provider_id}, [sweep_id])).all()
    written = {row.name: _observation(row) for row in rows}
    told = {each.model: each for each in seen}
    _write(
        connection, provider_id, sweep_id, [each for each in told.values() if written.get(each.model) != each]
    )
    streams = {name for name, each in told.items() if _is_streamed(each)}
    stale = [row.model_id for row in rows if _is_streamed(written[row.name]) and row.name not in streams]
    _delete_streamed(connection, sweep_id, stale)
    for batch in batches([row.model_id for row in rows if row.name not in told]):
        extra = (observation.c.sweep_id == sweep_id, observation.c.model_id.in_(batch))
        connection.execute(delete(observation).where(*extra))


def read_observations(
    connection: Connection, providers: set[int], ids: Sequence[int]
) -> dict[int, dict[int, Observation]]:
    """Return the observations of sweeps of these providers by sweep id and model id."""
    found: dict[int, dict[int, Observation]] = {number: {} for number in ids}
    for row in connection.execute(_select_observations(providers, ids)):
        if row.sweep_id in found:
            found[row.sweep_id][row.model_id] = _observation(row)
    return found


def _write(
    connection: Connection, provider_id: int, sweep_id: int, seen: Sequence[Observation]
) -> Mapping[str, int]:
    """Write rows, each model's once; returns the ids of the models. What streaming told before may remain."""
    models = model_ids(connection, provider_id, [each.model for each in seen])
    aliases = alias_numbers(connection, models, seen)
    findings = finding_ids(connection, seen, aliases)
    rows = [
        {
            "model_id": models[each.model],
            "sweep_id": sweep_id,
            "finding_id": findings[finding_digest(each, aliases.get(each.model))],
            "latency_ms": each.latency_ms,
            "at_ms": each.at_ms,
        }
        for each in seen
    ]
    signals = [
        {
            "model_id": models[each.model],
            "sweep_id": sweep_id,
            "first_token_ms": each.first_token_ms,
            "tokens_per_s": each.tokens_per_s,
        }
        for each in seen
        if _is_streamed(each)
    ]
    for table, new in ((observation, rows), (streamed, signals)):
        if new:
            connection.execute(upsert(connection, table), new)
    return models


def _is_streamed(seen: Observation) -> bool:
    return seen.first_token_ms is not None or seen.tokens_per_s is not None


def _delete_streamed(connection: Connection, sweep_id: int, models: Sequence[int]) -> None:
    for batch in batches(models):
        named = (streamed.c.sweep_id == sweep_id, streamed.c.model_id.in_(batch))
        connection.execute(delete(streamed).where(*named))


def _select_observations(providers: set[int], ids: Sequence[int]) -> Select[Any]:
    """Select the observations of all sweeps of a range of ids.

    From the models, so that SQLite walks one range for each of them instead of the whole table. The range is
    said of `streamed` too: Postgres does not conclude it, and would read that table from end to end.
    """
    first, last = min(ids), max(ids)
    is_same = and_(
        streamed.c.model_id == observation.c.model_id,
        streamed.c.sweep_id == observation.c.sweep_id,
        streamed.c.sweep_id.between(first, last),
    )
    return (
        select(
            model.c.name,
            observation.c.model_id,
            observation.c.sweep_id,
            observation.c.latency_ms,
            observation.c.at_ms,
            finding.c.outcome,
            finding.c.reason,
            finding.c.kind,
            finding.c.http_status,
            finding.c.attempts,
            finding.c.retires_at,
            finding.c.detail,
            finding.c.alias,
            alias.c.name.label("served_as"),
            streamed.c.first_token_ms,
            streamed.c.tokens_per_s,
        )
        .select_from(model)
        .join(observation, observation.c.model_id == model.c.id)
        .join(finding, finding.c.id == observation.c.finding_id)
        .outerjoin(alias, (alias.c.model_id == model.c.id) & (alias.c.number == finding.c.alias))
        .outerjoin(streamed, is_same)
        .where(model.c.provider_id.in_(providers), observation.c.sweep_id.between(first, last))
    )


def _observation(row: Row[Any]) -> Observation:
    return Observation(
        model=row.name,
        outcome=Outcome(row.outcome),
        reason=row.reason,
        at_ms=row.at_ms,
        kind=row.kind,
        http_status=row.http_status,
        latency_ms=row.latency_ms,
        attempts=row.attempts,
        retires_at=moment(row.retires_at),
        detail=row.detail,
        first_token_ms=row.first_token_ms,
        tokens_per_s=row.tokens_per_s,
        served_as=NOT_RECORDED if _is_unnamed(row) else row.served_as,
    )


def _is_unnamed(row: Row[Any]) -> bool:
    """Whether an older version kept an answer, and did not look for a name in it."""
    return row.alias is None and row.outcome == Outcome.AVAILABLE
