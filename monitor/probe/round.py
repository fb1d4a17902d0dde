"""The order of one sweep's probes: canaries, then everyone, then who is elsewhere, then who was unclear.

A first look asks every model once. A model that is not on that endpoint is looked for on the others, a
request that was refused for its form is adapted, and what stayed unclear or limited is asked again at the end
with more patience. All of it is paced, ends by the deadline, and stops when the trouble is the run's own.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Sequence

from monitor.core.answer.answer import Answer
from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Outcome
from monitor.core.lifecycle.round_stats import ENOUGH, RoundStats, refusal_cause
from monitor.core.request.forms import RequestForm
from monitor.probe.gap import Gap
from monitor.probe.limits import is_limit
from monitor.probe.model_probe import ModelProbe
from monitor.probe.pacer import Pacer
from monitor.probe.request_sender import Ask, RequestSender
from monitor.probe.round_settings import RoundResult, RoundSettings
from monitor.probe.run_guard import CANARIES_PER_SUSPICION, RunGuard, Stopped
from monitor.probe.second_pass import SecondPass
from monitor.probe.stopwatch import Stopwatch
from monitor.probe.together import all_or_none


async def probe_round(
    probes: Sequence[ModelProbe],
    ask: Ask,
    *,
    pacer: Pacer,
    stopwatch: Stopwatch,
    settings: RoundSettings,
    gap: Gap | None = None,
    canaries: Sequence[str] = (),
    regulars: Sequence[str] = (),
    available_models: Sequence[str] = (),
    on_observation: Callable[[Observation], None] = lambda _observation: None,
) -> RoundResult:
    """Observe every model, in the order of the probes, which afterwards hold what was learned.

    `regulars` answered last time, the status of `available_models` is available; `canaries` are those of them
    that are asked first, and again on suspicion (rules.md 6, 8). `on_observation` gets every final
    observation once, the `not_probed` ones last. Cancellation ends the probes in flight and is raised; so is
    what `ask` raises.
    """
    sender = RequestSender(
        ask=ask,
        pacer=pacer,
        gap=gap or Gap(),
        stopwatch=stopwatch,
        deadline_s=settings.deadline_s,
        request_limit=settings.request_limit,
    )
    wanted = {probe.model for probe in probes}
    stats = RoundStats(
        len(wanted),
        [name for name in regulars if name in wanted],
        [name for name in available_models if name in wanted],
    )
    whole = _Round(probes, sender, settings, canaries=canaries, stats=stats, tell=on_observation)
    return await whole.run()


class _Round:
    """The state of one round. Single-threaded: between two awaits nobody else touches it.

    A model is `claimed` once somebody asks it, and `final` holds what is settled.
    """

    def __init__(
        self,
        probes: Sequence[ModelProbe],
        sender: RequestSender,
        settings: RoundSettings,
        *,
        canaries: Sequence[str],
        stats: RoundStats,
        tell: Callable[[Observation], None],
    ) -> None:
        self.probes = {probe.model: probe for probe in probes}
        self.sender, self.settings, self.tell = sender, settings, tell
        first = [name for name in canaries if name in self.probes]
        self.waiting = deque(dict.fromkeys([*first, *self.probes]))
        self.slots = asyncio.Semaphore(settings.concurrency)
        self.second = SecondPass(sender, settings, self.slots)
        self.one_suspicion = asyncio.Lock()
        self.claimed: set[str] = set()
        self.final: dict[str, Observation] = {}
        self.fruitless = 0
        self.guard = RunGuard(
            stats,
            first,
            ask_again=self._ask_again,
            settle=self._settle,
            at_ms=sender.stopwatch.at_ms,
            is_accepted=settings.is_accepted,
        )

    async def run(self) -> RoundResult:
        trouble = None
        try:
            async with asyncio.timeout(self.sender.remaining_s()) as scope:
                await self._look_at_all()
                await self._elsewhere()
                await self._second_looks()
                await self._limited_again()
                await self.guard.close()
        except Stopped as stopped:
            trouble = stopped.cause
        except TimeoutError:
            if not scope.expired():
                raise
        self._close()
        trouble = trouble or self.guard.cause_of_all_failing()
        observations = tuple(self.final[model] for model in self.probes)
        return RoundResult(observations, self.sender.requests, trouble)

    # ---- The three looks ---------------------------------------------------------------

    async def _look_at_all(self) -> None:
        workers = min(self.settings.concurrency, len(self.waiting))
        await all_or_none([self._work() for _ in range(workers)])

    async def _work(self) -> None:
        for probe in self._next_probes():
            await self._ask_first(probe)

    def _next_probes(self) -> Iterator[ModelProbe]:
        while self.waiting:
            model = self.waiting.popleft()
            if model in self.claimed:
                continue
            if not self.sender.promise():
                return
            yield self.probes[model]

    async def _ask_first(self, probe: ModelProbe) -> None:
        self.claimed.add(probe.model)
        probe.answers.append(await self._send(probe, probe.plan.first))
        await self._take(probe)

    async def _elsewhere(self) -> None:
        """Adapt and search; where nobody answered yet, a dozen first: they may speak for all."""
        open_ended = [each for each in self._open() if each.next_form() is not None]
        if self.guard.stats.is_massive():
            adaptable = [each for each in open_ended if each.is_adaptable]
            open_ended = [*adaptable, *[each for each in open_ended if not each.is_adaptable]]
            if not await self._any_answers(open_ended[:CANARIES_PER_SUSPICION], self._pursue):
                return
        first = len(open_ended) if self.guard.stats.has_answer else ENOUGH
        await all_or_none([self._pursue(each) for each in open_ended[:first] if each.model not in self.final])
        await all_or_none([self._pursue(each) for each in open_ended[first:] if each.model not in self.final])

    async def _second_looks(self) -> None:
        """Ask who was unclear again; of a mass failure that the guard will hold, a few speak for all."""
        unclear = [each for each in self._open() if each.wants_second_pass and not each.is_limited]
        await self._look_again(unclear, is_hopeless=self.guard.stats.is_massive())

    async def _limited_again(self) -> None:
        """Ask who was limited again; where nobody answers at all, a few speak for all."""
        limited = [each for each in self._open() if each.wants_second_pass and each.is_limited]
        await self._look_again(limited, is_hopeless=not self.guard.stats.has_answer)

    async def _look_again(self, probes: Sequence[ModelProbe], *, is_hopeless: bool) -> None:
        due = sorted(probes, key=lambda each: each.rests_until_s)
        few, others = due[:CANARIES_PER_SUSPICION], due[CANARIES_PER_SUSPICION:]
        if is_hopeless and not await self._any_answers(few, self._ask_second):
            return
        await all_or_none([self._ask_second(each) for each in (others if is_hopeless else due)])

    async def _any_answers(
        self, few: Sequence[ModelProbe], act: Callable[[ModelProbe], Coroutine[None, None, None]]
    ) -> bool:
        await all_or_none([act(each) for each in few])
        return any(self._answers(each.model) for each in few)

    def _answers(self, model: str) -> bool:
        return model in self.final and self.final[model].outcome is Outcome.AVAILABLE

    def _open(self) -> list[ModelProbe]:
        """Return the probes with an answer that does not stand yet."""
        return [each for each in self.probes.values() if each.answers and each.model not in self.final]

    async def _send(self, probe: ModelProbe, form: RequestForm, *, patiently: bool = False) -> Answer:
        """Ask within the round's concurrency; who waits for a model's own gap takes nobody's place."""
        timeout_s = self.settings.slow_timeout_s if patiently else self.settings.timeout_s
        async with probe.turn:
            await self.sender.gap.wait(probe.model)
            async with self.slots:
                return await self.sender.send(probe, form, timeout_s)

    async def _pursue(self, probe: ModelProbe) -> None:
        """Adapt the request, or look for the model elsewhere, until somebody knows it or nobody does."""
        if self._is_hopeless() and not probe.answers[-1].finding.adaptation:
            return
        while (form := probe.next_form()) is not None and self.sender.promise():
            probe.answers.append(await self._send(probe, form))
        self.fruitless += probe.is_searched
        await self._take(probe)

    def _is_hopeless(self) -> bool:
        """Whether a dozen searches found nothing where nobody answers at all: more would only cost."""
        return self.fruitless >= ENOUGH and not self.guard.stats.has_answer

    async def _ask_second(self, probe: ModelProbe) -> None:
        if await self.second.ask(probe):
            await self._pursue(probe)

    # ---- What an answer means for the round --------------------------------------------

    async def _take(self, probe: ModelProbe) -> None:
        """Settle a probe whose answer stands; a refusal only once it is known whose trouble it is."""
        await self._heed_limits()
        observation = probe.observation()
        if observation is None or probe.model in self.final or probe.is_adaptable:
            return
        self.guard.stats.add(observation)
        if refusal_cause(observation):
            await self.guard.investigate(observation)
        elif probe.next_form() is None and not self.second.is_to_come(probe):
            self._settle(observation)
        await self.guard.look_for_common_trouble()
        self._stop_for_quota()

    def _stop_for_quota(self) -> None:
        """Spare the key at least a dozen requests where all that answered last time are limited (rules.md 8).

        Not while one of them asked to wait so briefly that its second look may be answered. Raises Stopped.
        """
        cause = self.guard.stats.limited_key(is_open=self.settings.is_exhausted)
        is_worth_it = len(self.waiting) >= ENOUGH and not self.settings.is_accepted
        if cause and is_worth_it and not any(map(self.second.is_near, self._open())):
            raise Stopped(cause)

    def _settle(self, observation: Observation) -> None:
        self.final[observation.model] = observation
        if observation.outcome is Outcome.AVAILABLE:
            self.guard.confirm_answering(observation.model)
        self.tell(observation)

    async def _heed_limits(self) -> None:
        """Hold requests back for a limit of the key's: one that a model meets that answered in this round."""
        limits = self.sender.limits
        if not limits.is_suspected():
            return
        async with self.one_suspicion:
            if limits.is_suspected() and not limits.is_held_back and (witness := self._witness()):
                await self._ask_again(witness, patiently=False)
            if limits.is_suspected():
                self.sender.hold_back(len(self.waiting))

    def _witness(self) -> str | None:
        """Return who answered and was asked once only, longest ago: its own limit is the least likely."""
        fresh = (model for model in self.final if self._answers(model) and self.probes[model].attempts == 1)
        return next((model for model in fresh if not self.probes[model].turn.locked()), None)

    async def _ask_again(self, model: str, *, patiently: bool) -> Observation | None:
        """Ask a canary on suspicion: its observation only if it was not asked before, or was unclear.

        One that is being asked anyway is waited for instead; one that is limited said what it has to say.
        """
        probe = self.probes[model]
        if model in self.claimed and not probe.answers:
            return await self._answer_under_way(probe)
        if probe.latest is not None and is_limit(probe.latest.finding):
            return probe.observation_of(probe.latest)
        if not self.sender.promise():
            return None
        self.claimed.add(model)
        form = probe.answers[-1].form if probe.answers else probe.plan.first
        answer = await self._send(probe, form, patiently=patiently)
        if model not in self.final and (not probe.answers or probe.wants_second_pass):
            self._replace(probe, answer)
        return probe.observation_of(answer)

    async def _answer_under_way(self, probe: ModelProbe) -> Observation | None:
        async with probe.turn:
            pass
        await asyncio.sleep(0)  # let who asked note the answer
        return probe.observation()

    def _replace(self, probe: ModelProbe, answer: Answer) -> None:
        probe.is_second = bool(probe.answers)
        probe.answers = [answer]
        observation = probe.observation()
        if observation is None:
            return
        self.guard.stats.add(observation)
        if observation.outcome is Outcome.AVAILABLE:
            self._settle(observation)

    def _close(self) -> None:
        """Give every model its observation: what is open stays as it came, the rest was not probed."""
        at_ms = self.sender.stopwatch.at_ms()
        for model, probe in self.probes.items():
            if model not in self.final:
                self._settle(probe.observation() or probe.not_probed(at_ms))
