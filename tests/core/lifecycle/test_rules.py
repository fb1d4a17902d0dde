"""The life of one model, rule by rule: the letters are explained in histories.py."""

from dataclasses import FrozenInstanceError, replace
from datetime import timedelta

import pytest

from monitor.core.domain.policy import Policy
from monitor.core.domain.vocabulary import EventKind, Kind, Reason, Status
from monitor.core.lifecycle.rules import observe
from monitor.core.lifecycle.step import Step
from tests.core.cases import UP_TWICE, Case, assert_after_birth, case, table
from tests.core.histories import START, STEP, USUAL, answer, end_of, events_of, live, story, sweep, tell

DAY = timedelta(days=1)
DOWN = "2 became_unavailable unavailable from 1 (not_found)"


@table(
    case("udld"),  # rate_limited of an available model is up, and breaks the streak
    case("uddl", "2 became_unavailable unavailable from 1 (not_found)"),
    case(
        "uddl" + "u",
        "2 became_unavailable unavailable from 1 (not_found)",
        "4 became_available available from 4 (ok)",
    ),
    case(
        "uddulu",
        "2 became_unavailable unavailable from 1 (not_found)",
        "5 became_available available from 3 (ok)",
        policy=UP_TWICE,
    ),
    *(case(f"ud{unclear}d", "3 became_unavailable unavailable from 1 (not_found)") for unclear in "qtn."),
    *(
        case(
            f"uddu{unclear}u",
            "2 became_unavailable unavailable from 1 (not_found)",
            "5 became_available available from 3 (ok)",
            policy=UP_TWICE,
        )
        for unclear in "qtnl."
    ),
)
def test_rule_3_what_is_not_clear_neither_adds_to_a_streak_nor_breaks_it(case: Case) -> None:
    assert_after_birth(case)


@pytest.mark.parametrize("first", "qtn.")
def test_rule_3_rate_limited_is_up_for_a_new_model(first: str) -> None:
    assert tell(f"{first}l")[1:] == ["1 became_available available from 1 (too_many_requests)"]


@pytest.mark.parametrize(
    ("letter", "status", "reason"),
    [
        ("u", Status.AVAILABLE, Reason.OK),
        ("l", Status.AVAILABLE, Reason.TOO_MANY_REQUESTS),
        ("d", Status.UNAVAILABLE, Reason.NOT_FOUND),
        ("e", Status.RETIRED, Reason.END_OF_LIFE),
        ("q", Status.NEW, Reason.BAD_REQUEST),
        ("t", Status.NEW, Reason.TIMEOUT),
        ("n", Status.NEW, Reason.NOT_PROBED),
    ],
)
def test_rule_14_a_model_appears_where_its_observation_puts_it(
    letter: str, status: Status, reason: Reason
) -> None:
    assert tell(letter) == [f"0 appeared {status} from 0 ({reason})"]
    assert events_of(live(story(letter)))[0].from_status is None


def test_rule_14_a_model_that_appears_in_a_gap_is_new_since_the_sweep_began() -> None:
    assert tell(".") == ["0* appeared new from 0* (not_probed)"]


@pytest.mark.parametrize("unclear", ["q", "t", "n", ".", "qtn."])
@pytest.mark.parametrize("confirm", [1, 3])
def test_rule_14_the_first_clear_observation_of_a_new_model_needs_no_confirmation(
    unclear: str, confirm: int
) -> None:
    policy = Policy(confirm_down=confirm, confirm_up=confirm)
    at = len(unclear)
    assert tell(f"{unclear}u", policy)[1:] == [f"{at} became_available available from {at} (ok)"]
    assert tell(f"{unclear}dd", policy)[1:] == [f"{at} became_unavailable unavailable from {at} (not_found)"]


def test_rule_21_what_was_never_available_tells_so_in_from_status() -> None:
    """So that no outage opens there."""
    assert events_of(live(story("qd")))[1].from_status == Status.NEW


@table(
    case("ud"),
    case("udu"),
    case("udud"),
    case("udd", "2 became_unavailable unavailable from 1 (not_found)"),
    case("uduudd", "5 became_unavailable unavailable from 4 (not_found)"),
    case("udddd", "3 became_unavailable unavailable from 1 (not_found)", policy=Policy(confirm_down=3)),
    case("ud", "1 became_unavailable unavailable from 1 (not_found)", policy=Policy(confirm_down=1)),
    case("udXd", "3 became_unavailable unavailable from 1 (not_found)"),
    case("udXX"),
    case(
        "udduduu",
        "2 became_unavailable unavailable from 1 (not_found)",
        "6 became_available available from 5 (ok)",
        policy=UP_TWICE,
    ),
)
def test_rule_15_streaks_confirm_down_and_up_and_date_them_back(case: Case) -> None:
    assert_after_birth(case)


@table(
    case("ue", "1 retired retired from 1 (end_of_life)"),
    case("ude", "2 retired retired from 2 (end_of_life)"),
    case("ue", "1 retired retired from 1 (end_of_life)", policy=Policy(confirm_down=1)),
    case("ue", "1 retired retired from 1 (end_of_life)", policy=Policy(confirm_down=9)),
    case(
        "udde",
        "2 became_unavailable unavailable from 1 (not_found)",
        "3 retired retired from 3 (end_of_life)",
    ),
)
def test_rule_16_an_end_of_life_answer_gives_only_retired_at_once(case: Case) -> None:
    assert_after_birth(case)


def test_rule_16_a_new_model_is_retired_by_its_end_of_life_too() -> None:
    assert tell("qe")[1:] == ["1 retired retired from 1 (end_of_life)"]


@table(
    case("u" + "d" * 15, DOWN),  # exactly 14 days after the first down: not more than
    case("u" + "d" * 16, DOWN, "16 retired retired from 1 (unavailable_too_long)"),
    case("udd" + "q" * 20, DOWN),
    case("udd" + "t" * 20, DOWN),
    case("udd" + "n" * 20, DOWN),
    case("udd" + "." * 20, DOWN),
    case("udd" + "l" * 20, DOWN),
    case("udd" + "X" * 20, DOWN),
    case("udd" + "Xq" * 10 + "-", DOWN),
    case("udd" + "Z" * 20 + "d", DOWN, "23 retired retired from 1 (unavailable_too_long)"),
    case("udd" + "q" * 20 + "d", DOWN, "23 retired retired from 1 (unavailable_too_long)"),
    case(
        "ud" + "n" * 20 + "d",
        "22 became_unavailable unavailable from 1 (not_found)",
        "22 retired retired from 1 (unavailable_too_long)",
    ),
    case(
        "udddddddduu" + "d" * 10,
        DOWN,
        "9 became_available available from 9 (ok)",
        "12 became_unavailable unavailable from 11 (not_found)",
    ),
    case("ud" * 9, policy=Policy(flap_high=100.0)),
)
def test_rule_17_unavailable_for_more_than_retire_after_is_retired_at_a_down(case: Case) -> None:
    assert_after_birth(case, step=DAY)


def test_rule_17_a_model_that_never_answered_stays_unavailable() -> None:
    assert end_of("d" * 40, step=DAY).status == Status.UNAVAILABLE
    assert end_of("q" + "d" * 40, step=DAY).status == Status.UNAVAILABLE


def test_rule_17_rate_limited_is_an_answer() -> None:
    """Rule 2 makes it one, though it is not clear while the model is unavailable."""
    assert end_of("dl" + "d" * 40, step=DAY).reason == Reason.UNAVAILABLE_TOO_LONG


def test_rule_23_each_new_date_of_a_living_model_is_announced_once() -> None:
    """In the baseline too; no date withdraws nothing; an older date named again is another one."""
    one, two = START + 30 * DAY, START + 60 * DAY
    dates = [one, one, None, one, two, one]
    sweeps = [
        sweep(answer("u", retires_at=date), at=START + place * STEP) for place, date in enumerate(dates)
    ]
    decisions = live(sweeps)
    announced = [
        (place, event.detail)
        for place, decision in enumerate(decisions)
        for event in decision.events
        if event.kind == EventKind.RETIREMENT_ANNOUNCED
    ]
    assert announced == [
        (0, "2026-05-06T12:00:00Z"),
        (4, "2026-06-05T12:00:00Z"),
        (5, "2026-05-06T12:00:00Z"),
    ]
    assert decisions[3].state.models["m"].retires_at == one


@pytest.mark.parametrize("letters", ["e", "ue", "ued", "ueq", "u--e"])
def test_rule_23_a_date_beside_an_end_of_life_or_a_retirement_is_ignored(letters: str) -> None:
    sweeps = story(letters)
    dated = [answer("u", "anchor"), answer(letters[-1], retires_at=START + DAY)]
    sweeps[-1] = replace(sweeps[-1], observations=tuple(dated))
    decision = live(sweeps)[-1]
    assert decision.state.models["m"].retires_at is None
    assert EventKind.RETIREMENT_ANNOUNCED not in {event.kind for event in decision.events}


@pytest.mark.parametrize("letter", "udltqn")
def test_rule_23_any_other_answer_may_carry_the_date(letter: str) -> None:
    made = live([sweep(answer(letter, retires_at=START + DAY))])[-1]
    assert made.events[-1].kind == EventKind.RETIREMENT_ANNOUNCED
    assert made.events[-1].from_status == made.events[-1].to_status == made.state.models["m"].status


def test_rule_23_kind_changed_needs_two_known_kinds() -> None:
    kinds = [Kind.UNKNOWN, Kind.CHAT, Kind.UNKNOWN, Kind.CHAT, Kind.EMBEDDINGS, Kind.UNKNOWN]
    sweeps = [sweep(answer("u", kind=kind), at=START + place * STEP) for place, kind in enumerate(kinds)]
    decisions = live(sweeps)
    changes = [event for event in events_of(decisions) if event.kind == EventKind.KIND_CHANGED]
    assert [(event.confirmed_at, event.from_status, event.to_status) for event in changes] == [
        (START + 4 * STEP + timedelta(milliseconds=1500), Status.AVAILABLE, Status.AVAILABLE)
    ]
    assert decisions[-1].state.models["m"].kind == Kind.EMBEDDINGS


def test_rule_25_an_observation_lies_at_ms_after_its_sweep_began() -> None:
    sweeps = [
        sweep(answer("u", at_ms=0)),
        sweep(answer("d", at_ms=2500), at=START + STEP),
        sweep(answer("d", at_ms=30_001), at=START + 2 * STEP),
    ]
    event = events_of(live(sweeps))[-1]
    assert event.began_at == START + STEP + timedelta(seconds=2, milliseconds=500)
    assert event.confirmed_at == START + 2 * STEP + timedelta(seconds=30, milliseconds=1)


@pytest.mark.parametrize("letters", ["u", "udd", "uddu", "ue", "u--", "u--q", "uOOO", "ueu", "utttt", "q"])
def test_rule_25_since_is_when_the_last_status_event_began(letters: str) -> None:
    last = events_of(live(story(letters)))[-1]
    state = end_of(letters)
    assert (state.since, state.status, state.reason) == (last.began_at, last.to_status, last.reason)


@pytest.mark.parametrize(
    ("letters", "policies"),
    [
        ("udq", [USUAL, USUAL, Policy(confirm_down=1)]),
        ("uddul", [UP_TWICE] * 4 + [USUAL]),
        ("ueul", [UP_TWICE] * 3 + [USUAL]),
        ("utttn", [USUAL] * 4 + [Policy(confirm_unresponsive=3)]),
        ("uttt.", [USUAL] * 4 + [Policy(confirm_unresponsive=3)]),
    ],
)
def test_rule_24_only_an_observation_of_the_streak_confirms_it(letters: str, policies: list[Policy]) -> None:
    """Rules 3, 4, 29: a policy made milder meanwhile is met by the next one, with its time and its reason."""
    assert tell(letters, policies) == tell(letters[:-1], policies[:-1])


def test_rule_14_a_model_appears_as_part_of_the_baseline_only_where_that_is_said() -> None:
    _, (appeared,) = observe(None, answer("u"), START, Policy())
    assert appeared.detail is None
    _, (appeared,) = observe(None, answer("u"), START, Policy(), is_baseline=True)
    assert appeared.detail == "baseline"


@pytest.mark.parametrize("name", ["observation", "moment", "is_up", "is_first", "is_baseline", "other"])
def test_a_step_is_a_value(name: str) -> None:
    """It stays what it is, and holds no more than its fields."""
    step = Step(answer("u", "m"), START, is_up=True, is_first=True, is_baseline=True)
    assert not step.is_timeout
    with pytest.raises((FrozenInstanceError, TypeError)):
        setattr(step, name, None)
    assert not hasattr(step, "__dict__")
