"""A late sweep is folded from the nearest checkpoint on, and leaves the rows that a whole rebuild would."""

from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest
from sqlalchemy import Engine, func, select

from monitor.clock import to_millis
from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Sweep
from monitor.store import schema as t
from monitor.store.admin.check import check
from monitor.store.admin.prune import prune
from monitor.store.connection.engine import reading, writing
from monitor.store.derived.checkpoints import checkpoints_of, is_due, read_start
from monitor.store.derived.compare import compare
from monitor.store.derived.horizon import read_bounds
from monitor.store.facts.identities import find_provider
from monitor.store.write.import_export import add_sweeps
from tests.store import histories
from tests.store.derived.test_rebuild import derived, rewrite
from tests.support.gateway import ON_SQLITE

HOUR_MS = 3_600_000
CANARY = "changed behind the program's back"
Life = list[tuple[Sweep, Policy]]


def late(seed: int, count: int = 70) -> Life:
    """Return a history of which some sweeps are recorded up to twelve hours too late."""
    chance = Random(seed)  # noqa: S311 - chance, not a secret
    history = histories.history(seed, count)
    turn = {place: place + (chance.random() < 0.15) * chance.randrange(12) for place in range(count)}
    return [history[place] for place in sorted(turn, key=lambda place: (turn[place], place))]


def differing(engine: Engine) -> int:
    """Return how many derived rows stand otherwise than the facts give them."""
    return sum(count.rows for count in compare(engine, "nvidia").counts)


def moments(engine: Engine) -> list[int]:
    """Return for which moments checkpoints stand, in ms."""
    with reading(engine) as connection:
        owner = find_provider(connection, "nvidia")
        return [] if owner is None else sorted(checkpoints_of(connection, owner))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_late_sweeps_give_the_rows_of_a_rebuild(engine: Engine, seed: int) -> None:
    """Rule 29."""
    histories.live_all(engine, late(seed))
    assert moments(engine)
    assert check(engine) == []
    assert differing(engine) == 0
    by_steps = derived(engine)
    rewrite(engine)
    assert derived(engine) == by_steps


@ON_SQLITE
@pytest.mark.parametrize("seed", range(4, 20))
def test_so_do_many_other_lives(engine: Engine, seed: int) -> None:
    histories.live_all(engine, late(seed))
    assert check(engine) == []
    assert differing(engine) == 0


@ON_SQLITE
def test_late_sweeps_that_are_imported_give_the_same(engine: Engine) -> None:
    life = late(5)
    for sweep, _ in life:
        add_sweeps(engine, [sweep], lambda _name: Policy())
    assert moments(engine)
    assert check(engine) == []
    assert differing(engine) == 0


def test_what_lies_before_the_checkpoint_is_not_derived_again(engine: Engine) -> None:
    history = histories.history(3, 40)
    missing = history.pop(-5)
    histories.live_all(engine, history)
    with writing(engine) as connection:
        first = select(func.min(t.event.c.id)).scalar_subquery()
        connection.execute(t.event.update().where(t.event.c.id == first).values(detail=CANARY))
    histories.live(engine, *missing)
    with reading(engine) as connection:
        details = connection.scalars(select(t.event.c.detail).where(t.event.c.detail == CANARY)).all()
    assert details == [CANARY]


def test_two_days_of_checkpoints_are_kept_one_for_each_quarter_of_a_day(engine: Engine) -> None:
    histories.live_all(engine, histories.history(1, 80))
    hours = [moment // HOUR_MS for moment in moments(engine)]
    assert len(hours) == 8
    assert [later - earlier for earlier, later in pairwise(hours)] == [6] * 7
    before = moments(engine)
    rewrite(engine)
    assert moments(engine) == before


@ON_SQLITE
def test_a_checkpoint_that_is_not_true_is_found_and_a_rebuild_makes_it_so(engine: Engine) -> None:
    histories.live_all(engine, histories.history(2, 30))
    wrong = t.checkpoint.update().values(state=func.replace(t.checkpoint.c.state, "available", "retired"))
    with writing(engine) as connection:
        connection.execute(wrong)
    assert differing(engine) == 4
    rewrite(engine)
    assert differing(engine) == 0


@ON_SQLITE
def test_a_checkpoint_that_no_sweep_follows_is_found(engine: Engine) -> None:
    histories.live_all(engine, histories.history(2, 30))
    with writing(engine) as connection:
        connection.execute(t.checkpoint.update().values(started_at=t.checkpoint.c.started_at + 1))
    assert differing(engine) == 4


@ON_SQLITE
def test_where_the_horizon_is_later_than_every_checkpoint_it_is_where_deriving_begins(engine: Engine) -> None:
    history = histories.history(6, 100)
    missing = history.pop(-3)
    histories.live_all(engine, history)
    now = history[-1][0].started_at
    prune(engine, "nvidia", now.date() - timedelta(days=1))
    with reading(engine) as connection:
        owner = find_provider(connection, "nvidia")
        assert owner is not None
        bounds = read_bounds(connection, owner)
        assert read_start(connection, owner, bounds.started_at + 1).started_at == bounds.started_at
        assert read_start(connection, owner, to_millis(now)).started_at > bounds.started_at
    histories.live(engine, *missing)
    assert check(engine) == []
    assert differing(engine) == 0


@pytest.mark.parametrize(
    ("before", "after", "is_so"),
    [(0, 7, False), (5, 6, True), (6, 11, False), (11, 12, True), (5, 30, True), (6, 6, False)],
)
def test_a_checkpoint_is_due_before_the_first_sweep_of_a_quarter(
    before: int, after: int, is_so: bool
) -> None:
    assert is_due(before * HOUR_MS, after * HOUR_MS) is is_so
