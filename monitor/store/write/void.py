"""An operator's word that a sweep is bad: it counts as inconclusive, as if it had been so (rules.md 31).

What the sweep saw is kept, so the word can be taken back.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, select, update

from monitor.clock import to_datetime
from monitor.core.domain.vocabulary import Cause
from monitor.core.history.comparison import Comparison
from monitor.errors import UsageError
from monitor.store.connection.codecs import is_storable
from monitor.store.connection.engine import writing
from monitor.store.derived.horizon import Horizon, read_bounds
from monitor.store.derived.rebuild import lock_provider, rewrite
from monitor.store.schema import provider, sweep

_MOST_SHOWN = 1000
_LONGEST_REASON = 1000
_IMPORTED_SO = "was imported as a void one"
_PRUNED = "started before the first day whose observations are all kept: its results can no longer change"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voided:
    """A sweep that an operator judged, and what changed by it."""

    provider: str
    started_at: datetime
    comparison: Comparison


def void(engine: Engine, sweep_id: int, reason: str) -> Voided:
    """Declare a finished sweep bad and derive its provider's rows again, in one transaction.

    Raises UsageError for a sweep that is unknown, unfinished, void already, older than the horizon or of
    which nothing counts, and for a reason that is empty, longer than 1000 characters or not storable.
    """
    words = reason.strip()
    if not words or len(words) > _LONGEST_REASON or not is_storable(words):
        raise UsageError(f"--reason: say in 1 to {_LONGEST_REASON} characters why the sweep is bad")
    with writing(engine) as connection:
        row = _locked(connection, sweep_id)
        since = read_bounds(connection, row.provider_id)
        if (objection := _objection(row, since)) is not None:
            raise UsageError(f"sweep {sweep_id} {objection}")
        return _judged(connection, row, words)


def undo_void(engine: Engine, sweep_id: int) -> Voided:
    """Let a voided sweep count again as if nothing had been said. Raises UsageError if it is not void."""
    with writing(engine) as connection:
        row = _locked(connection, sweep_id)
        if row.voided is None:
            is_foreign = row.reported_cause == Cause.VOIDED
            raise UsageError(f"sweep {sweep_id} {_IMPORTED_SO if is_foreign else 'is not void'}")
        if row.started_at < read_bounds(connection, row.provider_id).begins_at:
            raise UsageError(f"sweep {sweep_id} {_PRUNED}")
        return _judged(connection, row, None)


def _objection(row: Row[Any], since: Horizon) -> str | None:
    """Say why a sweep cannot be voided. A part of a catalog must not become one that was read to its end."""
    if row.voided is not None:
        return f"is void already: {row.voided}"
    if row.reported_cause == Cause.VOIDED:
        return _IMPORTED_SO
    if row.finished_at is None:
        return "is not finished yet: void it when it is"
    if row.started_at < since.begins_at:
        return _PRUNED
    is_partial = row.reported_cause == Cause.CATALOG_UNREADABLE and row.catalog_id is not None
    if is_partial or row.reported_cause == Cause.INTERRUPTED:
        return f"is inconclusive as it is ({row.reported_cause}): nothing of it counts"
    return None


def _locked(connection: Connection, sweep_id: int) -> Row[Any]:
    """Return the row of a sweep whose provider no other process derives until the end of the transaction."""
    owner = connection.scalar(select(sweep.c.provider_id).where(sweep.c.id == sweep_id))
    if owner is None:
        raise UsageError(f"no sweep {sweep_id}; list ids with `monitor events --json`")
    lock_provider(connection, owner)
    query = select(sweep, provider.c.name).join_from(sweep, provider).where(sweep.c.id == sweep_id)
    return connection.execute(query).one()  # after the lock: the row as no other process changes it any more


def _judged(connection: Connection, row: Row[Any], words: str | None) -> Voided:
    connection.execute(update(sweep).where(sweep.c.id == row.id).values(voided=words))
    comparison = rewrite(connection, row.provider_id, row.name, None, most=_MOST_SHOWN)
    return Voided(provider=row.name, started_at=to_datetime(row.started_at), comparison=comparison)
