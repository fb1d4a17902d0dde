"""The order of one sweep's probes: canaries, then everyone, then who is elsewhere, then who was unclear.

A first look asks every model once. A model that is not on that endpoint is looked for on the others, a
request that was refused for its form is adapted, and what stayed unclear is asked again at the end with more
patience. All of it is paced, ends by the deadline, and stops when the trouble is the run's own.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Sequence

from monitor.core.forms import Form
from monitor.core.model import ANSWERED, Observation
from monitor.probe.asker import Ask, Asker
from monitor.probe.course import Course
from monitor.probe.gap import Gap
from monitor.probe.inquest import CANARIES_PER_SUSPICION, Inquest, Stopped
from monitor.probe.pacer import Pacer
from monitor.probe.probe import Answer
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
                await self.inquest.close()
        except Stopped as stopped:
            trouble = stopped.cause
        except TimeoutError:
            if not scope.expired():
                raise
        self.asker.pay()
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
        if answer := await self._send(course, course.plan.first):
            course.answers.append(answer)
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
        await all_or_none([self._pursue(each) for each in open_ended[:first] if not self._is_settled(each)])
        await all_or_none([self._pursue(each) for each in open_ended[first:] if not self._is_settled(each)])

    async def _second_looks(self) -> None:
        """Ask who was unclear again; of a mass failure that the guard will hold, a few speak for all."""
        unclear = [each for each in self._open() if each.wants_second_look]
        if self.inquest.tally.is_massive():
            few, unclear = unclear[:CANARIES_PER_SUSPICION], unclear[CANARIES_PER_SUSPICION:]
            if not await self._any_answers(few, self._look_again):
                return
        await all_or_none([self._look_again(each) for each in unclear])

    async def _any_answers(
        self, few: Sequence[Course], act: Callable[[Course], Coroutine[None, None, None]]
    ) -> bool:
        await all_or_none([act(each) for each in few])
        return any(self._is_settled(each) and self.final[each.model].outcome in ANSWERED for each in few)

    def _is_settled(self, course: Course) -> bool:
        return course.model in self.final

    def _open(self) -> list[Course]:
        """Return the courses with an answer that does not stand yet."""
        return [each for each in self.courses.values() if each.answers and each.model not in self.final]

    async def _send(self, course: Course, form: Form, *, patiently: bool = False) -> Answer | None:
        """Ask within the round's concurrency; who waits for a model's own gap takes nobody's place.

        None where the round is over before the model's turn comes.
        """
        timeout_s = self.settings.slow_timeout_s if patiently else self.settings.timeout_s
        async with course.turn:
            await self.asker.gap.wait(course.model)
            async with self.slots:
                return await self.asker.send(course, form, timeout_s)

    async def _pursue(self, course: Course) -> None:
        """Adapt the request, or look for the model elsewhere, until somebody knows it or nobody does."""
        if self._is_hopeless() and not course.answers[-1].finding.wish:
            return
        while (form := course.next_form()) is not None and self.asker.promise():
            if (answer := await self._send(course, form)) is None:
                break
            course.answers.append(answer)
        self.fruitless += course.is_searched
        await self._take(course)

    def _is_hopeless(self) -> bool:
        """Whether a dozen searches found nothing where nobody answers at all: more would only cost."""
        return self.fruitless >= ENOUGH and not self.inquest.tally.has_answer

    async def _look_again(self, course: Course) -> None:
        """Ask an unclear model once more, with patience; what cannot end in time is not begun."""
        async with course.turn:
            await self.asker.gap.wait(course.model)
            async with self.slots:
                if not await self._ask_patiently(course):
                    return
        await self._pursue(course)

    async def _ask_patiently(self, course: Course) -> bool:
        timeout_s = self._patience_s(course)
        if timeout_s is None or not self.asker.promise():
            return False
        first = (course.plan, course.answers)
        form = course.begin_second_look()
        try:
            answer = await self.asker.send(course, form, timeout_s)
        except BaseException:  # cut off, by the deadline or from outside: the first look stands
            course.plan, course.answers = first
            raise
        if answer is None:
            course.plan, course.answers = first
            return False
        course.answers.append(answer)
        return True

    def _patience_s(self, course: Course) -> float | None:
        remaining_s = self.asker.remaining_s()
        rest_s = course.rests_until_s - self.asker.stopwatch.elapsed_s()
        if remaining_s is None:
            return self.settings.slow_timeout_s if rest_s <= 0 else None
        timeout_s = min(self.settings.slow_timeout_s, remaining_s)
        return timeout_s if rest_s <= 0 and timeout_s >= self.settings.timeout_s else None

    # ---- What an answer means for the round --------------------------------------------

    async def _take(self, course: Course) -> None:
        """Settle a course whose answer stands; a refusal only once it is known whose trouble it is."""
        observation = course.observation()
        if observation is None or course.model in self.final or course.is_adaptable:
            return
        self.inquest.tally.add(observation)
        if refusal_cause(observation):
            await self.inquest.question(observation)
        elif course.next_form() is None and not course.wants_second_look:
            self._settle(observation)
        await self.inquest.look_for_common_trouble()

    def _settle(self, observation: Observation) -> None:
        self.final[observation.model] = observation
        if observation.outcome in ANSWERED:
            self.inquest.vouch(observation.model)
        self.tell(observation)

    async def _ask_again(self, model: str, *, patiently: bool) -> Observation | None:
        """Ask a canary on suspicion: its observation only if it was not asked before, or was unclear.

        One that is being asked anyway is waited for instead.
        """
        course = self.courses[model]
        if model in self.claimed and not course.answers:
            return await self._answer_under_way(course)
        if not self.asker.promise():
            return None
        self.claimed.add(model)
        form = course.answers[-1].form if course.answers else course.plan.first
        answer = await self._send(course, form, patiently=patiently)
        if answer is None:
            return None
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
        if observation.outcome in ANSWERED:
            self._settle(observation)

    def _close(self) -> None:
        """Give every model its observation: what is open stays as it came, the rest was not probed."""
        at_ms = self.asker.stopwatch.at_ms()
        for model, course in self.courses.items():
            if model not in self.final:
                self._settle(course.observation() or course.not_probed(at_ms))
