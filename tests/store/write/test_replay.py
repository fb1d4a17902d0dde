"""A late sweep is recorded as if it had been recorded at its time, once, and told once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Sweep
from monitor.core.domain.vocabulary import EventKind
from monitor.core.notification.suppression import Subscription
from monitor.core.planning.inputs import Knowledge
from monitor.errors import Fenced, StoreError
from monitor.store.admin import check
from monitor.store.derived.compare import compare
from monitor.store.memory import outbox
from monitor.store.memory.acceptance import accept, is_accepted
from monitor.store.memory.knowledge import load_knowledge
from monitor.store.memory.notifications import LATE, Late, Outbox
from monitor.store.write.fence import OpenedSweep
from monitor.store.write.import_export import add_sweeps
from monitor.store.write.record import add_observations, close_interrupted, open_sweep
from monitor.store.write.replay import LateSweep, replay_sweep
from tests.store import histories
from tests.support import gateway as g

HOUR = timedelta(hours=1)
TOKEN = "0123456789abcdef"  # noqa: S105 - no secret
TEAM = Outbox(subscriptions=(Subscription(channel="team", topics=frozenset(EventKind)),))
NOW = histories.START + timedelta(days=1)
POSTS = Late(now=NOW, due_at=NOW + HOUR)
# without how long they have lasted so far
_OUTAGES = "(SELECT provider, model, began_at, ended_at, duration_s, reason FROM outage_history)"
VIEWS = ("change_history", "model_status", _OUTAGES, "uptime_daily", "observation_history")


def late(sweep: Sweep, policy: Policy = histories.POLICY, token: str = TOKEN) -> LateSweep:
    return LateSweep(sweep=sweep, policy=policy, token=token, has_row=True)


def sweep_at(hours: int, answer: histories.Answer = histories.UP) -> Sweep:
    return histories.sweep(histories.START + hours * HOUR, {"m/a": answer, "m/b": histories.UP})


def opened(engine: Engine, sweep: Sweep, token: str = TOKEN) -> OpenedSweep:
    row = open_sweep(
        engine,
        provider=sweep.provider,
        vantage=sweep.vantage,
        slot=sweep.slot,
        started_at=sweep.started_at,
        policy=histories.POLICY,
        token=token,
    )
    assert row
    return row


def everything(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of the views, whose order is not fixed, sorted as text."""
    return {view: sorted(g.rows(engine, f"SELECT * FROM {view}"), key=repr) for view in VIEWS}  # noqa: S608


def replay_all(engine: Engine, history: Sequence[tuple[Sweep, Policy]]) -> None:
    for place, (sweep, policy) in enumerate(history):
        replay_sweep(engine, late(sweep, policy, f"{place:016x}"), TEAM, posts=POSTS)


@g.ON_SQLITE
@pytest.mark.parametrize("_part", range(4))
@given(seed=st.integers(0, 10**6), away=st.integers(0, 20), again=st.integers(1, 20))
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_replayed_history_is_that_of_an_undisturbed_run(
    engine: Engine, _part: int, seed: int, away: int, again: int
) -> None:
    """Also where a crash lets what was replayed be replayed again."""
    g.empty(engine)
    history = histories.history(seed, 20)
    histories.live_all(engine, history)
    undisturbed = everything(engine)
    g.empty(engine)
    histories.live_all(engine, history[:away])
    replay_all(engine, history[away:][:again])
    replay_all(engine, history[away:])
    assert everything(engine) == undisturbed
    assert not compare(engine, "nvidia").differs
    assert check.check(engine) == []


def test_a_late_sweep_is_the_daemons_own_and_takes_its_slot(engine: Engine) -> None:
    replayed = replay_sweep(engine, late(sweep_at(1)))
    assert replayed.decision
    assert [(each.slot, each.probed) for each in g.finished(engine)] == [(histories.START + HOUR, 2)]
    assert g.rows(engine, "SELECT imported FROM sweep") in ([(0,)], [(False,)])


def test_a_second_replay_changes_and_tells_nothing(engine: Engine) -> None:
    replay_sweep(engine, late(sweep_at(0)), TEAM, posts=POSTS)
    first = replay_sweep(engine, late(sweep_at(1, histories.ENDED)), TEAM, posts=POSTS)
    before = everything(engine), outbox.due(engine, "team", NOW + HOUR)
    second = replay_sweep(engine, late(sweep_at(1, histories.ENDED)), TEAM, posts=POSTS)
    assert (second.sweep_id, second.decision) == (first.sweep_id, None)
    assert (everything(engine), outbox.due(engine, "team", NOW + HOUR)) == before
    assert len(before[1]) == 1


def test_a_slot_that_another_sweep_has_is_not_given_twice(engine: Engine) -> None:
    histories.live(engine, sweep_at(1))
    other = replace(sweep_at(1), started_at=histories.START + HOUR + timedelta(seconds=5))
    replay_sweep(engine, late(replace(other, finished_at=other.started_at + HOUR)))
    assert [each.slot for each in g.finished(engine)] == [histories.START + HOUR, None]


def test_a_row_that_still_runs_under_its_token_is_finished_in_place(engine: Engine) -> None:
    sweep = sweep_at(1)
    row = opened(engine, sweep)
    add_observations(engine, row, sweep.observations[:1])
    assert replay_sweep(engine, late(sweep)).sweep_id == row.id
    assert [each.probed for each in g.finished(engine)] == [2]


@pytest.mark.parametrize("is_closed", [False, True])
def test_a_row_that_is_anothers_by_now_is_left_as_it_is(engine: Engine, is_closed: bool) -> None:
    sweep = sweep_at(1)
    opened(engine, sweep, token="another")  # noqa: S106 - no secret
    if is_closed:
        close_interrupted(engine, sweep.provider, sweep.vantage)
    before = everything(engine)
    with pytest.raises(Fenced, match=r"was (closed|taken over) by another process"):
        replay_sweep(engine, late(sweep), TEAM, posts=POSTS)
    assert everything(engine) == before


def test_what_the_operator_imported_meanwhile_is_there_already(engine: Engine) -> None:
    sweep = sweep_at(1)
    add_sweeps(engine, [sweep], lambda _: histories.POLICY)
    assert replay_sweep(engine, late(sweep)).decision is None
    assert len(g.finished(engine)) == 1


def test_where_later_sweeps_were_recorded_first_it_takes_its_place_and_tells_nothing(engine: Engine) -> None:
    histories.live(engine, sweep_at(0))
    histories.live(engine, sweep_at(2))
    replay_sweep(engine, late(sweep_at(1, histories.ENDED)), TEAM, posts=POSTS)
    assert not compare(engine, "nvidia").differs
    assert outbox.due(engine, "team", NOW + HOUR) == []
    kinds = [kind for (kind,) in g.rows(engine, "SELECT kind FROM change_history WHERE model = 'm/a'")]
    assert "retired" in kinds


def test_its_messages_are_late_ones_due_with_those_that_follow(engine: Engine) -> None:
    replay_sweep(engine, late(sweep_at(0)), TEAM, posts=POSTS)
    replay_sweep(engine, late(sweep_at(1, histories.ENDED)), TEAM, posts=POSTS)
    assert outbox.due(engine, "team", NOW) == []
    outbox.hasten_topic(engine, LATE, NOW)
    (waiting,) = outbox.due(engine, "team", NOW)
    assert (waiting.topic, waiting.created_at) == (LATE, NOW)


def test_it_uses_up_its_acceptance_and_keeps_what_was_learned(engine: Engine) -> None:
    accept(engine, "nvidia", NOW)
    sweep = replace(sweep_at(1), accepted=True)
    replay_sweep(engine, replace(late(sweep), learned={"m/a": Knowledge(searches=3)}))
    assert not is_accepted(engine, "nvidia")
    assert load_knowledge(engine, "nvidia") == {"m/a": Knowledge(searches=3)}


def test_a_row_of_the_same_moment_is_not_mixed_with_another_sweep(engine: Engine) -> None:
    histories.live(engine, sweep_at(1))
    with pytest.raises(StoreError):
        replay_sweep(engine, late(sweep_at(1, histories.DOWN)))
    assert [each.available for each in g.finished(engine)] == [2]


def test_of_two_sweeps_of_one_moment_the_late_one_is_moved_by_a_millisecond(engine: Engine) -> None:
    """A clock that was set back by an hour gives the same start again."""
    histories.live(engine, sweep_at(1))
    again = replace(late(replace(sweep_at(1, histories.DOWN), slot=None)), has_row=False)
    first = replay_sweep(engine, again)
    assert replay_sweep(engine, again).sweep_id == first.sweep_id
    starts = [(each.started_at, each.available) for each in g.finished(engine)]
    assert starts == [(sweep_at(1).started_at, 2), (sweep_at(1).started_at + timedelta(milliseconds=1), 1)]
    assert not compare(engine, "nvidia").differs
