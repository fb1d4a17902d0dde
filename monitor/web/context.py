"""What every route is given, and how fresh its knowledge is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from monitor.clock import Clock
from monitor.store.connection.engine import Engine

MAX_AGE_INTERVALS: Final = 3  # rules.md 35


@dataclass(frozen=True, slots=True, kw_only=True)
class WebContext:
    """The history to read, the providers that are watched with their intervals, and the time."""

    engine: Engine
    watched: Mapping[str, timedelta]
    now: Clock
    started_at: datetime

    def is_stale(self, provider: str, last_conclusive_at: datetime | None) -> bool:
        """Whether nothing conclusive was learned for 3 intervals (rules.md 35), or nobody watches."""
        interval = self.watched.get(provider)
        if interval is None or last_conclusive_at is None:
            return True
        return self.now() - last_conclusive_at > MAX_AGE_INTERVALS * interval

    def is_overdue(self, provider: str, last_started_at: datetime | None) -> bool:
        """Whether a watched provider has had no sweep for 3 intervals; a start gives it 3 intervals anew."""
        since = max(last_started_at or self.started_at, self.started_at)
        return self.now() - since > MAX_AGE_INTERVALS * self.watched[provider]
