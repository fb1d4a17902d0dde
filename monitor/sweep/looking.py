"""What a sweep does with a believed catalog: look up who is retired, then ask everybody else."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from monitor.core.domain.sweep import Observation
from monitor.core.planning.budget import share
from monitor.core.planning.inputs import Knowledge
from monitor.core.request.forms import RequestForm
from monitor.probe.model_probe import Course
from monitor.probe.probe import Answer, Line, probe_model
from monitor.probe.round import probe_round
from monitor.probe.terms import RoundResult, RoundSettings
from monitor.sweep.lookups import LookUps
from monitor.sweep.plan import Agenda, Known, agenda_of, course_of
from monitor.sweep.values import Target

DEADLINE_SHARE = 0.9  # rules.md 7


@dataclass(slots=True, kw_only=True)
class Looking:
    """One look at a catalog. `take` gets each final observation, `count` how many requests went out.

    `learned` is what to remember of the models afterwards, where that is news, `proven` the part of it that
    holds whatever the sweep's verdict is. `unlisted` are those looked at that the catalog does not have.
    """

    target: Target
    line: Line
    known: Known
    spent_today: int
    is_accepted: bool
    take: Callable[[Observation], None] = lambda _observation: None
    count: Callable[[int], None] = lambda _requests: None
    unlisted: Collection[str] = ()
    learned: dict[str, Knowledge] = field(default_factory=dict)
    proven: dict[str, Knowledge] = field(default_factory=dict)

    async def look_at(self, tracked: Sequence[str]) -> RoundResult:
        """Observe every tracked model; returns what the round of probes gave."""
        target, now = self.target, self.line.stopwatch.now()
        left = target.sweeps_left(now)
        allowance = share(target.requests_per_day, spent=self.spent_today, sweeps_left=left)
        is_short = allowance is not None and allowance < len(tracked)
        started_at = self.line.stopwatch.started_at
        agenda = agenda_of(tracked, self.known, target, started_at=started_at, is_short=is_short)
        self._mind_the_gap(tracked)
        lookups = LookUps(
            target=target,
            line=self.line,
            known=self.known,
            take=self.take,
            count=self.count,
            allowance=allowance,
        )
        seconds = deadline_s(target) - self.line.stopwatch.elapsed_s()
        await lookups.run(agenda.looked_up, seconds=seconds)
        courses = [course_of(model, self.known, target, now) for model in (*lookups.back, *agenda.asked)]
        request_limit = None if allowance is None else max(allowance - lookups.sent, 0)
        result = await self._ask(courses, agenda, request_limit)
        self._learn(courses, lookups, is_told=result.trouble is None)
        return result

    async def _ask(self, courses: Sequence[Course], agenda: Agenda, request_limit: int | None) -> RoundResult:
        """Make one round of probes of at most so many requests."""
        target = self.target
        return await probe_round(
            courses,
            self._probe,
            pacer=target.pacer,
            gap=target.gap,
            stopwatch=self.line.stopwatch,
            settings=RoundSettings(
                concurrency=target.concurrency,
                timeout_s=target.timeout.total_seconds(),
                slow_timeout_s=target.slow_timeout.total_seconds(),
                deadline_s=deadline_s(target),
                request_limit=request_limit,
                believes=self.is_accepted,
                is_exhausted=agenda.is_exhausted,
            ),
            canaries=agenda.canaries,
            regulars=agenda.regulars,
            believed=agenda.believed,
            on_observation=self.take,
        )

    async def _probe(self, model: str, form: RequestForm, timeout_s: float) -> Answer:
        self.count(1)
        is_listed = model not in self.unlisted
        answer = await probe_model(self.line, model, form=form, timeout_s=timeout_s, listed=is_listed)
        self.count(answer.requests - 1)
        return answer

    def _learn(self, courses: Sequence[Course], lookups: LookUps, *, is_told: bool) -> None:
        """Take what is news; a round that was stopped for a trouble of its own teaches nothing."""
        now = self.line.stopwatch.now()
        taught = {course.model: course.learned(self.target.traits, now) for course in courses}
        for model in lookups.back:
            status = lookups.learned[model].listed_status
            taught[model] = replace(taught[model], listed_status=status)
        after = {**lookups.learned, **(taught if is_told else {})}
        self.learned = {
            model: known for model, known in after.items() if known != self.known.knowledge_of(model)
        }
        self.proven = {each.model: known for each in courses if (known := each.proven()) != each.knowledge}

    def _mind_the_gap(self, models: Sequence[str]) -> None:
        """Let the last sweep's requests count, whichever process sent them."""
        now = self.line.stopwatch.now()
        for model in models:
            known = self.known.state.models.get(model)
            if known and known.last_checked_at:
                self.target.gap.asked(model, (now - known.last_checked_at).total_seconds())


def deadline_s(target: Target) -> float:
    """Return by how many seconds after its start a sweep must end."""
    return target.interval.total_seconds() * DEADLINE_SHARE
