"""Any history, folded sweep by sweep, comes out as the oracle reads it off rules.md."""

import pytest
from hypothesis import HealthCheck, given, settings

from monitor.core.domain.state import ModelState
from tests.core.histories import live
from tests.core.oracle import replay
from tests.core.oracle_look import Shown
from tests.core.strategies import (
    Past,
    partial_pasts,
    quiet_pasts,
    restless_pasts,
    stormy_pasts,
    stubborn_pasts,
)

pytestmark = pytest.mark.thorough
usual = settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def shown(state: ModelState) -> Shown:
    return Shown(
        status=state.status,
        listed=state.listed,
        flapping=state.flapping,
        since=state.since,
        reason=state.reason,
        kind=state.kind,
        retires_at=state.retires_at,
        last_checked_at=state.last_checked_at,
        last_available_at=state.last_available_at,
        http_status=state.http_status,
        latency_ms=state.latency_ms,
        served_as=state.served_as,
    )


def assert_same(past: Past) -> None:
    """Compare the first sweep that differs, so that a failure shows as little as it can."""
    expected = replay(past.sweeps, past.policies)
    decisions = live(past.sweeps, past.policies)
    for place, decision in enumerate(decisions):
        assert (place, decision.verdict, decision.cause) == (place, *expected.verdicts[place])
        assert (place, decision.events) == (place, expected.events[place])
    assert {model: shown(state) for model, state in decisions[-1].state.models.items()} == expected.models


@usual
@given(quiet_pasts())
def test_a_quiet_history_comes_out_as_the_rules_read(past: Past) -> None:
    """Rules 1-5, 10-26, 37, with one policy."""
    assert_same(past)


@usual
@given(quiet_pasts(steady=False))
def test_a_history_under_changing_policies_comes_out_as_the_rules_read(past: Past) -> None:
    """Rule 29: each sweep is decided with the policy stored beside it."""
    assert_same(past)


@usual
@given(stormy_pasts())
def test_a_history_of_mass_failures_comes_out_as_the_rules_read(past: Past) -> None:
    """Rules 6, 8-12."""
    assert_same(past)


@usual
@given(restless_pasts())
def test_a_restless_history_comes_out_as_the_rules_read(past: Past) -> None:
    """Rules 3, 4, 14-17, 22."""
    assert_same(past)


@usual
@given(stubborn_pasts())
def test_a_mass_failure_that_lasts_is_released_as_the_rules_read(past: Past) -> None:
    """Rule 11."""
    assert_same(past)


@usual
@given(partial_pasts())
def test_a_history_of_sweeps_that_ask_some_models_comes_out_as_the_rules_read(past: Past) -> None:
    """Rule 8: who is regular is known for each model by itself."""
    assert_same(past)
