"""The guard: which sweeps are believed, what a provider's events are, how it lets go (rules.md 6, 8-11)."""

from collections.abc import Sequence
from dataclasses import FrozenInstanceError, replace
from datetime import timedelta

import pytest

from monitor.core.domain.event import Decision
from monitor.core.domain.state import ProviderState
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import Cause, EventKind, Outcome, Reason, Verdict
from monitor.core.lifecycle.guard import answered_before, failure_class, judge
from tests.core.histories import START, STEP, answer, events_of, live, sweep

HOUR = timedelta(hours=1)
TEN = "abcdefghij"
TWENTY = "abcdefghijklmnopqrst"
OUTCOMES = {Reason.TIMEOUT: Outcome.UNKNOWN, Reason.BAD_REQUEST: Outcome.UNKNOWN}


def failed(model: str, status: int | None, reason: str = Reason.SERVER_ERROR) -> Observation:
    return Observation(model, Outcome.UNAVAILABLE, reason, 0, http_status=status)


def day(
    ids: str,
    failing: str = "",
    *,
    status: int | None = 500,
    reason: str = Reason.SERVER_ERROR,
    after: timedelta = timedelta(),
    accepted: bool = False,
) -> Sweep:
    """Make a sweep in which `failing` fail alike and the others answer."""
    seen = [failed(each, status, reason) if each in failing else answer("u", each) for each in ids]
    return sweep(*seen, at=START + after, accepted=accepted)


def verdicts(*sweeps: Sweep) -> list[str]:
    return [decision.cause or decision.verdict for decision in live(sweeps)]


CLASSES = [
    *((status, "account") for status in (401, 402, 403, 404)),
    (410, "gone"),
    *((status, "request") for status in (300, 400, 405, 422, 499)),
    *((status, "trouble") for status in (500, 502, 503, 504, 520, 529, 200, 299)),
]


@pytest.mark.parametrize(("status", "name"), CLASSES)
def test_rule_8_a_status_has_its_class(status: int, name: str) -> None:
    assert failure_class(failed("m", status)) == name


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 410, 429])
def test_rule_8_a_web_page_is_trouble_whatever_its_status(status: int) -> None:
    """No API spoke, so it is neither the key's fault nor the model's."""
    page = failed("m", status, Reason.INVALID_ANSWER)
    assert failure_class(page) == "trouble"
    assert verdicts(day(TEN), day(TEN, TEN, status=status, reason=Reason.INVALID_ANSWER, after=STEP))[1] == (
        Cause.PROVIDER_OUTAGE
    )


@pytest.mark.parametrize("status", [400, 403, 412, 429, 503])
def test_rule_8_money_is_the_accounts_whatever_its_status(status: int) -> None:
    assert failure_class(failed("m", status, Reason.QUOTA)) == "account"
    told = verdicts(day(TEN), day(TEN, TEN, status=status, reason=Reason.QUOTA, after=STEP))
    assert told[1] == Cause.QUOTA


@pytest.mark.parametrize("reason", [Reason.TIMEOUT, Reason.CONNECTION_CLOSED, Reason.CONNECTION_FAILED])
def test_rule_8_no_answer_at_all_is_trouble(reason: str) -> None:
    assert failure_class(Observation("m", Outcome.UNKNOWN, reason, 0)) == "trouble"


@pytest.mark.parametrize("letter", "uln")
def test_rule_8_an_answer_and_what_was_not_probed_fail_in_no_class(letter: str) -> None:
    assert failure_class(answer(letter)) is None


@pytest.mark.parametrize(("status", "name"), CLASSES)
def test_rule_8_more_than_half_failing_in_one_class_is_inconclusive(status: int, name: str) -> None:
    causes = {"gone": Cause.RULE_CHANGE, "request": Cause.RULE_CHANGE, "trouble": Cause.PROVIDER_OUTAGE}
    account = {401: Cause.CREDENTIAL, 402: Cause.QUOTA, 403: Cause.CREDENTIAL, 404: Cause.RULE_CHANGE}
    expected = account[status] if name == "account" else causes[name]
    assert verdicts(day(TEN), day(TEN, "abcdef", status=status, after=STEP))[1] == expected


@pytest.mark.parametrize(
    ("answering", "failing", "is_believed"),
    [
        ("abcd", "abcd", True),  # fewer than 5 answered
        ("abcde", "abc", False),
        ("abcde", "ab", True),
        ("abcdef", "abc", True),  # exactly half
        ("abcdef", "abcd", False),
    ],
)
def test_rule_8_counts_those_that_answered_last_time(answering: str, failing: str, is_believed: bool) -> None:
    """Models that did not answer last time weigh nothing, however they fail."""
    others = "".join(each for each in TEN if each not in answering)
    first = day(TEN, others)
    assert (verdicts(first, day(TEN, failing + others, after=STEP))[1] == Verdict.CONCLUSIVE) is is_believed


def test_rule_8_counts_only_those_still_listed() -> None:
    """Three of the five that are left fail, of nine that answered."""
    assert verdicts(day(TEN), day("abcde", "abc", after=STEP))[1] == Cause.PROVIDER_OUTAGE
    assert verdicts(day(TEN), day("abcdef", "abc", after=STEP))[1] == Verdict.CONCLUSIVE


def test_rule_8_different_classes_are_not_added_up() -> None:
    mixed = [failed(each, 404 if each in "abcde" else 500) for each in TEN]
    assert verdicts(day(TEN), sweep(*mixed, at=START + STEP))[1] == Verdict.CONCLUSIVE


def test_rule_8_rate_limited_models_answer() -> None:
    busy = sweep(answer("u", "j"), *(answer("l", each) for each in TEN[:-1]), at=START + STEP)
    assert verdicts(day(TEN), busy, day(TEN, "abcdef", after=2 * STEP)) == [
        Verdict.CONCLUSIVE, Verdict.CONCLUSIVE, Cause.PROVIDER_OUTAGE,
    ]  # fmt: skip


def test_rule_8_last_time_is_the_last_conclusive_sweep() -> None:
    down = [day(TEN, TEN, after=place * STEP) for place in range(1, 4)]
    assert verdicts(day(TEN), *down)[1:] == [Cause.PROVIDER_OUTAGE] * 3


def test_rule_8_a_catalog_that_is_empty_or_cannot_be_read_is_inconclusive() -> None:
    assert verdicts(day(TEN), sweep(at=START + STEP))[1] == Cause.CATALOG_UNREADABLE
    assert verdicts(sweep()) == [Cause.CATALOG_UNREADABLE]


@pytest.mark.parametrize(("left", "is_believed"), [("abcde", True), ("abcd", False), ("abcdeXYZUVW", True)])
def test_rule_8_a_catalog_that_lost_more_than_half_is_inconclusive(left: str, is_believed: bool) -> None:
    expected = Verdict.CONCLUSIVE if is_believed else Cause.CATALOG_SHRANK
    assert verdicts(day(TEN), day(left, after=STEP))[1] == expected


def test_rule_8_new_ids_do_not_make_up_for_lost_ones() -> None:
    assert verdicts(day(TEN), day("abcdKLMNOP", after=STEP))[1] == Cause.CATALOG_SHRANK


def test_rule_8_the_last_believed_catalog_is_a_conclusive_sweeps() -> None:
    assert verdicts(day(TEN), day("abcd", after=STEP), day("ab", after=2 * STEP))[1:] == [
        Cause.CATALOG_SHRANK, Cause.CATALOG_SHRANK,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "cause"), [(Reason.CREDENTIAL, Cause.CREDENTIAL), (Reason.QUOTA, Cause.QUOTA)]
)
def test_rule_6_where_none_ever_answered_a_refusal_of_everyone_is_the_runs(reason: str, cause: Cause) -> None:
    everyone = [Observation(each, Outcome.UNKNOWN, reason, 0, http_status=401) for each in "abc"]
    assert verdicts(sweep(*everyone)) == [cause]
    assert verdicts(sweep(*everyone[:2], answer("q", "c"))) == [Verdict.CONCLUSIVE]
    assert verdicts(sweep(*everyone[:2], answer("n", "c"))) == [cause]


@pytest.mark.parametrize("status", [401, 402])
def test_rule_6_a_web_page_for_everyone_is_no_refusal(status: int) -> None:
    pages = [failed(each, status, Reason.INVALID_ANSWER) for each in "abc"]
    assert verdicts(sweep(*pages)) == [Verdict.CONCLUSIVE]


def test_rule_6_where_some_once_answered_single_refusals_are_the_models() -> None:
    """Whose they are has been settled by a model that answered last time; the guard needs no say."""
    refused = [
        Observation(each, Outcome.UNAVAILABLE, Reason.NOT_FOR_ACCOUNT, 0, http_status=401) for each in "ab"
    ]
    assert verdicts(day("ab"), sweep(*refused, at=START + STEP))[1] == Verdict.CONCLUSIVE


@pytest.mark.parametrize("cause", [*Cause, "voided", "moon_phase", None])
def test_rule_9_a_given_verdict_and_its_cause_are_kept_unchanged(cause: str | None) -> None:
    given = sweep(answer("u"), verdict=Verdict.INCONCLUSIVE, cause=cause)
    decision = live([given])[0]
    assert (decision.verdict, decision.cause) == (Verdict.INCONCLUSIVE, cause)


def test_rule_9_a_given_conclusive_verdict_overrules_the_guard() -> None:
    down = [failed(each, 500) for each in TEN]
    assert (
        verdicts(day(TEN), sweep(*down, at=START + STEP, verdict=Verdict.CONCLUSIVE))[1] == Verdict.CONCLUSIVE
    )


TROUBLES = [
    (Cause.CREDENTIAL, EventKind.CREDENTIAL_REJECTED, EventKind.CREDENTIAL_ACCEPTED),
    (Cause.QUOTA, EventKind.QUOTA_EXHAUSTED, EventKind.QUOTA_RESTORED),
    (Cause.PROVIDER_OUTAGE, EventKind.PROVIDER_DOWN, EventKind.PROVIDER_UP),
    (Cause.RULE_CHANGE, EventKind.PROVIDER_DOWN, EventKind.PROVIDER_UP),
    (Cause.CATALOG_UNREADABLE, EventKind.PROVIDER_DOWN, EventKind.PROVIDER_UP),
    (Cause.CATALOG_SHRANK, EventKind.CATALOG_SHRANK, EventKind.CATALOG_RESTORED),
]


def faults(*causes: str | None) -> list[Decision]:
    """Live through sweeps with these causes; None is a conclusive one."""
    return live(
        [
            sweep(
                answer("u"),
                at=START + place * STEP,
                verdict=Verdict.INCONCLUSIVE if cause else Verdict.CONCLUSIVE,
                cause=cause,
            )
            for place, cause in enumerate(causes)
        ]
    )


def provider_story(decisions: Sequence[Decision]) -> list[tuple[int, EventKind]]:
    for event in events_of(decisions, None):
        assert event.began_at == event.confirmed_at
        assert event.from_status is event.to_status is None
    return [((event.confirmed_at - START) // STEP, event.kind) for event in events_of(decisions, None)]


@pytest.mark.parametrize(("cause", "opens", "closes"), TROUBLES)
def test_rule_10_a_cause_raises_its_event_once_and_a_conclusive_sweep_closes_it(
    cause: Cause, opens: EventKind, closes: EventKind
) -> None:
    assert provider_story(faults(cause, cause, None, None, cause, None)) == [
        (0, opens), (2, closes), (4, opens), (5, closes),
    ]  # fmt: skip


@pytest.mark.parametrize("cause", [Cause.OUR_NETWORK, Cause.INTERRUPTED, "voided"])
def test_rule_10_our_own_faults_and_unknown_causes_raise_nothing(cause: str) -> None:
    assert provider_story(faults(cause, None)) == []


def test_rule_10_causes_of_one_kind_share_an_open_event() -> None:
    told = provider_story(faults(Cause.PROVIDER_OUTAGE, Cause.RULE_CHANGE, Cause.CATALOG_UNREADABLE, None))
    assert told == [(0, EventKind.PROVIDER_DOWN), (3, EventKind.PROVIDER_UP)]


def test_rule_10_a_conclusive_sweep_closes_all_that_are_open() -> None:
    told = provider_story(faults(Cause.QUOTA, Cause.CREDENTIAL, Cause.OUR_NETWORK, Cause.QUOTA, None))
    assert told == [
        (0, EventKind.QUOTA_EXHAUSTED),
        (1, EventKind.CREDENTIAL_REJECTED),
        (4, EventKind.QUOTA_RESTORED),
        (4, EventKind.CREDENTIAL_ACCEPTED),
    ]


def test_rule_10_the_guards_own_verdict_raises_it_too() -> None:
    told = provider_story(live([day(TEN), day(TEN, TEN, after=STEP), day(TEN, after=2 * STEP)]))
    assert told == [(1, EventKind.PROVIDER_DOWN), (2, EventKind.PROVIDER_UP)]


def held(*failing: str, every: timedelta = 3 * HOUR, ids: str = TEN, status: int = 500) -> list[str]:
    """Tell the verdicts of sweeps in which these fail, after one in which everything answered."""
    later = [day(ids, each, status=status, after=(1 + at) * every) for at, each in enumerate(failing)]
    return verdicts(day(ids), *later)[1:]


HELD = Cause.PROVIDER_OUTAGE
BELIEVED = Verdict.CONCLUSIVE


def test_rule_11_a_mass_failure_in_three_sweeps_over_six_hours_is_believed() -> None:
    assert held("abcdef", "abcdef", "abcdef") == [HELD, HELD, BELIEVED]


def test_rule_11_three_sweeps_in_less_than_six_hours_are_not_enough() -> None:
    assert held(*["abcdef"] * 4, every=2 * HOUR) == [HELD, HELD, HELD, BELIEVED]
    assert held(*["abcdef"] * 26, every=STEP) == [*[HELD] * 24, BELIEVED, BELIEVED]


def test_rule_11_two_sweeps_over_six_hours_are_not_enough() -> None:
    assert held("abcdef", "abcdef", "abcdef", every=8 * HOUR) == [HELD, HELD, BELIEVED]


def test_rule_11_while_nothing_at_all_answers_it_is_held() -> None:
    assert held(*[TEN] * 9) == [HELD] * 9


def test_rule_11_a_conclusive_sweep_in_between_begins_anew() -> None:
    assert held("abcdef", "abcdef", "", "abcdef", "abcdef", "abcdef") == [
        HELD,
        HELD,
        BELIEVED,
        HELD,
        HELD,
        BELIEVED,
    ]


def test_rule_11_another_class_begins_anew() -> None:
    sweeps = [
        day(TEN, "abcdef", status=status, after=(1 + at) * 3 * HOUR)
        for at, status in enumerate((500, 500, 404, 404, 404))
    ]
    assert verdicts(day(TEN), *sweeps)[3:] == [Cause.RULE_CHANGE, Cause.RULE_CHANGE, BELIEVED]


def test_rule_9_a_404_for_everyone_is_about_the_account_but_not_while_others_answer() -> None:
    """An account without permission gets it on everything; a key that some accept is not rejected."""
    assert verdicts(day(TEN), day(TEN, TEN, status=404, after=STEP))[1] == Cause.CREDENTIAL
    assert verdicts(day(TEN), day(TEN, TEN[1:], status=404, after=STEP))[1] == Cause.RULE_CHANGE


def test_rule_11_it_must_be_the_same_models() -> None:
    """Of fourteen models, each time ten others fail."""
    ids = TWENTY[:14]
    told = held("abcdefgh", "ghijklmn", "abcdijkl", ids=ids)
    assert told == [HELD, HELD, HELD]


def test_rule_11_it_is_believed_though_the_first_sweeps_failed_otherwise() -> None:
    """Nineteen of twenty fail alike from the third sweep on: at the fifth it is three sweeps over 6 hours."""
    settled = TWENTY.replace("e", "")
    told = held(TWENTY[:11], "a" + TWENTY[9:], *[settled] * 10, ids=TWENTY)
    assert told[:3] == [HELD, HELD, HELD]
    assert told[4] == BELIEVED


def test_rule_11_believing_it_moves_the_models() -> None:
    sweeps = [day(TEN), *(day(TEN, "abcdef", after=at * 3 * HOUR) for at in (1, 2, 3, 4))]
    decisions = live(sweeps)
    assert [len([each for each in made.events if each.model]) for made in decisions] == [10, 0, 0, 0, 6]
    began = {event.began_at for event in decisions[4].events if event.model}
    assert began == {START + 9 * HOUR}


@pytest.mark.parametrize("failing", ["abcdef", TEN])
def test_rule_11_an_acceptance_believes_at_once(failing: str) -> None:
    told = verdicts(day(TEN), day(TEN, failing, after=STEP, accepted=True))
    assert told[1] == BELIEVED


def test_rule_11_an_acceptance_believes_a_shrunken_catalog_but_not_an_unread_one() -> None:
    assert verdicts(day(TEN), day("ab", after=STEP, accepted=True))[1] == BELIEVED
    assert verdicts(day(TEN), day("", after=STEP, accepted=True))[1] == Cause.CATALOG_UNREADABLE


# ---- What was only looked up did not fail (rules.md 8, 28) ----


def looked_up(model: str, status: int) -> Observation:
    return Observation(model, Outcome.UNKNOWN, Reason.LOOKED_UP, 0, http_status=status)


@pytest.mark.parametrize("status", [200, 404, 401, 500])
def test_retired_models_whose_metadata_were_read_are_no_mass_failure(status: int) -> None:
    """A limiter answered for them when they were asked in full, so they count as having answered then."""
    retired, others = TEN[:6], TEN[6:]
    ended = sweep(*(answer("e", each) for each in retired), *(answer("u", each) for each in others))
    limited = [answer("l", each) for each in retired]
    asked = sweep(*limited, *(answer("u", each) for each in others), at=START + STEP)
    read = [looked_up(each, status) for each in retired]
    last = sweep(*read, *(answer("u", each) for each in others), at=START + 2 * STEP)
    assert [each.verdict for each in live([ended, asked, last])] == [Verdict.CONCLUSIVE] * 3


def test_a_key_that_everyone_refuses_is_known_beside_metadata_that_anybody_may_read() -> None:
    """Rule 6, where no model ever answered: whoever was not asked cannot have accepted the key."""
    refused = [failed(each, 401, Reason.CREDENTIAL) for each in TEN[2:]]
    (decision,) = live([sweep(*(looked_up(each, 200) for each in TEN[:2]), *refused)])
    assert (decision.verdict, decision.cause) == (Verdict.INCONCLUSIVE, Cause.CREDENTIAL)


@pytest.mark.parametrize(
    ("status", "verdict"), [(400, "conclusive"), (401, "credential"), (402, "quota"), (403, "conclusive")]
)
def test_rule_6_where_nobody_ever_answered_a_401_or_402_of_all_is_the_accounts(
    status: int, verdict: str
) -> None:
    refused = [failed(each, status, Reason.NOT_FOR_ACCOUNT) for each in "abc"]
    assert verdicts(sweep(*refused)) == [verdict]


def test_rule_9_a_sweep_that_has_its_verdict_leaves_or_ends_what_is_held() -> None:
    mass = [day(TEN), day(TEN, "abcdef", after=HOUR)]
    for verdict, is_kept in ((Verdict.INCONCLUSIVE, True), (Verdict.CONCLUSIVE, False)):
        judged = sweep(answer("u", "a"), at=START + 2 * HOUR, listed=TEN, verdict=verdict, cause="quota")
        assert bool(live([*mass, judged])[-1].state.held) is is_kept


def test_rule_11_a_failure_in_another_class_is_counted_from_its_own_start() -> None:
    counts = [
        day(TEN),
        *(day(TEN, "abcdef", status=404, after=hours * HOUR) for hours in (1, 4)),
        *(day(TEN, "abcdef", after=hours * HOUR) for hours in (7, 10)),
    ]
    held = live(counts)[-1].state.held
    assert held is not None
    assert {streak.count for streak in held.models.values()} == {2}


def test_rule_11_a_lasting_failure_is_believed_where_the_fresh_ones_are_half_of_those_asked() -> None:
    lasting = [day(TEN), *(day(TEN, "abcdef", after=hours * HOUR) for hours in (1, 4))]
    assert verdicts(*lasting, day("abcdghij", "aghij", after=7 * HOUR))[-1] == "conclusive"
    assert verdicts(*lasting, day("abcghij", "aghij", after=7 * HOUR))[-1] == "provider_outage"


@pytest.mark.parametrize("reason", [Reason.BAD_REQUEST, Reason.NOT_FOUND])
def test_rule_8_a_404_while_others_answer_is_no_refused_key_whatever_its_reason(reason: Reason) -> None:
    assert verdicts(day(TEN), day(TEN, "abcdef", status=404, reason=reason, after=HOUR))[-1] == "rule_change"


def test_rule_8_troubles_of_several_reasons_have_the_cause_of_most() -> None:
    mixed = [failed(each, None, Reason.CONNECTION_FAILED) for each in "abcd"]
    mixed += [failed(each, 500) for each in "efg"]
    mixed += [answer("u", each) for each in "hij"]
    assert verdicts(day(TEN), sweep(*mixed, at=START + HOUR))[-1] == "our_network"


def test_rule_8_who_was_not_asked_stays_regular_for_a_day() -> None:
    day_ago = START - timedelta(hours=24)
    before = {"a": day_ago, "b": day_ago - STEP, "c": START - STEP, "d": day_ago - STEP}
    state = ProviderState(answered_before=before, answered=frozenset("xy"), concluded_at=day_ago)
    assert answered_before(state, START, {"c", "d", "y"}) == {"a": day_ago, "x": day_ago}
    assert answered_before(replace(state, concluded_at=day_ago - STEP), START, "c") == {"a": day_ago}


@pytest.mark.parametrize("name", ["verdict", "cause", "held", "other"])
def test_a_judgement_is_a_value(name: str) -> None:
    """It stays what it is, and holds no more than its fields."""
    judgement = judge(ProviderState(), sweep(), lambda _: True)
    with pytest.raises((FrozenInstanceError, TypeError)):
        setattr(judgement, name, None)
    assert not hasattr(judgement, "__dict__")


def test_rule_8_a_regular_model_that_has_left_the_catalog_still_counts_as_one() -> None:
    """Of five one has left and four fail alike: that is a failure of the provider, not of four models."""
    assert verdicts(day("abcde"), day("abcd", "abcd", after=STEP))[1] == Cause.PROVIDER_OUTAGE
