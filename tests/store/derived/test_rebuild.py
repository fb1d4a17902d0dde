"""Step by step, imported in any order or rebuilt: the same rows come out (rules.md 29)."""

from random import Random

import pytest
from sqlalchemy import Engine, select

from monitor.core.domain.policy import Policy
from monitor.core.lifecycle.fold import fold
from monitor.store import schema as t
from monitor.store.admin.check import check
from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import open_engine, reading, writing
from monitor.store.derived.rebuild import lock_provider, rebuild_provider, settle_all
from monitor.store.derived.states import load_state
from monitor.store.facts.identities import find_provider
from monitor.store.write.import_export import _add, add_sweeps, read_sweeps
from monitor.store.write.record import close_sweep, open_sweep
from tests.store import histories, views
from tests.support.lives import Lives
from tests.support.postgres import PostgresServer

DERIVED = (t.event, t.model_state, t.provider_state, t.daily, t.monthly, t.period, t.gap)


def derived(engine: Engine) -> dict[str, list[str]]:
    """Return the derived rows by table, as text."""
    with reading(engine) as connection:
        return {each.name: sorted(map(repr, connection.execute(select(each)))) for each in DERIVED}


def rewrite(engine: Engine) -> None:
    """Derive everything anew, whether or not anything differs."""
    with writing(engine) as connection:
        found = find_provider(connection, "nvidia")
        assert found is not None
        lock_provider(connection, found)
        rebuild_provider(connection, found)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_rebuild_gives_the_rows_that_were_written_step_by_step(engine: Engine, seed: int) -> None:
    """Rule 29."""
    histories.live_all(engine, histories.history(seed, 40))
    by_steps, seen = derived(engine), views.all_rows(engine)
    rewrite(engine)
    assert derived(engine) == by_steps
    assert views.all_rows(engine) == seen
    assert check(engine) == []


def test_a_rebuild_repairs_derived_rows_that_were_lost_or_changed(engine: Engine, lives: Lives) -> None:
    lives.through(engine, (3, 30))
    right = derived(engine)
    with writing(engine) as connection:
        connection.execute(t.daily.delete())
        connection.execute(t.model_state.update().values(status="retired"))
        connection.execute(t.event.delete().where(t.event.c.kind == "became_unavailable"))
    assert check(engine) != []
    rewrite(engine)
    assert derived(engine) == right


def test_an_import_in_any_order_and_in_pieces_gives_the_rows_of_living_through_it(engine: Engine) -> None:
    """Rule 30."""
    history = [(each, histories.POLICY) for each, _ in histories.history(4, 30)]
    histories.live_all(engine, history)
    lived = views.all_rows(engine)
    sweeps = list(read_sweeps(engine))
    with writing(engine) as connection:
        for table in (t.observation, *DERIVED, t.alias, t.untracked, t.sweep, t.catalog, t.model):
            connection.execute(table.delete())
    Random(5).shuffle(sweeps)  # noqa: S311  # an order, not a secret
    for start in range(0, len(sweeps), 25):
        add_sweeps(engine, sweeps[start : start + 25], lambda _: histories.POLICY)
    assert views.all_rows(engine) == lived


def test_the_same_history_gives_the_same_views_on_both_databases(
    sqlite_url: str, postgres_server: PostgresServer
) -> None:
    told_rows = []
    postgres_url = postgres_server.create_database(template=postgres_server.template)
    for url in (sqlite_url, postgres_url):
        engine = open_engine(url)
        prepare(engine)
        histories.live_all(engine, histories.history(6, 30))
        histories.live_all(engine, histories.history(7, 4, provider="other"))
        told_rows.append(views.all_rows(engine))
        engine.dispose()
    postgres_server.drop_database(postgres_url)
    assert told_rows[0] == told_rows[1]
    assert all(told_rows[0].values())


def test_a_sweep_that_takes_its_place_in_the_past_changes_what_followed(engine: Engine) -> None:
    history = histories.history(8, 30)
    late = history.pop(15)
    histories.live_all(engine, history)
    histories.live(engine, *late)
    stepwise = derived(engine)
    rewrite(engine)
    assert derived(engine) == stepwise


def test_a_decision_made_on_an_older_state_is_made_anew(engine: Engine) -> None:
    """Another process imports the past while a sweep runs: its decision does not stand any more."""
    first, second = (sweep for sweep, _ in histories.history(9, 2))
    opened = open_sweep(
        engine,
        provider="nvidia",
        vantage="default",
        slot=None,
        started_at=second.started_at,
        policy=Policy(),
    )
    assert opened is not None
    stale = fold(load_state(engine, "nvidia"), second, Policy())
    add_sweeps(engine, [first], lambda _: Policy())
    recorded = close_sweep(engine, opened, second, stale)
    assert recorded != stale
    assert recorded.state == load_state(engine, "nvidia")
    by_steps = derived(engine)
    rewrite(engine)
    assert derived(engine) == by_steps


def test_an_import_cut_short_before_it_was_derived_is_finished_by_the_next_sweep(engine: Engine) -> None:
    history = histories.history(10, 10)
    histories.live_all(engine, history[:5])
    with writing(engine) as connection:
        assert _add(connection, history[5][0], histories.POLICY)
    assert any("not derived" in fault for fault in check(engine))
    histories.live(engine, *history[6])
    assert check(engine) == []
    by_steps = derived(engine)
    rewrite(engine)
    assert derived(engine) == by_steps


def test_it_is_finished_for_every_provider_also_for_one_that_is_not_swept_again(engine: Engine) -> None:
    for name, seed in (("nvidia", 10), ("elsewhere", 11), ("nowhere", 12)):
        history = histories.history(seed, 4, provider=name)
        histories.live_all(engine, history[:2])
        with writing(engine) as connection:
            assert _add(connection, history[3][0], histories.POLICY)
    settle_all(engine)
    assert check(engine) == []
    by_steps = derived(engine)
    settle_all(engine)
    assert derived(engine) == by_steps
