"""The fold of one sweep over a provider: catalogs, baseline, what is shut out, order (rules.md 1, 9-26)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.core.domain.policy import Policy
from monitor.core.domain.state import ProviderState
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import Cause, EventKind, Kind, Outcome, Reason, Status, Verdict
from monitor.core.lifecycle.fold import doubt_catalog, fold, observations_of
from tests.core.histories import START, STEP, USUAL, answer, end_of, events_of, live, story, sweep, tell
from tests.core.oracle import PLACE
from tests.core.strategies import Past, quiet_pasts, restless_pasts, stormy_pasts

SHUT = Policy(exclude=("m",))
usual = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
pasts = st.one_of(quiet_pasts(), quiet_pasts(steady=False), stormy_pasts(), restless_pasts())


def shut_out(letters: str, where: str) -> list[Policy]:
    """Shut `m` out at the places marked `x`."""
    return [SHUT if mark == "x" else USUAL for mark in where.ljust(len(letters))]


def test_rule_1_a_gap_counts_as_not_probed_at_the_start_of_the_sweep() -> None:
    assert tell(".") == ["0* appeared new from 0* (not_probed)"]
    assert end_of("u.").last_checked_at == end_of("u").last_checked_at


def test_rule_1_a_gap_is_an_observation_without_an_attempt() -> None:
    gap = sweep(answer("u", "anchor"), listed=["anchor", "m", "out"])
    assert observations_of(gap, Policy(exclude=("out",))) == {
        "anchor": answer("u", "anchor"),
        "m": Observation("m", Outcome.UNKNOWN, Reason.NOT_PROBED, at_ms=0, attempts=0),
    }


def test_rule_8_a_catalog_is_doubted_before_anything_is_probed() -> None:
    state = live([sweep(*(answer("u", model) for model in "abcd"))])[-1].state
    assert doubt_catalog(state, sweep(at=START + STEP, listed="a"), USUAL) == Cause.CATALOG_SHRANK
    assert doubt_catalog(state, sweep(at=START + STEP, listed="ab"), USUAL) is None
    assert doubt_catalog(state, sweep(at=START + STEP, listed=""), USUAL) == Cause.CATALOG_UNREADABLE


def test_rule_1_an_id_that_is_shut_out_does_not_appear() -> None:
    assert tell("uuu", SHUT) == []
    assert tell("uuu", Policy(include=("anchor",))) == []
    assert tell("u", Policy(include=("m*",))) == ["0 appeared available from 0 (ok)"]
    assert tell("u", Policy(include=("m*",), exclude=("*m",))) == []


def test_rule_1_a_model_that_is_shut_out_is_neither_probed_nor_absent() -> None:
    letters = "udd" + "u----OOOO" + "d"
    told = tell(letters, shut_out(letters, "   xxxxxxxxx"))
    assert told == ["0 appeared available from 0 (ok)", "2 became_unavailable unavailable from 1 (not_found)"]


def test_rule_1_what_is_shut_out_is_not_absent_for_later_either() -> None:
    """Rule 18: the one absent read after it touches nothing."""
    letters = "u---"
    assert len(tell(letters, shut_out(letters, " xx "))) == 1


def test_rule_18_a_read_with_the_id_ends_the_row_though_it_is_shut_out() -> None:
    letters = "u-u-"
    assert len(tell(letters, shut_out(letters, "  x "))) == 1


def test_rule_1_the_guard_counts_the_whole_catalog() -> None:
    """Six of ten ids are lost, though all six are shut out."""
    policy = Policy(exclude=("[e-j]",))
    sweeps = [
        sweep(*(answer("u", each) for each in "abcdefghij")),
        sweep(*(answer("u", each) for each in "abcd"), at=START + STEP),
    ]
    assert live(sweeps, policy)[1].cause == Cause.CATALOG_SHRANK


DELISTED = "retired retired from {} (delisted)"


@pytest.mark.parametrize(
    ("letters", "confirmed", "began"),
    [
        ("uOOO", "3*", "1*"),
        ("uOZOO", "4*", "1*"),  # what was interrupted is no readable catalog
        ("uO-O", "3*", "1*"),
        ("uOO-", "3*", "1*"),  # the third readable catalog, the first conclusive one
        ("uO--", "3*", "2*"),  # both confirm: rule 18's beginning stands
        ("uOXOOO", "5*", "3*"),  # listed in between
        ("u-XOOO", "5*", "3*"),
        ("uOOOO", "3*", "1*"),
        ("ueuOOO", "5*", "3*"),
    ],
)
def test_rule_11_an_id_missing_from_three_readable_catalogs_is_gone(
    letters: str, confirmed: str, began: str
) -> None:
    """Whatever the verdicts; it sets `listed` false."""
    assert tell(letters)[-1] == f"{confirmed} {DELISTED.format(began)}"
    assert not end_of(letters).listed


@pytest.mark.parametrize("letters", ["uOO", "uOOZ", "uZZZZ", "uOOXO", "uOOuO"])
def test_rule_11_fewer_readable_catalogs_in_a_row_touch_nothing(letters: str) -> None:
    assert tell(letters) == ["0 appeared available from 0 (ok)"]
    assert end_of(letters).listed


@pytest.mark.parametrize(("confirm_unlisted", "place"), [(1, 3), (3, 3), (4, 4), (5, 5)])
def test_rule_11_asks_for_confirm_unlisted_where_that_is_more(confirm_unlisted: int, place: int) -> None:
    told = tell("uOOOOOO", Policy(confirm_unlisted=confirm_unlisted))
    assert told[-1] == f"{place}* {DELISTED.format('1*')}"


def shrunken(*lists: str) -> list[Sweep]:
    return [
        sweep(*(answer("u", each) for each in ids), at=START + place * STEP)
        for place, ids in enumerate(lists)
    ]


def test_rule_11_a_shrunken_catalog_is_believed_at_its_third_read() -> None:
    decisions = live(shrunken("abcdefghij", "abc", "abc", "abc"))
    assert [made.cause for made in decisions] == [None, Cause.CATALOG_SHRANK, Cause.CATALOG_SHRANK, None]
    retired = [event for event in decisions[3].events if event.kind == EventKind.RETIRED]
    assert [event.model for event in retired] == list("defghij")
    assert {event.began_at for event in retired} == {START + STEP}


def test_rule_11_a_catalog_that_is_not_read_to_its_end_breaks_no_row() -> None:
    decisions = live(shrunken("abcdefghij", "abc", "", "abc", "", "abc"))
    assert [made.cause for made in decisions[1:]] == [
        Cause.CATALOG_SHRANK, Cause.CATALOG_UNREADABLE, Cause.CATALOG_SHRANK, Cause.CATALOG_UNREADABLE, None,
    ]  # fmt: skip


def test_rule_11_ids_that_come_back_are_not_gone() -> None:
    decisions = live(shrunken("abcdefghij", "abc", "abc", "abcdefghij", "abc", "abc"))
    assert not [event for made in decisions for event in made.events if event.kind == EventKind.RETIRED]


def test_rule_12_appearances_are_baseline_until_something_answered() -> None:
    """Up to and including the first conclusive sweep with an answer."""
    sweeps = [
        sweep(answer("u", "w"), at=START, verdict=Verdict.INCONCLUSIVE, cause=Cause.INTERRUPTED),
        sweep(answer("d", "a"), at=START + STEP),
        sweep(answer("d", "a"), answer("l", "b"), at=START + 2 * STEP),
        sweep(answer("d", "a"), answer("l", "b"), answer("u", "c"), at=START + 3 * STEP),
    ]
    appeared = [event for made in live(sweeps) for event in made.events if event.kind == EventKind.APPEARED]
    assert [(event.model, event.detail) for event in appeared] == [
        ("a", "baseline"),
        ("b", "baseline"),
        ("c", None),
    ]


def test_rule_12_a_model_seen_only_in_inconclusive_sweeps_is_not_known() -> None:
    assert "m" not in live(story("XXX"))[-1].state.models


def test_rule_12_for_models_an_inconclusive_sweep_does_not_exist() -> None:
    assert tell("uXdXXdX") == [
        "0 appeared available from 0 (ok)",
        "5 became_unavailable unavailable from 2 (not_found)",
    ]


def test_rule_26_events_of_a_sweep_have_one_order() -> None:
    """By `confirmed_at`, then model id by code point, then kind; the provider's before all."""
    policy = Policy(flap_window=3, confirm_unlisted=1, retire_after=timedelta(hours=1))
    first = sweep(*(answer("u", each, kind=Kind.CHAT) for each in "acdf"), answer("u", "gone"))
    second = sweep(
        answer("d", "f"), *(answer("u", each) for each in ("a", "c", "d", "gone")), at=START + STEP
    )
    fault = sweep(at=START + 2 * STEP)
    last = sweep(
        answer("d", "f", at_ms=900),
        answer("e", "c", at_ms=200, kind=Kind.RERANK),
        answer("u", "b", at_ms=100, retires_at=START),
        answer("u", "a", at_ms=100, kind=Kind.EMBEDDINGS, retires_at=START),
        answer("u", "B", at_ms=100),
        at=START + timedelta(hours=9),
    )
    made = live([first, second, fault, last], policy)[-1]
    assert [f"{event.kind} {event.model}" for event in made.events] == [
        "provider_up None",
        "retired d",
        "retired gone",
        "appeared B",
        "retirement_announced a",
        "kind_changed a",
        "appeared b",
        "retirement_announced b",
        "retired c",
        "flapping_started c",
        "kind_changed c",
        "became_unavailable f",
        "retired f",
    ]


@usual
@given(pasts)
def test_rule_26_holds_for_any_history(past: Past) -> None:
    for decision in live(past.sweeps, past.policies):
        models = [
            (event.confirmed_at, event.model, PLACE[event.kind]) for event in decision.events if event.model
        ]
        assert models == sorted(models)
        is_model = [event.model is not None for event in decision.events]
        assert is_model == sorted(is_model)


@usual
@given(pasts)
def test_rule_13_a_status_is_always_the_to_status_of_the_last_event(past: Past) -> None:
    statuses: dict[str, Status | None] = {}
    for decision in live(past.sweeps, past.policies):
        for event in decision.events:
            if event.model is not None:
                assert event.from_status == statuses.get(event.model)
                assert (event.from_status is None) is (event.kind == EventKind.APPEARED)
                statuses[event.model] = event.to_status
        assert {model: state.status for model, state in decision.state.models.items()} == statuses


@usual
@given(pasts)
def test_rule_12_an_inconclusive_sweep_changes_no_model(past: Past) -> None:
    """Rule 11's absences apart, which make a model retired and unlisted."""
    models: dict[str, object] = {}
    for decision in live(past.sweeps, past.policies):
        changed = {each for each, state in decision.state.models.items() if models.get(each) != state}
        if decision.verdict == Verdict.INCONCLUSIVE:
            gone = {each for each in changed if decision.state.models[each].memory.is_gone}
            assert changed == gone
            assert {event.kind for event in decision.events if event.model} <= {
                EventKind.RETIRED,
                EventKind.FLAPPING_STOPPED,
            }
            assert all(event.reason in {Reason.DELISTED, None} for event in decision.events if event.model)
        models = dict(decision.state.models)


@usual
@given(pasts, st.sampled_from(Cause))
def test_rule_9_a_faulty_sweep_more_leaves_every_model_as_it_was(past: Past, cause: Cause) -> None:
    """As if it had not been made: same states and same events of models after it."""
    fault = sweep(at=START - STEP, verdict=Verdict.INCONCLUSIVE, cause=cause)
    plain = live(past.sweeps, past.policies)
    with_fault = live((fault, *past.sweeps), (past.policies[0], *past.policies))[1:]
    for one, other in zip(plain, with_fault, strict=True):
        assert [each for each in one.events if each.model] == [each for each in other.events if each.model]
        assert one.state.models == other.state.models


@usual
@given(pasts)
def test_folding_is_deterministic_and_leaves_its_arguments_alone(past: Past) -> None:
    decisions = live(past.sweeps, past.policies)
    assert live(past.sweeps, past.policies) == decisions
    states = [ProviderState(), *(decision.state for decision in decisions)]
    for state, made, policy, decision in zip(states, past.sweeps, past.policies, decisions, strict=False):
        assert fold(state, made, policy) == decision


def test_rule_24_reasons_are_those_of_the_confirming_observation() -> None:
    sweeps = story("udd")
    last = replace(answer("d"), reason=Reason.NO_CAPACITY, http_status=504)
    sweeps[2] = replace(sweeps[2], observations=(answer("u", "anchor"), last))
    assert events_of(live(sweeps))[-1].reason == Reason.NO_CAPACITY
