"""A sweep as facts: written once, read back as the same core value."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, RowMapping, bindparam, select, update

from monitor.clock import to_datetime, to_millis
from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import UNASKED, Cause, Outcome, Verdict
from monitor.core.lifecycle.fold import is_tracked
from monitor.store.connection.codecs import batches, read_policy
from monitor.store.connection.columns import columns_of, read_value
from monitor.store.facts.identities import (
    Identities,
    catalog_id,
    catalog_members,
    insert_new,
    model_ids,
    note_untracked,
)
from monitor.store.facts.observations import (
    delete_observations,
    read_observations,
    write_all_observations,
    write_observations,
)
from monitor.store.facts.origins import read_origins, write_origins
from monitor.store.facts.progress import Progress
from monitor.store.schema import gap, model, policy, provider, sweep

_OF_CATALOG = ("duplicates", "rejected", "requests")
CHANGE_SWEEP: Final = update(sweep).where(sweep.c.id == bindparam("of_sweep"))  # its columns are parameters
_SWEEPS_AT_ONCE = 100  # so many are in memory while a history is read


@dataclass(frozen=True, slots=True)
class StoredSweep:
    """A finished sweep with its id and the policy stored beside it."""

    id: int
    sweep: Sweep
    policy: Policy


def write_facts(
    connection: Connection,
    provider_id: int,
    policy_id: int,
    stored: StoredSweep,
    progress: Progress | None = None,
) -> Mapping[str, int]:
    """Bring the facts of a sweep, whose row exists, to those of the value; returns the ids of its models.

    With the `progress` of the process that opened it, only what that has not written yet.
    """
    facts, known = stored.sweep, progress.known.copy() if progress else None
    models = _known(connection, provider_id, policy_id, stored, known)
    if progress is None:
        write_all_observations(connection, provider_id, stored.id, facts.observations)
    else:
        _write_rest(connection, stored, progress, known)
    gaps = [{"model_id": models[name], "sweep_id": stored.id} for name in gaps_of(facts, stored.policy)]
    if gaps:
        connection.execute(insert_new(connection, gap), gaps)
    has_catalog = progress is not None and progress.has_catalog_of(facts)
    columns = {
        "catalog_id": progress.catalog_id
        if progress and has_catalog
        else _listing(connection, provider_id, models, facts),
        **columns_of(facts, _OF_CATALOG),
        **_end_columns(facts),
    }
    connection.execute(CHANGE_SWEEP, {"of_sweep": stored.id, **columns})
    if not has_catalog:
        write_origins(connection, provider_id, stored.id, models, facts.origins)
    return models


def _write_rest(
    connection: Connection, stored: StoredSweep, progress: Progress, known: Identities | None
) -> None:
    """Write the observations not known to be stored, and delete what a lost batch may hold beside them."""
    observations = stored.sweep.observations
    rest = progress.unstored(observations)
    write_observations(connection, progress.owner, stored.id, rest, known, tried=progress.tried)
    extra = progress.tried.difference(result.model for result in observations)
    if extra:
        models = model_ids(connection, progress.owner, sorted(extra), known)
        delete_observations(connection, stored.id, list(models.values()))


def write_catalog(
    connection: Connection,
    provider_id: int,
    policy_id: int,
    stored: StoredSweep,
    known: Identities | None = None,
) -> int | None:
    """Write what reading the catalog gave of a sweep that goes on; returns the id of its listing."""
    models = _known(connection, provider_id, policy_id, stored, known)
    number = _listing(connection, provider_id, models, stored.sweep)
    columns = {
        "catalog_id": number,
        "listed": len(stored.sweep.listed),
        **columns_of(stored.sweep, _OF_CATALOG),
    }
    connection.execute(CHANGE_SWEEP, {"of_sweep": stored.id, **columns})
    write_origins(connection, provider_id, stored.id, models, stored.sweep.origins)
    return number


def gaps_of(facts: Sweep, rules: Policy) -> tuple[str, ...]:
    """Return the listed and tracked ids without an observation (rules.md 1)."""
    observed = {observation.model for observation in facts.observations}
    return tuple(name for name in facts.listed if name not in observed and is_tracked(name, rules))


def counts_of(facts: Sweep, rules: Policy, verdict: Verdict) -> Mapping[str, int]:
    """Return the counts of a sweep by outcome; a gap of a conclusive one counts as unknown."""
    counts = dict.fromkeys((outcome.value for outcome in Outcome), 0)
    for observation in facts.observations:
        counts[observation.outcome.value] += 1
    if verdict is Verdict.CONCLUSIVE:
        counts[Outcome.UNKNOWN.value] += len(gaps_of(facts, rules))
    probed = sum(observation.reason not in UNASKED for observation in facts.observations)
    return {"listed": len(facts.listed), "probed": probed, **counts}


def read_stored(connection: Connection, *conditions: ColumnElement[bool]) -> Iterator[StoredSweep]:
    """Read the sweeps that meet the conditions on `sweep`, by start and id, a bounded number at a time."""
    keys = (
        connection.execute(select(sweep.c.id).where(*conditions).order_by(sweep.c.started_at, sweep.c.id))
        .scalars()
        .all()
    )  # ids first: they are small, and the sweeps come in batches
    for batch in batches(keys, _SWEEPS_AT_ONCE):
        yield from _read_batch(connection, batch)


def _read_batch(connection: Connection, ids: Sequence[int]) -> Iterator[StoredSweep]:
    query = (
        select(sweep, provider.c.name.label("provider"), policy.c.document)
        .join(provider, provider.c.id == sweep.c.provider_id)
        .join(policy, policy.c.id == sweep.c.policy_id)
        .where(sweep.c.id.in_(ids))
        .order_by(sweep.c.started_at, sweep.c.id)  # IN gives no order
    )
    rows = connection.execute(query).mappings().all()
    catalogs = catalog_members(
        connection, (row["catalog_id"] for row in rows if row["catalog_id"] is not None)
    )
    observed = read_observations(connection, {row["provider_id"] for row in rows}, ids)
    names = _names(connection, {row["provider_id"] for row in rows})
    origins = read_origins(connection, ids)
    for row in rows:
        members = catalogs.get(row["catalog_id"], [])
        yield StoredSweep(
            row["id"],
            replace(
                _sweep(row, members, observed.get(row["id"], {}), names), origins=origins.get(row["id"], ())
            ),
            read_policy(row["document"]),
        )


def _sweep(
    row: RowMapping, members: Sequence[int], observed: Mapping[int, Observation], names: Mapping[int, str]
) -> Sweep:
    ordered = [observed[number] for number in members if number in observed]
    if not members:  # cut short before its catalog was kept: what was observed was listed
        ordered = sorted(observed.values(), key=lambda observation: (observation.at_ms, observation.model))
    listed = tuple(names[number] for number in members) or tuple(observation.model for observation in ordered)
    verdict, cause, detail = _said(row)
    # a running sweep has no end: it is read as far as it came
    finished_at = row["finished_at"] if row["finished_at"] is not None else _last_moment(row, ordered)
    return read_value(
        Sweep,
        row,
        listed=listed,
        observations=tuple(ordered),
        finished_at=to_datetime(finished_at),
        verdict=verdict,
        cause=cause,
        detail=detail,
        origins=(),
    )


def _said(row: RowMapping) -> tuple[Verdict | None, str | None, str | None]:
    """Return verdict, cause and detail as they were given; those of a voided sweep are the operator's."""
    if row["voided"] is not None:
        return Verdict.INCONCLUSIVE, Cause.VOIDED, row["voided"]
    verdict = None if row["reported_verdict"] is None else Verdict(row["reported_verdict"])
    return verdict, row["reported_cause"], row["detail"]


def _last_moment(row: RowMapping, observed: Sequence[Observation]) -> int:
    latest: int = row["started_at"] + max((observation.at_ms for observation in observed), default=0)
    return latest


def _known(
    connection: Connection,
    provider_id: int,
    policy_id: int,
    stored: StoredSweep,
    known: Identities | None = None,
) -> Mapping[str, int]:
    """Return the ids of all models that a sweep names, those its policy excludes noted as such.

    Also if they were noted before: a rebuild meanwhile has forgotten those of running sweeps.
    """
    facts = stored.sweep
    names = [*facts.listed, *(observation.model for observation in facts.observations)]
    models = model_ids(connection, provider_id, names, known)
    note_untracked(connection, policy_id, stored.policy, models)
    return models


def _listing(connection: Connection, provider_id: int, models: Mapping[str, int], facts: Sweep) -> int | None:
    members = [models[name] for name in facts.listed]
    # NULL where the catalog could not be read: an empty list would say that it was
    return catalog_id(connection, provider_id, members) if members else None


def _end_columns(facts: Sweep) -> Mapping[str, Any]:
    latest = max((observation.at_ms for observation in facts.observations), default=0)
    return {
        **columns_of(facts, ("finished_at", "accepted", "detail")),
        "observed_until": to_millis(facts.started_at) + latest,  # indexed: finds sweeps of a window
        "reported_verdict": None if facts.verdict is None else facts.verdict.value,
        "reported_cause": None if facts.cause is None else str(facts.cause),
    }


def _names(connection: Connection, providers: set[int]) -> dict[int, str]:
    query = select(model.c.id, model.c.name).where(model.c.provider_id.in_(providers))
    return {row.id: row.name for row in connection.execute(query)}
