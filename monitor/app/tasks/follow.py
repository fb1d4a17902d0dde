"""Poll the change log for new events, so that none is missed and none comes twice.

Events do not come in their order: a long sweep ends after a short one that began later, and events take their
turn by the start of their sweep. So each look reads a while back, to before whatever was running at the last
look, and leaves out what it has seen. What is imported into the past is not new.
"""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Final

from monitor.clock import Clock, utc_now
from monitor.core.history.rows import EventRow
from monitor.store import query
from monitor.store.connection.engine import Engine
from monitor.store.query import changes
from monitor.store.query.changes import Version

_SLACK: Final = timedelta(hours=1)  # so far the clocks of other machines may go apart


class Follower:
    """Follows the events of these kinds that are wanted, or all; StoreErrors leave it as it was."""

    def __init__(
        self,
        engine: Engine,
        *,
        kinds: Collection[str] = (),
        is_wanted: Callable[[EventRow], bool] = lambda _event: True,
        now: Clock = utc_now,
    ) -> None:
        self._engine, self._kinds, self._is_wanted, self._now = engine, kinds, is_wanted, now
        self._version: Version = ()
        self._seen: frozenset[int] = frozenset()
        self._back_to = now()

    def begin(self, since: datetime | None) -> list[EventRow]:
        """Begin to follow; return the events confirmed from `since` on, none where that is None."""
        # before the rows: what is committed in between comes again
        version, back_to = changes.version_of(self._engine), self._before_what_runs()
        rows = self._events(back_to if since is None else min(since, back_to))
        self._keep(version, back_to, rows)
        return [] if since is None else [row for row in rows if row.confirmed_at >= since]

    def look(self) -> list[EventRow]:
        """Return what is new since the last look, in the order of events."""
        version = changes.version_of(self._engine)
        if version == self._version:  # nothing was derived since: no rows are read
            return []
        back_to = self._before_what_runs()
        rows = self._events(self._back_to)
        new = [row for row in rows if row.event_id not in self._seen]
        self._keep(version, back_to, rows)
        return new

    def _before_what_runs(self) -> datetime:
        return min([self._now(), *changes.running_since(self._engine)]) - _SLACK

    def _events(self, since: datetime) -> list[EventRow]:
        rows = query.events(self._engine, since=since, kinds=self._kinds)
        return [row for row in rows if self._is_wanted(row)]

    def _keep(self, version: Version, back_to: datetime, rows: list[EventRow]) -> None:
        """Remember a look. `version` and `back_to` are older than the rows: what came since comes again."""
        self._version, self._back_to = version, back_to
        self._seen = frozenset(row.event_id for row in rows if row.confirmed_at >= back_to)
