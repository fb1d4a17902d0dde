"""The fence: a process writes of a running sweep only while its own token stands in the sweep's row."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select

from monitor.core.domain.event import Decision
from monitor.core.domain.sweep import Sweep
from monitor.core.domain.vocabulary import Cause, Verdict
from monitor.core.lifecycle.fold import fold
from monitor.errors import Fenced, StoreError
from monitor.store.admin.check import check
from monitor.store.connection.engine import reading
from monitor.store.derived.states import load_state
from monitor.store.schema import observation
from monitor.store.write.fence import OpenedSweep
from monitor.store.write.record import (
    add_observations,
    close_interrupted,
    close_sweep,
    keep_catalog,
    open_sweep,
)
from tests.store import histories, views

ANSWERS = {f"m/{place}": histories.UP for place in range(12)}
ROUNDS = 12
Act = Callable[[Engine, OpenedSweep, Sweep], object]


def opened_at(engine: Engine, place: int) -> tuple[OpenedSweep, Sweep]:
    """Open the sweep of a slot; returns it with what it is going to see."""
    at = histories.START + timedelta(minutes=15 * place)
    opened = open_sweep(
        engine, provider="nvidia", vantage="default", slot=at, started_at=at, policy=histories.POLICY
    )
    assert opened is not None
    return opened, histories.sweep(at, ANSWERS)


def close(engine: Engine, opened: OpenedSweep, sweep: Sweep) -> Decision:
    """Close a sweep with the decision of the fold."""
    return close_sweep(engine, opened, sweep, fold(load_state(engine, "nvidia"), sweep, histories.POLICY))


def add(engine: Engine, opened: OpenedSweep, sweep: Sweep) -> None:
    """Add all observations."""
    add_observations(engine, opened, sweep.observations)


def count(engine: Engine) -> int:
    """Return how many observations are stored."""
    with reading(engine) as connection:
        return connection.execute(select(func.count()).select_from(observation)).scalar_one()


def test_every_opening_has_a_token_of_its_own(engine: Engine) -> None:
    tokens = {opened_at(engine, place)[0].token for place in range(5)}
    assert len(tokens) == 5


@pytest.mark.parametrize("act", [keep_catalog, add, close])
@pytest.mark.parametrize("is_closed", [False, True], ids=["running", "closed"])
def test_with_another_token_nothing_is_written(engine: Engine, act: Act, *, is_closed: bool) -> None:
    opened, sweep = opened_at(engine, 0)
    if is_closed:
        close_interrupted(engine, "nvidia", "default")
    before = views.all_rows(engine)
    with pytest.raises(Fenced, match="by another process: what it saw since is not kept"):
        act(engine, replace(opened, token="another"), sweep)  # noqa: S106 - as of another process
    assert (views.all_rows(engine), count(engine)) == (before, 0)


@pytest.mark.parametrize("act", [keep_catalog, add, close])
def test_a_sweep_that_another_process_closed_takes_nothing_of_its_own(engine: Engine, act: Act) -> None:
    """Rule 32."""
    opened, sweep = opened_at(engine, 0)
    close_interrupted(engine, "nvidia", "default")
    before = views.all_rows(engine)
    with pytest.raises(Fenced, match="was closed as interrupted by another process"):
        act(engine, opened, sweep)
    assert views.all_rows(engine) == before


def test_a_close_whose_answer_was_lost_is_repeated_without_effect(engine: Engine) -> None:
    opened, sweep = opened_at(engine, 0)
    decision = close(engine, opened, sweep)
    before = views.all_rows(engine)
    assert close_sweep(engine, opened, sweep, decision) == decision
    assert views.all_rows(engine) == before
    assert check(engine) == []


def test_closing_by_two_at_once_happens_once_and_neither_waits_for_the_other(engine: Engine) -> None:
    """A process that wakes up closes its sweep while its successor closes it as interrupted."""
    with ThreadPoolExecutor(2) as pool:
        for place in range(ROUNDS):
            opened, sweep = opened_at(engine, place)
            own, other = (
                pool.submit(close, engine, opened, sweep),
                pool.submit(close_interrupted, engine, "nvidia", "default"),
            )
            closed, error = other.result(), own.exception()
            assert (len(closed) == 1) == isinstance(error, Fenced), error
            assert error is None or isinstance(error, Fenced), error
    assert check(engine) == []


def test_after_a_sweep_is_taken_over_no_batch_is_added_to_it(engine: Engine) -> None:
    with ThreadPoolExecutor(2) as pool:
        for place in range(ROUNDS):
            opened, sweep = opened_at(engine, place)
            adding = pool.submit(_add_until_fenced, engine, opened, sweep)
            (cut,) = close_interrupted(engine, "nvidia", "default")
            assert isinstance(adding.result(), Fenced)
            (row,) = [row for row in views.told(engine, "sweep_history") if row["sweep_id"] == opened.id]
            assert (row["verdict"], row["cause"]) == (Verdict.INCONCLUSIVE, Cause.INTERRUPTED)
            assert row["probed"] == len(cut.observations)
    assert check(engine) == []


def _add_until_fenced(engine: Engine, opened: OpenedSweep, sweep: Sweep) -> StoreError:
    for place in range(100_000):
        try:
            add_observations(engine, opened, sweep.observations[place % 12 : place % 12 + 1])
        except StoreError as error:
            return error
    raise AssertionError
