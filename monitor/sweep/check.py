"""One model checked now: what it says, and whether a sweep would believe it. Nothing is recorded.

The model is probed as a sweep probes it, with the same catalog, history and knowledge. What a sweep learns
from all the others is learned from a few of them, and only where the model gives no answer: whose trouble is
it (rules.md 6, 8)?
"""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from monitor.catalog.reading import CatalogReading
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import Outcome, Reason, Verdict
from monitor.core.lifecycle.fold import doubt_catalog, is_tracked
from monitor.core.lifecycle.guard import FEWEST_ANSWERED, judge, regulars
from monitor.core.lifecycle.round_stats import ENOUGH, as_models_own, refusal_cause
from monitor.probe.probe import ProviderSession, SweepListener
from monitor.probe.round_settings import RoundResult
from monitor.probe.stopwatch import Stopwatch
from monitor.sweep.listing import read_listing
from monitor.sweep.plan import PriorKnowledge, excluded_observation, excluding, plan_sweep
from monitor.sweep.probing import CatalogProbe
from monitor.sweep.values import SweepStart, Target
from monitor.sweep.witnesses import proven_cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What one model of a provider said now, and what a sweep would make of it.

    `cause` is why a sweep would be inconclusive, `detail` what was said of that; None where it would record
    the observation. `is_listed` says whether the catalog has the id.
    """

    provider: str
    observation: Observation
    is_listed: bool
    cause: str | None = None
    detail: str | None = None


async def check_now(target: Target, model: str, start: SweepStart, now: datetime) -> Checked:
    """Ask one model now. Raises ConfigError where the request cannot be put on the wire.

    A model that answers is believed, whatever the catalog is like.
    """
    aim = replace(target, full_look_every=1, requests_per_day=None)
    async with target.session(Stopwatch.start(now), SweepListener()) as session:
        reading = await read_listing(aim, session, start)
        return await _Check(aim, session, start, reading, model).run()


class _Check:
    """One check between the reading of the catalog and its verdict."""

    def __init__(
        self, target: Target, session: ProviderSession, start: SweepStart, reading: CatalogReading, model: str
    ) -> None:
        self.target, self.session, self.start, self.model = target, session, start, model
        self.prior = PriorKnowledge(state=start.state, knowledge=start.knowledge, entries=reading.entries)
        started_at = session.stopwatch.started_at
        self.catalog = Sweep(
            provider=target.provider,
            started_at=started_at,
            finished_at=started_at,
            listed=reading.ids,
            accepted=start.is_accepted,
            cause=reading.trouble.cause if reading.trouble else None,
            detail=reading.trouble.detail if reading.trouble else None,
        )
        # without a list, what was listed last
        self.listed = {*start.state.believed, *target.models} if reading.trouble else {*reading.ids}

    async def run(self) -> Checked:
        if not self.prior.may_ask(self.model, self.target.traits):
            return self._checked(
                excluded_observation(self.model, self.prior, self.target, self.session.stopwatch)
            )
        first = await self._probe(self.model)
        observation = first.observations[0]
        checked = self._checked(observation)
        if observation.outcome is Outcome.AVAILABLE:  # an answer needs no witness
            return checked
        if cause := self.catalog.cause or doubt_catalog(self.start.state, self.catalog, self.target.policy):
            return await self._named(replace(checked, cause=cause, detail=self.catalog.detail))
        own = as_models_own(observation) if refusal_cause(observation) else observation
        cause, is_answered = first.trouble, False
        if witnesses := self._witnesses(first):
            others = await self._probe(*witnesses)
            cause, is_answered = (
                self._cause(own, others),
                any(seen.reason == Reason.OK for seen in others.observations),
            )
        if cause:
            doubtful = replace(checked, cause=cause, detail=observation.detail)
            return doubtful if is_answered else await self._named(doubtful)
        return replace(checked, observation=own)

    async def _named(self, checked: Checked) -> Checked:
        """Return it with the cause that other providers prove, as a sweep would have it (rules.md 9)."""
        proven = await proven_cause(self.target, checked.cause)
        if proven is None:
            return checked
        cause, beside = proven
        return replace(checked, cause=cause, detail=f"{checked.detail or 'no answer'}{beside}")

    def _checked(self, observation: Observation) -> Checked:
        is_listed = self.model in self.listed
        return Checked(provider=self.target.provider, observation=observation, is_listed=is_listed)

    async def _probe(self, *models: str) -> RoundResult:
        """Probe a few models as a sweep would probe its whole catalog, within a sweep's time."""
        catalog_probe = CatalogProbe(  # a time of its own: the catalog's does not count
            target=self.target,
            session=replace(self.session, stopwatch=Stopwatch.start(self.session.stopwatch.now())),
            prior=self.prior,
            spent_today=0,
            is_accepted=self.start.is_accepted,
            unlisted=set(models) - self.listed,
        )
        return await catalog_probe.run(models)

    def _witnesses(self, first: RoundResult) -> tuple[str, ...]:
        """Return which other models are asked: regulars, else those that a first sweep would ask first.

        None, unless there is a suspicion that a few models could confirm.
        """
        own = first.observations[0]
        is_doubtful = first.trouble or refusal_cause(own) or own.outcome is Outcome.RATE_LIMITED
        state, started_at = self.start.state, self.catalog.started_at
        if not is_doubtful and len(regulars(state, started_at)) < FEWEST_ANSWERED:
            return ()
        traits, policy = self.target.traits, self.target.policy
        tracked = [
            model
            for model in self.catalog.listed
            if is_tracked(model, policy) and self.prior.may_ask(model, traits)
        ]
        plan = plan_sweep(tracked, self.prior, self.target, started_at=started_at, is_short=False)
        if answering := excluding((*plan.canaries, *plan.regulars), (self.model,)):
            return tuple(dict.fromkeys(answering))[:FEWEST_ANSWERED]  # as few as rules.md 8 needs
        return excluding(plan.queue, (self.model,))[: ENOUGH - 1]  # with the model itself a dozen

    def _cause(self, own: Observation, others: RoundResult) -> str | None:
        """Return why a sweep of these models alone would be inconclusive; None where it would not be."""
        observations = (own, *others.observations)
        listed = tuple(observation.model for observation in observations)
        small = replace(
            self.catalog,
            listed=listed,
            observations=observations,
            cause=others.trouble,
            verdict=Verdict.INCONCLUSIVE if others.trouble else None,
        )
        state = replace(self.start.state, believed=frozenset(listed))  # else it would count as shrunken
        return judge(state, small, partial(is_tracked, policy=self.target.policy)).cause
