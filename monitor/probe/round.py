"""The order of one sweep's probes: canaries first, paced, within a deadline, stopped when it is our fault.

One first pass over all models; a second one for unclear answers has its place between `_first_pass` and
`_settle`.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from monitor.core.model import ANSWERED, Cause, Kind, Observation, Outcome, Reason
from monitor.probe.pacer import Pacer
from monitor.probe.probe import Answer
from monitor.probe.stopwatch import Stopwatch
from monitor.probe.suspicion import Tally, as_models_own, refusal_cause

Ask = Callable[[str], Awaitable[Answer]]

_NO_KINDS: Mapping[str, str] = MappingProxyType({})
_CANARIES_PER_SUSPICION = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundSettings:
    """How many probes may be in flight, and by how many seconds after the sweep's start the round ends."""

    concurrency: int = 4
    deadline_s: float | None = None


@dataclass(frozen=True, slots=True)
class RoundResult:
    """What a round gave: exactly one observation per model, in the models' order, and the requests it took.

    `trouble` is the run's own, where the round was stopped for it; it says nothing of the models.
    """

    observations: tuple[Observation, ...]
    requests: int
    trouble: Cause | None = None


async def probe_round(
    models: Sequence[str],
    ask: Ask,
    *,
    pacer: Pacer,
    stopwatch: Stopwatch,
    settings: RoundSettings,
    canaries: Sequence[str] = (),
    kinds: Mapping[str, str] = _NO_KINDS,
    on_observation: Callable[[Observation], None] = lambda _observation: None,
) -> RoundResult:
    """Ask every model once.

    `canaries` answered last time: they are asked first, and again on suspicion (rules.md 6). `kinds` are the
    remembered ones, for models that are not reached. `on_observation` gets every final observation once, the
    `not_probed` ones last. Cancellation ends the probes in flight and is raised; so is what `ask` raises.
    """
    probes = _Round(
        models=tuple(dict.fromkeys(models)),
        ask=ask,
        pacer=pacer,
        stopwatch=stopwatch,
        settings=settings,
        witnesses=dict.fromkeys(canaries),
        kinds=kinds,
        tell=on_observation,
    )
    return await probes.run()


class _Stopped(Exception):
    """The run is in trouble of its own: no more probes."""


@dataclass(slots=True, kw_only=True)
class _Round:
    """The state of one round. Single-threaded: between two awaits nobody else touches it.

    `witnesses` are the models known to answer, the freshest last. A model is `claimed` once a worker took
    it and `sent` once a request went out; `suspects` hold refusals of which it is not known yet whose
    trouble they are.
    """

    models: tuple[str, ...]
    ask: Ask
    pacer: Pacer
    stopwatch: Stopwatch
    settings: RoundSettings
    witnesses: dict[str, None]
    kinds: Mapping[str, str]
    tell: Callable[[Observation], None]
    waiting: deque[str] = field(init=False)
    tally: Tally = field(init=False)
    claimed: set[str] = field(default_factory=set)
    sent: set[str] = field(default_factory=set)
    final: dict[str, Observation] = field(default_factory=dict)
    suspects: dict[str, Observation] = field(default_factory=dict)
    one_question: asyncio.Lock = field(default_factory=asyncio.Lock)
    vouched_at_ms: int = -1
    requests: int = 0
    trouble: Cause | None = None

    def __post_init__(self) -> None:
        wanted = set(self.models)
        canaries = [name for name in self.witnesses if name in wanted]
        self.waiting = deque(dict.fromkeys([*canaries, *self.models]))
        self.tally = Tally(len(self.models))

    async def run(self) -> RoundResult:
        try:
            async with asyncio.timeout(self._remaining_s()) as scope:
                await self._first_pass()
                await self._settle()
        except _Stopped:
            pass
        except TimeoutError:
            if not scope.expired():
                raise
        self._close()
        return RoundResult(tuple(self.final[model] for model in self.models), self.requests, self.trouble)

    async def _first_pass(self) -> None:
        workers = min(self.settings.concurrency, len(self.waiting))
        await _all_or_none([self._work() for _ in range(workers)])

    async def _work(self) -> None:
        for model in self._next_models():
            self.claimed.add(model)
            await self._take(await self._request(model))

    def _next_models(self) -> Iterator[str]:
        while self.waiting:
            model = self.waiting.popleft()
            if model not in self.claimed:
                yield model

    async def _request(self, model: str) -> Observation:
        await self.pacer.acquire()
        self.requests += 1
        self.sent.add(model)
        answer = await self.ask(model)
        if answer.pause_s is not None:
            remaining_s = self._remaining_s()
            self.pacer.penalise(answer.pause_s if remaining_s is None else min(answer.pause_s, remaining_s))
        return answer.observation

    async def _take(self, observation: Observation) -> None:
        """Record an answer; a refusal only once it is known whose trouble it is."""
        self.tally.add(observation)
        if refusal_cause(observation):
            self.suspects[observation.model] = observation
            await self._question(observation)
        else:
            self._record(observation)
        self._stop_for(self.tally.unanimous_trouble())

    def _record(self, observation: Observation) -> None:
        self.final[observation.model] = observation
        if observation.outcome in ANSWERED:
            self.witnesses.pop(observation.model, None)
            self.witnesses[observation.model] = None
        self.tell(observation)

    def _stop_for(self, cause: Cause | None) -> None:
        if cause:
            self.trouble = cause
            raise _Stopped

    def _remaining_s(self) -> float | None:
        if self.settings.deadline_s is None:
            return None
        return max(self.settings.deadline_s - self.stopwatch.elapsed_s(), 0.0)

    # ---- Suspicion (rules.md 6) --------------------------------------------------------

    async def _question(self, suspect: Observation) -> None:
        """Ask who is known to answer whether it is refused too; with nobody to ask, see whether everyone is.

        Each suspicion asks anew, as a key can be revoked in mid-sweep, but one at a time.
        """
        async with self.one_question:
            self._stop_for(self.trouble)
            if suspect.at_ms < self.vouched_at_ms:
                self._release(suspect)  # somebody asked after this refusal did answer
                return
            witnesses = [name for name in self.witnesses if name != suspect.model]
            if not witnesses:
                self._stop_for(self.tally.everyone_refused())
                return
            self._stop_for(await self._testimony(witnesses))
            self._release(suspect)

    def _release(self, suspect: Observation) -> None:
        """Record a refusal as the model's own."""
        del self.suspects[suspect.model]
        self._record(as_models_own(suspect))

    async def _testimony(self, witnesses: Sequence[str]) -> Cause | None:
        """Return the cause if a witness is refused too; None if one answers. Unclear ones pass it on."""
        for name in witnesses[-_CANARIES_PER_SUSPICION:][::-1]:
            asked_at_ms = self.stopwatch.at_ms()
            observation = await self._ask_again(name)
            if observation.outcome in ANSWERED:
                self.vouched_at_ms = asked_at_ms
                return None
            if cause := refusal_cause(observation):
                return cause
        return None

    async def _ask_again(self, canary: str) -> Observation:
        """Ask a canary. It is its observation only if it has not been asked before."""
        is_first = canary in self.waiting and canary not in self.claimed
        self.claimed.add(canary)
        observation = await self._request(canary)
        if is_first:
            self.tally.add(observation)
            if refusal_cause(observation):
                self.suspects[canary] = observation
            else:
                self._record(observation)
        return observation

    async def _settle(self) -> None:
        """Decide what was held back because nobody was known to answer when it came."""
        for suspect in tuple(self.suspects.values()):
            await self._question(suspect)
        self._stop_for(self.tally.everyone_refused() if self.suspects else None)
        for suspect in tuple(self.suspects.values()):
            self._release(suspect)

    def _close(self) -> None:
        """Give every model its observation: suspects stay as they came, the rest was not probed."""
        for observation in self.suspects.values():
            self._record(observation)
        for model in self.models:
            if model not in self.final:
                self._record(self._not_probed(model))

    def _not_probed(self, model: str) -> Observation:
        return Observation(
            model=model,
            outcome=Outcome.UNKNOWN,
            reason=Reason.NOT_PROBED,
            at_ms=self.stopwatch.at_ms(),
            kind=self.kinds.get(model, Kind.UNKNOWN),
            attempts=1 if model in self.sent else 0,
        )


async def _all_or_none(jobs: Sequence[Coroutine[None, None, None]]) -> None:
    """Run jobs side by side; the first error ends the others, then is raised as it is."""
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
