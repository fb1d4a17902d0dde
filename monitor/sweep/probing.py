"""What a sweep does with a believed catalog: check the retired models, then probe all others."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from monitor.core.answer.answer import Answer
from monitor.core.planning.inputs import Knowledge
from monitor.core.request.forms import RequestForm
from monitor.probe.model_probe import ModelProbe
from monitor.probe.probe import ProviderSession, probe_model
from monitor.probe.request_sender import RequestSender
from monitor.probe.round import probe_round
from monitor.probe.round_settings import RoundResult, RoundSettings
from monitor.sweep.metadata import MetadataChecks
from monitor.sweep.plan import PriorKnowledge, SweepPlan, plan_sweep, probe_of, share
from monitor.sweep.values import Target

DEADLINE_SHARE = 0.9  # rules.md 7


@dataclass(slots=True, kw_only=True)
class CatalogProbe:
    """One pass over the models of a catalog; the session's listener hears of it.

    `learned` is what to remember of the models afterwards, where that is news, `proven` the part of it that
    holds whatever the sweep's verdict is. `unlisted` are those probed that the catalog does not have.
    """

    target: Target
    session: ProviderSession
    prior: PriorKnowledge
    spent_today: int
    is_accepted: bool
    unlisted: Collection[str] = ()
    learned: dict[str, Knowledge] = field(default_factory=dict)
    proven: dict[str, Knowledge] = field(default_factory=dict)

    async def run(self, tracked: Sequence[str]) -> RoundResult:
        """Observe every tracked model; returns what the round of probes gave."""
        target, stopwatch = self.target, self.session.stopwatch
        now = stopwatch.now()
        left = 1 if target.requests_per_day is None else target.sweeps_left(now)
        allowance = share(target.requests_per_day, spent=self.spent_today, sweeps_left=left)
        is_short = allowance is not None and allowance < len(tracked)
        plan = plan_sweep(tracked, self.prior, target, started_at=stopwatch.started_at, is_short=is_short)
        self._keep_gaps(tracked)
        checks = MetadataChecks(target=target, session=self.session, prior=self.prior, allowance=allowance)
        await checks.run(plan.checked, seconds=_deadline_s(target) - stopwatch.elapsed_s())
        probes = [probe_of(model, self.prior, target, now) for model in (*checks.back, *plan.queue)]
        request_limit = None if allowance is None else max(allowance - checks.sent, 0)
        result = await self._probe_round(probes, plan, request_limit)
        self._learn(probes, checks, is_stopped=result.trouble is not None)
        return result

    async def _probe_round(
        self, probes: Sequence[ModelProbe], plan: SweepPlan, request_limit: int | None
    ) -> RoundResult:
        target = self.target
        settings = RoundSettings(
            concurrency=target.concurrency,
            timeout_s=target.timeout.total_seconds(),
            slow_timeout_s=target.slow_timeout.total_seconds(),
            deadline_s=_deadline_s(target),
            request_limit=request_limit,
            is_accepted=self.is_accepted,
            is_exhausted=plan.is_exhausted,
            canaries=plan.canaries,
            regulars=plan.regulars,
            available_models=plan.available_models,
        )
        sender = RequestSender(
            ask=self._ask,
            pacer=target.pacer,
            gap=target.gap,
            stopwatch=self.session.stopwatch,
            settings=settings,
        )
        listener = self.session.listener
        return await probe_round(probes, sender, listener.observed, listener.answered)

    async def _ask(self, model: str, form: RequestForm, timeout_s: float) -> Answer:
        is_listed = model not in self.unlisted
        return await probe_model(self.session, model, form=form, timeout_s=timeout_s, listed=is_listed)

    def _learn(self, probes: Sequence[ModelProbe], checks: MetadataChecks, *, is_stopped: bool) -> None:
        """Keep what is news; a round that was stopped for a trouble of its own teaches nothing."""
        now = self.session.stopwatch.now()
        learned = {probe.model: probe.learned(self.target.traits, now) for probe in probes}
        for model in checks.back:
            learned[model] = replace(learned[model], listed_status=checks.learned[model].listed_status)
        after = checks.learned if is_stopped else {**checks.learned, **learned}
        self.learned = {
            model: knowledge
            for model, knowledge in after.items()
            if knowledge != self.prior.knowledge_of(model)
        }
        self.proven = {
            probe.model: proven for probe in probes if (proven := probe.proven()) != probe.knowledge
        }

    def _keep_gaps(self, models: Sequence[str]) -> None:
        """Let the last sweep's requests count, whichever process sent them."""
        now = self.session.stopwatch.now()
        for model in models:
            state = self.prior.state.models.get(model)
            if state and state.last_checked_at:
                self.target.gap.note_request(model, (now - state.last_checked_at).total_seconds())


def _deadline_s(target: Target) -> float:
    """Return by how many seconds after its start a sweep must end."""
    return target.interval.total_seconds() * DEADLINE_SHARE
