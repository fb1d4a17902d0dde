"""What every route is given: engine, providers, clock; and when knowledge is stale."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.clock import Clock
from monitor.core.domain.policy import Policy
from monitor.core.history.selection import Selection, Watched
from monitor.core.history.staleness import is_older, max_age
from monitor.core.notification.maintenance import RunningWindow
from monitor.store.connection.engine import Engine
from monitor.web.cache.answers import AnswerCache
from monitor.web.liveness import Liveness
from monitor.web.notices import NoticesNow, no_notices

WindowsAt = Callable[[datetime], Sequence[RunningWindow]]  # of a moment: the maintenance windows that run
SweptAt = Callable[[str], datetime | None]


def no_sweep(_provider: str) -> datetime | None:
    """Return that nothing is known of sweeps but what the history has."""
    return None


def no_windows(_moment: datetime) -> Sequence[RunningWindow]:
    """Return the maintenance windows of a configuration without any."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WebContext:
    """The history to read, the watched providers with their intervals and policies, and the time.

    `favourites` are patterns of the models that lead the page of a day. `swept_at` says of a provider when
    its latest sweep ended that the history may not have yet.
    """

    engine: Engine
    watched: Mapping[str, timedelta]
    policies: Mapping[str, Policy]
    now: Clock
    started_at: datetime
    windows_at: WindowsAt = no_windows
    notices: NoticesNow = no_notices
    favourites: Sequence[str] = ()
    swept_at: SweptAt = no_sweep
    liveness: Liveness = field(default_factory=Liveness)
    answers: AnswerCache = field(default_factory=AnswerCache)

    def selection(self, providers: Iterable[str] = (), *, is_all: bool = False) -> Selection:
        """Return which models are asked for, as the commands choose them."""
        policies = {name: self.policies.get(name, Policy()) for name in self.watched}
        return Selection(watched=Watched(policies), providers=frozenset(providers), is_all=is_all)

    def is_stale(self, provider: str, last_conclusive_at: datetime | None) -> bool:
        """Whether the last conclusive sweep is too old (rules.md 35), or the provider is not watched."""
        interval = self.watched.get(provider)
        return interval is None or is_older(last_conclusive_at, max_age(interval), self.now())

    def is_overdue(self, provider: str, last_started_at: datetime | None) -> bool:
        """Whether a watched provider has had no sweep for 3 intervals; each start allows 3 more intervals."""
        moments = (last_started_at, self.swept_at(provider), self.started_at)  # not late at its start
        since = max(filter(None, moments))
        return is_older(since, max_age(self.watched[provider]), self.now())
