"""Records a finished sweep that had to wait for the database, as if it had been recorded at its time.

It takes its slot, is folded in its place and sends its changes as the daemon's own sweeps do; only its
messages wait until all that are late can go as one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, select

from monitor.clock import to_datetime, to_millis
from monitor.core.domain.event import Decision
from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Sweep
from monitor.core.domain.vocabulary import Verdict
from monitor.core.planning.inputs import Knowledge
from monitor.errors import Fenced, StoreError
from monitor.store.connection.codecs import millis
from monitor.store.connection.engine import writing
from monitor.store.derived.decisions import read_decision
from monitor.store.derived.horizon import require_kept
from monitor.store.derived.rebuild import is_next, lock_provider, settle
from monitor.store.facts.identities import policy_id, provider_id
from monitor.store.facts.sweeps import StoredSweep, write_facts
from monitor.store.memory.acceptance import consume_acceptance
from monitor.store.memory.knowledge import write_knowledge
from monitor.store.memory.notifications import Late, Outbox, post_changes
from monitor.store.schema import sweep as sweep_table
from monitor.store.write.record import claim

_MOST_MOVED_MS: Final = 1000  # more sweeps of one provider never begin at the same moment


@dataclass(frozen=True, slots=True, kw_only=True)
class LateSweep:
    """A finished sweep that is not in the database, or only as a row that still runs under this `token`.

    `policy` is what it is decided with, `learned` what to remember of models. Without `has_row` it was opened
    while the database was away: a row of the same start is then another sweep's.
    """

    sweep: Sweep
    policy: Policy
    token: str
    has_row: bool = False
    learned: Mapping[str, Knowledge] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What became of a late sweep: its id, and the decision; None where it was in the database already."""

    sweep_id: int
    decision: Decision | None


def replay_sweep(
    engine: Engine, late: LateSweep, outbox: Outbox | None = None, *, posts: Late | None = None
) -> Replayed:
    """Record a late sweep in one transaction; doing it again changes nothing.

    A row of it that still runs under its token is finished in place. A slot that another sweep has by now is
    not given twice: the late one is then kept without; a start that another has is moved up by a millisecond
    where no row was made before. Its messages are posted as `posts` says. Where later
    sweeps were folded before it, what follows is derived again, and nothing is sent. Raises Fenced where
    another process finished the row or took it over, StoreError for a start before the horizon.
    """
    with writing(engine) as connection:
        owner = provider_id(connection, late.sweep.provider)
        lock_provider(connection, owner)  # before the row: all that derive lock in this order
        row = _row_of(connection, owner, late)
        if row is not None and row.finished_at is not None:
            return Replayed(sweep_id=row.id, decision=None)
        rules = policy_id(connection, late.policy) if row is None else row.policy_id
        number = _insert(connection, owner, rules, late) if row is None else row.id
        sweep = _as_begun(connection, number, late.sweep)
        stored = StoredSweep(number, sweep, late.policy)
        is_latest = is_next(connection, owner, to_millis(sweep.started_at))
        write_facts(connection, owner, rules, stored)
        settle(connection, owner)
        decision = read_decision(connection, owner, number)
        if sweep.accepted and decision.verdict is Verdict.CONCLUSIVE:
            consume_acceptance(connection, owner)
        if is_latest:  # else what is known and was sent is newer
            write_knowledge(connection, sweep.provider, late.learned)
            if outbox is not None:
                post_changes(connection, owner, stored, decision, outbox, late=posts)
        return Replayed(sweep_id=number, decision=decision)


def _row_of(connection: Connection, owner: int, late: LateSweep) -> Row[Any] | None:
    """Return the sweep's row, which it may finish or has finished before; None where it has none.

    Raises Fenced for a row that is another's by now.
    """
    start, columns = to_millis(late.sweep.started_at), sweep_table.c
    of_provider = (columns.provider_id == owner, columns.vantage == late.sweep.vantage)
    near = columns.started_at.between(start, start + _MOST_MOVED_MS)
    own = select(sweep_table).where(*of_provider, near, columns.token == late.token).with_for_update()
    if row := connection.execute(own).first():
        return row
    same = select(sweep_table).where(*of_provider, columns.started_at == start).with_for_update()
    row = connection.execute(same).first()
    # imported: the operator was quicker
    if row is None or (row.imported and row.finished_at is not None):
        return row
    if not late.has_row:
        return None
    state = "closed" if row.finished_at is not None else "taken over"
    raise Fenced(f"sweep {row.id} of {late.sweep.provider} was {state} by another process")


def _insert(connection: Connection, owner: int, rules: int, late: LateSweep) -> int:
    require_kept(connection, owner, late.sweep.started_at)
    row = {
        "provider_id": owner,
        "vantage": late.sweep.vantage,
        "slot": millis(late.sweep.slot),
        "started_at": to_millis(late.sweep.started_at),
        "policy_id": rules,
        "token": late.token,
    }
    number = claim(connection, row, moves=not late.has_row)
    if number is None:  # the start is free: so the slot was taken
        number = claim(connection, {**row, "slot": None}, moves=not late.has_row)
    if number is None:
        raise StoreError(f"no row for the sweep of {late.sweep.provider}: another began at the same moment")
    return number


def _as_begun(connection: Connection, number: int, sweep: Sweep) -> Sweep:
    """Return a sweep with the start that its row has."""
    query = select(sweep_table.c.started_at).where(sweep_table.c.id == number)
    started_at = to_datetime(connection.execute(query).scalar_one())
    return replace(sweep, started_at=started_at, finished_at=max(sweep.finished_at, started_at))
