"""Retired models of a sweep: their metadata is read, and who seems to be back is named (rules.md 28)."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from monitor.core.domain.sweep import Observation
from monitor.core.planning.inputs import Knowledge
from monitor.core.planning.metadata_checks import after_look
from monitor.probe.lookup import look_up
from monitor.probe.model_probe import ModelProbe
from monitor.probe.probe import ProviderSession
from monitor.sweep.plan import PriorKnowledge
from monitor.sweep.values import Target


@dataclass(slots=True, kw_only=True)
class MetadataChecks:
    """One pass over the retired models.

    `take` gets each observation, `count` how many requests went out; at most `allowance` may. Afterwards
    `back` holds who is to be asked after all, `learned` what is to be remembered, `sent` the requests.
    """

    target: Target
    session: ProviderSession
    prior: PriorKnowledge
    take: Callable[[Observation], None]
    count: Callable[[int], None]
    allowance: int | None
    back: list[str] = field(default_factory=list)
    learned: dict[str, Knowledge] = field(default_factory=dict)
    sent: int = 0

    async def run(self, models: Sequence[str], *, seconds: float) -> None:
        """Look all of them up in so many seconds; who is not reached in time is not probed."""
        slots = asyncio.Semaphore(self.target.concurrency)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(self._look(model, slots) for model in models))
        for model in models:
            if model not in self.learned:
                probe = ModelProbe(model, kind=self.prior.kind_of(model))
                self.take(probe.not_probed(self.session.stopwatch.at_ms()))

    async def _look(self, model: str, slots: asyncio.Semaphore) -> None:
        async with slots:
            if self.allowance is not None and self.sent >= self.allowance:
                return
            self.sent += 1
            await self.target.pacer.acquire()
            self.count(1)
            timeout_s, kind = self.target.timeout.total_seconds(), self.prior.kind_of(model)
            observation = await look_up(self.session, model, timeout_s=timeout_s, kind=kind)
        knowledge = self.prior.knowledge_of(model)
        self.learned[model], is_back = after_look(knowledge, observation.http_status)
        if is_back:
            self.back.append(model)
        else:
            self.take(observation)
