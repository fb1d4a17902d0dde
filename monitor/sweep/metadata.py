"""Metadata checks of retired models, and which of those seem to be back (rules.md 28)."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from monitor.core.planning.inputs import Knowledge
from monitor.core.planning.metadata_checks import after_check
from monitor.probe.model_probe import ModelProbe
from monitor.probe.probe import ProviderSession, check_metadata
from monitor.sweep.plan import PriorKnowledge
from monitor.sweep.values import Target


@dataclass(slots=True, kw_only=True)
class MetadataChecks:
    """The metadata checks of one sweep, of which at most `allowance` requests may be sent.

    Afterwards `back` holds the models that are probed after all, `learned` what is to be remembered, `sent`
    the number of requests.
    """

    target: Target
    session: ProviderSession
    prior: PriorKnowledge
    allowance: int | None
    back: list[str] = field(default_factory=list)
    learned: dict[str, Knowledge] = field(default_factory=dict)
    sent: int = 0

    async def run(self, models: Sequence[str], *, seconds: float) -> None:
        """Check them all in so many seconds; a model that is not reached in time is not probed."""
        slots = asyncio.Semaphore(self.target.concurrency)
        with suppress(TimeoutError):  # the sweep must end in time
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(self._check(model, slots) for model in models))
        for model in models:
            if model not in self.learned:  # what was not reached is not probed (rules.md 1)
                probe = ModelProbe(model, kind=self.prior.kind_of(model))
                self.session.listener.observed(probe.not_probed(self.session.stopwatch.at_ms()))

    async def _check(self, model: str, slots: asyncio.Semaphore) -> None:
        async with slots:
            if self.allowance is not None and self.sent >= self.allowance:
                return
            self.sent += 1  # counted before the wait: others check the allowance meanwhile
            await self.target.pacer.acquire()
            timeout_s, kind = self.target.timeout.total_seconds(), self.prior.kind_of(model)
            observation = await check_metadata(self.session, model, timeout_s=timeout_s, kind=kind)
        knowledge = self.prior.knowledge_of(model)
        self.learned[model], is_back = after_check(knowledge, observation.http_status)
        if is_back:
            self.back.append(model)
        else:
            self.session.listener.observed(observation)
