"""Where the kept observations of a provider begin: a rebuild starts there, an import may not go behind it."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, select

from monitor.clock import day_millis, to_millis
from monitor.core.domain.state import ProviderState
from monitor.errors import StoreError
from monitor.store.derived.states import read_document, state_document
from monitor.store.facts.identities import upsert
from monitor.store.schema import horizon, provider, sweep

_BEFORE_ALL = -(2**53)
# waits for pruning, not for folds
_HELD = (
    select(provider.c.id)
    .where(provider.c.id == bindparam("owner"))
    .with_for_update(read=True, key_share=True)
)
_BOUNDS = select(horizon.c.day, horizon.c.started_at).where(horizon.c.provider_id == bindparam("owner"))


@dataclass(frozen=True, slots=True)
class Horizon:
    """The first UTC day whose observations are all kept, and what was believed where they begin.

    `started_at` is the start of the last sweep that was pruned, in ms since 1970.
    """

    day: date = date.min
    started_at: int = _BEFORE_ALL
    state: ProviderState = field(default_factory=ProviderState)

    @property
    def begins_at(self) -> int:
        """The midnight at which its day begins, in ms since 1970."""
        return day_millis(self.day)


def read_horizon(connection: Connection, provider_id: int) -> Horizon:
    """Return a provider's horizon; one before all time where nothing was pruned."""
    query = select(horizon).where(horizon.c.provider_id == provider_id)
    row = connection.execute(query).one_or_none()
    return Horizon() if row is None else Horizon(row.day, row.started_at, read_document(row.state))


def read_bounds(connection: Connection, provider_id: int) -> Horizon:
    """Return the same without what was believed there, which is much."""
    row = connection.execute(_BOUNDS, {"owner": provider_id}).one_or_none()
    return Horizon() if row is None else Horizon(row.day, row.started_at)


def hold_bounds(connection: Connection, provider_id: int) -> Horizon:
    """As `read_bounds`, in a writing transaction: until its end no process moves the horizon."""
    connection.execute(_HELD, {"owner": provider_id})
    return read_bounds(connection, provider_id)


def require_kept(connection: Connection, provider_id: int, started_at: datetime) -> None:
    """Raise StoreError for a sweep that would begin before the horizon: nothing could be derived from it."""
    since = hold_bounds(connection, provider_id)
    if to_millis(started_at) < since.begins_at:
        raise StoreError(
            f"a sweep cannot begin on {started_at:%Y-%m-%d}: older observations than those of "
            f"{since.day} were pruned. Set this machine's clock right"
        )


def write_horizon(connection: Connection, provider_id: int, moved: Horizon) -> None:
    """Move a provider's horizon."""
    row = {
        "provider_id": provider_id,
        "day": moved.day,
        "started_at": moved.started_at,
        "state": state_document(moved.state),
    }
    connection.execute(upsert(connection, horizon), row)


def is_kept(provider_id: int, since: Horizon) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on `sweep` of the finished sweeps whose observations are kept."""
    conditions: tuple[Any, ...] = (sweep.c.provider_id == provider_id, sweep.c.finished_at.is_not(None))
    return (*conditions, sweep.c.started_at > since.started_at)
