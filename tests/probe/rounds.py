"""A provider that answers by a script, in simulated time, and notes whom it was asked for, how and when."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from monitor.core.answer.answer import Answer, read_answer
from monitor.core.answer.exchange import Exchange, Failure
from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Kind, Reason
from monitor.core.planning.inputs import NOTHING_KNOWN, Knowledge, ProviderTraits
from monitor.core.planning.search import plan_for
from monitor.core.request.forms import RequestForm, Route
from monitor.probe.gap import Gap
from monitor.probe.model_probe import ModelProbe
from monitor.probe.pacer import Pacer
from monitor.probe.request_sender import RequestSender
from monitor.probe.round import probe_round
from monitor.probe.round_settings import RoundResult, RoundSettings
from monitor.probe.stopwatch import Stopwatch
from tests.probe.loops import leaping
from tests.probe.sayings import NOT_HERE, OK, OK_OF

STARTED = datetime(2026, 11, 21, tzinfo=UTC)
ONE_BY_ONE = RoundSettings(concurrency=1)
SIDE_BY_SIDE = RoundSettings(concurrency=8)


@dataclass(frozen=True)
class Question:
    """One request: the `nth` of its model and the `number`th of the round, both counted from 0."""

    model: str
    form: RequestForm
    timeout_s: float
    nth: int
    number: int
    at_s: float

    @property
    def route(self) -> Route:
        return self.form.route


Script = Callable[[Question], Exchange]


def everyone(saying: Exchange) -> Script:
    return lambda _question: saying


def only(model: str, saying: Exchange, *, others: Exchange = OK) -> Script:
    return lambda question: saying if question.model == model else others


def in_turn(*sayings: Exchange) -> Script:
    """Say one thing after the other to each model, the last again and again."""
    return lambda question: sayings[min(question.nth, len(sayings) - 1)]


def served_on(route: Route, *, elsewhere: Exchange = NOT_HERE) -> Script:
    return lambda question: OK_OF[route] if question.route is route else elsewhere


def names(count: int) -> list[str]:
    return [f"m{number:02}" for number in range(count)]


def searching(
    models: Iterable[str],
    *,
    kind: str = Kind.UNKNOWN,
    knowledge: Knowledge = NOTHING_KNOWN,
    traits: ProviderTraits | None = None,
) -> list[ModelProbe]:
    """Return probes that look for their models on every usual route."""
    known = traits or ProviderTraits()
    return [
        ModelProbe(
            model,
            plan_for(model, known, kind=kind, knowledge=knowledge, now=STARTED),
            kind,
            knowledge=knowledge,
        )
        for model in models
    ]


@dataclass
class Provider:
    """Answers by a script. `takes_s` says how long, a time-out takes all the time it is given."""

    script: Script
    takes_s: float | Callable[[Question], float] = 0.0
    asked: list[Question] = field(default_factory=list)
    ended_s: list[tuple[str, float]] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    told: list[Observation] = field(default_factory=list)
    kept: list[tuple[float, Observation]] = field(default_factory=list)
    read: list[Observation] = field(default_factory=list)

    @property
    def models_asked(self) -> list[str]:
        return [question.model for question in self.asked]

    def of(self, model: str) -> list[Question]:
        return [question for question in self.asked if question.model == model]

    async def answer(self, model: str, form: RequestForm, timeout_s: float, stopwatch: Stopwatch) -> Answer:
        question = Question(
            model, form, timeout_s, len(self.of(model)), len(self.asked), stopwatch.elapsed_s()
        )
        self.asked.append(question)
        said = self.script(question)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self._length_s(question, said))
        finally:
            self.in_flight -= 1
            self.ended_s.append((model, stopwatch.elapsed_s()))
        answer = read(question, said, stopwatch)
        self.read.append(answer.observation(model))
        return answer

    def _length_s(self, question: Question, said: Exchange) -> float:
        if said.failure is Failure.TIMEOUT:
            return question.timeout_s
        takes_s = self.takes_s(question) if callable(self.takes_s) else self.takes_s
        return min(takes_s, question.timeout_s)

    def go_round(
        self,
        models: Sequence[str] | Sequence[ModelProbe],
        *,
        settings: RoundSettings = ONE_BY_ONE,
        canaries: Sequence[str] = (),
        regulars: Sequence[str] = (),
        gap_s: float = 0.0,
        idle_s: float | None = None,
        pacer: Pacer | None = None,
    ) -> RoundResult:
        """Make a round in simulated time, and check what every round keeps to.

        `idle_s` is how long ago every model was asked for the last time.
        """
        probes = [ModelProbe(each) if isinstance(each, str) else each for each in models]

        async def run() -> RoundResult:
            stopwatch = Stopwatch.start(STARTED, asyncio.get_running_loop().time)

            def answered(observation: Observation) -> None:
                self.kept.append((stopwatch.elapsed_s(), observation))

            gap = Gap(gap_s)
            for probe in probes if idle_s is not None else ():
                gap.note_request(probe.model, idle_s or 0.0)
            return await probe_round(
                probes,
                RequestSender(
                    ask=lambda model, form, timeout_s: self.answer(model, form, timeout_s, stopwatch),
                    pacer=pacer or Pacer(),
                    stopwatch=stopwatch,
                    settings=replace(settings, canaries=canaries, regulars=regulars),
                    gap=gap,
                ),
                self.told.append,
                answered,
            )

        result = leaping(run())
        self.check(probes, settings, result)
        return result

    def check(self, probes: Sequence[ModelProbe], settings: RoundSettings, result: RoundResult) -> None:
        models = [probe.model for probe in probes]
        assert [seen.model for seen in result.observations] == models
        assert Counter(self.told) == Counter(result.observations), "each is told once, as it ends"
        answered = {seen.model for seen in self.told if seen.reason is not Reason.NOT_PROBED}
        assert answered == {seen.model for _, seen in self.kept}, "each answer is handed on as it comes"
        assert result.requests == len(self.asked)
        assert self.most_in_flight <= settings.concurrency
        assert self.in_flight == 0


def read(question: Question, said: Exchange, stopwatch: Stopwatch) -> Answer:
    """Read an exchange as a probe does."""
    return read_answer(said, question.form, question.model, now=stopwatch.now(), at_ms=stopwatch.at_ms())


def reasons(result: RoundResult) -> dict[str, str]:
    return {seen.model: seen.reason for seen in result.observations}


def with_limit(request_limit: int, settings: RoundSettings = SIDE_BY_SIDE) -> RoundSettings:
    return replace(settings, request_limit=request_limit)
