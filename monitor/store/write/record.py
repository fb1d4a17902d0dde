"""Records a sweep while it happens: its slot, its observations as they come, and what it means at the end.

Every function is one transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, bindparam, select, update

from monitor.clock import to_datetime, to_millis
from monitor.core.domain.event import Decision
from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import Cause, Verdict
from monitor.errors import StoreError
from monitor.store.connection.codecs import millis, read_policy, wanted_sweep_id
from monitor.store.connection.engine import writing
from monitor.store.connection.locks import sweep_lock
from monitor.store.derived.decisions import read_decision
from monitor.store.derived.horizon import require_kept
from monitor.store.derived.latest import keep_latest, take_latest
from monitor.store.derived.rebuild import lock_provider, settle
from monitor.store.facts.identities import find_provider, insert_new, policy_id, provider_id
from monitor.store.facts.observations import write_observations
from monitor.store.facts.progress import Progress
from monitor.store.facts.sweeps import StoredSweep, read_stored, write_catalog, write_facts
from monitor.store.memory.notifications import Outbox, post_changes
from monitor.store.schema import policy as policy_table
from monitor.store.schema import provider as provider_table
from monitor.store.schema import sweep as sweep_table
from monitor.store.write.closing import Closing
from monitor.store.write.fence import (
    OpenedSweep,
    is_closed_by,
    lock_row,
    lock_running,
    new_token,
    owner_of,
    require_running,
    take_over,
)

_MOST_COLLISIONS = 100_000
_FOLDS: Final = select(provider_table.c.folds).where(provider_table.c.id == bindparam("owner"))
_STARTED_AT: Final = select(sweep_table.c.started_at).where(sweep_table.c.id == bindparam("number"))


def open_sweep(
    engine: Engine,
    *,
    provider: str,
    vantage: str,
    slot: datetime | None,
    started_at: datetime,
    policy: Policy,
    token: str | None = None,
) -> OpenedSweep | None:
    """Claim a slot and begin a sweep; None if another has the slot already.

    A start that another sweep of this provider and vantage has is moved up by a millisecond. Who gives the
    `token` knows the row by it, also where the answer to the commit is lost.
    Load the state after this: what others derive meanwhile is then noticed when the sweep is closed.
    Raises StoreError for a start before the horizon, where observations were pruned.
    """
    with writing(engine) as connection:
        owner = provider_id(connection, provider)
        require_kept(connection, owner, started_at)
        token = token or new_token()
        rules = policy_id(connection, policy)
        row = {
            "provider_id": owner,
            "vantage": vantage,
            "slot": millis(slot),
            "started_at": to_millis(started_at),
            "policy_id": rules,
            "token": token,
            "folds_before": connection.scalar(_FOLDS, {"owner": owner}),
        }
        number = claim(connection, row, moves=True)
        if number is None:
            return None
        stored = connection.execute(_STARTED_AT, {"number": number}).scalar_one()
        progress = Progress(owner, rules, policy)
        return OpenedSweep(number, to_datetime(stored), token, progress)


def claim(connection: Connection, row: Mapping[str, Any], *, moves: bool) -> int | None:
    """Insert a sweep's row under the first free id from its start on; None if slot or start are taken.

    With `moves`, a start that is taken is moved up by a millisecond instead.
    """
    number = wanted_sweep_id(to_datetime(row["started_at"]))
    statement = insert_new(connection, sweep_table).returning(sweep_table.c.id)
    for _ in range(_MOST_COLLISIONS):
        claimed: int | None = connection.scalar(statement, {**row, "id": number})
        if claimed is not None:
            return claimed
        if _is_taken(connection, row, "slot"):  # nothing was inserted: find out which key was in the way
            return None
        if _is_taken(connection, row, "started_at"):
            if not moves:
                return None
            row = {**row, "started_at": row["started_at"] + 1}
        else:
            number += 1
    raise StoreError("no free sweep id: too many sweeps start at the same moment")


def keep_catalog(engine: Engine, opened: OpenedSweep, sweep: Sweep) -> None:
    """Keep what reading the catalog gave of a running sweep; it survives whatever happens next.

    That is `listed`, `duplicates`, `rejected` and the `requests` so far. Doing it again changes nothing.
    Raises Fenced for a sweep that another process took over.
    """
    progress = opened.progress
    known = progress.known.copy() if progress else None
    with writing(engine) as connection:
        row = lock_running(connection, opened)
        stored = StoredSweep(opened.id, sweep, _policy(connection, row.policy_id, progress))
        number = write_catalog(connection, row.provider_id, row.policy_id, stored, known)
    if progress and known:
        progress.keep_catalog(known, sweep, number)


def add_observations(engine: Engine, opened: OpenedSweep, observations: Sequence[Observation]) -> None:
    """Keep observations of a running sweep; they survive whatever happens next. A later one overwrites.

    Raises Fenced for a sweep that another process took over.
    """
    progress = opened.progress
    known, tried = (progress.known.copy(), frozenset(progress.tried)) if progress else (None, None)
    if progress:
        progress.tried.update(observation.model for observation in observations)
    with writing(engine) as connection:
        owner = lock_running(connection, opened).provider_id
        write_observations(connection, owner, opened.id, observations, known, tried=tried)
    if progress and known:
        progress.keep(known, observations)


def close_sweep(
    engine: Engine, opened: OpenedSweep, sweep: Sweep, decision: Decision, outbox: Outbox | None = None
) -> Decision:
    """Finish a running sweep: everything it saw and everything that follows, at once.

    The messages to send of it are put in the `outbox` with it; without one none is sent.

    A conclusive sweep that was `accepted` uses up the provider's acceptance; after another it still waits.
    Returns the decision that was recorded: another one than the given where others derived this provider's
    rows since the sweep was opened. Closing it again, as after an answer that was lost, records nothing more
    and returns the same. Raises Fenced for a sweep that another process took over.
    """
    latest = take_latest(engine, opened.progress.owner) if opened.progress else None
    with writing(engine) as connection:
        owner = owner_of(connection, opened.id)
        # before the row: all that derive lock in this order, else two could wait for each other
        folds = lock_provider(connection, owner)
        row = lock_row(connection, opened.id)
        if is_closed_by(row, opened):
            return read_decision(connection, owner, opened.id)
        require_running(row, opened)
        if to_millis(sweep.started_at) != row.started_at:
            raise StoreError(
                f"sweep {opened.id} was opened with another start: use the one that open_sweep gave"
            )
        stored = StoredSweep(opened.id, sweep, _policy(connection, row.policy_id, opened.progress))
        closing = Closing(connection, row, stored, folds, latest, opened.progress)
        recorded = closing.record(decision)
        if outbox is not None:
            post_changes(connection, row.provider_id, stored, recorded, outbox)
    if closing.stands and closing.latest:
        keep_latest(engine, owner, closing.latest)
    return recorded


def note_clock_step(engine: Engine, sweep_id: int, step_ms: int) -> None:
    """Record how far the wall clock was set while a sweep ran or before it, in milliseconds; back below 0."""
    with writing(engine) as connection:
        of_sweep = sweep_table.c.id == sweep_id
        connection.execute(update(sweep_table).where(of_sweep).values(clock_step_ms=step_ms))


def close_interrupted(engine: Engine, provider: str, vantage: str) -> list[Sweep]:
    """Close sweeps that were cut short as interrupted, keeping what they observed; returns them.

    Their requests are those of the kept catalog and of the kept observations.
    For the holder of the sweep lock: no sweep of this provider and vantage can be running.
    """
    with writing(engine) as connection:
        owner = find_provider(connection, provider)
        if owner is None:
            return []
        policies = take_over(connection, owner, vantage)
        cut = [*read_stored(connection, sweep_table.c.id.in_(policies))] if policies else []
        running = [_interrupted(stored) for stored in cut]
        for stored in running:
            write_facts(connection, owner, policies[stored.id], stored)
        settle(connection, owner)
        return [stored.sweep for stored in running]


def close_dead(engine: Engine, provider: str, vantage: str) -> bool:
    """Close what a crash left running, unless a sweep of the same is running now (rules.md 32).

    Returns whether there was any.
    """
    lock = sweep_lock(engine, provider, vantage)
    if not lock.try_acquire():  # a lock that is free proves that no sweep runs
        return False
    try:
        return bool(close_interrupted(engine, provider, vantage))
    finally:
        lock.release()


def _interrupted(stored: StoredSweep) -> StoredSweep:
    requests = stored.sweep.requests + sum(observation.attempts for observation in stored.sweep.observations)
    cut = replace(stored.sweep, verdict=Verdict.INCONCLUSIVE, cause=Cause.INTERRUPTED, requests=requests)
    return replace(stored, sweep=cut)


def _policy(connection: Connection, policy_id: int, progress: Progress | None) -> Policy:
    if progress and progress.policy_id == policy_id:
        return progress.policy
    query = select(policy_table.c.document).where(policy_table.c.id == policy_id)
    return read_policy(connection.execute(query).scalar_one())


def _is_taken(connection: Connection, row: Mapping[str, Any], column: str) -> bool:
    if row[column] is None:
        return False
    query = select(sweep_table.c.id).where(
        sweep_table.c.provider_id == row["provider_id"],
        sweep_table.c.vantage == row["vantage"],
        sweep_table.c[column] == row[column],
    )
    return connection.execute(query).first() is not None
