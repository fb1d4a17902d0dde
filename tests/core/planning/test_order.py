"""In which order models are asked: publishers in turn, and the most telling first where time is short."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.domain.state import Memory, ModelState, Streak
from monitor.core.domain.vocabulary import Status
from monitor.core.planning.order import by_worth, interleaved

NOW = datetime(2026, 11, 21, tzinfo=UTC)
BEGUN = Streak(1, NOW)

PUBLISHERS = st.sampled_from(["meta/", "acme/", "z-ai/", "", "/"])
MODELS = st.lists(
    st.builds(str.__add__, PUBLISHERS, st.sampled_from("abcdef") | st.text(max_size=3)),
    unique=True,
    max_size=14,
)


def publisher(model: str) -> str:
    return model[: model.index("/")] if "/" in model else ""


def known(
    status: Status = Status.AVAILABLE,
    *,
    checked: datetime | None = NOW,
    ups: Streak | None = None,
    downs: Streak | None = None,
    flapping: bool = False,
) -> ModelState:
    return ModelState(
        status=status,
        reason=None,
        since=NOW,
        last_checked_at=checked,
        flapping=flapping,
        memory=Memory(ups=ups, downs=downs),
    )


# ---- Publishers in turn ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("models", "dealt"),
    [
        ("", ""),
        ("a/1", "a/1"),
        ("a/1 a/2 a/3 b/1 c/1", "a/1 b/1 c/1 a/2 a/3"),
        ("a/1 b/1 b/2 a/2", "a/1 b/1 a/2 b/2"),
        ("b/1 a/1 b/2 c/1 b/3 a/2", "b/1 a/1 c/1 b/2 a/2 b/3"),
        ("plain a/1 other a/2", "plain a/1 other a/2"),
        ("a/b/1 a/c/1 d/1", "a/b/1 d/1 a/c/1"),
    ],
)
def test_publishers_take_turns_in_the_order_they_came(models: str, dealt: str) -> None:
    assert " ".join(interleaved(models.split())) == dealt


@given(MODELS)
def test_dealing_out_loses_and_adds_no_model(models: list[str]) -> None:
    assert sorted(interleaved(models)) == sorted(models)


@given(MODELS)
def test_each_publishers_own_order_is_kept(models: list[str]) -> None:
    dealt = interleaved(models)
    for name in {publisher(model) for model in models}:
        assert [each for each in dealt if publisher(each) == name] == [
            each for each in models if publisher(each) == name
        ]


@given(MODELS)
def test_two_neighbours_are_of_one_publisher_only_when_no_other_has_models_left(models: list[str]) -> None:
    dealt = [publisher(model) for model in interleaved(models)]
    for place in range(1, len(dealt)):
        if dealt[place] == dealt[place - 1]:
            assert set(dealt[place:]) == {dealt[place]}


@given(MODELS)
def test_no_publisher_is_ahead_of_another_that_has_models_left(models: list[str]) -> None:
    dealt = [publisher(model) for model in interleaved(models)]
    for place in range(len(dealt) + 1):
        asked = {name: dealt[:place].count(name) for name in dealt}
        waiting = {name for name in dealt if dealt.count(name) > asked[name]}
        for name in waiting:
            assert max(asked.values()) - asked[name] <= 1


@given(MODELS)
def test_dealing_out_twice_changes_nothing(models: list[str]) -> None:
    assert interleaved(interleaved(models)) == interleaved(models)


# ---- The most telling first ------------------------------------------------------------

STATES: Mapping[str, ModelState] = {
    "flapping": known(flapping=True),
    "failing": known(downs=BEGUN),
    "coming back": known(Status.UNAVAILABLE, ups=BEGUN),
    "revived": known(Status.RETIRED, ups=BEGUN),
    "new": known(Status.NEW),
    "new with a streak": known(Status.NEW, ups=BEGUN, downs=BEGUN),
    "up": known(ups=BEGUN),
    "down": known(Status.UNAVAILABLE, downs=BEGUN),
    "retired": known(Status.RETIRED, downs=BEGUN),
}
CLASSES = (
    ("flapping", "failing", "coming back", "revived"),
    ("new", "new with a streak", "never seen"),
    ("up",),
    ("down",),
    ("retired",),
)


def test_models_in_doubt_come_first_then_new_available_down_and_retired_ones() -> None:
    ordered = by_worth(sorted([*STATES, "never seen"]), STATES)
    places = [next(place for place, each in enumerate(CLASSES) if model in each) for model in ordered]
    assert places == sorted(places)


def test_among_equals_the_one_not_looked_at_for_longest_comes_first() -> None:
    states = {
        name: known(checked=NOW - timedelta(hours=hours)) for name, hours in {"a": 1, "b": 3, "c": 2}.items()
    }
    states["d"] = known(checked=None)
    assert by_worth("abcd", states) == ("d", "b", "c", "a")


def test_among_wholly_equals_publishers_take_turns() -> None:
    models = ["a/1", "a/2", "b/1"]
    assert by_worth(models, dict.fromkeys(models, known())) == ("a/1", "b/1", "a/2")


STREAKS = st.none() | st.just(BEGUN)
KNOWN = st.builds(
    known,
    st.sampled_from(Status),
    checked=st.none() | st.integers(0, 5).map(lambda hours: NOW - timedelta(hours=hours)),
    ups=STREAKS,
    downs=STREAKS,
    flapping=st.booleans(),
)


def class_of(state: ModelState | None) -> int:
    """Say the same otherwise than the module: which of the five a model belongs to."""
    if state is None:
        return 1
    turning = {
        Status.NEW: None,
        Status.AVAILABLE: state.memory.downs,
        Status.UNAVAILABLE: state.memory.ups,
        Status.RETIRED: state.memory.ups,
    }[state.status]
    order = [Status.NEW, Status.AVAILABLE, Status.UNAVAILABLE, Status.RETIRED]
    return 0 if turning or state.flapping else order.index(state.status) + 1


@given(MODELS, st.data())
def test_the_order_of_worth_is_by_class_then_age_and_loses_nobody(
    models: list[str], data: st.DataObject
) -> None:
    states = data.draw(st.dictionaries(st.sampled_from(models), KNOWN)) if models else {}
    ordered = by_worth(models, states)
    assert sorted(ordered) == sorted(models)
    long_ago = datetime.min.replace(tzinfo=UTC)
    keys = []
    for model in ordered:
        state = states.get(model)
        keys.append((class_of(state), (state.last_checked_at if state else None) or long_ago))
    assert keys == sorted(keys)


@given(MODELS, st.data())
def test_who_is_left_out_of_a_short_sweep_comes_before_its_equals_in_the_next(
    models: list[str], data: st.DataObject
) -> None:
    """So within a class nobody waits for ever: of n models, k a sweep, all are asked after n / k sweeps."""
    count = data.draw(st.integers(1, 5))
    states = {model: known(checked=None) for model in models}
    asked = set[str]()
    for sweep in range(-(-len(models) // count)):
        for model in by_worth(models, states)[:count]:
            asked.add(model)
            states[model] = known(checked=NOW + timedelta(hours=sweep))
    assert asked == set(models)
