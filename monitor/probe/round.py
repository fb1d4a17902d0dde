"""The order of one sweep's probes: canaries, then everyone, then who is elsewhere, then who was unclear.

A first look asks every model once. A model that is not on that endpoint is looked for on the others, a
request that was refused for its form is adapted, and what stayed unclear or limited is asked again at the end
with more patience. All of it is paced, ends by the deadline, and stops when the trouble is the run's own.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Sequence

from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Outcome
from monitor.core.request.forms import RequestForm
from monitor.probe.gap import Gap
from monitor.probe.limits import is_limit
from monitor.probe.model_probe import Course
from monitor.probe.pacer import Pacer
from monitor.probe.probe import Answer
from monitor.probe.request_sender import Ask, Asker
from monitor.probe.run_guard import CANARIES_PER_SUSPICION, Inquest, Stopped
from monitor.probe.second_pass import SecondLook
from monitor.probe.stopwatch import Stopwatch
from monitor.probe.suspicion import ENOUGH, Tally, refusal_cause
from monitor.probe.terms import RoundResult, RoundSettings
from monitor.probe.together import all_or_none


async def probe_round(
    courses: Sequence[Course],
    ask: Ask,
    *,
    pacer: Pacer,
    stopwatch: Stopwatch,
    settings: RoundSettings,
    gap: Gap | None = None,
    canaries: Sequence[str] = (),
    regulars: Sequence[str] = (),
    believed: Sequence[str] = (),
    on_observation: Callable[[Observation], None] = lambda _observation: None,
) -> RoundResult:
    """Observe every model, in the courses' order, which afterwards tell what was learned.

    `regulars` answered last time, `believed` are available as far as is known; `canaries` are those of them
    that are asked first, and again on suspicion (rules.md 6, 8). `on_observation` gets every final
    observation once, the `not_probed` ones last. Cancellation ends the probes in flight and is raised; so is
    what `ask` raises.
    """
    asker = Asker(
        ask=ask,
        pacer=pacer,
        gap=gap or Gap(),
        stopwatch=stopwatch,
        deadline_s=settings.deadline_s,
        request_limit=settings.request_limit,
    )
    wanted = {course.model for course in courses}
    tally = Tally(
        len(wanted),
        [name for name in regulars if name in wanted],
        [name for name in believed if name in wanted],
    )
    probes = _Round(courses, asker, settings, canaries=canaries, tally=tally, tell=on_observation)
    return await probes.run()


class _Round:
    """The state of one round. Single-threaded: between two awaits nobody else touches it.

    A model is `claimed` once somebody asks it, and `final` holds what is settled.
    """

    def __init__(
        self,
        courses: Sequence[Course],
        asker: Asker,
        settings: RoundSettings,
        *,
        canaries: Sequence[str],
        tally: Tally,
        tell: Callable[[Observation], None],
    ) -> None:
        self.courses = {course.model: course for course in courses}
        self.asker, self.settings, self.tell = asker, settings, tell
        first = [name for name in canaries if name in self.courses]
        self.waiting = deque(dict.fromkeys([*first, *self.courses]))
        self.slots = asyncio.Semaphore(settings.concurrency)
        self.second = SecondLook(asker, settings, self.slots)
        self.one_suspicion = asyncio.Lock()
        self.claimed: set[str] = set()
        self.final: dict[str, Observation] = {}
        self.fruitless = 0
        self.inquest = Inquest(
            tally,
            first,
            ask_again=self._ask_again,
            settle=self._settle,
            at_ms=asker.stopwatch.at_ms,
            believes=settings.believes,
        )

    async def run(self) -> RoundResult:
        trouble = None
        try:
            async with asyncio.timeout(self.asker.remaining_s()) as scope:
                await self._look_at_all()
                await self._elsewhere()
                await self._second_looks()
                await self._limited_again()
                await self.inquest.close()
        except Stopped as stopped:
            trouble = stopped.cause
        except TimeoutError:
            if not scope.expired():
                raise
        self._close()
        trouble = trouble or self.inquest.cause_of_all_failing()
        observations = tuple(self.final[model] for model in self.courses)
        return RoundResult(observations, self.asker.requests, trouble)

    # ---- The three looks ---------------------------------------------------------------

    async def _look_at_all(self) -> None:
        workers = min(self.settings.concurrency, len(self.waiting))
        await all_or_none([self._work() for _ in range(workers)])

    async def _work(self) -> None:
        for course in self._next_courses():
            await self._ask_first(course)

    def _next_courses(self) -> Iterator[Course]:
        while self.waiting:
            model = self.waiting.popleft()
            if model in self.claimed:
                continue
            if not self.asker.promise():
                return
            yield self.courses[model]

    async def _ask_first(self, course: Course) -> None:
        self.claimed.add(course.model)
        course.answers.append(await self._send(course, course.plan.first))
        await self._take(course)

    async def _elsewhere(self) -> None:
        """Adapt and search; where nobody answered yet, a dozen first: they may speak for all."""
        open_ended = [each for each in self._open() if each.next_form() is not None]
        if self.inquest.tally.is_massive():
            adaptable = [each for each in open_ended if each.is_adaptable]
            open_ended = [*adaptable, *[each for each in open_ended if not each.is_adaptable]]
            if not await self._any_answers(open_ended[:CANARIES_PER_SUSPICION], self._pursue):
                return
        first = len(open_ended) if self.inquest.tally.has_answer else ENOUGH
        await all_or_none([self._pursue(each) for each in open_ended[:first] if each.model not in self.final])
        await all_or_none([self._pursue(each) for each in open_ended[first:] if each.model not in self.final])

    async def _second_looks(self) -> None:
        """Ask who was unclear again; of a mass failure that the guard will hold, a few speak for all."""
        unclear = [each for each in self._open() if each.wants_second_look and not each.is_limited]
        await self._look_again(unclear, is_hopeless=self.inquest.tally.is_massive())

    async def _limited_again(self) -> None:
        """Ask who was limited again; where nobody answers at all, a few speak for all."""
        limited = [each for each in self._open() if each.wants_second_look and each.is_limited]
        await self._look_again(limited, is_hopeless=not self.inquest.tally.has_answer)

    async def _look_again(self, courses: Sequence[Course], *, is_hopeless: bool) -> None:
        due = sorted(courses, key=lambda each: each.rests_until_s)
        few, others = due[:CANARIES_PER_SUSPICION], due[CANARIES_PER_SUSPICION:]
        if is_hopeless and not await self._any_answers(few, self._ask_second):
            return
        await all_or_none([self._ask_second(each) for each in (others if is_hopeless else due)])

    async def _any_answers(
        self, few: Sequence[Course], act: Callable[[Course], Coroutine[None, None, None]]
    ) -> bool:
        await all_or_none([act(each) for each in few])
        return any(self._answers(each.model) for each in few)

    def _answers(self, model: str) -> bool:
        return model in self.final and self.final[model].outcome is Outcome.AVAILABLE

    def _open(self) -> list[Course]:
        """Return the courses with an answer that does not stand yet."""
        return [each for each in self.courses.values() if each.answers and each.model not in self.final]

    async def _send(self, course: Course, form: RequestForm, *, patiently: bool = False) -> Answer:
        """Ask within the round's concurrency; who waits for a model's own gap takes nobody's place."""
        timeout_s = self.settings.slow_timeout_s if patiently else self.settings.timeout_s
        async with course.turn:
            await self.asker.gap.wait(course.model)
            async with self.slots:
                return await self.asker.send(course, form, timeout_s)

    async def _pursue(self, course: Course) -> None:
        """Adapt the request, or look for the model elsewhere, until somebody knows it or nobody does."""
        if self._is_hopeless() and not course.answers[-1].finding.adaptation:
            return
        while (form := course.next_form()) is not None and self.asker.promise():
            course.answers.append(await self._send(course, form))
        self.fruitless += course.is_searched
        await self._take(course)

    def _is_hopeless(self) -> bool:
        """Whether a dozen searches found nothing where nobody answers at all: more would only cost."""
        return self.fruitless >= ENOUGH and not self.inquest.tally.has_answer

    async def _ask_second(self, course: Course) -> None:
        if await self.second.ask(course):
            await self._pursue(course)

    # ---- What an answer means for the round --------------------------------------------

    async def _take(self, course: Course) -> None:
        """Settle a course whose answer stands; a refusal only once it is known whose trouble it is."""
        await self._heed_limits()
        observation = course.observation()
        if observation is None or course.model in self.final or course.is_adaptable:
            return
        self.inquest.tally.add(observation)
        if refusal_cause(observation):
            await self.inquest.question(observation)
        elif course.next_form() is None and not self.second.is_to_come(course):
            self._settle(observation)
        await self.inquest.look_for_common_trouble()
        self._stop_for_quota()

    def _stop_for_quota(self) -> None:
        """Spare the key at least a dozen requests where all that answered last time are limited (rules.md 8).

        Not while one of them asked to wait so briefly that its second look may be answered. Raises Stopped.
        """
        cause = self.inquest.tally.limited_key(is_open=self.settings.is_exhausted)
        is_worth_it = len(self.waiting) >= ENOUGH and not self.settings.believes
        if cause and is_worth_it and not any(map(self.second.is_near, self._open())):
            raise Stopped(cause)

    def _settle(self, observation: Observation) -> None:
        self.final[observation.model] = observation
        if observation.outcome is Outcome.AVAILABLE:
            self.inquest.vouch(observation.model)
        self.tell(observation)

    async def _heed_limits(self) -> None:
        """Hold requests back for a limit of the key's: one that a model meets that answered in this round."""
        limits = self.asker.limits
        if not limits.is_suspected():
            return
        async with self.one_suspicion:
            if limits.is_suspected() and not limits.is_held_back and (witness := self._witness()):
                await self._ask_again(witness, patiently=False)
            if limits.is_suspected():
                self.asker.hold_back(len(self.waiting))

    def _witness(self) -> str | None:
        """Return who answered and was asked once only, longest ago: its own limit is the least likely."""
        fresh = (model for model in self.final if self._answers(model) and self.courses[model].attempts == 1)
        return next((model for model in fresh if not self.courses[model].turn.locked()), None)

    async def _ask_again(self, model: str, *, patiently: bool) -> Observation | None:
        """Ask a canary on suspicion: its observation only if it was not asked before, or was unclear.

        One that is being asked anyway is waited for instead; one that is limited said what it has to say.
        """
        course = self.courses[model]
        if model in self.claimed and not course.answers:
            return await self._answer_under_way(course)
        if course.latest is not None and is_limit(course.latest.finding):
            return course.latest.observation
        if not self.asker.promise():
            return None
        self.claimed.add(model)
        form = course.answers[-1].form if course.answers else course.plan.first
        answer = await self._send(course, form, patiently=patiently)
        if model not in self.final and (not course.answers or course.wants_second_look):
            self._replace(course, answer)
        return answer.observation

    async def _answer_under_way(self, course: Course) -> Observation | None:
        async with course.turn:
            pass
        await asyncio.sleep(0)  # let who asked note the answer
        return course.observation()

    def _replace(self, course: Course, answer: Answer) -> None:
        course.is_second = bool(course.answers)
        course.answers = [answer]
        observation = course.observation()
        if observation is None:
            return
        self.inquest.tally.add(observation)
        if observation.outcome is Outcome.AVAILABLE:
            self._settle(observation)

    def _close(self) -> None:
        """Give every model its observation: what is open stays as it came, the rest was not probed."""
        at_ms = self.asker.stopwatch.at_ms()
        for model, course in self.courses.items():
            if model not in self.final:
                self._settle(course.observation() or course.not_probed(at_ms))
