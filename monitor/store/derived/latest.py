"""What a process remembers of a provider from the sweep that it recorded last, instead of reading it back.

It holds for the next sweep only if no other process derived rows of the provider since: `provider.folds`
counts each time, and the token of the sweep that was folded last distinguishes a history from another one
that was put in its place. The closing that takes it puts it back after the commit; what fails on the way is
forgotten.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, bindparam, select

from monitor.core.domain.state import ProviderState
from monitor.store.derived.rebuild import last_folded
from monitor.store.derived.running import RunningCounts
from monitor.store.derived.states import read_state
from monitor.store.schema import provider as provider_table


@dataclass(frozen=True, slots=True)
class Latest:
    """A provider's rows after its `folds`th change, by a sweep of this `token`; `state` is what it left."""

    folds: int
    token: str
    state: ProviderState
    counts: RunningCounts = field(default_factory=RunningCounts)

    def stands(self, connection: Connection, provider_id: int) -> bool:
        """Whether no rows of the provider were derived since."""
        folds = connection.scalar(_FOLDS, {"owner": provider_id})
        return folds == self.folds and last_folded(connection, provider_id)[1] == self.token


_FOLDS: Final = select(provider_table.c.folds).where(provider_table.c.id == bindparam("owner"))
_remembered: Final[MutableMapping[Engine, dict[int, Latest]]] = WeakKeyDictionary()
_one_at_a_time: Final = Lock()


def take_latest(engine: Engine, provider_id: int) -> Latest | None:
    """Return what is remembered of a provider, and forget it."""
    with _one_at_a_time:
        return _remembered.setdefault(engine, {}).pop(provider_id, None)


def keep_latest(engine: Engine, provider_id: int, latest: Latest) -> None:
    """Remember what is committed now."""
    with _one_at_a_time:
        _remembered.setdefault(engine, {})[provider_id] = latest


def latest_state(connection: Connection, provider_id: int) -> ProviderState:
    """Return what is believed of a provider, as `read_state` reads it, from memory where that holds."""
    latest = _remembered.get(connection.engine, {}).get(provider_id)
    if latest is not None and latest.stands(connection, provider_id):
        return latest.state
    return read_state(connection, provider_id)
