"""Limits in a round: one model's rests that model alone, the key's holds all back (rules.md 7, 8)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.answer.exchange import Exchange
from monitor.core.domain.vocabulary import Cause, Outcome, Reason
from monitor.core.lifecycle.round_stats import ENOUGH
from monitor.probe.pacer import Pacer
from monitor.probe.round_settings import RoundResult, RoundSettings
from tests.probe.rounds import (
    ONE_BY_ONE,
    SIDE_BY_SIDE,
    Provider,
    Question,
    Script,
    everyone,
    in_turn,
    names,
    only,
    reasons,
)
from tests.probe.sayings import BUSY, NO_MONEY, OK, REFUSED, busy_for, resting, said

A_SWEEP = replace(ONE_BY_ONE, deadline_s=810.0)
SWEEPS = [A_SWEEP, replace(SIDE_BY_SIDE, deadline_s=810.0)]
HOUR_S = 3600.0


def limited(models: Sequence[str], saying: Exchange, *, others: Exchange = OK) -> Script:
    return lambda question: saying if question.model in models else others


def seconds(provider: Provider) -> float:
    return max(at_s for _, at_s in provider.ended_s)


# ---- One model's limit -----------------------------------------------------------------


@pytest.mark.parametrize("around", SWEEPS, ids=["one by one", "side by side"])
@pytest.mark.parametrize("places", [(0, 1, 2), (0, 60, 120), (186, 187, 188)])
def test_three_of_189_models_that_ask_to_wait_an_hour_cost_no_time(
    around: RoundSettings, places: tuple[int, ...]
) -> None:
    models = [f"m{number:03}" for number in range(189)]
    who = [models[place] for place in places]
    without = Provider(everyone(OK), takes_s=0.2)
    without.go_round(models, settings=around)
    provider = Provider(limited(who, busy_for(HOUR_S)), takes_s=0.2)
    result = provider.go_round(models, settings=around)
    assert seconds(provider) <= 1.05 * seconds(without)
    assert len(provider.asked) <= 189 + 2
    found = reasons(result)
    assert {found.pop(model) for model in who} == {Reason.TOO_MANY_REQUESTS}
    assert set(found.values()) == {Reason.OK}


@pytest.mark.parametrize("saying", [busy_for(5), resting(5), said(529, headers={"retry-after": "5"})])
def test_a_wait_that_is_over_by_then_is_followed_by_a_second_look(saying: Exchange) -> None:
    provider = Provider(lambda question: in_turn(saying, OK)(question) if question.model == "m00" else OK)
    provider.takes_s = 1.0
    result = provider.go_round(names(10), settings=A_SWEEP)
    assert [question.at_s for question in provider.of("m00")] == [0.0, 10.0]
    assert (reasons(result)["m00"], result.observations[0].attempts) == (Reason.OK, 2)


def test_a_limit_that_is_not_over_by_then_is_recorded_as_it_came() -> None:
    """A limited model is hosted: that is known, and the sweep does not wait for more."""
    provider = Provider(only("m00", busy_for(50)), takes_s=1.0)
    result = provider.go_round(names(10), settings=A_SWEEP)
    assert (len(provider.of("m00")), seconds(provider)) == (1, 10.0)
    assert result.observations[0].outcome is Outcome.RATE_LIMITED


@pytest.mark.parametrize(("rest_s", "times"), [(50.0, 2), (60.0, 2), (61.5, 1)])
def test_who_gave_no_answer_is_waited_for_up_to_a_minute(rest_s: float, times: int) -> None:
    tired = in_turn(resting(rest_s), OK)
    provider = Provider(lambda question: tired(question) if question.model == "m00" else OK)
    result = provider.go_round(names(3), settings=A_SWEEP)
    assert len(provider.of("m00")) == times
    assert (reasons(result)["m00"] == Reason.OK) is (times == 2)
    assert seconds(provider) == pytest.approx(rest_s if times == 2 else 0.0, abs=0.1)


def test_who_waits_for_its_rest_keeps_nobodys_place() -> None:
    """Two rest while one place is free; the unclear third is asked meanwhile."""
    first = {"m00": resting(30), "m01": resting(40), "m02": said(500)}
    provider = Provider(lambda question: first[question.model] if question.nth == 0 else OK)
    provider.go_round(names(3), settings=A_SWEEP)
    again = [(question.model, round(question.at_s)) for question in provider.asked if question.nth]
    assert again == [("m02", 0), ("m00", 30), ("m01", 40)]


@pytest.mark.parametrize(("deadline_s", "times"), [(39.0, 1), (50.5, 2)])
def test_a_rest_that_leaves_no_time_for_a_second_look_is_not_waited_for(
    deadline_s: float, times: int
) -> None:
    provider = Provider(everyone(resting(30)))
    provider.go_round(names(1), settings=replace(ONE_BY_ONE, deadline_s=deadline_s))
    assert len(provider.asked) == times


def test_a_limit_without_a_wait_is_not_asked_about_again() -> None:
    provider = Provider(only("m03", BUSY), takes_s=5.0)
    provider.go_round(names(30), settings=A_SWEEP)
    assert len(provider.of("m03")) == 1


@pytest.mark.parametrize("refusal", [REFUSED, NO_MONEY])
def test_a_limited_witness_does_not_make_a_refusal_the_keys(refusal: Exchange) -> None:
    """Rule 6: a limit is not a lack of permission."""
    provider = Provider(
        lambda question: refusal if question.model == "m01" else busy_for(HOUR_S), takes_s=1.0
    )
    result = provider.go_round(names(4), canaries=["m00"], regulars=names(4), settings=A_SWEEP)
    assert (result.trouble, reasons(result)["m01"]) == (None, Reason.NOT_FOR_ACCOUNT)
    assert max(len(provider.of(model)) for model in names(4)) <= 2


# ---- The key's limit -------------------------------------------------------------------


def test_a_limit_of_the_key_pauses_everybody_for_its_wait_and_no_observation_is_lost() -> None:
    """Rule 7: ten answers, then nobody is let in for half a minute."""
    provider = Provider(
        lambda question: busy_for(30) if question.at_s < 40 and question.number >= 10 else OK, takes_s=1.0
    )
    result = provider.go_round(names(40), settings=A_SWEEP)
    assert set(reasons(result).values()) == {Reason.OK}
    assert [question.at_s for question in provider.asked[10:15]] == pytest.approx([10, 11, 12, 13, 41])
    assert len(provider.asked) == 40 + 4


def test_a_pause_that_did_not_help_is_made_again_after_one_more_limit() -> None:
    """A minute at a time, though the key asks for two and a half."""
    provider = Provider(
        lambda question: busy_for(150 - question.at_s) if question.at_s < 150 else OK, takes_s=1.0
    )
    result = provider.go_round(names(10), settings=A_SWEEP)
    starts = [question.at_s for question in provider.asked]
    assert starts[:6] == pytest.approx([0, 1, 2, 62, 123, 149.5], abs=1.5)
    assert set(reasons(result).values()) == {Reason.OK}


def test_where_somebody_answered_it_is_asked_before_anybody_must_wait() -> None:
    """Its answer says that the limits are the models' own, however many there are in a row."""
    provider = Provider(limited(names(40)[10:], busy_for(50)), takes_s=0.1)
    result = provider.go_round(names(40), settings=A_SWEEP)
    assert seconds(provider) < 6.0
    assert list(reasons(result).values()) == [Reason.OK] * 10 + [Reason.TOO_MANY_REQUESTS] * 30
    assert [model for model in names(40) if len(provider.of(model)) > 1] == ["m00", "m01", "m02"]


def test_an_hour_is_not_paused_for_where_the_round_cannot_outlast_it() -> None:
    provider = Provider(limited(names(40)[:20], busy_for(HOUR_S)), takes_s=0.1)
    result = provider.go_round(names(40), settings=A_SWEEP, pacer=Pacer(600))
    assert seconds(provider) < 6.0
    assert list(reasons(result).values()) == [Reason.TOO_MANY_REQUESTS] * 20 + [Reason.OK] * 20


@pytest.mark.parametrize(("was_open", "asked"), [(False, 30), (True, ENOUGH)])
def test_where_all_that_answered_are_limited_the_others_are_spared(was_open: bool, asked: int) -> None:
    """Rule 8: a key that nobody serves; once that is known, a dozen are enough to see that it lasts."""
    provider = Provider(everyone(busy_for(HOUR_S)), takes_s=0.1)
    settings = replace(A_SWEEP, is_exhausted=was_open)
    result = provider.go_round(names(60), canaries=names(3), regulars=names(30), settings=settings)
    assert (result.trouble, len(provider.asked)) == (Cause.QUOTA, asked)
    assert set(reasons(result).values()) == {Reason.TOO_MANY_REQUESTS, Reason.NOT_PROBED}


@pytest.mark.parametrize(("was_open", "asked"), [(False, 60), (True, ENOUGH)])
def test_where_none_ever_answered_a_dozen_speak_only_for_a_key_that_was_used_up(
    was_open: bool, asked: int
) -> None:
    provider = Provider(everyone(busy_for(HOUR_S)), takes_s=0.1)
    provider.go_round(names(60), settings=replace(A_SWEEP, is_exhausted=was_open))
    assert len(provider.asked) == asked


@pytest.mark.parametrize("who", [0, 11, 29])
def test_one_answer_keeps_the_round_going(who: int) -> None:
    provider = Provider(only(f"m{who:02}", OK, others=busy_for(HOUR_S)), takes_s=0.1)
    result = provider.go_round(names(60), canaries=names(3), regulars=names(30), settings=A_SWEEP)
    assert (result.trouble, set(provider.models_asked)) == (None, set(names(60)))


def test_few_that_answered_before_speak_for_nobody() -> None:
    provider = Provider(limited(names(ENOUGH - 1), busy_for(HOUR_S)), takes_s=0.1)
    result = provider.go_round(names(60), regulars=names(ENOUGH - 1), settings=A_SWEEP)
    assert (result.trouble, list(reasons(result).values()).count(Reason.OK)) == (None, 60 - ENOUGH + 1)


def test_short_waits_are_given_their_second_look_before_the_key_is_said_to_be_used_up() -> None:
    provider = Provider(in_turn(busy_for(20), OK), takes_s=0.1)
    result = provider.go_round(names(60), regulars=names(30), settings=A_SWEEP)
    assert result.trouble is None
    assert Reason.OK in reasons(result).values()


# ---- Whatever is limited ---------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """Of `count` models some are limited, each with its own wait (0: it names none), for good or so long."""

    count: int
    waits_s: dict[int, float]
    is_over_then: bool
    concurrency: int
    rate: float | None
    takes_s: float
    is_known: bool

    def says(self, question: Question) -> Exchange:
        wait_s = self.waits_s.get(int(question.model[1:]))
        if wait_s is None or (self.is_over_then and question.at_s >= wait_s):
            return OK
        return busy_for(wait_s) if wait_s else BUSY

    def go(self) -> tuple[Provider, RoundResult]:
        provider = Provider(self.says, takes_s=self.takes_s)
        models = names(self.count)
        result = provider.go_round(
            models,
            settings=RoundSettings(concurrency=self.concurrency, deadline_s=810.0),
            pacer=Pacer(self.rate),
            canaries=models[:3] if self.is_known else (),
            regulars=models if self.is_known else (),
        )
        return provider, result


WAITS = st.one_of(st.just(0.0), st.floats(0.5, 120.0), st.sampled_from([30.0, 60.0, HOUR_S, 86_400.0]))
CASES = st.integers(1, 60).flatmap(
    lambda count: st.builds(
        Case,
        count=st.just(count),
        waits_s=st.dictionaries(st.integers(0, count - 1), WAITS),
        is_over_then=st.booleans(),
        concurrency=st.integers(1, 8),
        rate=st.sampled_from([None, 600.0, 30.0]),
        takes_s=st.floats(0.0, 2.0),
        is_known=st.booleans(),
    )
)


@settings(max_examples=200)
@given(CASES)
def test_whoever_is_limited_for_however_long_every_other_model_is_observed(case: Case) -> None:
    """Rule 7."""
    _, result = case.go()
    others = [seen for seen in result.observations if int(seen.model[1:]) not in case.waits_s]
    assert [seen.reason for seen in others] == [Reason.OK] * len(others)
    assert Reason.NOT_PROBED not in reasons(result).values()
    assert result.trouble is None


@settings(max_examples=100)
@given(CASES)
def test_at_most_three_requests_are_spent_on_a_limited_model(case: Case) -> None:
    provider, result = case.go()
    assert max(len(provider.of(model)) for model in names(case.count)) <= 3
    assert result.requests <= case.count + len(case.waits_s) + 6


@settings(max_examples=100)
@given(CASES)
def test_whatever_is_limited_the_configured_rate_is_never_passed(case: Case) -> None:
    provider, _ = case.go()
    starts = [question.at_s for question in provider.asked]
    if case.rate is not None:
        for place, start in enumerate(starts):
            assert sum(start <= other < start + 60.0 for other in starts[place:]) <= case.rate
