"""Removes old observations in small steps; what was derived of them stays permanently.

Sweeps, catalogs, events, periods and daily rollups of pruned days are left as they are. Postgres makes the
space free by its autovacuum, SQLite gives it back by steps of an incremental vacuum.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, Engine, bindparam, delete, func, or_, select, update

from monitor.clock import day_millis, to_day, to_millis
from monitor.core.domain.vocabulary import Verdict
from monitor.core.lifecycle.fold import fold
from monitor.errors import StoreError
from monitor.store.connection import sqlite_file
from monitor.store.connection.codecs import batches
from monitor.store.connection.engine import is_sqlite, reading, unhurried, writing, writing_unchecked
from monitor.store.derived.horizon import Horizon, is_kept, read_bounds, read_horizon, write_horizon
from monitor.store.derived.rebuild import days_of
from monitor.store.facts.identities import find_provider
from monitor.store.facts.sweeps import StoredSweep, read_stored
from monitor.store.schema import finding, gap, model, observation, provider, streamed, sweep

_DAY = timedelta(days=1)
_SWEEPS_PER_STEP = 50  # measured: 200 models delay other writers by 0.1 s
_PAGES_PER_STEP = 500  # pages; about 1 MB, a short transaction
_TRIES = 20  # others derive once a sweep, so that the second try usually fits
_UNUSED: Final = b"unused since "  # longer than a digest with what follows, so it is none
_REST: Final = timedelta(hours=1)  # longer than any transaction that writes observations
_MARK = update(finding).where(finding.c.id == bindparam("of_finding")).values(digest=bindparam("mark"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What pruning removes of a provider, or would: observations of so many sweeps, all before `day`.

    `day` is the first one whose observations are all kept; None where none was ever pruned.
    """

    provider: str
    sweeps: int = 0
    observations: int = 0
    day: date | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    folds: int
    since: Horizon
    sweeps: Sequence[StoredSweep]


def prunable(engine: Engine, name: str, before_day: date) -> Pruned:
    """Say what `prune` would remove; writes nothing."""
    with reading(engine) as connection:
        owner = find_provider(connection, name)
        if owner is None:
            return Pruned(provider=name)
        since = read_bounds(connection, owner)
        kinds = (sweep.c.available, sweep.c.rate_limited, sweep.c.unavailable, sweep.c.unknown)
        sums = (func.coalesce(func.sum(column), 0) for column in kinds)
        old = _is_old(connection, owner, since, before_day)
        total = select(func.count(), func.max(sweep.c.observed_until), *sums)
        sweeps, until, *counts = connection.execute(total.where(*old)).one()
        gaps = select(func.count()).join_from(gap, sweep).where(*old)
        missing = connection.scalar(gaps.where(sweep.c.verdict == Verdict.CONCLUSIVE.value)) or 0
        day = to_day(until) + _DAY if sweeps else _day(since)
        return Pruned(provider=name, sweeps=sweeps, observations=sum(counts) - missing, day=day)


def unended_vantages(engine: Engine, name: str, before_day: date) -> list[str]:
    """Return the vantages of sweeps that began before that day and did not end: none after them is pruned."""
    with reading(engine) as connection:
        query = select(sweep.c.vantage).where(
            sweep.c.provider_id == find_provider(connection, name),
            sweep.c.finished_at.is_(None),
            sweep.c.started_at < day_millis(before_day),
        )
        return sorted(set(connection.scalars(query)))


def prune(
    engine: Engine,
    name: str,
    before_day: date,
    *,
    on_step: Callable[[int], None] = lambda _: None,
    most_steps: int = 1_000_000,
) -> Pruned:
    """Remove the observations of all whole UTC days before one; each step is one transaction.

    `on_step` gets the number of sweeps done.

    A history whose rows are not all derived yet is left alone from there on. Raises StoreError where others
    derive the provider's rows again and again meanwhile.
    """
    sweeps = observations = 0
    for _ in range(most_steps):  # a bound, so that a fault cannot loop
        done, removed = _prune_some(engine, name, before_day)
        sweeps, observations = sweeps + done, observations + removed
        if not done:
            break
        on_step(done)
    with reading(engine) as connection:
        owner = find_provider(connection, name)
        day = None if owner is None else _day(read_bounds(connection, owner))
    return Pruned(provider=name, sweeps=sweeps, observations=observations, day=day)


def give_back(engine: Engine) -> bool:
    """Give some of the pages that pruning freed back to the file system; True if there may be more.

    Nothing to do on Postgres, nor in a SQLite file that cannot (store/connection/sqlite_file.py).
    """
    return is_sqlite(engine) and sqlite_file.give_back(engine, _PAGES_PER_STEP)


def unused_findings(engine: Engine, now: datetime) -> list[int]:
    """Return the findings that no observation points to and none can any more.

    What is unused is first given a digest by which no writer finds it; who found it before that has ended
    long before it is removed. One that was taken in that moment stays, and its like is stored once more.
    """
    with reading(engine) as connection, unhurried(connection):
        used = set(connection.scalars(select(observation.c.finding_id).distinct()))
        rows = connection.execute(select(finding.c.id, finding.c.digest))
        unused = {number: bytes(mark) for number, mark in rows if number not in used}
    since = b"%s%d" % (_UNUSED, to_millis(now))
    new = [number for number, mark in unused.items() if not mark.startswith(_UNUSED)]
    for batch in batches(new):
        marks = [{"of_finding": number, "mark": b"%s %d" % (since, number)} for number in batch]
        with writing(engine) as connection:  # in batches: one transaction over all would hold writers up
            connection.execute(_MARK, marks)
    return [number for number, mark in unused.items() if mark.startswith(_UNUSED) and _rested(mark, now)]


def remove_findings(engine: Engine, unused: Sequence[int]) -> None:
    """Delete findings that `unused_findings` gave. On Postgres each takes a search for what points to it."""
    if unused:
        with writing_unchecked(engine) as connection, unhurried(connection):
            connection.execute(delete(finding).where(finding.c.id.in_(unused)))


def _rested(mark: bytes, now: datetime) -> bool:
    since = int(mark.removeprefix(_UNUSED).split()[0])
    return to_millis(now - _REST) >= since


def _prune_some(engine: Engine, name: str, before_day: date) -> tuple[int, int]:
    """Prune one step; returns its sweeps and observations. Folding needs no lock, so it has none."""
    for _ in range(_TRIES):
        with reading(engine) as connection:
            owner = find_provider(connection, name)
            step = None if owner is None else _next_step(connection, owner, before_day)
        if owner is None or step is None:
            return 0, 0
        moved = _moved(step)
        with writing(engine) as connection, unhurried(connection):
            if _is_still(connection, owner, step):
                write_horizon(connection, owner, moved)
                return len(step.sweeps), _remove(connection, owner, [finished.id for finished in step.sweeps])
    raise StoreError(f"{name}: pruning gave up, other processes derive its history all the time")


def _next_step(connection: Connection, owner: int, before_day: date) -> _Step | None:
    since = read_horizon(connection, owner)
    old = _is_old(connection, owner, since, before_day)
    starts = select(sweep.c.started_at).where(*old).order_by(sweep.c.started_at).limit(_SWEEPS_PER_STEP)
    last = max(connection.scalars(starts), default=None)
    if last is None:
        return None
    folds = connection.execute(select(provider.c.folds).where(provider.c.id == owner)).scalar_one()
    return _Step(folds, since, list(read_stored(connection, *old, sweep.c.started_at <= last)))


def _is_old(
    connection: Connection, owner: int, since: Horizon, before_day: date
) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on the sweeps to prune: those before the first that reaches into a kept day.

    In the order in which they were folded, so that what was believed after the last stands for all of them.
    """
    midnight = day_millis(before_day)
    # a sweep that is not derived yet needs the observations before it
    stays = or_(sweep.c.finished_at.is_(None), sweep.c.verdict.is_(None), sweep.c.observed_until >= midnight)
    first = select(func.min(sweep.c.started_at)).where(
        sweep.c.provider_id == owner, sweep.c.started_at > since.started_at, stays
    )
    first_kept = connection.scalar(first)
    return (*is_kept(owner, since), sweep.c.started_at < (midnight if first_kept is None else first_kept))


def _moved(step: _Step) -> Horizon:
    """Return the horizon after a step: what is believed there, and the day after its last observation."""
    state, day = step.since.state, step.since.day
    for stored in step.sweeps:
        state = fold(state, stored.sweep, stored.policy).state
        day = max(day, days_of(stored)[1] + _DAY)
    return Horizon(day, to_millis(step.sweeps[-1].sweep.started_at), state)


def _is_still(connection: Connection, owner: int, step: _Step) -> bool:
    """Return whether no process derived, pruned or imported since the step was read, and keep it so."""
    # FOR UPDATE: others that derive wait; SQLite's write transaction holds them off anyway
    query = select(provider.c.folds).where(provider.c.id == owner).with_for_update()
    folds = connection.execute(query).scalar_one()
    since = read_bounds(connection, owner)
    if folds != step.folds or since.started_at != step.since.started_at:
        return False
    last = to_millis(step.sweeps[-1].sweep.started_at)  # an import adds sweeps before `folds` counts
    there = select(sweep.c.id).where(
        sweep.c.provider_id == owner, sweep.c.started_at > since.started_at, sweep.c.started_at <= last
    )
    return set(connection.scalars(there)) == {finished.id for finished in step.sweeps}


def _remove(connection: Connection, owner: int, ids: Sequence[int]) -> int:
    models = select(model.c.id).where(model.c.provider_id == owner)
    for table in (streamed, gap):  # before observations, which `streamed` points to
        connection.execute(delete(table).where(table.c.model_id.in_(models), table.c.sweep_id.in_(ids)))
    # by model as well: the key begins with it
    gone = delete(observation).where(observation.c.model_id.in_(models), observation.c.sweep_id.in_(ids))
    return connection.execute(gone).rowcount


def _day(since: Horizon) -> date | None:
    return None if since == Horizon() else since.day
