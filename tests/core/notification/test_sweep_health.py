"""One state over the sweeps of several providers, which a common heartbeat reports."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.notification.sweep_health import SweepHealth

LIMITS = {"a": 1, "b": 2, "c": 4}
CAUSES = st.sampled_from([None, "credential", "provider_outage"])
Ending = tuple[str, str | None, bool]  # of a provider's sweep: its cause, and whether a window covered it
ENDINGS: st.SearchStrategy[list[Ending]] = st.lists(
    st.tuples(st.sampled_from(sorted(LIMITS)), CAUSES, st.booleans()), max_size=60
)


def fold(endings: Sequence[Ending], health: SweepHealth | None = None) -> SweepHealth:
    health = health or SweepHealth(confirm_down=LIMITS)
    for provider, cause, is_silent in endings:
        health = health.after(provider, cause, is_silent=is_silent)
    return health


def lapse(endings: Sequence[Ending], provider: str) -> int:
    """Count a provider's latest sweeps without a verdict, windows left out: the rule, another way."""
    counted = [cause for name, cause, is_silent in endings if name == provider and not (cause and is_silent)]
    return next((place for place, cause in enumerate(reversed(counted)) if cause is None), len(counted))


@given(ENDINGS)
def test_a_provider_fails_from_as_many_sweeps_without_a_verdict_on_as_make_a_model_unavailable(
    endings: list[Ending],
) -> None:
    expected = {provider for provider, limit in LIMITS.items() if lapse(endings, provider) >= limit}
    assert set(fold(endings).failing) == expected


@given(ENDINGS, st.sampled_from(sorted(LIMITS)))
def test_sweeps_of_one_provider_change_nothing_of_another(endings: list[Ending], provider: str) -> None:
    alone = [ending for ending in endings if ending[0] == provider]
    assert fold(endings).failing.get(provider) == fold(alone).failing.get(provider)


@given(ENDINGS)
def test_the_state_gets_bad_by_a_long_lapse_alone_and_good_by_the_verdict_of_the_last_failing_provider(
    endings: list[Ending],
) -> None:
    health = SweepHealth(confirm_down=LIMITS)
    for place, ending in enumerate(endings):
        before, health = health, fold([ending], health)
        provider, cause, is_silent = ending
        if health.failing and not before.failing:
            assert (cause is not None, is_silent) == (True, False)
            assert lapse(endings[: place + 1], provider) == LIMITS[provider]
        if before.failing and not health.failing:
            assert (cause, set(before.failing)) == (None, {provider})


@given(ENDINGS)
def test_the_latest_sweeps_of_each_provider_give_the_same_state_as_all(endings: list[Ending]) -> None:
    latest = list[Ending]()
    for provider, limit in LIMITS.items():
        own = [e for e in endings if e[0] == provider and not (e[1] and e[2])]
        latest += own[-limit:]
    assert fold(latest).failing == fold(endings).failing


def test_the_cause_that_is_reported_is_the_latest() -> None:
    health = fold([("b", "provider_outage", False), ("b", "credential", False)])
    assert health.failing == {"b": "credential"}


def test_a_provider_in_trouble_for_days_is_one_failure_until_it_recovers() -> None:
    day = [("b", "credential", False), ("a", None, False)] * 96
    assert all(fold(day[:place]).failing == {"b": "credential"} for place in range(3, len(day)))
    assert fold([*day, ("b", None, False)]).failing == {}


def test_a_maintenance_window_neither_begins_nor_ends_a_failure() -> None:
    quiet = [("b", "provider_outage", True)] * 5
    assert fold(quiet).failing == {}
    assert fold([("b", "credential", False)] * 2 + quiet).failing == {"b": "credential"}
    assert fold([("b", "credential", False), *quiet, ("b", "credential", False)]).failing == {
        "b": "credential"
    }


def test_a_provider_that_is_not_watched_any_more_is_no_failure() -> None:
    assert fold([("gone", "credential", False)] * 9).failing == {}
