"""What a sweep does with a believed catalog: look up who is retired, then ask everybody else."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from monitor.core.answer.answer import Answer
from monitor.core.domain.sweep import Observation
from monitor.core.planning.budget import share
from monitor.core.planning.inputs import Knowledge
from monitor.core.request.forms import RequestForm
from monitor.probe.model_probe import ModelProbe
from monitor.probe.probe import ProviderSession, probe_model
from monitor.probe.round import probe_round
from monitor.probe.round_settings import RoundResult, RoundSettings
from monitor.sweep.metadata import MetadataChecks
from monitor.sweep.plan import PriorKnowledge, SweepPlan, plan_sweep, probe_of
from monitor.sweep.values import Target

DEADLINE_SHARE = 0.9  # rules.md 7


@dataclass(slots=True, kw_only=True)
class CatalogProbe:
    """One look at a catalog. `take` gets each final observation, `count` how many requests went out.

    `learned` is what to remember of the models afterwards, where that is news, `proven` the part of it that
    holds whatever the sweep's verdict is. `unlisted` are those looked at that the catalog does not have.
    """

    target: Target
    session: ProviderSession
    prior: PriorKnowledge
    spent_today: int
    is_accepted: bool
    take: Callable[[Observation], None] = lambda _observation: None
    count: Callable[[int], None] = lambda _requests: None
    unlisted: Collection[str] = ()
    learned: dict[str, Knowledge] = field(default_factory=dict)
    proven: dict[str, Knowledge] = field(default_factory=dict)

    async def look_at(self, tracked: Sequence[str]) -> RoundResult:
        """Observe every tracked model; returns what the round of probes gave."""
        target, now = self.target, self.session.stopwatch.now()
        left = target.sweeps_left(now)
        allowance = share(target.requests_per_day, spent=self.spent_today, sweeps_left=left)
        is_short = allowance is not None and allowance < len(tracked)
        started_at = self.session.stopwatch.started_at
        plan = plan_sweep(tracked, self.prior, target, started_at=started_at, is_short=is_short)
        self._mind_the_gap(tracked)
        checks = MetadataChecks(
            target=target,
            session=self.session,
            prior=self.prior,
            take=self.take,
            count=self.count,
            allowance=allowance,
        )
        seconds = deadline_s(target) - self.session.stopwatch.elapsed_s()
        await checks.run(plan.looked_up, seconds=seconds)
        probes = [probe_of(model, self.prior, target, now) for model in (*checks.back, *plan.asked)]
        request_limit = None if allowance is None else max(allowance - checks.sent, 0)
        result = await self._ask(probes, plan, request_limit)
        self._learn(probes, checks, is_told=result.trouble is None)
        return result

    async def _ask(
        self, probes: Sequence[ModelProbe], plan: SweepPlan, request_limit: int | None
    ) -> RoundResult:
        """Make one round of probes of at most so many requests."""
        target = self.target
        return await probe_round(
            probes,
            self._probe,
            pacer=target.pacer,
            gap=target.gap,
            stopwatch=self.session.stopwatch,
            settings=RoundSettings(
                concurrency=target.concurrency,
                timeout_s=target.timeout.total_seconds(),
                slow_timeout_s=target.slow_timeout.total_seconds(),
                deadline_s=deadline_s(target),
                request_limit=request_limit,
                is_accepted=self.is_accepted,
                is_exhausted=plan.is_exhausted,
            ),
            canaries=plan.canaries,
            regulars=plan.regulars,
            available_models=plan.available_models,
            on_observation=self.take,
        )

    async def _probe(self, model: str, form: RequestForm, timeout_s: float) -> Answer:
        self.count(1)
        is_listed = model not in self.unlisted
        answer = await probe_model(self.session, model, form=form, timeout_s=timeout_s, listed=is_listed)
        self.count(answer.requests - 1)
        return answer

    def _learn(self, probes: Sequence[ModelProbe], checks: MetadataChecks, *, is_told: bool) -> None:
        """Take what is news; a round that was stopped for a trouble of its own teaches nothing."""
        now = self.session.stopwatch.now()
        taught = {probe.model: probe.learned(self.target.traits, now) for probe in probes}
        for model in checks.back:
            status = checks.learned[model].listed_status
            taught[model] = replace(taught[model], listed_status=status)
        after = {**checks.learned, **(taught if is_told else {})}
        self.learned = {
            model: prior for model, prior in after.items() if prior != self.prior.knowledge_of(model)
        }
        self.proven = {each.model: prior for each in probes if (prior := each.proven()) != each.knowledge}

    def _mind_the_gap(self, models: Sequence[str]) -> None:
        """Let the last sweep's requests count, whichever process sent them."""
        now = self.session.stopwatch.now()
        for model in models:
            prior = self.prior.state.models.get(model)
            if prior and prior.last_checked_at:
                self.target.gap.asked(model, (now - prior.last_checked_at).total_seconds())


def deadline_s(target: Target) -> float:
    """Return by how many seconds after its start a sweep must end."""
    return target.interval.total_seconds() * DEADLINE_SHARE
