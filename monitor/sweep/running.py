"""A sweep under way: what it has seen so far, and how much of that is stored.

No transaction is open while a request is in flight. Observations are stored while the sweep goes on: a kill
loses seconds.
"""

import asyncio
import logging
from asyncio import to_thread
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import stamina

from monitor.catalog.reading import CatalogReading
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import UNASKED, Cause, Outcome, Verdict
from monitor.core.lifecycle.fold import doubt_catalog, fold, is_tracked
from monitor.core.planning.inputs import Knowledge
from monitor.errors import StoreUnavailable
from monitor.logs import event
from monitor.probe.probe import ProviderSession, SweepListener
from monitor.probe.round_settings import RoundResult
from monitor.probe.stopwatch import Stopwatch
from monitor.store.connection.engine import Engine
from monitor.store.memory.knowledge import save_knowledge
from monitor.store.write.fence import OpenedSweep
from monitor.store.write.record import add_observations, close_sweep, keep_catalog
from monitor.sweep.listing import new_origins, read_listing
from monitor.sweep.log import log_sweep
from monitor.sweep.plan import PriorKnowledge, excluded_observation, excluding, nothing_to_ask
from monitor.sweep.probing import CatalogProbe
from monitor.sweep.values import ProgressListener, SweepStart, Swept, Target

log = logging.getLogger(__name__)
T = TypeVar("T")

_FLUSH_SECONDS = 1.0  # seconds; what a kill costs
_CLOSE_ATTEMPTS = 8  # about two minutes of back-off


class RunningSweep(SweepListener):
    """One sweep between its opening and its closing."""

    def __init__(
        self,
        target: Target,
        engine: Engine,
        opened: OpenedSweep,
        stopwatch: Stopwatch,
        *,
        start: SweepStart,
        progress: ProgressListener,
    ) -> None:
        self.target, self.engine, self.opened, self.progress = target, engine, opened, progress
        self.start, self.state, self.stopwatch = start, start.state, stopwatch
        self.observations: dict[str, Observation] = {}
        self.unstored: list[Observation] = []
        self.learned: dict[str, Knowledge] = {}
        self.proven: dict[str, Knowledge] = {}
        self.sweep = Sweep(
            provider=target.provider,
            vantage=target.vantage,
            slot=start.slot,
            started_at=stopwatch.started_at,
            finished_at=stopwatch.started_at,
            accepted=start.is_accepted,
        )

    async def observe(self) -> None:
        """Read the catalog and, if it will be believed, probe it; store observations meanwhile."""
        async with self.target.session(self.stopwatch, self) as session:
            reading = await read_listing(self.target, session, self.start)
            self._take_catalog(reading)
            await self._store(keep_catalog, self.sweep)  # before probing: a kill keeps what was listed
            # no request is worth sending to a catalog that is not believed
            if self.sweep.cause or doubt_catalog(self.state, self.sweep, self.target.policy):
                return
            storing = asyncio.create_task(self._keep_storing())
            try:
                await self._probe(session, reading)
            finally:
                storing.cancel()  # what it has in hand is stored again when the sweep is closed
                await asyncio.wait({storing})

    def _take_catalog(self, reading: CatalogReading) -> None:
        trouble = reading.trouble
        self.sweep = replace(
            self.sweep,
            listed=reading.ids,
            duplicates=reading.duplicates,
            rejected=reading.rejected,
            requests=reading.requests,
            verdict=Verdict.INCONCLUSIVE if trouble else None,
            cause=trouble.cause if trouble else None,
            detail=trouble.detail if trouble else None,
            origins=new_origins(reading, self.start.origins),
        )

    async def _probe(self, session: ProviderSession, reading: CatalogReading) -> None:
        tracked = tuple(model for model in self.sweep.listed if is_tracked(model, self.target.policy))
        self.progress.on_catalog(len(tracked))
        if not tracked:
            why = nothing_to_ask(self.sweep.listed, self.target.policy)
            self._take_nothing(f"no model was asked: {why}")
            return
        prior = PriorKnowledge(state=self.state, knowledge=self.start.knowledge, entries=reading.entries)
        askable = tuple(model for model in tracked if prior.may_ask(model, self.target.traits))
        # before the round: they are observed whatever the round does
        for model in excluding(tracked, askable):
            self.observed(excluded_observation(model, prior, self.target, self.stopwatch))
        catalog_probe = CatalogProbe(
            target=self.target,
            session=session,
            prior=prior,
            spent_today=self.start.spent_today + self.sweep.requests,
            is_accepted=self.start.is_accepted,
        )
        self._take_round(await catalog_probe.run(askable), askable)
        self.learned, self.proven = catalog_probe.learned, catalog_probe.proven

    def _take_nothing(self, detail: str) -> None:
        """Leave the sweep without a verdict: a catalog of which no model is watched proves nothing."""
        self.sweep = replace(self.sweep, verdict=Verdict.INCONCLUSIVE, cause=Cause.INTERRUPTED, detail=detail)
        event(log, logging.WARNING, "no_model_asked", provider=self.target.provider, detail=detail)

    def requested(self, requests: int) -> None:
        """Count so many more requests."""
        self.sweep = replace(self.sweep, requests=self.sweep.requests + requests)

    def observed(self, observation: Observation) -> None:
        """Keep the final observation of a model, to be stored with the next batch."""
        self.observations[observation.model] = observation
        self.unstored.append(observation)
        self.progress.on_observation(observation)

    def _take_round(self, result: RoundResult, askable: Sequence[str]) -> None:
        cause, detail = result.trouble, None
        if cause:
            unclear = filter(lambda observation: observation.outcome == Outcome.UNKNOWN, result.observations)
            details = (observation.detail for observation in unclear)
            detail = next(filter(None, details), None)
        elif askable and {observation.reason for observation in self.observations.values()} <= UNASKED:
            cause = Cause.INTERRUPTED
            detail = "no model was asked: the day's budget or the sweep's time was used up"
        if cause:
            self.sweep = replace(self.sweep, verdict=Verdict.INCONCLUSIVE, cause=cause, detail=detail)

    async def _keep_storing(self) -> None:
        """Store what came since the last time, every second; what fails is tried again with the next."""
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            batch, self.unstored = self.unstored, []  # taken off before the await: new ones come meanwhile
            if batch and not await self._store(add_observations, batch):
                self.unstored[:0] = batch  # in front: a model's later observation must come after

    async def _store(self, act: Callable[[Engine, OpenedSweep, T], None], what: T) -> bool:
        """Store something of the running sweep; all of it is stored again when the sweep is closed."""
        try:
            await to_thread(act, self.engine, self.opened, what)
        except StoreUnavailable as error:
            event(log, logging.WARNING, "not_stored_yet", provider=self.target.provider, error=str(error))
            return False
        return True

    async def close(self, cause: Cause | None = None) -> Swept:
        """Decide and record, trying again while the database is away."""
        if cause:
            # the catalog's own cause would hide that the sweep was cut
            self.sweep = replace(self.sweep, verdict=Verdict.INCONCLUSIVE, cause=cause, detail=None)
        finished = replace(
            self.sweep,
            finished_at=self.stopwatch.now(),
            observations=tuple(
                self.observations[model] for model in self.sweep.listed if model in self.observations
            ),
        )
        decision = fold(self.state, finished, self.target.policy)
        async for attempt in stamina.retry_context(  # other faults would only repeat
            on=StoreUnavailable, attempts=_CLOSE_ATTEMPTS, timeout=None
        ):
            with attempt:
                decision = await to_thread(
                    close_sweep, self.engine, self.opened, finished, decision, self.target.outbox
                )
        is_conclusive = decision.verdict is Verdict.CONCLUSIVE
        learned = self.learned if is_conclusive else self.proven
        try:
            await to_thread(save_knowledge, self.engine, self.target.provider, learned)
        except StoreUnavailable as error:  # lost, it costs a few requests and is learned again
            provider = self.target.provider
            event(log, logging.WARNING, "knowledge_not_saved", provider=provider, error=str(error))
        swept = Swept(
            self.opened.id, replace(finished, verdict=decision.verdict, cause=decision.cause), decision
        )
        log_sweep(swept)
        return swept
