"""Whole sweeps out of the database and into it: export and import (rules.md 29, 30)."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, select

from monitor.clock import to_millis
from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Sweep
from monitor.core.domain.vocabulary import Verdict
from monitor.store.connection.codecs import batches, is_storable, millis
from monitor.store.connection.engine import reading, writing
from monitor.store.derived.horizon import hold_bounds
from monitor.store.derived.rebuild import lock_provider, settle
from monitor.store.facts.identities import find_provider, policy_id, provider_id
from monitor.store.facts.origins import latest_origins
from monitor.store.facts.sweeps import StoredSweep, read_stored, write_facts
from monitor.store.schema import horizon
from monitor.store.schema import provider as provider_table
from monitor.store.schema import sweep as sweep_table
from monitor.store.write.record import claim

_SWEEPS_PER_TRANSACTION = 50  # sweeps; other writers get in between


@dataclass(frozen=True, slots=True)
class Imported:
    """How many sweeps an import added, and how many were in the history before.

    `refused` sweeps started before the first day of their provider whose observations are kept.
    """

    added: int
    already_there: int
    first_days: tuple[tuple[str, date], ...] = ()
    refused: int = 0


def read_sweeps(
    engine: Engine,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    providers: Collection[str] = (),
) -> Iterator[Sweep]:
    """Read finished sweeps started in [since, until), oldest first, a bounded number in memory at a time.

    They are those of these providers, or of all for none. Those whose observations were pruned are left out.

    An imported sweep carries the verdict that its record had, so that the round trip is exact; one made here
    carries what was decided on it. A provider's first sweep also carries what earlier catalogs said of the
    origins of the models it lists: they would be lost with the sweeps that are left out.
    """
    begun = set[str]()
    with reading(engine) as connection:
        for stored in read_stored(connection, *is_exported(since, until, providers)):
            sweep = _as_decided(connection, stored)
            yield sweep if sweep.provider in begun else with_earlier_origins(connection, sweep)
            begun.add(sweep.provider)


def add_sweeps(
    engine: Engine,
    sweeps: Iterable[Sweep],
    policy_of: Callable[[str], Policy],
    *,
    is_rough: Callable[[Sweep], bool] = lambda _sweep: False,
) -> Imported:
    """Add finished sweeps to the history; one whose provider, vantage and start are known is left alone.

    Facts go in by bounded transactions, then each provider's rows are derived once. Were that cut short,
    the next sweep or import of the provider would do it. A slot that another sweep has claimed is not given
    twice: the added sweep then has none. `policy_of` gives the policy to store beside a provider's sweeps.
    Of a sweep that is rough only the second of its start is known, and not from where it was made.
    """
    added, total, touched, refused = 0, 0, dict[str, None](), Counter[tuple[str, date]]()
    for batch in batches(sweeps, _SWEEPS_PER_TRANSACTION):
        with writing(engine) as connection:
            fresh = [
                sweep
                # in the order of time, as ids follow starts
                for sweep in sorted(batch, key=attrgetter("started_at", "provider", "vantage"))
                if not (is_rough(sweep) and _is_near(connection, sweep))
                and not _is_behind(connection, sweep, refused)
                and _add(connection, sweep, policy_of(sweep.provider))
            ]
        touched |= dict.fromkeys(sweep.provider for sweep in batch)
        added, total = added + len(fresh), total + len(batch)
    for name in touched:  # after all facts: each provider is folded once
        with writing(engine) as connection:
            owner = provider_id(connection, name)
            lock_provider(connection, owner)
            settle(connection, owner)
    first_days = tuple(dict(refused.keys()).items())
    return Imported(added, total - added - refused.total(), first_days, refused.total())


def _add(connection: Connection, facts: Sweep, policy: Policy) -> bool:
    owner = provider_id(connection, facts.provider)
    rules = policy_id(connection, policy)
    row = {
        "provider_id": owner,
        "vantage": facts.vantage,
        "slot": millis(facts.slot),
        "started_at": to_millis(facts.started_at),
        "policy_id": rules,
        "imported": True,
    }
    if _is_known(connection, row):
        return False
    number = claim(connection, row, moves=False)
    if number is None:
        number = claim(connection, {**row, "slot": None}, moves=False)
    if number is None:
        return False
    write_facts(connection, owner, rules, StoredSweep(number, facts, policy))
    return True


def _is_behind(connection: Connection, facts: Sweep, refused: Counter[tuple[str, date]]) -> bool:
    """Return whether a sweep that is not known started before the horizon; then it is noted as refused."""
    owner, start = find_provider(connection, facts.provider), to_millis(facts.started_at)
    if owner is None or start >= (since := hold_bounds(connection, owner)).begins_at:
        return False
    key = {"provider_id": owner, "vantage": facts.vantage, "started_at": start}
    if _is_known(connection, key):
        return False
    refused[facts.provider, since.day] += 1
    return True


def _is_known(connection: Connection, row: dict[str, Any]) -> bool:
    query = select(sweep_table.c.id).where(
        *(sweep_table.c[name] == row[name] for name in ("provider_id", "vantage", "started_at"))
    )
    return connection.execute(query).first() is not None


def _is_near(connection: Connection, facts: Sweep) -> bool:
    """Return whether a sweep of this provider is known that started within the same second."""
    start = to_millis(facts.started_at)
    query = select(sweep_table.c.id).where(
        sweep_table.c.provider_id == find_provider(connection, facts.provider),
        sweep_table.c.started_at.between(start, start + 999),  # the file's second has no milliseconds
    )
    return connection.execute(query.limit(1)).first() is not None


def _as_decided(connection: Connection, stored: StoredSweep) -> Sweep:
    columns = (sweep_table.c.imported, sweep_table.c.verdict, sweep_table.c.cause)
    row = connection.execute(select(*columns).where(sweep_table.c.id == stored.id)).one()
    if row.imported or row.verdict is None:
        return stored.sweep
    return replace(stored.sweep, verdict=Verdict(row.verdict), cause=row.cause)


def with_earlier_origins(connection: Connection, sweep: Sweep) -> Sweep:
    """Return a sweep with what catalogs before it said of the origins of the models it lists."""
    owner = find_provider(connection, sweep.provider)
    known = {} if owner is None else latest_origins(connection, owner, to_millis(sweep.started_at))
    earlier = {name: known[name] for name in sweep.listed if name in known}
    origins = earlier | {said.model: said for said in sweep.origins}
    return replace(sweep, origins=tuple(origins[name] for name in sorted(origins)))


def is_exported(
    since: datetime | None, until: datetime | None, providers: Collection[str]
) -> Sequence[ColumnElement[bool]]:
    """Return what holds for the finished sweeps of a scope whose observations are there."""
    pruned = select(horizon.c.provider_id).where(
        horizon.c.provider_id == sweep_table.c.provider_id, horizon.c.started_at >= sweep_table.c.started_at
    )
    conditions: list[ColumnElement[bool]] = [sweep_table.c.finished_at.is_not(None), ~pruned.exists()]
    if since is not None:
        conditions.append(sweep_table.c.started_at >= to_millis(since))
    if until is not None:
        conditions.append(sweep_table.c.started_at < to_millis(until))
    if providers:
        is_named = provider_table.c.name.in_(filter(is_storable, providers))
        conditions.append(sweep_table.c.provider_id.in_(select(provider_table.c.id).where(is_named)))
    return conditions
