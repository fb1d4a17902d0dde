"""Sweeps out and in again: nothing lost, nothing twice (rules.md 29, 30)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Sweep
from monitor.core.domain.vocabulary import Cause, Verdict
from monitor.errors import RecordError
from monitor.store import schema as t
from monitor.store.admin.check import check
from monitor.store.connection.engine import reading
from monitor.store.derived.rebuild import rebuild
from monitor.store.write.import_export import Imported, add_sweeps, read_sweeps
from monitor.store.write.record import open_sweep
from tests.store import histories, views


def policy_of(_provider: str) -> Policy:
    """Give every provider the standard policy."""
    return histories.POLICY


def imported(seed: int, count: int, provider: str = "nvidia") -> list[Sweep]:
    """Return a history as it comes from a file."""
    return [sweep for sweep, _ in histories.history(seed, count, provider=provider)]


def test_what_was_imported_is_exported_as_it_was(engine: Engine) -> None:
    sweeps = imported(21, 60)
    assert add_sweeps(engine, sweeps, policy_of) == Imported(60, 0)
    assert list(read_sweeps(engine)) == sweeps


def test_importing_again_changes_nothing(engine: Engine) -> None:
    """Rule 30."""
    sweeps = imported(22, 30)
    add_sweeps(engine, sweeps, policy_of)
    before = views.all_rows(engine)
    assert add_sweeps(engine, reversed(sweeps), policy_of) == Imported(0, 30)
    changed = replace(sweeps[3], observations=(), verdict=Verdict.INCONCLUSIVE, cause=Cause.QUOTA)
    assert add_sweeps(engine, [changed, changed], policy_of) == Imported(0, 2)
    assert views.all_rows(engine) == before


def test_the_same_sweep_twice_in_one_import_is_added_once(engine: Engine) -> None:
    """Rule 30."""
    (sweep,) = imported(23, 1)
    assert add_sweeps(engine, [sweep, sweep], policy_of) == Imported(1, 1)


def test_sweeps_of_two_providers_at_the_same_moment_do_not_meet(engine: Engine) -> None:
    mine, theirs = imported(24, 12), imported(24, 12, provider="other")
    add_sweeps(engine, [*mine, *theirs], policy_of)
    assert list(read_sweeps(engine, providers=["other"])) == theirs
    assert list(read_sweeps(engine, providers=["nobody"])) == []


def test_rule_36_two_vantages_make_two_sweeps_of_one_moment_and_one_history(engine: Engine) -> None:
    up = histories.sweep(histories.START - timedelta(hours=1), {"a": histories.UP})
    down = histories.sweep(histories.START, {"a": histories.DOWN})
    both = [replace(down, vantage=place) for place in ("berlin", "tokyo")]
    assert add_sweeps(engine, [up, *both], policy_of) == Imported(3, 0)
    assert [(each.vantage, each.slot) for each in read_sweeps(engine)][1:] == [
        ("berlin", histories.START),
        ("tokyo", histories.START),
    ]
    assert [row["kind"] for row in views.told(engine, "change_history")] == ["appeared", "became_unavailable"]


def test_a_time_range_is_half_open(engine: Engine) -> None:
    sweeps = imported(25, 12)
    add_sweeps(engine, sweeps, policy_of)
    since, until = sweeps[3].started_at, sweeps[7].started_at
    assert list(read_sweeps(engine, since=since, until=until)) == sweeps[3:7]


def test_an_imported_sweep_is_exported_with_the_verdict_of_its_record(engine: Engine) -> None:
    undecided = histories.sweep(histories.START, {"a": histories.UP})
    given = replace(
        undecided, started_at=histories.START - timedelta(hours=1), slot=None, verdict=Verdict.CONCLUSIVE
    )
    add_sweeps(engine, [undecided, given], policy_of)
    assert list(read_sweeps(engine)) == [given, undecided]


def test_a_sweep_made_here_is_exported_with_the_verdict_decided_on_it(engine: Engine) -> None:
    unread = replace(
        histories.sweep(histories.START, {}),
        listed=(),
        observations=(),
        requests=1,
        detail="HTTP 500",
        slot=None,
    )
    histories.live(engine, histories.sweep(histories.START - timedelta(hours=1), {"a": histories.UP}))
    histories.live(engine, unread)
    good, bad = read_sweeps(engine)
    assert (good.verdict, bad.verdict, bad.cause) == ("conclusive", "inconclusive", "catalog_unreadable")
    assert bad.detail == "HTTP 500"


def test_a_verdict_in_the_record_is_believed(engine: Engine) -> None:
    sweep = replace(
        histories.sweep(histories.START, {"a": histories.UP}),
        verdict=Verdict.INCONCLUSIVE,
        cause="solar_flare",
    )
    add_sweeps(engine, [sweep], policy_of)
    (row,) = views.told(engine, "sweep_history")
    assert (row["verdict"], row["cause"]) == ("inconclusive", "solar_flare")
    assert views.rows(engine, "model_status") == []


def test_a_slot_that_another_sweep_has_is_not_given_twice(engine: Engine) -> None:
    lived = histories.sweep(histories.START, {"a": histories.UP})
    histories.live(engine, lived)
    other = replace(lived, started_at=histories.START + timedelta(seconds=5))
    assert add_sweeps(engine, [other], policy_of) == Imported(1, 0)
    assert [each.slot for each in read_sweeps(engine)] == [histories.START, None]
    assert add_sweeps(engine, [other], policy_of) == Imported(0, 1)


def test_each_sweep_is_stored_with_the_policy_it_was_imported_under(engine: Engine) -> None:
    policies = {"nvidia": histories.POLICY, "other": histories.STRICT}
    add_sweeps(engine, [*imported(26, 2), *imported(26, 2, provider="other")], policies.__getitem__)
    with reading(engine) as connection:
        assert len(connection.execute(select(t.policy)).all()) == 2


def test_a_running_sweep_is_not_exported(engine: Engine) -> None:
    open_sweep(
        engine, provider="nvidia", vantage="v", slot=None, started_at=histories.START, policy=histories.POLICY
    )
    assert list(read_sweeps(engine)) == []


def test_an_import_that_stops_half_way_leaves_whole_sweeps_and_is_finished_by_repeating(
    engine: Engine,
) -> None:
    sweeps = imported(27, 70)

    def broken() -> Iterator[Sweep]:
        yield from sweeps[:60]
        raise RecordError("file:61: broken")

    with pytest.raises(RecordError):
        add_sweeps(engine, broken(), policy_of)
    add_sweeps(engine, sweeps, policy_of)
    assert list(read_sweeps(engine)) == sweeps
    assert check(engine) == []
    by_import = views.all_rows(engine)
    rebuild(engine, "nvidia")
    assert views.all_rows(engine) == by_import


def test_a_history_from_before_2020_has_its_place_too(engine: Engine) -> None:
    old = histories.sweep(histories.START.replace(year=2019), {"a": histories.UP})
    new = histories.sweep(histories.START, {"a": histories.DOWN})
    add_sweeps(engine, [new, old], policy_of)
    assert list(read_sweeps(engine)) == [old, new]
    assert [row["kind"] for row in views.told(engine, "change_history")] == ["appeared"]
