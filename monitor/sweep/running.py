"""A sweep under way: what it has seen so far, and how much of that is stored.

No transaction is open while a request is in flight. Observations are stored while the sweep goes on: a kill
loses seconds.
"""

import asyncio
import logging
from asyncio import to_thread
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

import stamina

from monitor.catalog.read import CatalogReading, read_catalog
from monitor.core.diff import doubt_catalog, fold, is_tracked
from monitor.core.lifecycle import BASELINE
from monitor.core.model import (
    Cause,
    Kind,
    Observation,
    Outcome,
    ProviderState,
    Sweep,
    Verdict,
)
from monitor.errors import StoreUnavailable
from monitor.http import Client, open_client
from monitor.logs import event
from monitor.probe.probe import Answer, probe_model
from monitor.probe.round import RoundResult, RoundSettings, probe_round
from monitor.probe.stopwatch import Stopwatch
from monitor.report.sweeps import event_document, sweep_fields
from monitor.store.engine import Engine
from monitor.store.record import (
    OpenedSweep,
    add_observations,
    close_sweep,
    keep_catalog,
)
from monitor.sweep.values import Swept, Target, Watch

log = logging.getLogger(__name__)
T = TypeVar("T")

_DEADLINE_SHARE = 0.9  # rules.md 7
_FLUSH_SECONDS = 1.0
_CANARIES = 3
_CLOSE_ATTEMPTS = 8  # about two minutes of back-off


class Running:
    """One sweep between its opening and its closing."""

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
            await self._store(keep_catalog, self.seen)
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
        """Store what came since the last time, every second; what fails is tried again with the next."""
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            batch, self.unstored = self.unstored, []
            if batch and not await self._store(add_observations, batch):
                self.unstored[:0] = batch

    async def _store(self, act: Callable[[Engine, int, T], None], what: T) -> bool:
        """Store something of the running sweep; all of it is stored again when the sweep is closed."""
        try:
            await to_thread(act, self.engine, self.id, what)
        except StoreUnavailable as error:
            event(log, logging.WARNING, "not_stored_yet", provider=self.target.provider, error=str(error))
            return False
        return True

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
