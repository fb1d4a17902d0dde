"""Which models are worth choosing: an order of what they answered, and a past that it rests on."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.domain.vocabulary import Status
from monitor.core.history.rows import StatusAt, WindowRow
from monitor.core.summary.recommend import (
    BEST_OF_A_KIND,
    LEAST_AGE,
    LEAST_CHECKS,
    PROMISING_OF_A_KIND,
    Candidates,
    Choice,
    best_models,
    choose,
    shortlist,
)
from monitor.core.summary.values import Best

END = datetime(2026, 5, 1, tzinfo=UTC)
SWEEPS = 2880  # of 30 days, four an hour
OLD = END - timedelta(days=30)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def model(
    name: str,
    *,
    status: Status = Status.AVAILABLE,
    kind: str = "chat",
    flapping: bool = False,
    retires_at: datetime | None = None,
) -> StatusAt:
    return StatusAt(
        provider="nvidia",
        model=name,
        status=status,
        reason="ok",
        since=OLD,
        flapping=flapping,
        retires_at=retires_at,
        kind=kind,
        listed=True,
    )


def counts(
    name: str, answered: int = SWEEPS, unavailable: int = 0, unknown: int = 0, *, p50: int | None = 300
) -> WindowRow:
    return WindowRow(
        provider="nvidia",
        model=name,
        answered=answered,
        unavailable=unavailable,
        unknown=unknown,
        clear_or_answered=answered + unavailable,
        due=answered + unavailable + unknown,
        latency_p50_ms=p50,
        latency_p95_ms=p50,
    )


def candidates(
    rows: Iterable[WindowRow],
    models: Iterable[StatusAt] = (),
    *,
    ages: dict[str, timedelta] | None = None,
    sweeps: int = SWEEPS,
) -> Candidates:
    """Return candidates: chat models that were listed for 30 days, unless something else is said of them."""
    rows, special = tuple(rows), {row.model: row for row in models}
    named = {row.model: special.get(row.model, model(row.model)) for row in rows}
    return Candidates(
        until=END,
        models=tuple(named.values()),
        listed=frozenset(named),
        first_seen={name: END - (ages or {}).get(name, END - OLD) for name in named},
        sweeps=sweeps,
        counts=rows,
    )


def ids(best: Sequence[Best]) -> list[str]:
    return [row.model for row in best]


# ---- The order ----


def test_the_best_are_listed_answer_stay_and_do_not_flap() -> None:
    names = ("good", "down", "flaps", "going", "silent", "unlisted")
    rows = [counts(name, 0 if name == "silent" else SWEEPS) for name in names]
    models = [
        model("down", status=Status.UNAVAILABLE),
        model("flaps", flapping=True),
        model("going", retires_at=END + DAY),
    ]
    known = candidates(rows, models)
    choice = best_models(replace(known, listed={*known.listed} - {"unlisted"}))
    assert (ids(choice.best), choice.promising) == (["good"], ())


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(counts("a", SWEEPS - 29, 29), counts("b", SWEEPS - 58, 58, p50=1), id="more failures"),
        pytest.param(counts("a"), counts("b", SWEEPS - 29, 0, 29, p50=1), id="answers that were not clear"),
        pytest.param(counts("a", SWEEPS - 3, 3), counts("b", SWEEPS // 3, p50=1), id="a third of the window"),
        pytest.param(counts("b", p50=299), counts("a"), id="equal: the faster one"),
        pytest.param(counts("b", SWEEPS - 2, 2, p50=299), counts("a"), id="within 0.1 %: the faster one"),
        pytest.param(counts("b"), counts("a", SWEEPS - 1, 1), id="equally fast: the higher share"),
        pytest.param(counts("b"), counts("a", p50=None), id="without a latency last among equals"),
        pytest.param(counts("a"), counts("b"), id="all the same: by id"),
    ],
)
def test_what_was_answered_of_the_whole_window_comes_first_then_latency(
    first: WindowRow, second: WindowRow
) -> None:
    assert ids(best_models(candidates([second, first])).best) == [first.model, second.model]


@pytest.mark.parametrize(("failures", "is_equal"), [(0, True), (1, True), (2, False)])
def test_shares_from_100_to_99_9_percent_are_equal(failures: int, is_equal: bool) -> None:
    rows = [counts("perfect", 1000, p50=900), counts("fast", 1000 - failures, failures, p50=100)]
    best = best_models(candidates(rows, sweeps=1000)).best
    assert ids(best) == (["fast", "perfect"] if is_equal else ["perfect", "fast"])


def test_coverage_is_of_all_conclusive_sweeps_of_the_window() -> None:
    young = counts("young", 1000, 8, 2)
    (best,) = best_models(candidates([young], ages={"young": 11 * DAY})).best
    assert best == Best(
        model="young",
        kind="chat",
        uptime_percent=100000 / 1008,
        coverage_percent=100800 / SWEEPS,
        latency_p50_ms=300,
        checks=1010,
        first_seen_at=END - 11 * DAY,
    )


def test_a_sweep_that_began_before_the_window_makes_no_coverage_above_100_percent() -> None:
    (best,) = best_models(candidates([counts("a", 101)], sweeps=100)).best
    assert best.coverage_percent == 100


def test_of_each_kind_five_are_named_in_the_order_of_the_vocabulary() -> None:
    kinds = {"odd": 7, "unknown": 1, "embeddings": 6, "chat": 8}
    models = [model(f"{kind}-{place}", kind=kind) for kind, many in kinds.items() for place in range(many)]
    young = {row.model: DAY for row in models if row.model.endswith(("5", "6", "7"))}
    known = candidates((counts(row.model) for row in models), models, ages=young)
    best, promising = (
        [row.kind for row in rows] for rows in (best_models(known).best, best_models(known).promising)
    )
    assert list(dict.fromkeys(best)) == ["chat", "embeddings", "unknown", "odd"]
    assert [best.count(kind) for kind in kinds] == [BEST_OF_A_KIND, 1, BEST_OF_A_KIND, BEST_OF_A_KIND]
    assert [promising.count(kind) for kind in kinds] == [2, 0, 1, PROMISING_OF_A_KIND]


# ---- The past ----


@pytest.mark.parametrize(
    ("age", "checks", "is_best"),
    [
        (3 * DAY, 288, False),
        (LEAST_AGE - HOUR, 600, False),
        (LEAST_AGE, 600, True),
        (30 * DAY, LEAST_CHECKS - 1, False),
        (30 * DAY, LEAST_CHECKS, True),
    ],
)
def test_a_model_with_less_than_7_days_or_50_checks_is_promising(
    age: timedelta,
    checks: int,
    is_best: bool,
) -> None:
    choice = best_models(candidates([counts("a", checks)], ages={"a": age}))
    assert (ids(choice.best), ids(choice.promising)) == ((["a"], []) if is_best else ([], ["a"]))


def test_a_model_of_three_days_without_a_failure_does_not_beat_99_9_percent_of_30_days() -> None:
    known = candidates([counts("young", 288, p50=1), counts("old", SWEEPS - 2, 2)], ages={"young": 3 * DAY})
    assert (ids(best_models(known).best), ids(best_models(known).promising)) == (["old"], ["young"])


# ---- What changed ----


def test_only_kinds_whose_lists_changed_are_news() -> None:
    models = [model("vector", kind="embeddings"), model("other", kind="embeddings")]
    before = candidates([counts("a"), counts("vector")], models)
    now = candidates([counts("a", SWEEPS - 1, 1, p50=310), counts("vector"), counts("other")], models)
    assert choose(now, before).changed == ("embeddings",)
    assert [row.model for row in choose(now, before).best if row.is_new] == ["other"]
    assert choose(before, before).changed == ()


def test_another_first_of_the_best_is_a_change_and_one_of_the_promising_is_none() -> None:
    rows = [[counts("a", SWEEPS - 300, p50=first), counts("b", SWEEPS - 300)] for first in (200, 400)]
    young = {"a": DAY, "b": DAY}
    assert choose(*map(candidates, rows)).changed == ("chat",)
    choice = choose(*(candidates(part, ages=young) for part in rows))
    assert (choice.changed, choice.changed_promising) == ((), ())


def test_another_order_after_the_first_is_no_change() -> None:
    """Latencies of equals move every day: who is among the best, and who leads, is what matters."""
    rows = [[counts("a", p50=100), counts("b", p50=second), counts("c", p50=300)] for second in (200, 400)]
    now, before = map(candidates, rows)
    assert ids(best_models(now).best) != ids(best_models(before).best)
    assert choose(now, before).changed == ()


def test_promising_models_that_are_others_leave_the_best_untold() -> None:
    rows = [counts("old"), counts("young")]
    now, before = candidates(rows, ages={"young": DAY}), candidates(rows[:1])
    choice = choose(now, before)
    assert (choice.changed, choice.changed_promising) == ((), ("chat",))


def test_a_kind_of_which_none_is_left_has_changed() -> None:
    assert choose(candidates([]), candidates([counts("a")])) == Choice(changed=("chat",))


def test_a_model_with_enough_of_a_past_leaves_the_promising_for_the_best() -> None:
    before, now = (candidates([counts("a", 600)], ages={"a": age}) for age in (6 * DAY, 7 * DAY))
    choice = choose(now, before)
    assert (choice.changed, choice.best[0].is_new, choice.promising) == (("chat",), True, ())
    assert choice.changed_promising == ("chat",)


# ---- Any candidates ----

NAMES = [f"m{number}" for number in range(14)]
ROWS = st.builds(
    counts,
    st.sampled_from(NAMES),
    st.integers(0, 1000),
    st.integers(0, 3),
    st.integers(0, 3),
    p50=st.none() | st.integers(1, 4),
)
MODELS = st.builds(
    model,
    st.sampled_from(NAMES),
    status=st.sampled_from([*Status, *[Status.AVAILABLE] * 6]),
    kind=st.sampled_from(["chat", "embeddings"]),
    flapping=st.sampled_from([False] * 5 + [True]),
    retires_at=st.sampled_from([None] * 5 + [END + DAY]),
)
MANY = st.builds(
    lambda rows, models, days: candidates(
        rows, models, ages={name: timedelta(days=age) for name, age in days.items()}, sweeps=1006
    ),
    st.lists(ROWS, unique_by=lambda row: row.model),
    st.lists(MODELS, unique_by=lambda row: row.model),
    st.dictionaries(st.sampled_from(NAMES), st.integers(0, 30)),
)


def without(known: Candidates, names: Iterable[str]) -> Candidates:
    left = [row for row in known.models if row.model not in {*names}]
    return replace(known, models=tuple(left))


@given(MANY, st.randoms(use_true_random=False))
def test_the_choice_does_not_depend_on_the_order_of_what_is_read(known: Candidates, random: Random) -> None:
    models, rows = list(known.models), list(known.counts)
    random.shuffle(models)
    random.shuffle(rows)
    assert best_models(replace(known, models=models, counts=rows)) == best_models(known)


@given(MANY, st.sets(st.sampled_from(NAMES)))
def test_other_models_do_not_change_the_order_of_two(known: Candidates, others: set[str]) -> None:
    """So the order is total: of each two one comes first, whatever is beside them, and no three go round."""
    everything, fewer = best_models(known), best_models(without(known, others))
    for rows, left in ((everything.best, fewer.best), (everything.promising, fewer.promising)):
        in_both = {*ids(rows)} & {*ids(left)}
        assert [name for name in ids(rows) if name in in_both] == [
            name for name in ids(left) if name in in_both
        ]
        assert {*ids(rows)} - others <= {*ids(left)}, (
            "a model that was chosen among more is chosen among fewer"
        )


@given(MANY)
def test_none_that_flaps_goes_is_down_or_has_no_past_is_among_the_best(known: Candidates) -> None:
    choice, models = best_models(known), {row.model: row for row in known.models}
    for row in (*choice.best, *choice.promising):
        now = models[row.model]
        assert (now.status, now.flapping, now.retires_at) == (Status.AVAILABLE, False, None)
    for rows, is_proven in ((choice.best, True), (choice.promising, False)):
        for row in rows:
            age = END - known.first_seen[row.model]
            assert (age >= LEAST_AGE and row.checks >= LEAST_CHECKS) == is_proven
    assert not {*ids(choice.best)} & {*ids(choice.promising)}


@given(MANY)
def test_neighbours_are_in_order_by_share_and_among_equals_by_latency(known: Candidates) -> None:
    rows = {row.model: row for row in known.counts}
    best = best_models(known).best
    for first, second in pairwise(best):
        if first.kind != second.kind:
            continue
        one, other = (Fraction(rows[row.model].answered * 100, known.sweeps) for row in (first, second))
        assert one > other - Fraction(1, 10), "a worse model stands first only where the two are equal"
        if one < other:
            speeds = [row.latency_p50_ms or float("inf") for row in (first, second)]
            assert speeds[0] < speeds[1]


@given(MANY)
def test_the_shortlist_keeps_all_that_may_be_chosen_once_latencies_are_known(known: Candidates) -> None:
    blind = replace(known, counts=[replace(row, latency_p50_ms=None) for row in known.counts])
    chosen = shortlist(blind)
    choice = best_models(known)
    assert {*ids(choice.best), *ids(choice.promising)} <= chosen
    only = replace(known, counts=[row for row in known.counts if row.model in chosen])
    assert best_models(only) == choice


@given(MANY, MANY)
def test_a_choice_is_unchanged_where_its_lists_are_those_of_before(
    now: Candidates, before: Candidates
) -> None:
    choice, earlier = choose(now, before), best_models(before)
    for kind in ("chat", "embeddings"):
        best = [[row.model for row in of.best if row.kind == kind] for of in (choice, earlier)]
        promising = [{row.model for row in of.promising if row.kind == kind} for of in (choice, earlier)]
        assert (kind in choice.changed) == ({*best[0]} != {*best[1]} or best[0][:1] != best[1][:1])
        assert (kind in choice.changed_promising) == (promising[0] != promising[1])
