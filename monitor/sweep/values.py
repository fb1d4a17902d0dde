"""What a sweep is given, what it calls while it runs, and what it returns."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.core.domain.event import Decision
from monitor.core.domain.policy import Policy
from monitor.core.domain.state import ProviderState
from monitor.core.domain.sweep import ModelOrigin, Observation, Sweep
from monitor.core.planning.inputs import Knowledge, ProviderTraits
from monitor.http import Endpoint, open_client
from monitor.probe.gap import Gap
from monitor.probe.pacer import Pacer
from monitor.probe.probe import ProviderSession, SweepListener
from monitor.probe.stopwatch import Stopwatch
from monitor.store.memory.notifications import Outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What to sweep and how.

    `interval` is the time until the next sweep is due. A request of the first pass may take `timeout`, one of
    the second `slow_timeout`. A retired model whose metadata can be read is asked itself every
    `full_look_every`th sweep only.
    `requests_per_day` is the budget of a UTC day, shared with the `sweeps_left` of it, this one included.
    `models` are watched beside those that the catalog lists; without `has_catalog` they are all there is.
    `outbox` says which channels get what changed. `others` are the other providers, whose answer proves that
    our network works.
    """

    provider: str
    vantage: str
    endpoint: Endpoint
    policy: Policy
    pacer: Pacer
    concurrency: int
    timeout: timedelta
    interval: timedelta
    slow_timeout: timedelta = timedelta(seconds=90)
    traits: ProviderTraits = field(default_factory=ProviderTraits)
    models: tuple[str, ...] = ()
    has_catalog: bool = True
    gap: Gap = field(default_factory=Gap)
    streamed: bool = False
    full_look_every: int = 24
    requests_per_day: int | None = None
    sweeps_left: Callable[[datetime], int] = lambda _now: 1
    outbox: Outbox = field(default_factory=Outbox)
    others: tuple[Endpoint, ...] = ()

    @asynccontextmanager
    async def session(self, stopwatch: Stopwatch, listener: SweepListener) -> AsyncIterator[ProviderSession]:
        """Open the way to the provider. Raises ConfigError where a request cannot be put on the wire."""
        async with open_client(self.endpoint, connections=self.concurrency) as client:
            yield ProviderSession(
                client=client,
                endpoint=self.endpoint,
                stopwatch=stopwatch,
                traits=self.traits,
                pace=self.pacer.acquire,
                listener=listener,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepStart:
    """What a sweep begins with: its slot, what is believed and remembered, what the day has cost.

    `origins` is what catalogs have said of the models' origins so far, by id.
    """

    slot: datetime | None
    state: ProviderState
    knowledge: Mapping[str, Knowledge]
    is_accepted: bool
    spent_today: int
    origins: Mapping[str, ModelOrigin] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProgressListener:
    """What a running sweep calls: with the number of models it will observe, then with each observation."""

    on_catalog: Callable[[int], None] = lambda _models: None
    on_observation: Callable[[Observation], None] = lambda _observation: None


@dataclass(frozen=True, slots=True)
class Swept:
    """A finished sweep: what it saw, its verdict in place, and what that means.

    `sweep_id` is None while it waits in the spool; the decision is then what follows from memory.
    """

    sweep_id: int | None
    sweep: Sweep
    decision: Decision
