"""Who recorded a sweep records the next one from memory; what others change meanwhile is noticed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, select

from monitor.core.domain.state import ProviderState
from monitor.core.domain.sweep import Sweep
from monitor.core.lifecycle.fold import fold
from monitor.store import schema as t
from monitor.store.connection.engine import open_engine, reading, writing
from monitor.store.derived.compare import compare
from monitor.store.derived.rebuild import rebuild
from monitor.store.derived.states import load_state
from monitor.store.write.beginning import read_beginning
from monitor.store.write.import_export import add_sweeps
from monitor.store.write.record import add_observations, close_sweep, keep_catalog, open_sweep
from monitor.store.write.void import void
from tests.store import histories

HOUR = timedelta(hours=1)
NAMES = ("a", "b", "c")


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """Give the statements that are run meanwhile."""
    words = list[str]()

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        words.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield words
    event.remove(engine, "before_cursor_execute", note)


def sweep_at(hour: float, **answers: histories.Answer) -> Sweep:
    at = histories.START + hour * HOUR
    made = histories.sweep(at, dict.fromkeys(NAMES, histories.UP) | answers)
    latencies = {name: round(100 + 37 * hour) % 61 + 7 * place for place, name in enumerate(NAMES)}
    seen = (replace(each, latency_ms=latencies[each.model]) for each in made.observations)
    return replace(made, observations=tuple(seen))


def record(engine: Engine, sweep: Sweep) -> None:
    """Record a sweep as a daemon does, with its catalog, from what it remembers."""
    opened = open_sweep(
        engine,
        provider=sweep.provider,
        vantage=sweep.vantage,
        slot=sweep.slot,
        started_at=sweep.started_at,
        policy=histories.POLICY,
    )
    assert opened is not None
    state = believed(engine)
    keep_catalog(engine, opened, replace(sweep, observations=()))
    for observation in sweep.observations:
        add_observations(engine, opened, [observation])
    close_sweep(engine, opened, sweep, fold(state, sweep, histories.POLICY))


def believed(engine: Engine) -> ProviderState:
    """Return what a sweep begins with."""
    return read_beginning(engine, "nvidia", histories.START, histories.START).state


def require_right(engine: Engine) -> None:
    compared = compare(engine, "nvidia")
    assert not compared.differs, compared


def test_no_row_that_sweeps_write_is_read_back(engine: Engine) -> None:
    for hour in range(3):
        record(engine, sweep_at(hour))
    with statements(engine) as words:
        record(engine, sweep_at(3, b=histories.DOWN))
    large = ("observation", "model_state", "daily", "monthly", "event", "period")
    read = [each for each in words if each.lstrip().startswith("SELECT")]
    assert not [
        each for each in read for table in large if f"FROM {table}" in each or f"JOIN {table}" in each
    ]
    require_right(engine)


def test_what_is_kept_already_is_not_written_again(engine: Engine) -> None:
    record(engine, sweep_at(0))
    with statements(engine) as words:
        record(engine, sweep_at(1))
    assert len([each for each in words if "INSERT INTO observation" in each]) == len(NAMES)
    assert len([each for each in words if "catalog_id" in each and each.startswith("UPDATE")]) == 2


def interrupt_by_void(engine: Engine, place: int = 0) -> None:
    with reading(engine) as connection:
        number = connection.scalars(select(t.sweep.c.id).order_by(t.sweep.c.id.desc())).all()[place]
    void(engine, number, "a test")


def interrupt_by_import(engine: Engine) -> None:
    late = replace(sweep_at(0.5, a=histories.DOWN), slot=None)
    add_sweeps(engine, [late], lambda _provider: histories.POLICY)


def interrupt_by_rebuild(engine: Engine) -> None:
    rebuild(engine, "nvidia", histories.STRICT)


def interrupt_by_another_process(engine: Engine) -> None:
    other = open_engine(engine.url)
    record(other, replace(sweep_at(2.5, c=histories.DOWN), vantage="elsewhere"))
    other.dispose()


@pytest.mark.parametrize(
    "change",
    [interrupt_by_void, interrupt_by_import, interrupt_by_rebuild, interrupt_by_another_process],
)
def test_what_others_derive_between_two_sweeps_is_not_overlooked(
    engine: Engine, change: Callable[[Engine], None]
) -> None:
    for hour in range(3):
        record(engine, sweep_at(hour))
    change(engine)
    assert believed(engine) == load_state(engine, "nvidia")
    for hour in range(3, 6):
        record(engine, sweep_at(hour))
        assert believed(engine) == load_state(engine, "nvidia")
    require_right(engine)


def test_a_rebuild_while_a_sweep_runs_leaves_out_what_its_policy_excludes(engine: Engine) -> None:
    """It forgets which models the policy of a running sweep excludes, though they were noted before."""
    record(engine, sweep_at(0))
    sweep = replace(sweep_at(1), listed=(*NAMES, "x/hidden-one"), slot=None)
    opened = open_sweep(
        engine,
        provider="nvidia",
        vantage=sweep.vantage,
        slot=None,
        started_at=sweep.started_at,
        policy=histories.STRICT,
    )
    assert opened is not None
    keep_catalog(engine, opened, replace(sweep, observations=()))
    interrupt_by_void(engine, 1)
    seen = (*sweep.observations, histories.seen("x/hidden-one"))
    late = replace(sweep, observations=seen)
    close_sweep(engine, opened, late, fold(believed(engine), late, histories.STRICT))
    require_right(engine)


def test_sweeps_that_go_over_midnight_and_into_another_month_are_counted_in_both(engine: Engine) -> None:
    for place in range(60):
        made = sweep_at(place * 12 + 11.99)
        seen = tuple(replace(each, at_ms=place * 50_000 % 90_000) for each in made.observations)
        record(engine, replace(made, observations=seen, slot=None))
    require_right(engine)


def test_what_a_failed_closing_counted_is_counted_once(engine: Engine) -> None:
    for hour in range(3):
        record(engine, sweep_at(hour))
    sweep = sweep_at(3)
    opened = open_sweep(
        engine,
        provider="nvidia",
        vantage=sweep.vantage,
        slot=sweep.slot,
        started_at=sweep.started_at,
        policy=histories.POLICY,
    )
    assert opened is not None
    decision = fold(believed(engine), sweep, histories.POLICY)

    def fail(*_of_event: object) -> None:
        raise RuntimeError("the process was interrupted")

    event.listen(engine, "commit", fail)
    with pytest.raises(RuntimeError):
        close_sweep(engine, opened, sweep, decision)
    event.remove(engine, "commit", fail)
    close_sweep(engine, opened, sweep, decision)
    record(engine, sweep_at(4))
    require_right(engine)


def test_a_batch_whose_commit_failed_is_written_at_the_end(engine: Engine) -> None:
    sweep = sweep_at(0)
    opened = open_sweep(
        engine,
        provider="nvidia",
        vantage=sweep.vantage,
        slot=sweep.slot,
        started_at=sweep.started_at,
        policy=histories.POLICY,
    )
    assert opened is not None

    def fail(*_of_event: object) -> None:
        raise RuntimeError("the answer was lost")

    event.listen(engine, "commit", fail)
    with pytest.raises(RuntimeError):
        add_observations(engine, opened, sweep.observations[:2])
    event.remove(engine, "commit", fail)
    add_observations(engine, opened, sweep.observations[2:])
    close_sweep(engine, opened, sweep, fold(load_state(engine, "nvidia"), sweep, histories.POLICY))
    with writing(engine) as connection:
        assert len(connection.execute(select(t.observation)).all()) == len(NAMES)
    require_right(engine)
