"""What was believed at moments of the last two days: a late sweep is folded from the nearest one on.

A sweep that began before others that are folded, as after the clock was set back, changes what all behind it
mean. Without a checkpoint everything from the horizon on would be derived again for each of them.

A checkpoint is as true as what was derived until then: who derives again from a moment on forgets those after
it, and `compare` holds the others against the fold.
"""

from datetime import date
from typing import Final

from sqlalchemy import Connection, delete, func, select

from monitor.clock import to_day
from monitor.core.domain.state import ProviderState
from monitor.store.derived.horizon import Horizon, read_bounds, read_horizon
from monitor.store.derived.states import read_document, state_document
from monitor.store.facts.identities import upsert
from monitor.store.schema import checkpoint, sweep

_EVERY_MS: Final = 6 * 3_600_000
_KEPT_MS: Final = 8 * _EVERY_MS


def is_due(before: int, started_at: int) -> bool:
    """Return whether a checkpoint belongs between two sweeps that follow each other, by their starts (ms)."""
    return before > 0 and before // _EVERY_MS < started_at // _EVERY_MS


def keep_checkpoint(connection: Connection, provider_id: int, started_at: int, state: ProviderState) -> None:
    """Keep what was believed before the sweep that started then (ms), and forget what is two days older.

    Nothing is kept for a sweep that is itself two days older than the latest: an import makes no checkpoints
    of its whole past.
    """
    of_provider = checkpoint.c.provider_id == provider_id
    latest = connection.scalar(select(func.max(sweep.c.started_at)).where(sweep.c.provider_id == provider_id))
    oldest = max(latest or started_at, started_at) - _KEPT_MS
    if started_at < oldest:
        return
    row = {"provider_id": provider_id, "started_at": started_at - 1, "state": state_document(state)}
    connection.execute(upsert(connection, checkpoint), row)
    connection.execute(delete(checkpoint).where(of_provider, checkpoint.c.started_at < oldest))


def forget_checkpoints(connection: Connection, provider_id: int, after: int) -> None:
    """Forget the checkpoints after a moment (ms): what was derived since then is derived again."""
    of_provider = checkpoint.c.provider_id == provider_id
    connection.execute(delete(checkpoint).where(of_provider, checkpoint.c.started_at > after))


def read_start(connection: Connection, provider_id: int, before: int) -> Horizon:
    """Return where deriving must begin for a sweep that started then (ms): a checkpoint, or the horizon."""
    bounds = read_bounds(connection, provider_id)
    query = (
        select(checkpoint.c.started_at, checkpoint.c.state)
        .where(checkpoint.c.provider_id == provider_id, checkpoint.c.started_at < before)
        .order_by(checkpoint.c.started_at.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    if row is None or row.started_at <= bounds.started_at:
        return read_horizon(connection, provider_id)
    return Horizon(_day_after(row.started_at, bounds.day), row.started_at, read_document(row.state))


def checkpoints_of(connection: Connection, provider_id: int) -> dict[int, str]:
    """Return the documents of a provider's checkpoints by their moments, in ms."""
    query = select(checkpoint.c.started_at, checkpoint.c.state).where(checkpoint.c.provider_id == provider_id)
    return {row.started_at: row.state for row in connection.execute(query)}


def _day_after(started_at: int, earliest: date) -> date:
    """Return the first day that sweeps after a moment can count on, of those that are kept."""
    return max(to_day(started_at + 1), earliest)
