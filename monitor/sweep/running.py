"""A sweep under way: what it has seen so far, and what that means in the end.

No transaction is open while a request is in flight. What is seen is kept while the sweep goes on
(sweep/keeping/keeper.py): a kill loses a second.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from monitor.catalog.reading import CatalogReading
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import UNASKED, Cause, Outcome, Verdict
from monitor.core.lifecycle.fold import doubt_catalog, fold, is_tracked
from monitor.core.planning.inputs import Knowledge
from monitor.errors import Fenced
from monitor.logs import event
from monitor.probe.probe import ProviderSession, SweepListener
from monitor.probe.round_settings import RoundResult
from monitor.probe.stopwatch import Stopwatch
from monitor.sweep.keeping.keeper import SweepKeeper
from monitor.sweep.keeping.memory import remembered
from monitor.sweep.keeping.opening import Opening
from monitor.sweep.keeping.recorder import Recorder
from monitor.sweep.listing import new_origins, read_listing
from monitor.sweep.log import log_sweep
from monitor.sweep.plan import PriorKnowledge, excluded_observation, excluding, nothing_to_ask
from monitor.sweep.probing import CatalogProbe
from monitor.sweep.values import ProgressListener, Swept, Target

log = logging.getLogger(__name__)


class RunningSweep(SweepListener):
    """One sweep between its opening and its closing."""

    def __init__(
        self,
        target: Target,
        recorder: Recorder,
        opening: Opening,
        stopwatch: Stopwatch,
        *,
        progress: ProgressListener,
    ) -> None:
        self.target, self.recorder, self.progress = target, recorder, progress
        self.start, self.state, self.stopwatch = opening.start, opening.start.state, stopwatch
        self.keeper = SweepKeeper(target, recorder, opening)
        self.observations: dict[str, Observation] = {}
        self.learned: dict[str, Knowledge] = {}
        self.proven: dict[str, Knowledge] = {}
        self.sweep = Sweep(
            provider=target.provider,
            vantage=target.vantage,
            slot=opening.start.slot,
            started_at=stopwatch.started_at,
            finished_at=stopwatch.started_at,
            accepted=opening.start.is_accepted,
        )

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Keep what is seen meanwhile; where another process takes the sweep over, end it by Fenced."""
        try:
            async with asyncio.TaskGroup() as group:
                keeping = group.create_task(self.keeper.run(self._cut))
                yield
                keeping.cancel()
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def observe(self) -> None:
        """Read the catalog and, if it will be believed, probe it."""
        async with self.target.session(self.stopwatch, self) as session:
            reading = await read_listing(self.target, session, self.start)
            self._take_catalog(reading)
            await self.keeper.keep_catalog(self._cut)
            # no request is worth sending to a catalog that is not believed
            if self.sweep.cause or doubt_catalog(self.state, self.sweep, self.target.policy):
                return
            await self._probe(session, reading)

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

    def answered(self, observation: Observation) -> None:
        """Keep an answer, also where the model is asked once more later: the sweep may be cut before."""
        if self.observations.get(observation.model) != observation:
            self.observations[observation.model] = observation
            self.keeper.add(observation)

    def observed(self, observation: Observation) -> None:
        """Keep the final observation of a model."""
        self.answered(observation)
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

    def _cut(self, cause: Cause = Cause.INTERRUPTED) -> Sweep:
        """Return the sweep as it is to be recorded if it is cut now."""
        # the catalog's own cause would hide that the sweep was cut
        return replace(self._seen(), verdict=Verdict.INCONCLUSIVE, cause=cause, detail=None)

    def _seen(self) -> Sweep:
        return replace(
            self.sweep,
            finished_at=self.stopwatch.now(),
            observations=tuple(
                self.observations[model] for model in self.sweep.listed if model in self.observations
            ),
        )

    async def close(self, cause: Cause | None = None) -> Swept:
        """Decide and record; `cause` says why the sweep was cut. Raises as `SweepKeeper.close`."""
        finished = self._cut(cause) if cause else self._seen()
        decision = fold(self.state, finished, self.target.policy)
        is_conclusive = decision.verdict is Verdict.CONCLUSIVE
        learned = self.learned if is_conclusive else self.proven
        sweep_id, decision = await self.keeper.close(finished, decision, learned, is_cut=cause is not None)
        self.recorder.memories[self.target.provider] = remembered(self.start, finished, decision, learned)
        await asyncio.to_thread(self.recorder.spool_memories)
        swept = Swept(sweep_id, replace(finished, verdict=decision.verdict, cause=decision.cause), decision)
        log_sweep(swept)
        return swept

    async def set_aside(self, error: Fenced) -> None:
        """Keep apart what was seen: another process took the sweep over."""
        await self.keeper.set_aside(self._cut(), error)
