"""Derives from facts: folds stored sweeps and writes what follows, forward or all over again.

The daemon's step, an import and a rebuild all end here, so they leave the same rows.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, Engine, Integer, bindparam, delete, func, select, update

from monitor.clock import to_day, to_millis
from monitor.core.domain.policy import Policy
from monitor.core.domain.state import ProviderState
from monitor.core.history.comparison import Comparison
from monitor.core.lifecycle.fold import fold
from monitor.store.connection.engine import reading, unhurried, writing
from monitor.store.derived.checkpoints import forget_checkpoints, is_due, keep_checkpoint, read_start
from monitor.store.derived.compare import MOST_SHOWN, compare_provider
from monitor.store.derived.daily import count_days
from monitor.store.derived.decisions import write_decision
from monitor.store.derived.horizon import Horizon, is_kept, read_bounds, read_horizon
from monitor.store.derived.monthly import count_months
from monitor.store.derived.periods import models_changed_after, rewrite_periods, rewrite_periods_of
from monitor.store.derived.states import forget_state, read_state, save_state
from monitor.store.facts.identities import find_provider, insert_new, model_ids, note_untracked, policy_id
from monitor.store.facts.sweeps import StoredSweep, gaps_of, read_stored
from monitor.store.schema import daily, event, gap, model, provider, sweep, untracked

# an UPDATE of the counter is lock and count in one, on both databases
_LOCK: Final = (
    update(provider)
    .where(provider.c.id == bindparam("owner"))
    .values(folds=provider.c.folds + 1)
    .returning(provider.c.folds)
)


def rebuild(
    engine: Engine, provider: str, policy: Policy | None = None, *, most: int = MOST_SHOWN
) -> Comparison:
    """Derive a provider's rows again from its finished sweeps, in one transaction (rules.md 29).

    What was derived before the horizon (store/derived/horizon.py) stands, and so do the policies of those
    sweeps.

    Each sweep is decided with policy, acceptance and verdict as stored beside it; a given `policy` is stored
    beside every finished sweep first. Returns what stood otherwise, as `compare`. What was sent
    and what waits to be sent (`delivery`, `telling`) is left as it is.
    """
    with writing(engine) as connection:
        owner = find_provider(connection, provider)
        if owner is None:
            return Comparison(provider=provider, sweeps=0)
        lock_provider(connection, owner)  # first the lock, then the comparison: nothing changes between them
        return rewrite(connection, owner, provider, policy, most=most)


def rewrite(
    connection: Connection, provider_id: int, provider: str, policy: Policy | None, *, most: int = MOST_SHOWN
) -> Comparison:
    """As `rebuild`, in the transaction at hand, which must have locked the provider."""
    comparison = compare_provider(connection, provider_id, provider, policy, most=most)
    if policy is not None:
        kept = is_kept(provider_id, read_bounds(connection, provider_id))
        connection.execute(update(sweep).where(*kept).values(policy_id=policy_id(connection, policy)))
    if comparison.differs or policy is not None:  # a history that is right is not written again
        rebuild_provider(connection, provider_id, exclusions=True)
    return comparison


def lock_provider(connection: Connection, provider_id: int) -> int:
    """Keep others from deriving this provider's rows until the end of the transaction.

    Returns how often they were derived before: who decides at the same time notices by it.
    """
    folds: int = connection.execute(_LOCK, {"owner": provider_id}).scalar_one()
    return folds - 1


def settle(connection: Connection, provider_id: int) -> None:
    """Fold the finished sweeps that are not folded yet; if one took its place in the past, all behind it."""
    first = connection.scalar(_UNFOLDED_SINCE, {"owner": provider_id})
    if first is None:
        return
    last, _ = last_folded(connection, provider_id)
    # a late sweep changes what all behind it mean
    if first <= last:
        with unhurried(connection):
            _derive_since(connection, provider_id, read_start(connection, provider_id, first))
        return
    state = read_state(connection, provider_id)
    waiting = read_stored(connection, *_unfolded(provider_id))
    days = _fold_all(connection, provider_id, state, waiting, before=last)
    _count(connection, provider_id, days)


def settle_all(engine: Engine) -> None:
    """Fold what a process that ended amid an import left unfolded, of every provider, watched or not."""
    with reading(engine) as connection:
        owners = connection.scalars(select(provider.c.id)).all()
        waiting = [owner for owner in owners if is_waiting(connection, owner)]
    for owner in waiting:
        with writing(engine) as connection:
            lock_provider(connection, owner)
            settle(connection, owner)


def rebuild_provider(
    connection: Connection,
    provider_id: int,
    *,
    exclusions: bool = False,
    on_sweep: Callable[[int], None] = lambda _done: None,
) -> None:
    """Replace everything derived of a provider from its horizon on, in the transaction at hand.

    With `exclusions` also what says which listed models a sweep did not observe or its policy excluded.
    `on_sweep` hears after each sweep how many are done.
    """
    since = read_horizon(connection, provider_id)
    _forget_after(connection, provider_id, since)
    count_months(connection, provider_id, date.min, date.max)  # of the days that were pruned
    rewrite_periods(connection, provider_id)
    sweeps = read_stored(connection, *is_kept(provider_id, since))
    if exclusions:
        _forget_exclusions(connection, provider_id, since)
        sweeps = _with_exclusions(connection, provider_id, sweeps)
    days = _fold_all(connection, provider_id, since.state, sweeps, on_sweep, before=since.started_at)
    _count(connection, provider_id, days)


def _derive_since(connection: Connection, provider_id: int, since: Horizon) -> None:
    """Replace what was derived after a moment: it costs what the sweeps behind it cost."""
    models = models_changed_after(connection, provider_id, since.started_at)
    _forget_after(connection, provider_id, since)
    count_months(connection, provider_id, since.day, date.max)
    rewrite_periods_of(connection, provider_id, models)
    sweeps = read_stored(connection, *is_kept(provider_id, since))
    days = _fold_all(connection, provider_id, since.state, sweeps, before=since.started_at)
    _count(connection, provider_id, days)


def _forget_after(connection: Connection, provider_id: int, since: Horizon) -> None:
    """Delete the rows that follow from the sweeps after a moment, and what is believed now."""
    models = select(model.c.id).where(model.c.provider_id == provider_id)
    is_later = event.c.swept_at > since.started_at  # by the start of the sweep: ids are not in that order
    connection.execute(delete(event).where(event.c.provider_id == provider_id, is_later))
    connection.execute(delete(daily).where(daily.c.model_id.in_(models), daily.c.day >= since.day))
    forget_state(connection, provider_id)
    forget_checkpoints(connection, provider_id, since.started_at)


def last_folded(connection: Connection, provider_id: int) -> tuple[int, str | None]:
    """Return the start (ms) and the token of the latest sweep that was folded; 0 and None if none was."""
    row = connection.execute(_LAST_FOLDED, {"owner": provider_id}).first()
    return (0, None) if row is None else (row.started_at, row.token)


def is_next(connection: Connection, provider_id: int, started_at: int) -> bool:
    """Return whether a sweep that started then (ms) comes right after the folded ones; nothing else waits."""
    if last_folded(connection, provider_id)[0] >= started_at:
        return False
    return not is_waiting(connection, provider_id)


def is_waiting(connection: Connection, provider_id: int) -> bool:
    """Return whether a finished sweep waits to be folded: an older one has to be folded first."""
    return connection.execute(_FIRST_UNFOLDED, {"owner": provider_id}).first() is not None


def days_of(stored: StoredSweep) -> tuple[date, date]:
    """Return the first and the last UTC day that a sweep's observations fall on."""
    start = to_millis(stored.sweep.started_at)
    latest = max((observation.at_ms for observation in stored.sweep.observations), default=0)
    return to_day(start), to_day(start + latest)


def _fold_all(
    connection: Connection,
    provider_id: int,
    state: ProviderState,
    sweeps: Iterable[StoredSweep],
    on_sweep: Callable[[int], None] = lambda _done: None,
    *,
    before: int,
) -> tuple[date, date] | None:
    """Fold sweeps one after the other; returns the days they fall on.

    `before` is the start (ms) of the last sweep that is folded in `state`.
    """
    days: tuple[date, date] | None = None
    for done, stored in enumerate(sweeps, start=1):
        started_at = to_millis(stored.sweep.started_at)
        if is_due(before, started_at):
            keep_checkpoint(connection, provider_id, started_at, state)
        before = started_at
        decision = fold(state, stored.sweep, stored.policy)
        write_decision(connection, provider_id, stored, decision)
        state = decision.state
        first, last = days_of(stored)
        days = (first, last) if days is None else (min(days[0], first), max(days[1], last))
        on_sweep(done)
    save_state(connection, provider_id, state)
    return days


def _count(connection: Connection, provider_id: int, days: tuple[date, date] | None) -> None:
    if days is not None:
        first = max(days[0], read_bounds(connection, provider_id).day)
        count_days(connection, provider_id, first, days[1])
        count_months(connection, provider_id, first, days[1])


def _unfolded(provider_id: int | BindParameter[int]) -> tuple[Any, ...]:
    return (sweep.c.provider_id == provider_id, sweep.c.verdict.is_(None), sweep.c.finished_at.is_not(None))


_OWNER: Final = bindparam("owner", type_=Integer())
_FIRST_UNFOLDED: Final = select(sweep.c.id).where(*_unfolded(_OWNER)).limit(1)
_UNFOLDED_SINCE: Final = select(func.min(sweep.c.started_at)).where(*_unfolded(_OWNER))
_LAST_FOLDED: Final = (
    select(sweep.c.started_at, sweep.c.token)
    .where(sweep.c.provider_id == _OWNER, sweep.c.verdict.is_not(None))
    .order_by(sweep.c.started_at.desc(), sweep.c.id.desc())
    .limit(1)
)


def _forget_exclusions(connection: Connection, provider_id: int, since: Horizon) -> None:
    """Forget gaps and exclusions; with a horizon the latter stay, since pruned sweeps need them too."""
    models = select(model.c.id).where(model.c.provider_id == provider_id)
    sweeps = select(sweep.c.id).where(*is_kept(provider_id, since))
    connection.execute(delete(gap).where(gap.c.model_id.in_(models), gap.c.sweep_id.in_(sweeps)))
    if since == Horizon():
        connection.execute(delete(untracked).where(untracked.c.model_id.in_(models)))


def _with_exclusions(
    connection: Connection, provider_id: int, sweeps: Iterable[StoredSweep]
) -> Iterator[StoredSweep]:
    """Write each sweep's gaps, and the listed models that its policy excludes, on the way."""
    for stored in sweeps:
        models = model_ids(connection, provider_id, stored.sweep.listed)
        number = connection.execute(select(sweep.c.policy_id).where(sweep.c.id == stored.id)).scalar_one()
        note_untracked(connection, number, stored.policy, models)
        gaps = [
            {"model_id": models[name], "sweep_id": stored.id} for name in gaps_of(stored.sweep, stored.policy)
        ]
        if gaps:
            connection.execute(insert_new(connection, gap), gaps)  # an import may commit its own meanwhile
        yield stored
