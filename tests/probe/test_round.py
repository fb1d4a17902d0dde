"""The order of a sweep's probes, and whose trouble a refusal is (rules.md 1, 6, 7)."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.model import Cause, Kind, Observation, Outcome, Reason
from monitor.probe.pacer import Pacer
from monitor.probe.probe import Answer
from monitor.probe.round import RoundResult, RoundSettings, probe_round
from monitor.probe.stopwatch import Stopwatch

OUTCOMES = {
    Reason.OK: Outcome.AVAILABLE,
    Reason.TOO_MANY_REQUESTS: Outcome.RATE_LIMITED,
    Reason.SERVER_ERROR: Outcome.UNAVAILABLE,
    Reason.END_OF_LIFE: Outcome.UNAVAILABLE,
}
Script = Callable[[str, int], Reason]


def everyone(reason: Reason) -> Script:
    return lambda _model, _time: reason


def only(model: str, reason: Reason) -> Script:
    return lambda asked, _time: reason if asked == model else Reason.OK


def names(count: int) -> list[str]:
    return [f"m{number:02}" for number in range(count)]


@dataclass
class Provider:
    """Answers by a script of (model, how many requests came before), and notes who was asked."""

    script: Script
    pause_s: float | None = None
    takes_s: float = 0.0
    asked: list[str] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    told: list[Observation] = field(default_factory=list)

    async def answer(self, model: str, stopwatch: Stopwatch) -> Answer:
        reason = self.script(model, len(self.asked))
        self.asked.append(model)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self.takes_s)
        finally:
            self.in_flight -= 1
        return Answer(
            Observation(model, OUTCOMES.get(reason, Outcome.UNKNOWN), reason, stopwatch.at_ms()),
            self.pause_s if reason is Reason.TOO_MANY_REQUESTS else None,
        )

    def go_round(
        self,
        models: Sequence[str],
        *,
        canaries: Sequence[str] = (),
        concurrency: int = 1,
        deadline_s: float | None = 20.0,
    ) -> RoundResult:
        async def run() -> RoundResult:
            stopwatch = Stopwatch.start(datetime(2026, 11, 21, tzinfo=UTC))
            return await probe_round(
                models,
                lambda model: self.answer(model, stopwatch),
                pacer=Pacer(start_rate_per_s=100_000),
                stopwatch=stopwatch,
                settings=RoundSettings(concurrency=concurrency, deadline_s=deadline_s),
                canaries=canaries,
                kinds={"m01": Kind.CHAT},
                on_observation=self.told.append,
            )

        result = asyncio.run(run())
        assert sorted(self.told, key=lambda seen: seen.model) == sorted(
            result.observations, key=lambda seen: seen.model
        )
        assert result.requests == len(self.asked)
        return result


def reasons(result: RoundResult) -> dict[str, str]:
    return {seen.model: seen.reason for seen in result.observations}


def test_every_model_is_asked_once_and_observed_in_order() -> None:
    provider = Provider(everyone(Reason.OK))
    result = provider.go_round(names(40), concurrency=7)
    assert [seen.model for seen in result.observations] == names(40)
    assert (sorted(provider.asked), result.trouble) == (names(40), None)


def test_no_more_than_the_allowed_probes_are_in_flight() -> None:
    provider = Provider(everyone(Reason.OK), takes_s=0.01)
    provider.go_round(names(30), concurrency=5)
    assert provider.most_in_flight == 5


def test_canaries_are_asked_first() -> None:
    provider = Provider(everyone(Reason.OK))
    provider.go_round(names(6), canaries=["m04", "m02", "gone"])
    assert provider.asked == ["m04", "m02", "m00", "m01", "m03", "m05"]


def test_an_empty_catalog_makes_an_empty_round() -> None:
    assert Provider(everyone(Reason.OK)).go_round([]) == RoundResult((), 0)


def test_at_the_deadline_the_rest_is_not_probed() -> None:
    """Rule 7; who was asked and cut off keeps the attempt."""
    provider = Provider(everyone(Reason.OK), takes_s=0.06)
    began = time.monotonic()
    result = provider.go_round(names(50), concurrency=2, deadline_s=0.2)
    assert time.monotonic() - began < 5
    seen = {found.reason for found in result.observations}
    assert (seen, result.trouble) == ({Reason.OK, Reason.NOT_PROBED}, None)
    last = result.observations[-1]
    assert (last.outcome, last.attempts) == (Outcome.UNKNOWN, 0)


def test_a_deadline_already_past_probes_nobody() -> None:
    provider = Provider(everyone(Reason.OK))
    result = provider.go_round(names(3), deadline_s=0.0)
    assert (provider.asked, set(reasons(result).values())) == ([], {Reason.NOT_PROBED})
    assert [seen.kind for seen in result.observations] == [Kind.UNKNOWN, Kind.CHAT, Kind.UNKNOWN]


def test_retry_after_pauses_everybody_but_never_beyond_the_deadline() -> None:
    provider = Provider(only("m00", Reason.TOO_MANY_REQUESTS), pause_s=3600)
    began = time.monotonic()
    result = provider.go_round(names(3), deadline_s=0.2)
    assert time.monotonic() - began < 5
    assert list(reasons(result).values()) == [Reason.TOO_MANY_REQUESTS, Reason.NOT_PROBED, Reason.NOT_PROBED]


@pytest.mark.parametrize("reason", [Reason.CREDENTIAL, Reason.QUOTA])
def test_a_refusal_while_a_canary_answers_is_the_models_own(reason: Reason) -> None:
    """Rule 6."""
    provider = Provider(only("m01", reason))
    result = provider.go_round(names(4), canaries=["m03"])
    assert provider.asked == ["m03", "m00", "m01", "m00", "m02"]
    assert (reasons(result)["m01"], result.trouble) == (Reason.NOT_FOR_ACCOUNT, None)
    assert result.observations[1].outcome == Outcome.UNAVAILABLE


@pytest.mark.parametrize(
    ("reason", "cause"), [(Reason.CREDENTIAL, Cause.CREDENTIAL), (Reason.QUOTA, Cause.QUOTA)]
)
@pytest.mark.parametrize("concurrency", [1, 8])
def test_a_refusal_of_the_canary_too_stops_the_round_at_once(
    reason: Reason, cause: Cause, concurrency: int
) -> None:
    provider = Provider(everyone(reason), takes_s=0.01)
    result = provider.go_round(names(60), canaries=["m10", "m20"], concurrency=concurrency)
    assert result.trouble == cause
    assert len(provider.asked) <= concurrency + 1
    assert set(reasons(result).values()) <= {reason, Reason.NOT_PROBED}


@pytest.mark.parametrize("canaries", [[], ["m00"]])
def test_a_key_revoked_in_mid_sweep_stops_the_round(canaries: list[str]) -> None:
    """Who answered in this very round is a canary as good as one of the last."""
    provider = Provider(lambda _model, time_asked: Reason.OK if time_asked < 20 else Reason.CREDENTIAL)
    result = provider.go_round(names(60), canaries=canaries)
    assert (result.trouble, len(provider.asked)) == (Cause.CREDENTIAL, 22)
    found = list(reasons(result).values())
    assert found.count(Reason.OK) == 20
    assert found.count(Reason.NOT_FOR_ACCOUNT) == 0


def test_a_single_canary_cannot_speak_for_itself() -> None:
    provider = Provider(only("m00", Reason.CREDENTIAL))
    result = provider.go_round(names(3), canaries=["m00"])
    assert (reasons(result)["m00"], result.trouble) == (Reason.NOT_FOR_ACCOUNT, None)


def test_a_canary_that_is_unclear_leaves_it_to_the_next() -> None:
    troubles = {"m00": Reason.TIMEOUT, "m01": Reason.CREDENTIAL}
    provider = Provider(lambda model, _time: troubles.get(model, Reason.CREDENTIAL))
    assert provider.go_round(names(9), canaries=["m02", "m00"]).trouble == Cause.CREDENTIAL


def test_a_later_answer_of_a_canary_replaces_nothing() -> None:
    provider = Provider(
        lambda model, time_asked: (
            Reason.CREDENTIAL
            if model == "m01"
            else (Reason.OK if time_asked == 0 else Reason.TOO_MANY_REQUESTS)
        )
    )
    result = provider.go_round(["m00", "m01"], canaries=["m00"])
    assert (reasons(result), result.requests) == ({"m00": Reason.OK, "m01": Reason.NOT_FOR_ACCOUNT}, 3)


@pytest.mark.parametrize("count", [1, 2, 11, 12, 50])
def test_where_none_ever_answered_a_refusal_of_everyone_stops_the_round(count: int) -> None:
    provider = Provider(everyone(Reason.CREDENTIAL))
    result = provider.go_round(names(count))
    assert (result.trouble, len(provider.asked)) == (Cause.CREDENTIAL, min(count, 12))
    assert set(reasons(result).values()) <= {Reason.CREDENTIAL, Reason.NOT_PROBED}


def test_what_a_gateway_says_before_it_sees_the_key_refutes_nothing() -> None:
    """Unmapped and expired ids are answered without a look at the key."""
    blind = {"m00": Reason.NO_ENDPOINT, "m01": Reason.END_OF_LIFE, "m02": Reason.TIMEOUT}
    provider = Provider(lambda model, _time: blind.get(model, Reason.CREDENTIAL))
    assert provider.go_round(names(30)).trouble == Cause.CREDENTIAL


def test_where_someone_is_served_the_refusals_held_back_are_the_models_own() -> None:
    provider = Provider(lambda model, _time: Reason.OK if model == "m04" else Reason.CREDENTIAL)
    result = provider.go_round(names(30))
    assert (result.trouble, reasons(result)["m04"]) == (None, Reason.OK)
    assert list(reasons(result).values()).count(Reason.NOT_FOR_ACCOUNT) == 29


def test_an_unavailable_model_proves_that_the_account_is_known() -> None:
    provider = Provider(lambda model, _time: Reason.SERVER_ERROR if model == "m00" else Reason.QUOTA)
    result = provider.go_round(names(3))
    assert (result.trouble, reasons(result)["m02"]) == (None, Reason.NOT_FOR_ACCOUNT)


@pytest.mark.parametrize(
    ("reason", "cause"),
    [(Reason.CONNECTION_FAILED, Cause.OUR_NETWORK), (Reason.WRONG_ADDRESS, Cause.RULE_CHANGE)],
)
@pytest.mark.parametrize(("count", "asked"), [(3, 3), (12, 12), (40, 12)])
def test_if_nobody_can_be_reached_the_round_stops(
    reason: Reason, cause: Cause, count: int, asked: int
) -> None:
    provider = Provider(everyone(reason))
    assert (provider.go_round(names(count), canaries=["m01"]).trouble, len(provider.asked)) == (cause, asked)


def test_a_network_that_fails_later_stops_nothing() -> None:
    provider = Provider(lambda _model, time_asked: Reason.OK if time_asked == 0 else Reason.CONNECTION_FAILED)
    assert (provider.go_round(names(30)).trouble, len(provider.asked)) == (None, 30)


def test_cancelling_a_round_ends_its_probes_and_keeps_what_was_told() -> None:
    async def run() -> tuple[int, int]:
        provider = Provider(everyone(Reason.OK), takes_s=0.02)
        stopwatch = Stopwatch.start(datetime(2026, 11, 21, tzinfo=UTC))
        first = asyncio.Event()

        def told(observation: Observation) -> None:
            provider.told.append(observation)
            first.set()

        task = asyncio.create_task(
            probe_round(
                names(500),
                lambda model: provider.answer(model, stopwatch),
                pacer=Pacer(),
                stopwatch=stopwatch,
                settings=RoundSettings(concurrency=4),
                on_observation=told,
            )
        )
        await first.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return provider.in_flight, len(provider.told)

    in_flight, told = asyncio.run(run())
    assert (in_flight, told >= 1) == (0, True)


@pytest.mark.parametrize("error", [RuntimeError("a fault of ours"), TimeoutError("no answer of ours")])
def test_a_fault_of_our_own_is_raised_as_it_is(error: Exception) -> None:
    def broken(_model: str, _time: int) -> Reason:
        raise error

    with pytest.raises(type(error), match="of ours"):
        Provider(broken).go_round(names(9), concurrency=3)


REASONS = st.sampled_from(
    [
        Reason.OK,
        Reason.CREDENTIAL,
        Reason.QUOTA,
        Reason.SERVER_ERROR,
        Reason.TIMEOUT,
        Reason.TOO_MANY_REQUESTS,
        Reason.CONNECTION_FAILED,
        Reason.WRONG_ADDRESS,
    ]
)


@settings(deadline=None, max_examples=150)
@given(
    said=st.lists(REASONS, min_size=1, max_size=25),
    canaries=st.lists(st.sampled_from(names(25)), max_size=3),
    concurrency=st.integers(1, 6),
    period=st.integers(1, 25),
)
def test_whatever_is_said_each_model_gets_one_observation(
    said: list[Reason], canaries: list[str], concurrency: int, period: int
) -> None:
    models = names(len(said))
    provider = Provider(lambda _model, time_asked: said[time_asked * period % len(said)])
    result = provider.go_round(models, canaries=canaries, concurrency=concurrency)
    assert [seen.model for seen in result.observations] == models
    if result.trouble is None:
        left = {seen.reason for seen in result.observations}
        assert not left & {Reason.CREDENTIAL, Reason.QUOTA, Reason.NOT_PROBED}
