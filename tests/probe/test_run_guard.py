"""The questions of the guard: whom it asks, how often, and when it stops the round (rules.md 6, 8)."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Cause, Outcome, Reason
from monitor.core.lifecycle.round_stats import ENOUGH, RoundStats
from monitor.probe.run_guard import CANARIES_PER_SUSPICION, RunGuard, Stopped
from tests.probe.loops import leaping

OUTCOMES = {
    Reason.OK: Outcome.AVAILABLE,
    Reason.TOO_MANY_REQUESTS: Outcome.RATE_LIMITED,
    Reason.NOT_FOUND: Outcome.UNAVAILABLE,
    Reason.SERVER_ERROR: Outcome.UNAVAILABLE,
}
STATUSES = {Reason.NOT_FOUND: 404, Reason.SERVER_ERROR: 500, Reason.CREDENTIAL: 401, Reason.QUOTA: 402}


def seen(model: str, reason: Reason, at_ms: int = 0) -> Observation:
    outcome = OUTCOMES.get(reason, Outcome.UNKNOWN)
    return Observation(model, outcome, reason, at_ms, http_status=STATUSES.get(reason))


@dataclass
class Court:
    """Canaries that say what is told of them, in turn; notes who was asked and what was settled."""

    says: dict[str, Sequence[Reason]] = field(default_factory=dict)
    takes_s: float = 1.0
    asked: list[tuple[str, bool]] = field(default_factory=list)
    settled: list[Observation] = field(default_factory=list)

    async def ask_again(self, model: str, *, patiently: bool) -> Observation:
        before = sum(name == model for name, _ in self.asked)
        self.asked.append((model, patiently))
        await asyncio.sleep(self.takes_s)
        said = self.says[model]
        return seen(model, said[min(before, len(said) - 1)])

    def guard(
        self,
        *,
        canaries: Sequence[str] = (),
        total: int = 40,
        regulars: Sequence[str] = (),
        is_accepted: bool = False,
        at_ms: Callable[[], int] | None = None,
    ) -> RunGuard:
        return RunGuard(
            RoundStats(total, regulars),
            canaries,
            ask_again=self.ask_again,
            settle=self.settled.append,
            at_ms=at_ms or (lambda: int((asyncio.get_running_loop().time() - 1000) * 1000)),
            is_accepted=is_accepted,
        )

    def names(self) -> list[str]:
        return [name for name, _ in self.asked]


def suspect(guard: RunGuard, *suspects: Observation) -> Cause | None:
    """Question suspects side by side; returns what the guard stops for."""

    async def run() -> Cause | None:
        for each in suspects:
            guard.stats.add(each)
        told = await asyncio.gather(*(guard.investigate(each) for each in suspects), return_exceptions=True)
        return next((each.cause for each in told if isinstance(each, Stopped)), None)

    return leaping(run())


REFUSALS = [(Reason.CREDENTIAL, Cause.CREDENTIAL), (Reason.QUOTA, Cause.QUOTA)]


@pytest.mark.parametrize(("reason", "cause"), REFUSALS)
def test_a_canary_that_is_refused_too_stops_for_its_own_cause(reason: Reason, cause: Cause) -> None:
    court = Court({"c": [reason]})
    assert suspect(court.guard(canaries=["c"]), seen("m", Reason.CREDENTIAL)) == cause
    assert court.settled == []


@pytest.mark.parametrize("said", [Reason.OK, Reason.TOO_MANY_REQUESTS])
def test_a_canary_that_is_not_refused_leaves_the_refusal_to_the_model(said: Reason) -> None:
    """A limit is not a lack of permission (rules.md 6)."""
    court = Court({"c": [said]})
    assert suspect(court.guard(canaries=["c"]), seen("m", Reason.CREDENTIAL)) is None
    assert [(each.model, each.outcome, each.reason) for each in court.settled] == [
        ("m", Outcome.UNAVAILABLE, Reason.NOT_FOR_ACCOUNT)
    ]


def test_unclear_canaries_pass_it_on_and_in_the_end_it_is_the_models() -> None:
    court = Court({name: [Reason.TIMEOUT] for name in "abcde"})
    assert suspect(court.guard(canaries=list("abcde")), seen("m", Reason.CREDENTIAL)) is None
    assert court.names() == ["e", "d", "c"]
    assert [each.reason for each in court.settled] == [Reason.NOT_FOR_ACCOUNT]


def test_a_limited_canary_proves_nothing_and_passes_it_on() -> None:
    court = Court({"a": [Reason.CREDENTIAL], "b": [Reason.TOO_MANY_REQUESTS]})
    assert suspect(court.guard(canaries=["a", "b"]), seen("m", Reason.CREDENTIAL)) == Cause.CREDENTIAL
    assert court.names() == ["b", "a"]


def test_the_freshest_witness_is_asked_first() -> None:
    court = Court({name: [Reason.OK] for name in "abc"})
    guard = court.guard(canaries=["a", "b"])
    guard.confirm_answering("c")
    guard.confirm_answering("a")
    suspect(guard, seen("m", Reason.CREDENTIAL))
    assert court.names() == ["a"]


def test_one_answer_speaks_for_all_that_were_refused_before_it_was_asked_for() -> None:
    court = Court({"c": [Reason.OK]})
    suspects = [seen(f"m{number}", Reason.CREDENTIAL, at_ms=-1) for number in range(10)]
    assert suspect(court.guard(canaries=["c"]), *suspects) is None
    assert court.names() == ["c"]
    assert len(court.settled) == 10


def test_a_refusal_that_came_after_it_asks_anew() -> None:
    court = Court({"c": [Reason.OK, Reason.CREDENTIAL]})
    guard = court.guard(canaries=["c"], at_ms=lambda: 500)
    assert suspect(guard, seen("m0", Reason.CREDENTIAL, 400)) is None
    assert suspect(guard, seen("m1", Reason.CREDENTIAL, 600)) == Cause.CREDENTIAL
    assert court.names() == ["c", "c"]


def test_once_stopped_nobody_is_asked_any_more() -> None:
    court = Court({"c": [Reason.CREDENTIAL]})
    suspects = [seen(f"m{number}", Reason.CREDENTIAL) for number in range(10)]
    assert suspect(court.guard(canaries=["c"]), *suspects) == Cause.CREDENTIAL
    assert court.names() == ["c"]


def close(guard: RunGuard) -> Cause | None:
    async def run() -> Cause | None:
        try:
            await guard.close()
        except Stopped as stopped:
            return stopped.cause
        return None

    return leaping(run())


def test_without_a_witness_a_refusal_is_held_back_until_the_end() -> None:
    court = Court()
    guard = court.guard()
    assert suspect(guard, seen("m", Reason.CREDENTIAL)) is None
    assert court.settled == []
    guard.stats.add(seen("other", Reason.SERVER_ERROR))
    assert close(guard) is None
    assert [each.reason for each in court.settled] == [Reason.NOT_FOR_ACCOUNT]


def test_without_a_witness_the_refusal_of_a_dozen_stops_it() -> None:
    court = Court()
    guard = court.guard()
    suspects = [seen(f"m{number}", Reason.QUOTA) for number in range(ENOUGH)]
    assert [suspect(guard, each) for each in suspects] == [None] * (ENOUGH - 1) + [Cause.QUOTA]


# ---- Common trouble --------------------------------------------------------------------


def look(guard: RunGuard, *observations: Observation) -> Cause | None:
    async def run() -> Cause | None:
        for each in observations:
            guard.stats.add(each)
        try:
            await guard.look_for_common_trouble()
        except Stopped as stopped:
            return stopped.cause
        return None

    return leaping(run())


REGULARS = [f"r{number}" for number in range(8)]


@pytest.mark.parametrize(
    ("reason", "cause", "patiently"),
    [
        (Reason.SERVER_ERROR, Cause.PROVIDER_OUTAGE, True),
        (Reason.TIMEOUT, Cause.PROVIDER_OUTAGE, True),
        (Reason.NOT_FOUND, Cause.CREDENTIAL, False),
    ],
)
def test_all_regulars_failing_alike_and_the_canaries_again_stops_it(
    reason: Reason, cause: Cause, patiently: bool
) -> None:
    court = Court({name: [reason] for name in REGULARS})
    guard = court.guard(canaries=REGULARS[:4], regulars=REGULARS)
    assert look(guard, *(seen(name, reason) for name in REGULARS[:4])) is None
    assert court.asked == []
    assert look(guard, seen(REGULARS[4], reason)) == cause
    assert court.asked == [(name, patiently) for name in REGULARS[:CANARIES_PER_SUSPICION]]


def test_one_canary_that_answers_is_enough_and_nobody_is_asked_again() -> None:
    court = Court({"r0": [Reason.NOT_FOUND], "r1": [Reason.OK], "r2": [Reason.NOT_FOUND]})
    guard = court.guard(canaries=REGULARS[:3], regulars=REGULARS)
    failing = [seen(name, Reason.NOT_FOUND) for name in REGULARS]
    assert [look(guard, *failing), look(guard, *failing)] == [None, None]
    assert court.names() == REGULARS[:3]


def test_a_canary_that_is_limited_refutes_no_common_trouble() -> None:
    """Limiters often answer before anybody looks further."""
    court = Court({"r0": [Reason.NOT_FOUND], "r1": [Reason.TOO_MANY_REQUESTS], "r2": [Reason.NOT_FOUND]})
    guard = court.guard(canaries=REGULARS[:3], regulars=REGULARS)
    assert look(guard, *(seen(name, Reason.NOT_FOUND) for name in REGULARS)) == Cause.CREDENTIAL


def test_where_as_many_are_limited_as_fail_the_failure_is_not_common() -> None:
    court = Court()
    guard = court.guard(canaries=REGULARS[:3], regulars=REGULARS)
    limited = [seen(name, Reason.TOO_MANY_REQUESTS) for name in REGULARS[:4]]
    failing = [seen(name, Reason.NOT_FOUND) for name in REGULARS[4:]]
    assert look(guard, *limited, *failing) is None
    assert court.asked == []


def test_what_is_to_be_believed_is_not_looked_into() -> None:
    court = Court()
    guard = court.guard(canaries=REGULARS[:3], regulars=REGULARS, is_accepted=True)
    assert look(guard, *(seen(name, Reason.NOT_FOUND) for name in REGULARS)) is None
    assert court.asked == []


def test_what_is_never_a_models_stops_it_even_where_all_is_to_be_believed() -> None:
    court = Court()
    guard = court.guard(regulars=REGULARS, total=8, is_accepted=True)
    observations = [seen(name, Reason.CONNECTION_FAILED) for name in REGULARS]
    assert look(guard, *observations) == Cause.OUR_NETWORK
