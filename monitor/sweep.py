"""One sweep: read the catalog, probe, decide, record. The daemon and `monitor sweep` run the same function.

It connects what looks, decides and remembers, and does none of that itself. No transaction is open while a
request is in flight; observations are stored while the sweep goes on, so that a kill loses seconds.
"""

import asyncio
import logging
from asyncio import to_thread
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import stamina

from monitor.catalog.read import CatalogReading, read_catalog
from monitor.clock import Clock
from monitor.core.diff import doubt_catalog, fold, is_tracked
from monitor.core.lifecycle import BASELINE
from monitor.core.model import (
    Cause,
    Decision,
    Kind,
    Observation,
    Outcome,
    Policy,
    ProviderState,
    Sweep,
    Verdict,
)
from monitor.errors import NoVerdict, StoreUnavailable
from monitor.http import Client, Endpoint, open_client
from monitor.logs import event
from monitor.probe.pacer import Pacer
from monitor.probe.probe import Answer, probe_model
from monitor.probe.round import RoundResult, RoundSettings, probe_round
from monitor.probe.stopwatch import Stopwatch
from monitor.report.sweeps import event_document, sweep_fields
from monitor.report.times import length
from monitor.store.engine import Engine
from monitor.store.locks import sweep_lock
from monitor.store.query import sweeps
from monitor.store.record import OpenedSweep, add_observations, close_interrupted, close_sweep, open_sweep
from monitor.store.states import load_state

log = logging.getLogger(__name__)

_DEADLINE_SHARE = 0.9  # rules.md 7
_FLUSH_SECONDS = 1.0
_LOCK_SECONDS = 0.25
_LEAST_PATIENCE = timedelta(seconds=10)
_CANARIES = 3
_CLOSE_ATTEMPTS = 8  # about two minutes of back-off


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What to sweep and how. `interval` is the time until the next sweep is due."""

    provider: str
    vantage: str
    endpoint: Endpoint
    policy: Policy
    pacer: Pacer
    concurrency: int
    timeout: timedelta
    interval: timedelta


@dataclass(frozen=True, slots=True)
class Watch:
    """What a spectator of a running sweep is told: how many models will be probed, and each observation."""

    on_catalog: Callable[[int], None] = lambda _models: None
    on_observation: Callable[[Observation], None] = lambda _observation: None


@dataclass(frozen=True, slots=True)
class Swept:
    """A finished sweep: what it saw, its verdict in place, and what that means."""

    sweep_id: int
    sweep: Sweep
    decision: Decision


async def sweep_provider(
    target: Target, engine: Engine, *, now: Clock, slot: datetime | None = None, watch: Watch | None = None
) -> Swept | None:
    """Make one sweep and record it; None where the slot was already served.

    Cancelled, it closes itself as interrupted with what it saw. Raises NoVerdict where another sweep of the
    provider does not end within an interval, StoreError where the database stays away.
    """
    async with _alone(target, engine, is_scheduled=slot is not None):
        await to_thread(close_interrupted, engine, target.provider, target.vantage)
        opened = await to_thread(_open, target, engine, slot, now())
        if opened is None:
            event(log, logging.INFO, "slot_already_served", provider=target.provider, slot=slot)
            return None
        state = await to_thread(load_state, engine, target.provider)
        target.pacer.follow(await to_thread(_idle_s, target, engine, opened))
        running = _Running(target, engine, opened, state=state, slot=slot, watch=watch or Watch())
        try:
            await running.look()
        except asyncio.CancelledError:
            await running.close(Cause.INTERRUPTED)
            raise
        return await running.close()


@asynccontextmanager
async def _alone(target: Target, engine: Engine, *, is_scheduled: bool) -> AsyncIterator[None]:
    """Hold the lock of this provider's sweep (rules.md 32).

    Waits for another sweep at most an interval; by hand at least ten seconds, as short ones may follow
    one another.
    """
    lock = sweep_lock(engine, target.provider, target.vantage)
    loop = asyncio.get_running_loop()
    patience = target.interval if is_scheduled else max(target.interval, _LEAST_PATIENCE)
    give_up_at = loop.time() + patience.total_seconds()
    while not await to_thread(lock.try_acquire):
        if loop.time() > give_up_at:
            raise NoVerdict(
                f"another sweep of {target.provider} is running for {length(patience)}; try again later"
            )
        await asyncio.sleep(_LOCK_SECONDS)
    try:
        yield
    finally:
        await to_thread(lock.release)


def _idle_s(target: Target, engine: Engine, opened: OpenedSweep) -> float:
    """Seconds since the sweep before this one, whose process had a pacer of its own."""
    ends = [other.finished_at for other in sweeps(engine, target.provider, limit=2) if other.finished_at]
    return min(((opened.started_at - end).total_seconds() for end in ends), default=float("inf"))


def _open(target: Target, engine: Engine, slot: datetime | None, moment: datetime) -> OpenedSweep | None:
    return open_sweep(
        engine,
        provider=target.provider,
        vantage=target.vantage,
        slot=slot,
        started_at=moment,
        policy=target.policy,
    )


class _Running:
    """A sweep under way: what it has seen so far, and how much of that is stored."""

    def __init__(
        self,
        target: Target,
        engine: Engine,
        opened: OpenedSweep,
        *,
        state: ProviderState,
        slot: datetime | None,
        watch: Watch,
    ) -> None:
        self.target, self.engine, self.id, self.state, self.watch = target, engine, opened.id, state, watch
        self.stopwatch = Stopwatch.start(opened.started_at)
        self.observed: dict[str, Observation] = {}
        self.unstored: list[Observation] = []
        self.seen = Sweep(
            provider=target.provider,
            vantage=target.vantage,
            slot=slot,
            started_at=opened.started_at,
            finished_at=opened.started_at,
        )

    async def look(self) -> None:
        """Read the catalog and, if it will be believed, probe it; store observations meanwhile."""
        async with open_client(self.target.endpoint) as client:
            reading = await read_catalog(client, self.target.endpoint, pacer=self.target.pacer)
            self._take_catalog(reading)
            if self.seen.cause or doubt_catalog(self.state, self.seen, self.target.policy):
                return
            storing = asyncio.create_task(self._keep_storing())
            try:
                self._take_round(await self._probe(client))
            finally:
                storing.cancel()
                await asyncio.wait({storing})

    def _take_catalog(self, reading: CatalogReading) -> None:
        trouble = reading.trouble
        self.seen = replace(
            self.seen,
            listed=reading.ids,
            duplicates=reading.duplicates,
            rejected=reading.rejected,
            requests=reading.requests,
            verdict=Verdict.INCONCLUSIVE if trouble else None,
            cause=trouble.cause if trouble else None,
            detail=trouble.detail if trouble else None,
        )

    async def _probe(self, client: Client) -> RoundResult:
        tracked = tuple(model for model in self.seen.listed if is_tracked(model, self.target.policy))
        self.watch.on_catalog(len(tracked))
        kinds = {model: known.kind for model, known in self.state.models.items()}

        async def ask(model: str) -> Answer:
            self.seen = replace(self.seen, requests=self.seen.requests + 1)
            return await probe_model(
                client,
                self.target.endpoint,
                model,
                timeout_s=self.target.timeout.total_seconds(),
                stopwatch=self.stopwatch,
                known_kind=kinds.get(model, Kind.UNKNOWN),
            )

        return await probe_round(
            tracked,
            ask,
            pacer=self.target.pacer,
            stopwatch=self.stopwatch,
            settings=RoundSettings(
                concurrency=self.target.concurrency,
                deadline_s=self.target.interval.total_seconds() * _DEADLINE_SHARE,
            ),
            canaries=[model for model in tracked if model in self.state.answered][:_CANARIES],
            kinds=kinds,
            on_observation=self._take,
        )

    def _take(self, observation: Observation) -> None:
        self.observed[observation.model] = observation
        self.unstored.append(observation)
        self.watch.on_observation(observation)

    def _take_round(self, result: RoundResult) -> None:
        self.observed.update({seen.model: seen for seen in result.observations})
        if result.trouble:
            told = (
                seen.detail for seen in result.observations if seen.detail and seen.outcome == Outcome.UNKNOWN
            )
            self.seen = replace(
                self.seen, verdict=Verdict.INCONCLUSIVE, cause=result.trouble, detail=next(told, None)
            )

    async def _keep_storing(self) -> None:
        """Store what came since the last time, every second; what fails is tried again at the end."""
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            batch, self.unstored = self.unstored, []
            try:
                await to_thread(add_observations, self.engine, self.id, batch)
            except StoreUnavailable as error:
                self.unstored[:0] = batch
                event(
                    log,
                    logging.WARNING,
                    "observations_held_back",
                    provider=self.target.provider,
                    error=str(error),
                )

    async def close(self, cause: Cause | None = None) -> Swept:
        """Decide and record, trying again while the database is away."""
        if cause:
            self.seen = replace(self.seen, verdict=Verdict.INCONCLUSIVE, cause=cause, detail=None)
        finished = replace(
            self.seen,
            finished_at=self.stopwatch.now(),
            observations=tuple(self.observed[model] for model in self.seen.listed if model in self.observed),
        )
        decision = fold(self.state, finished, self.target.policy)
        async for attempt in stamina.retry_context(
            on=StoreUnavailable, attempts=_CLOSE_ATTEMPTS, timeout=None
        ):
            with attempt:
                decision = await to_thread(close_sweep, self.engine, self.id, finished, decision)
        swept = Swept(self.id, replace(finished, verdict=decision.verdict, cause=decision.cause), decision)
        _tell(swept)
        return swept


def _tell(swept: Swept) -> None:
    """Log one line for the sweep and one for each event; a baseline is one line whatever its size."""
    event(log, logging.INFO, "sweep_finished", **sweep_fields(swept.sweep_id, swept.sweep, swept.decision))
    for change in swept.decision.events:
        if change.detail != BASELINE:
            event(log, logging.INFO, change.kind, provider=swept.sweep.provider, **event_document(change))
