"""An operator declares a sweep bad, and takes it back (rules.md 31)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, delete, select

from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Sweep
from monitor.core.domain.vocabulary import Cause, Verdict
from monitor.core.lifecycle.fold import fold
from monitor.errors import UsageError
from monitor.report.words.rebuild_report import consequence_lines
from monitor.store import schema as t
from monitor.store.admin.check import check
from monitor.store.connection.engine import reading, writing
from monitor.store.derived.compare import compare
from monitor.store.derived.rebuild import rebuild
from monitor.store.derived.states import load_state
from monitor.store.write.import_export import add_sweeps, read_sweeps
from monitor.store.write.record import close_sweep, open_sweep
from monitor.store.write.void import undo_void, void
from tests.store import histories, views
from tests.store.invariants import everything
from tests.support.lives import Lives

HASTY = Policy(confirm_down=1)
WHY = "our proxy answered for the provider"


def outage(
    engine: Engine, answers: Sequence[histories.Answer] = (histories.UP, histories.DOWN, histories.UP)
) -> list[int]:
    """Let a model be down for one sweep; return the ids of the sweeps."""
    for place, answer in enumerate(answers):
        histories.live(
            engine, histories.sweep(histories.START + timedelta(hours=place), {"m": answer}), HASTY
        )
    with reading(engine) as connection:
        return list(connection.scalars(select(t.sweep.c.id).order_by(t.sweep.c.id)))


def kinds(engine: Engine) -> list[str]:
    """Return the kinds of all events in their order."""
    return [row["kind"] for row in views.told(engine, "change_history")]


def test_a_void_sweep_is_inconclusive_and_its_events_are_gone(engine: Engine) -> None:
    """Rule 31."""
    numbers = outage(engine)
    assert kinds(engine) == ["appeared", "became_unavailable", "became_available"]
    done = void(engine, numbers[1], f" {WHY} ")
    assert (done.provider, done.started_at) == ("nvidia", histories.START + timedelta(hours=1))
    assert kinds(engine) == ["appeared"]
    row = next(row for row in views.told(engine, "sweep_history") if row["sweep_id"] == numbers[1])
    assert (row["verdict"], row["cause"]) == ("inconclusive", "voided")
    assert consequence_lines(done.comparison)[:2] == [
        "removed: m became unavailable: not found at the provider, at 2026-04-06 13:00:00 UTC",
        "removed: m became available, at 2026-04-06 14:00:00 UTC",
    ]
    assert not compare(engine, "nvidia").differs
    assert check(engine) == []


def test_taken_back_it_counts_exactly_as_before(engine: Engine, lives: Lives) -> None:
    """Rule 31."""
    lives.through(engine, (3, 30))
    before = everything(engine, "nvidia")
    with reading(engine) as connection:
        numbers = connection.scalars(select(t.sweep.c.id).where(t.sweep.c.verdict == "conclusive")).all()
    void(engine, numbers[9], WHY)
    void(engine, numbers[14], WHY)
    assert everything(engine, "nvidia") != before
    undo_void(engine, numbers[9])
    undone = undo_void(engine, numbers[14])
    assert everything(engine, "nvidia") == before
    assert undone.comparison.differs


def test_a_rebuild_keeps_it_void(engine: Engine) -> None:
    numbers = outage(engine)
    void(engine, numbers[1], WHY)
    void_history = everything(engine, "nvidia")
    with writing(engine) as connection:
        connection.execute(delete(t.event))
    rebuild(engine, "nvidia")
    assert everything(engine, "nvidia") == void_history
    rebuild(engine, "nvidia", Policy())
    assert views.told(engine, "sweep_history")[1]["cause"] == "voided"


def test_an_export_carries_it_and_gives_the_same_history_elsewhere(engine: Engine) -> None:
    histories.live_all(engine, [(each, HASTY) for each, _ in histories.history(32, 16)])
    with reading(engine) as connection:
        numbers = connection.scalars(select(t.sweep.c.id).where(t.sweep.c.verdict == "conclusive")).all()
    for number in numbers[2:10:2]:
        void(engine, number, WHY)
    sweeps, seen = list(read_sweeps(engine)), views.all_rows(engine)
    exported = [each for each in sweeps if each.cause == Cause.VOIDED]
    assert [(each.verdict, each.detail) for each in exported] == [(Verdict.INCONCLUSIVE, WHY)] * 4
    with writing(engine) as connection:
        for table in reversed(t.metadata.sorted_tables):
            connection.execute(table.delete())
    add_sweeps(engine, sweeps, lambda _: HASTY)
    assert views.all_rows(engine) == seen
    assert list(read_sweeps(engine)) == sweeps


def test_a_sweep_that_runs_meanwhile_is_decided_anew(engine: Engine) -> None:
    numbers = outage(engine, (histories.UP, histories.DOWN))
    up: Sweep = replace(histories.sweep(histories.START + timedelta(hours=2), {"m": histories.UP}), slot=None)
    opened = open_sweep(
        engine, provider="nvidia", vantage="default", slot=None, started_at=up.started_at, policy=HASTY
    )
    assert opened is not None
    stale = fold(load_state(engine, "nvidia"), up, HASTY)
    assert [event.kind for event in stale.events] == ["became_available"]
    void(engine, numbers[1], WHY)
    assert close_sweep(engine, opened, up, stale).events == ()
    assert kinds(engine) == ["appeared"]
    assert not compare(engine, "nvidia").differs


def test_what_an_accepted_sweep_believed_is_taken_back_with_it(engine: Engine) -> None:
    names = [f"m/{place}" for place in range(8)]
    histories.live(engine, histories.sweep(histories.START, dict.fromkeys(names, histories.UP)), HASTY)
    lost = histories.sweep(histories.START + timedelta(hours=1), dict.fromkeys(names, histories.DOWN))
    histories.live(engine, replace(lost, accepted=True), HASTY)
    with reading(engine) as connection:
        number = connection.scalars(select(t.sweep.c.id).order_by(t.sweep.c.id)).all()[1]
    void(engine, number, WHY)
    assert {row["status"] for row in views.told(engine, "model_status")} == {"available"}


def test_the_events_of_a_held_outage_vanish_with_the_sweep_that_raised_them(engine: Engine) -> None:
    outage(engine, [histories.UP])
    unread = replace(
        histories.sweep(histories.START + timedelta(hours=5), {}),
        listed=(),
        observations=(),
        detail="HTTP 500",
    )
    histories.live(engine, unread, HASTY)
    assert kinds(engine) == ["appeared", "provider_down"]
    with reading(engine) as connection:
        number = connection.scalars(select(t.sweep.c.id).order_by(t.sweep.c.id.desc())).first()
    assert number is not None
    void(engine, number, WHY)
    assert kinds(engine) == ["appeared"]


def test_what_cannot_be_void_is_refused_with_its_reason(engine: Engine) -> None:
    numbers = outage(engine)
    running = open_sweep(
        engine,
        provider="nvidia",
        vantage="v",
        slot=None,
        started_at=histories.START + timedelta(days=1),
        policy=HASTY,
    )
    assert running is not None
    histories.live(engine, _cut(histories.START + timedelta(days=2)))
    (cut,) = [row["sweep_id"] for row in views.told(engine, "sweep_history") if row["cause"] == "interrupted"]
    before = everything(engine, "nvidia")
    for number, reason, words in (
        (12, WHY, "no sweep 12; list ids with `monitor events --json`"),
        (running.id, WHY, f"sweep {running.id} is not finished yet: void it when it is"),
        (cut, WHY, f"sweep {cut} is inconclusive as it is (interrupted): nothing of it counts"),
        (numbers[1], " ", "--reason: say in 1 to 1000 characters why the sweep is bad"),
        (numbers[1], "x" * 1001, "--reason: say in 1 to 1000 characters why the sweep is bad"),
        (numbers[1], "half a \ud800 character", "--reason: say in 1 to 1000 characters why the sweep is bad"),
    ):
        with pytest.raises(UsageError) as refused:
            void(engine, number, reason)
        assert str(refused.value) == words
    with pytest.raises(UsageError, match=f"sweep {numbers[1]} is not void"):
        undo_void(engine, numbers[1])
    assert everything(engine, "nvidia") == before
    void(engine, numbers[1], WHY)
    with pytest.raises(UsageError, match=f"sweep {numbers[1]} is void already: {WHY}"):
        void(engine, numbers[1], "again")


def test_a_sweep_that_was_imported_void_stays_so(engine: Engine) -> None:
    elsewhere = replace(
        histories.sweep(histories.START, {"m": histories.UP}),
        verdict=Verdict.INCONCLUSIVE,
        cause=Cause.VOIDED,
        detail=WHY,
    )
    add_sweeps(engine, [elsewhere], lambda _: HASTY)
    (row,) = views.told(engine, "sweep_history")
    with pytest.raises(UsageError, match="was imported as a void one"):
        void(engine, row["sweep_id"], WHY)
    with pytest.raises(UsageError, match="was imported as a void one"):
        undo_void(engine, row["sweep_id"])


def _cut(at: datetime) -> Sweep:
    return replace(
        histories.sweep(at, {"m": histories.UP}), verdict=Verdict.INCONCLUSIVE, cause=Cause.INTERRUPTED
    )
