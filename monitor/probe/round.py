"""One round of probes: the first pass, then searches and adapted requests, then the second pass.

The first pass asks every model once, canaries first. A model that is not on that endpoint is looked for on
the others, a request that was refused for its form is adapted, and what stayed unclear or limited is asked
again with more patience. All of it is paced, ends by the deadline, and stops when the trouble is the run's.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Sequence

from monitor.core.answer.answer import Answer
from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Outcome
from monitor.core.lifecycle.round_stats import ENOUGH, RoundStats, refusal_cause
from monitor.core.request.forms import RequestForm
from monitor.probe.limits import is_limit
from monitor.probe.model_probe import ModelProbe
from monitor.probe.request_sender import RequestSender
from monitor.probe.round_settings import RoundResult
from monitor.probe.run_guard import CANARIES_PER_SUSPICION, RunGuard, Stopped
from monitor.probe.second_pass import SecondPass

Job = Coroutine[None, None, None]


async def probe_round(
    probes: Sequence[ModelProbe],
    sender: RequestSender,
    observed: Callable[[Observation], None] = lambda _observation: None,
    answered: Callable[[Observation], None] = lambda _observation: None,
) -> RoundResult:
    """Observe every model, in the order of the probes, which afterwards hold what was learned.

    `observed` gets every final observation once, the `not_probed` ones last; `answered` what the answers of a
    model say so far, as each of them comes. Cancellation ends the probes in flight and is raised; so is what
    the sender's `ask` raises.
    """
    return await _Round(probes, sender, observed, answered).run()


async def _together(jobs: Iterable[Job]) -> None:
    """Run jobs side by side; the first error ends the others, then is raised as it is.

    Not by a TaskGroup: its jobs would go on for one step after the round is cancelled.
    """
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Round:
    """The state of one round. Single-threaded: between two awaits nothing else changes it.

    A model is `claimed` once it is being asked, and `final` holds what is settled.
    """

    def __init__(
        self,
        probes: Sequence[ModelProbe],
        sender: RequestSender,
        observed: Callable[[Observation], None],
        answered: Callable[[Observation], None],
    ) -> None:
        self.probes = {probe.model: probe for probe in probes}
        self.sender, self.settings = sender, sender.settings
        self.observed, self.answered = observed, answered
        canaries = self._present(self.settings.canaries)
        self.waiting = deque(dict.fromkeys([*canaries, *self.probes]))
        self.slots = asyncio.Semaphore(self.settings.concurrency)
        self.second = SecondPass(sender, self.slots)
        self.one_suspicion = asyncio.Lock()  # several suspicions at once would each ask the canaries
        self.claimed: set[str] = set()
        self.final: dict[str, Observation] = {}
        self.fruitless = 0
        self.stats = RoundStats(
            len(self.probes),
            self._present(self.settings.regulars),
            self._present(self.settings.available_models),
        )
        self.guard = RunGuard(
            self.stats,
            canaries,
            ask_again=self._ask_again,
            settle=self._settle,
            at_ms=sender.stopwatch.at_ms,
            is_accepted=self.settings.is_accepted,
        )

    def _present(self, models: Iterable[str]) -> list[str]:
        return [model for model in models if model in self.probes]

    async def run(self) -> RoundResult:
        trouble = None
        try:
            async with asyncio.timeout(self.sender.remaining_s()) as scope:
                workers = min(self.settings.concurrency, len(self.waiting))
                await _together(self._first_pass() for _ in range(workers))
                await self._try_other_endpoints()
                await self._second_pass()  # after the searches: those may have found an answer
                await self.guard.close()
        except Stopped as stopped:
            trouble = stopped.cause
        except TimeoutError:
            if not scope.expired():  # a time-out of something else is an error
                raise
        self._close()
        trouble = trouble or self.guard.cause_of_all_failing()
        observations = tuple(self.final[model] for model in self.probes)
        return RoundResult(observations, self.sender.requests, trouble)

    async def _first_pass(self) -> None:
        """Ask one waiting model after the other."""
        while self.waiting:
            probe = self.probes[self.waiting.popleft()]
            if probe.model in self.claimed:
                continue  # a canary may have been asked on suspicion
            if not self.sender.reserve():
                return
            self.claimed.add(probe.model)
            self._keep(probe, await self._send(probe, probe.plan.first))
            await self._take(probe)

    async def _try_other_endpoints(self) -> None:
        """Adapt and search; where no model answered yet, a dozen first: they may speak for all."""
        unfinished = [probe for probe in self._open() if probe.next_form() is not None]
        if self.stats.is_massive():  # then three searches are made (decisions 0018)
            unfinished.sort(key=lambda probe: not probe.is_adaptable)
            if not await self._any_answers(unfinished[:CANARIES_PER_SUSPICION], self._pursue):
                return
        first = len(unfinished) if self.stats.has_answer else ENOUGH
        for part in (unfinished[:first], unfinished[first:]):
            await _together(self._pursue(probe) for probe in part if probe.model not in self.final)

    async def _second_pass(self) -> None:
        """Ask unclear models again, then limited ones.

        Of a mass failure that the guard will hold back a few speak for all, and so do a few limited models
        where none answers.
        """
        unclear = [probe for probe in self._open() if probe.wants_second_pass and not probe.is_limited]
        await self._ask_once_more(unclear, is_hopeless=self.stats.is_massive())
        limited = [probe for probe in self._open() if probe.wants_second_pass and probe.is_limited]
        await self._ask_once_more(limited, is_hopeless=not self.stats.has_answer)

    async def _ask_once_more(self, probes: Sequence[ModelProbe], *, is_hopeless: bool) -> None:
        due = sorted(probes, key=lambda probe: probe.rests_until_s)
        few, others = due[:CANARIES_PER_SUSPICION], due[CANARIES_PER_SUSPICION:]
        if is_hopeless and not await self._any_answers(few, self._ask_second):
            return
        await _together(self._ask_second(probe) for probe in (others if is_hopeless else due))

    async def _any_answers(self, few: Sequence[ModelProbe], act: Callable[[ModelProbe], Job]) -> bool:
        await _together(act(probe) for probe in few)
        return any(self._answers(probe.model) for probe in few)

    def _answers(self, model: str) -> bool:
        return model in self.final and self.final[model].outcome is Outcome.AVAILABLE

    def _open(self) -> list[ModelProbe]:
        """Return the probes with an answer that does not stand yet."""
        return [probe for probe in self.probes.values() if probe.answers and probe.model not in self.final]

    async def _send(self, probe: ModelProbe, form: RequestForm, *, patiently: bool = False) -> Answer:
        """Ask within the round's concurrency; a model that waits for its own gap takes no slot."""
        timeout_s = self.settings.slow_timeout_s if patiently else self.settings.timeout_s
        async with probe.turn:  # a model is never asked twice at once
            await self.sender.gap.wait(probe.model)
            async with self.slots:
                return await self.sender.send(probe, form, timeout_s)

    async def _pursue(self, probe: ModelProbe) -> None:
        """Adapt the request, or look for the model elsewhere, until an endpoint knows it or none does.

        Once a dozen searches found nothing and no model answers at all, more of them would only cost.
        """
        is_hopeless = self.fruitless >= ENOUGH and not self.stats.has_answer
        if is_hopeless and not probe.answers[-1].finding.adaptation:
            return
        while (form := probe.next_form()) is not None and self.sender.reserve():
            self._keep(probe, await self._send(probe, form))
        self.fruitless += probe.is_searched
        await self._take(probe)

    async def _ask_second(self, probe: ModelProbe) -> None:
        if answer := await self.second.ask(probe):
            self._keep(probe, answer)
            await self._pursue(probe)

    def _keep(self, probe: ModelProbe, answer: Answer) -> None:
        """Add an answer, and hand on what is said by now: what decides about it may take minutes."""
        probe.answers.append(answer)
        observation = probe.observation()
        if observation and probe.model not in self.final:
            self.answered(observation)

    async def _take(self, probe: ModelProbe) -> None:
        """Settle a probe whose answer stands; a refusal only once it is known whose trouble it is."""
        await self._apply_limits()
        observation = probe.observation()
        if observation is None or probe.model in self.final or probe.is_adaptable:
            return
        self.stats.add(observation)
        if refusal_cause(observation):
            await self.guard.investigate(observation)
        elif probe.next_form() is None and not self.second.is_to_come(probe):
            self._settle(observation)
        await self.guard.look_for_common_trouble()
        self._stop_for_quota()

    def _stop_for_quota(self) -> None:
        """Spare the key at least a dozen requests where all that answered last time are limited (rules.md 8).

        Not while one of them asked to wait so briefly that its second pass may be answered. Raises Stopped.
        """
        cause = self.stats.limited_key(is_open=self.settings.is_exhausted)
        is_worth_it = len(self.waiting) >= ENOUGH and not self.settings.is_accepted
        if cause and is_worth_it and not any(map(self.second.is_near, self._open())):
            raise Stopped(cause)

    def _settle(self, observation: Observation) -> None:
        self.final[observation.model] = observation
        if observation.outcome is Outcome.AVAILABLE:
            self.guard.confirm_answering(observation.model)
        self.observed(observation)

    async def _apply_limits(self) -> None:
        """Hold requests back for a limit of the key's: one that a model meets that answered in this round."""
        limits = self.sender.limits
        if not limits.is_suspected():
            return
        async with self.one_suspicion:
            # the evidence may have changed while another task asked
            if limits.is_suspected() and not limits.is_held_back and (witness := self._witness()):
                await self._ask_again(witness, patiently=False)
            if limits.is_suspected():
                self.sender.hold_back(len(self.waiting))

    def _witness(self) -> str | None:
        """Return the model that answered a single request longest ago: its own limit is the least likely."""
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
        if not self.sender.reserve():
            return None
        self.claimed.add(model)
        form = probe.answers[-1].form if probe.answers else probe.plan.first
        answer = await self._send(probe, form, patiently=patiently)
        # an answer on suspicion counts only where there was none, or an unclear one
        if model not in self.final and (not probe.answers or probe.wants_second_pass):
            self._replace(probe, answer)
        return probe.observation_of(answer)

    async def _answer_under_way(self, probe: ModelProbe) -> Observation | None:
        async with probe.turn:
            pass
        await asyncio.sleep(0)  # lets the sender of that request keep the answer
        return probe.observation()

    def _replace(self, probe: ModelProbe, answer: Answer) -> None:
        probe.is_second = bool(probe.answers)
        probe.answers = []
        self._keep(probe, answer)
        observation = probe.observation()
        if observation is None:
            return
        self.stats.add(observation)
        if observation.outcome is Outcome.AVAILABLE:
            self._settle(observation)

    def _close(self) -> None:
        """Give every model its observation: what is open stays as it came, the rest was not probed."""
        at_ms = self.sender.stopwatch.at_ms()
        for model, probe in self.probes.items():
            if model not in self.final:
                self._settle(probe.observation() or probe.not_probed(at_ms))
