"""Sweeps that start within seconds of one another: their ids collide, their order is that of their starts."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import permutations

import pytest
from sqlalchemy import Engine, text

from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Sweep
from monitor.store import query
from monitor.store.admin.check import check
from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import open_engine, reading
from monitor.store.write.import_export import _SWEEPS_PER_TRANSACTION, add_sweeps
from tests.store import histories, views

DOWN_TWICE = (histories.UP, histories.DOWN, histories.DOWN, histories.UP)


def sweep(millis: int, answer: histories.Answer = histories.UP, *, provider: str = "p") -> Sweep:
    """Return a sweep of the model `m`, and of one that always answers, so many milliseconds after noon."""
    at = histories.START + timedelta(milliseconds=millis)
    return histories.sweep(at, {"m": answer, "n": histories.UP}, provider=provider)


def add(engine: Engine, sweeps: Iterable[Sweep]) -> None:
    """Import sweeps in this order."""
    add_sweeps(engine, sweeps, lambda _: Policy())


def add_one_by_one(engine: Engine, sweeps: Iterable[Sweep]) -> None:
    """Import sweeps in this order, each in a transaction of its own."""
    for each in sweeps:
        add(engine, [each])


def sound(engine: Engine) -> None:
    """Expect the one outage, closed, wherever it is told, and nothing wrong with the history."""
    (row,) = (row for row in views.told(engine, "outage_history") if row["provider"] == "p")
    assert (row["model"], row["ended_at"] is None) == ("m", False)
    (outage,) = query.outages(engine, provider="p")
    assert outage.ended_at is not None
    kinds = [each.kind for each in query.events(engine, provider="p", model="m")]
    assert kinds == ["appeared", "became_unavailable", "became_available"]
    newest = query.events(engine, provider="p", model="m", newest_first=True)
    assert [each.kind for each in reversed(newest)] == kinds
    assert check(engine) == []


@pytest.mark.parametrize("load", [add, add_one_by_one])
def test_sweeps_of_one_second_take_their_turn_by_their_start(
    engine: Engine, load: Callable[[Engine, Iterable[Sweep]], None]
) -> None:
    sweeps = [sweep(100 * (place + 1), answer) for place, answer in enumerate(DOWN_TWICE)]
    load(engine, reversed(sweeps))
    sound(engine)


@pytest.mark.parametrize("first", range(4))
def test_every_order_of_an_import_tells_the_same_outage(engine: Engine, first: int) -> None:
    in_order, *others = permutations(range(4))
    orders = [in_order, *(order for order in others if order[0] == first)]
    for number, order in enumerate(orders):
        sweeps = [
            sweep(100 * place, answer, provider=f"p{number}") for place, answer in enumerate(DOWN_TWICE)
        ]
        add_one_by_one(engine, (sweeps[place] for place in order))
    assert all(each.ended_at is not None for each in query.outages(engine))
    shown = [row[2:] for row in views.rows(engine, "outage_history")]
    assert len(shown) == len(orders) >= 6
    assert len(set(shown)) == 1
    assert check(engine) == []


def test_other_providers_in_between_change_nothing(engine: Engine) -> None:
    lines = [sweep(0), sweep(1000, histories.DOWN), sweep(4000)]
    lines += [
        sweep(1000 * at, provider=name) for name, at in (("b", 2), ("c", 3), ("d", 2), ("e", 2), ("f", 3))
    ]
    add_one_by_one(engine, [*lines, sweep(2000, histories.DOWN)])
    sound(engine)


def test_an_import_gives_ids_in_the_order_of_starts(engine: Engine) -> None:
    add(engine, [sweep(100 * place) for place in reversed(range(_SWEEPS_PER_TRANSACTION))])
    found = query.sweeps(engine, "p")
    assert [each.sweep_id for each in found] == sorted((each.sweep_id for each in found), reverse=True)


def test_events_go_on_where_one_stopped_even_after_one_that_is_gone(engine: Engine) -> None:
    sweeps = [sweep(100 * place, answer) for place, answer in enumerate(DOWN_TWICE)]
    add_one_by_one(engine, reversed(sweeps))
    whole = query.events(engine)
    for place, each in enumerate(whole):
        assert query.events(engine, after_id=each.event_id) == whole[place + 1 :]
    assert query.events(engine, after_id=whole[-1].event_id + 1000) == []
    assert query.events(engine, after_id=0) == whole


def test_the_outages_of_a_model_are_found_by_index(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    prepare(engine)
    asked = "SELECT * FROM outage_history WHERE provider = 'p' AND model = 'm'"
    with reading(engine) as connection:
        plan = [row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {asked}"))]
    assert not [step for step in plan if step.startswith("SCAN")]
    assert any("o USING COVERING INDEX ix_period_began (model_id=?)" in step for step in plan), plan
    assert not [step for step in plan if "TEMP B-TREE" in step]
    engine.dispose()
