"""A rebuild finds what does not follow from the facts, and only writes when told to (rules.md 29)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, Executable, delete, select, update

from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Sweep
from monitor.core.domain.vocabulary import EventKind
from monitor.core.history.comparison import Comparison, How, RowKind
from monitor.core.lifecycle.fold import fold
from monitor.core.notification.suppression import Subscription
from monitor.report.words.rebuild_report import difference_lines, summary_line
from monitor.store import schema as t
from monitor.store.admin.check import check
from monitor.store.connection.engine import open_engine, reading, writing
from monitor.store.derived.compare import compare
from monitor.store.derived.rebuild import lock_provider, rebuild
from monitor.store.derived.states import load_state
from monitor.store.memory.notifications import Outbox
from monitor.store.write.import_export import _add, add_sweeps
from monitor.store.write.record import close_sweep, open_sweep
from tests.store import histories
from tests.store.invariants import everything
from tests.support.lives import Lives

NOBODY = "m/no-event"
_GONE = t.event.c.kind == "became_unavailable"
_FIRST = select(t.event.c.id).where(_GONE).order_by(t.event.c.id).limit(1).scalar_subquery()
_OPENED = t.period.c.event_id == _FIRST
_SWEEP = select(t.sweep.c.id).order_by(t.sweep.c.id).limit(1).scalar_subquery()
_MODEL = select(t.model_state.c.model_id).order_by(t.model_state.c.model_id).limit(1).scalar_subquery()
_EXTRA = {
    "id": 7 + 2**20 * 197_467_200,
    "provider_id": select(t.provider.c.id).scalar_subquery(),
    "sweep_id": _SWEEP,
    "swept_at": 0,
    "kind": EventKind.PROVIDER_DOWN.value,
    "began_at": 0,
    "confirmed_at": 0,
}

# What is done to the rows, and what a rebuild says of it.
FAULTS: tuple[tuple[Executable, str], ...] = (
    (delete(t.event).where(t.event.c.id == _FIRST), "1 event missing"),
    (update(t.event).where(t.event.c.id == _FIRST).values(reason="not_so"), "1 event differs"),
    (t.event.insert().values(**_EXTRA), "1 event extra"),
    (update(t.event).where(t.event.c.id == _FIRST).values(kind="retired"), "1 event missing, 1 event extra"),
    (delete(t.model_state).where(t.model_state.c.model_id == _MODEL), "1 state missing"),
    (update(t.model_state).where(t.model_state.c.model_id == _MODEL).values(memory="{"), "1 state differs"),
    (update(t.provider_state).values(memory="{}"), "1 state differs"),
    (update(t.sweep).where(t.sweep.c.id == _SWEEP).values(verdict="inconclusive"), "1 sweep differs"),
    (update(t.sweep).where(t.sweep.c.id == _SWEEP).values(available=0, cause="quota"), "1 sweep differs"),
    (delete(t.daily).where(t.daily.c.model_id == _MODEL), "2 days missing"),
    (update(t.daily).where(t.daily.c.model_id == _MODEL).values(latency_p95_ms=1), "2 days differ"),
    (delete(t.monthly).where(t.monthly.c.model_id == _MODEL), "1 month missing"),
    (update(t.monthly).where(t.monthly.c.model_id == _MODEL).values(checks=7), "1 month differs"),
    (delete(t.period).where(_OPENED), "1 period missing"),
    (update(t.period).where(_OPENED).values(reason="not_so"), "1 period differs"),
    (
        update(t.period).where(t.period.c.event_id == _FIRST).values(event_id=7),
        "1 period missing, 1 period extra",
    ),
)


def counts(found: Comparison) -> dict[tuple[RowKind, How], int]:
    """Return how many rows differ, by part and way."""
    return {(each.part, each.how): each.rows for each in found.counts}


@pytest.mark.parametrize(("fault", "words"), FAULTS, ids=[words for _, words in FAULTS])
def test_every_kind_of_row_that_does_not_follow_is_found_and_mended(
    engine: Engine, lives: Lives, fault: Executable, words: str
) -> None:
    lives.through(engine, (3, 30))
    right = everything(engine, "nvidia")
    with writing(engine) as connection:
        connection.execute(fault)
    found = compare(engine, "nvidia")
    assert summary_line(found) == f"nvidia: {words} (30 sweeps)"
    assert rebuild(engine, "nvidia") == found
    assert not compare(engine, "nvidia").differs
    assert everything(engine, "nvidia") == right


def test_nothing_differs_in_a_history_that_was_written_step_by_step(engine: Engine, lives: Lives) -> None:
    lives.through(engine, (3, 30))
    assert compare(engine, "nvidia") == Comparison(provider="nvidia", sweeps=30)
    assert rebuild(engine, "nvidia") == Comparison(provider="nvidia", sweeps=30)
    assert compare(engine, "nobody") == rebuild(engine, "nobody") == Comparison(provider="nobody", sweeps=0)


def test_gaps_that_were_lost_are_found_and_mended(engine: Engine) -> None:
    add_sweeps(engine, [sweep for sweep, _ in histories.history(4, 30)], lambda _: histories.STRICT)
    right = everything(engine, "nvidia")
    with writing(engine) as connection:
        connection.execute(delete(t.gap))
        connection.execute(delete(t.untracked))
    found = compare(engine, "nvidia")
    assert counts(found).keys() == {(RowKind.SWEEP, How.DIFFERENT)}
    rebuild(engine, "nvidia")
    assert everything(engine, "nvidia") == right
    with reading(engine) as connection:
        assert connection.execute(select(t.untracked)).all()


def test_a_comparison_writes_nothing_and_waits_for_no_writer(engine: Engine, lives: Lives) -> None:
    """Another process derives the provider's rows meanwhile."""
    lives.through(engine, (3, 10))
    url = engine.url.render_as_string(hide_password=False)
    reader = open_engine(url, read_only=True)
    with writing(engine) as connection:
        owner = connection.execute(select(t.provider.c.id)).scalar_one()
        lock_provider(connection, owner)
        connection.execute(delete(t.event))
        assert not compare(reader, "nvidia").differs
    assert compare(reader, "nvidia").differs
    reader.dispose()


def test_the_differences_told_in_full_are_few_and_all_are_counted(engine: Engine, lives: Lives) -> None:
    lives.through(engine, (3, 30))
    with writing(engine) as connection:
        events = len(connection.execute(select(t.event)).all())
        connection.execute(delete(t.event))
    found = compare(engine, "nvidia", most=5)
    assert counts(found) == {(RowKind.EVENT, How.MISSING): events}
    lines = difference_lines(found)
    assert len(lines) == 6
    assert lines[-1] == f"and {events - 5} more"
    assert lines[0].startswith("missing: event ")


def test_a_finished_sweep_that_was_not_derived_counts_and_is_derived(engine: Engine) -> None:
    """The process died between storing an import and deriving from it."""
    history = histories.history(10, 8)
    histories.live_all(engine, history[:7])
    with writing(engine) as connection:
        assert _add(connection, history[7][0], histories.POLICY)
    found = compare(engine, "nvidia")
    assert counts(found)[RowKind.SWEEP, How.MISSING] == 1
    assert "1 sweep not derived yet" in summary_line(found)
    rebuild(engine, "nvidia")
    assert check(engine) == []
    assert not compare(engine, "nvidia").differs


def test_a_sweep_that_runs_while_a_rebuild_writes_is_decided_anew(engine: Engine) -> None:
    first, second = (sweep for sweep, _ in histories.history(9, 2))
    histories.live(engine, first)
    with writing(engine) as connection:  # somebody's faulty rows, which the sweep is about to build on
        connection.execute(delete(t.model_state))
        connection.execute(delete(t.provider_state))
    opened = open_sweep(
        engine, provider="nvidia", vantage="default", slot=None, started_at=second.started_at, policy=Policy()
    )
    assert opened is not None
    stale = fold(load_state(engine, "nvidia"), second, Policy())
    rebuild(engine, "nvidia")
    recorded = close_sweep(engine, opened, second, stale)
    assert recorded != stale
    assert not compare(engine, "nvidia").differs


# ---- Today's policy ----

HASTY = Policy(confirm_down=1, exclude=("*/hidden-*",))


def story() -> Iterable[Sweep]:
    """Give sweeps in which one model is down a single time."""
    for place, answer in enumerate([histories.UP, histories.DOWN, histories.UP, histories.UP]):
        at = histories.START + timedelta(hours=place)
        yield histories.sweep(at, {"m/one": answer, "a/hidden-two": histories.UP, "m/three": histories.UP})


def kinds(engine: Engine) -> list[tuple[str | None, str]]:
    """Return model and kind of every event but the first ones."""
    query = select(t.model.c.name, t.event.c.kind).join_from(t.event, t.model).order_by(t.event.c.id)
    with reading(engine) as connection:
        rows = connection.execute(query.where(t.event.c.kind != "appeared"))
        return [(row.name, row.kind) for row in rows]


def test_todays_policy_is_compared_without_writing_and_stored_when_written(engine: Engine) -> None:
    histories.live_all(engine, [(each, Policy()) for each in story()])
    assert kinds(engine) == []
    before = everything(engine, "nvidia")
    found = compare(engine, "nvidia", HASTY)
    assert counts(found)[RowKind.EVENT, How.MISSING] == 2
    assert everything(engine, "nvidia") == before
    assert rebuild(engine, "nvidia", HASTY) == found
    assert kinds(engine) == [("m/one", "became_unavailable"), ("m/one", "became_available")]
    assert not compare(engine, "nvidia", HASTY).differs
    assert not compare(engine, "nvidia").differs


def test_a_history_rebuilt_with_a_policy_is_the_one_that_lived_under_it(engine: Engine) -> None:
    """Gaps and exclusions included: an excluded model has neither days nor a status."""
    sweeps = [replace(each, observations=each.observations[:2]) for each in story()]
    add_sweeps(engine, sweeps, lambda _: Policy())
    rebuild(engine, "nvidia", HASTY)
    rebuilt = everything(engine, "nvidia")
    with writing(engine) as connection:
        for table in (
            t.event,
            t.daily,
            t.period,
            t.model_state,
            t.provider_state,
            t.observation,
            t.gap,
            t.untracked,
        ):
            connection.execute(table.delete())
        connection.execute(t.sweep.delete())
    add_sweeps(engine, sweeps, lambda _: HASTY)
    assert everything(engine, "nvidia") == rebuilt
    assert "hidden" not in str(rebuilt["model_state"] + rebuilt["daily"] + rebuilt["gap"])
    assert "three" in str(rebuilt["gap"])


# ---- What people were told stays as it is (rules.md 30) ----

EVERYBODY = Outbox(subscriptions=(Subscription(channel="team", topics=frozenset(EventKind)),))


def sent(engine: Engine) -> list[tuple[object, ...]]:
    """Return every message and all that is kept from people."""
    with reading(engine) as connection:
        messages = connection.execute(select(t.delivery).order_by(t.delivery.c.id)).all()
        return [tuple(row) for row in (*messages, *connection.execute(select(t.telling)))]


def tell_of(engine: Engine, sweep: Sweep) -> None:
    """Record a sweep as the daemon does that has a channel."""
    opened = open_sweep(
        engine,
        provider="nvidia",
        vantage="default",
        slot=sweep.slot,
        started_at=sweep.started_at,
        policy=Policy(),
    )
    assert opened is not None
    close_sweep(engine, opened, sweep, fold(load_state(engine, "nvidia"), sweep, Policy()), EVERYBODY)


def test_a_rebuild_sends_nothing_and_sends_nothing_again(engine: Engine) -> None:
    for place, answer in enumerate(
        [histories.UP, histories.DOWN, histories.DOWN, histories.UP, histories.DOWN, histories.UP]
    ):
        tell_of(
            engine,
            histories.sweep(histories.START + timedelta(hours=place), {"m": answer, "n": histories.UP}),
        )
    with writing(engine) as connection:
        connection.execute(update(t.delivery).values(delivered_at=1))
    before = sent(engine)
    assert len(before) >= 2
    assert rebuild(engine, "nvidia", HASTY).differs
    assert sent(engine) == before
    with writing(engine) as connection:
        connection.execute(delete(t.event))
    assert rebuild(engine, "nvidia").differs
    assert sent(engine) == before
    tell_of(
        engine, histories.sweep(histories.START + timedelta(hours=9), {"m": histories.UP, "n": histories.UP})
    )
    assert sent(engine) == before
