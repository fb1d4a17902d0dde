"""Recording a sweep: its slot, its observations as they come, its end; one transaction each."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from monitor.core.domain.event import Decision
from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import Cause, EventKind, Outcome, Reason, Status, Verdict
from monitor.core.lifecycle.fold import fold
from monitor.errors import Fenced, StoreError
from monitor.store.admin.check import check
from monitor.store.connection.engine import reading
from monitor.store.derived.states import load_state
from monitor.store.facts.identities import finding_digest
from monitor.store.schema import alias, finding
from monitor.store.write.fence import OpenedSweep
from monitor.store.write.import_export import add_sweeps, read_sweeps
from monitor.store.write.record import (
    add_observations,
    close_interrupted,
    close_sweep,
    keep_catalog,
    open_sweep,
)
from monitor.store.write.slots import last_made_at, last_slot, record_missed_slots
from tests.store import histories, views

NAMES = ("b/second", "a/first", "C/third")


def opened(engine: Engine, at: object = histories.START, **changes: object) -> OpenedSweep | None:
    """Open a sweep of nvidia in the slot of its start, unless told otherwise."""
    given = {"provider": "nvidia", "vantage": "default", "slot": at, "started_at": at, "policy": Policy()}
    return open_sweep(engine, **(given | changes))  # type: ignore[arg-type]


def must(found: OpenedSweep | None) -> OpenedSweep:
    """Return what was opened."""
    assert found is not None
    return found


def close(engine: Engine, running: OpenedSweep, sweep: Sweep) -> Decision:
    """Close a sweep with the decision of the fold."""
    return close_sweep(engine, running, sweep, fold(load_state(engine, "nvidia"), sweep, Policy()))


def test_a_slot_is_given_once_for_each_provider_and_vantage(engine: Engine) -> None:
    assert opened(engine) is not None
    assert opened(engine) is None
    assert opened(engine, started_at=histories.START + timedelta(seconds=9)) is None
    assert opened(engine, vantage="elsewhere") is not None
    assert opened(engine, provider="other") is not None


def test_sweeps_by_hand_have_no_slot_and_a_start_of_their_own(engine: Engine) -> None:
    first = must(opened(engine, slot=None))
    second = must(opened(engine, slot=None))
    assert first.started_at == histories.START
    assert second.started_at == histories.START + timedelta(milliseconds=1)
    assert first.id < second.id


def test_a_sweep_id_is_its_start_in_seconds_since_2020_moved_up_on_a_collision(engine: Engine) -> None:
    ids = [must(opened(engine, provider=name)).id for name in ("one", "two", "three")]
    assert ids == [197_640_000, 197_640_001, 197_640_002]


def test_a_running_sweep_has_neither_verdict_nor_end(engine: Engine) -> None:
    running = must(opened(engine))
    add_observations(engine, running, [histories.seen("m")])
    (row,) = views.told(engine, "sweep_history")
    assert (row["verdict"], row["finished_at"], row["slot"]) == (None, None, "2026-04-06 12:00:00")
    (seen,) = views.told(engine, "observation_history")
    assert (seen["conclusive"], seen["model"]) == (0, "m")
    assert views.rows(engine, "model_status") == []
    assert views.rows(engine, "provider_uptime_daily") == []


def test_a_later_observation_of_the_same_model_overwrites(engine: Engine) -> None:
    running = must(opened(engine))
    add_observations(engine, running, [histories.seen("m", histories.SLOW), histories.seen("n")])
    add_observations(engine, running, [histories.seen("m", histories.UP, at_ms=9000)])
    rows = views.told(engine, "observation_history")
    assert [(row["model"], row["outcome"], row["observed_at"][-8:]) for row in rows] == [
        ("m", "available", "12:00:09"),
        ("n", "available", "12:00:01"),
    ]


def test_closing_writes_what_was_not_observed_yet_and_drops_what_the_sweep_does_not_say(
    engine: Engine,
) -> None:
    running = must(opened(engine))
    add_observations(engine, running, [histories.seen("a/first", histories.DOWN), histories.seen("stray")])
    sweep = histories.sweep(histories.START, dict.fromkeys(NAMES, histories.UP))
    close(engine, running, sweep)
    assert list(read_sweeps(engine)) == [replace(sweep, verdict=Verdict.CONCLUSIVE)]


def test_observations_are_read_back_in_catalog_order_with_every_field(engine: Engine) -> None:
    running = must(opened(engine, slot=None))
    odd = replace(
        histories.seen("x", histories.ENDED),
        kind="embeddings",
        http_status=410,
        attempts=3,
        retires_at=histories.START + timedelta(days=30, milliseconds=7),
        detail="it's over <b>&\u2603",
    )
    sweep = replace(
        histories.sweep(histories.START, dict.fromkeys(NAMES, histories.UP)),
        slot=None,
        listed=("x", *NAMES),
        observations=(odd, *(histories.seen(name) for name in NAMES)),
        duplicates=2,
        rejected=1,
        requests=17,
        accepted=True,
    )
    close(engine, running, sweep)
    assert list(read_sweeps(engine)) == [replace(sweep, verdict=Verdict.CONCLUSIVE)]


def test_rule_37_who_answered_is_kept_with_what_was_found_and_read_back(engine: Engine) -> None:
    names = dict(zip(NAMES, ("o-08", None, "o-05"), strict=False))
    sweep = histories.sweep(histories.START, dict.fromkeys(NAMES, histories.UP))
    seen = tuple(replace(each, served_as=names.get(each.model)) for each in sweep.observations)
    sweep = replace(sweep, observations=seen)
    close(engine, must(opened(engine)), sweep)
    (kept,) = read_sweeps(engine)
    assert kept.observations == seen
    with reading(engine) as connection:
        assert sorted(connection.scalars(select(alias.c.name))) == ["o-05", "o-08"]
        assert set(connection.scalars(select(finding.c.alias))) == {0, 1}


def test_rule_37_models_share_findings_though_their_answers_name_others(engine: Engine) -> None:
    catalog = [f"m/{number}" for number in range(200)]
    for place in range(3):
        at = histories.START + timedelta(hours=place)
        sweep = histories.sweep(at, dict.fromkeys(catalog, histories.UP))
        seen = tuple(replace(each, served_as=f"{each.model}-{place}") for each in sweep.observations)
        histories.live(engine, replace(sweep, observations=seen))
    assert len({each.served_as for sweep in read_sweeps(engine) for each in sweep.observations}) == 600
    with reading(engine) as connection:
        assert len(connection.scalars(select(finding.c.id)).all()) == 3


def test_rule_37_names_that_come_up_at_once_are_told_apart(engine: Engine) -> None:
    def observe(number: int) -> None:
        running = must(opened(engine, vantage=f"v{number}"))
        seen = replace(histories.seen("a"), served_as=f"a-{number}")
        add_observations(engine, running, [seen])
        close(
            engine,
            running,
            replace(
                histories.sweep(histories.START, {"a": histories.UP}),
                vantage=f"v{number}",
                observations=(seen,),
            ),
        )

    histories.live(engine, histories.sweep(histories.START - timedelta(hours=1), {"a": histories.UP}))
    with ThreadPoolExecutor(4) as workers:
        list(workers.map(observe, range(8)))
    names = {row["vantage"]: row["served_as"] for row in views.told(engine, "observation_history")}
    assert names == {"default": None} | {f"v{number}": f"a-{number}" for number in range(8)}


def test_a_finding_without_another_name_is_found_by_what_older_versions_called_it() -> None:
    seen = Observation(
        "m", Outcome.AVAILABLE, "ok", 5, "chat", 200, 300, 1, datetime(2026, 5, 14, tzinfo=UTC), "é"
    )
    assert finding_digest(seen).hex() == "f61a1d2cc90643834be0bed4f6dcbbaf"
    assert (
        finding_digest(Observation("m", Outcome.AVAILABLE, "ok", 5)).hex()
        == "2ccb0e9a6dbecb50a01b4feef6402c65"
    )
    assert finding_digest(replace(seen, served_as="m-2"), 1) != finding_digest(seen)


def test_the_state_after_closing_is_the_one_decided(engine: Engine) -> None:
    for place in range(3):
        at = histories.START + timedelta(minutes=15 * place)
        answers = {"a": histories.UP, "b": histories.DOWN if place else histories.UP, "c": histories.SLOW}
        decision = close(engine, must(opened(engine, at)), histories.sweep(at, answers))
        assert load_state(engine, "nvidia") == decision.state
    assert decision.state.models["b"].status is Status.UNAVAILABLE
    assert load_state(engine, "unheard of").models == {}


def test_a_closed_sweep_takes_nothing_more(engine: Engine) -> None:
    running = must(opened(engine))
    sweep = histories.sweep(histories.START, dict.fromkeys(NAMES, histories.UP))
    decision = close(engine, running, sweep)
    with pytest.raises(Fenced, match="was closed by another process"):
        add_observations(engine, running, [histories.seen("late")])
    with pytest.raises(Fenced, match="was closed by another process"):
        keep_catalog(engine, running, sweep)
    for act in (
        lambda absent: add_observations(engine, absent, ()),
        lambda absent: close(engine, absent, sweep),
    ):
        with pytest.raises(StoreError, match="sweep 5 is not in the database"):
            act(replace(running, id=5))
    assert decision.verdict is Verdict.CONCLUSIVE
    assert list(read_sweeps(engine)) == [replace(sweep, verdict=Verdict.CONCLUSIVE)]


def test_a_sweep_is_closed_with_the_start_it_was_opened_with(engine: Engine) -> None:
    running = must(opened(engine))
    sweep = histories.sweep(histories.START + timedelta(seconds=1), {"a": histories.UP})
    with pytest.raises(StoreError, match="opened with another start"):
        close(engine, running, sweep)


def test_a_sweep_cut_short_is_closed_as_interrupted_and_keeps_what_it_saw(engine: Engine) -> None:
    """Rule 32."""
    histories.live(engine, histories.sweep(histories.START, dict.fromkeys(NAMES, histories.UP)))
    before = views.rows(engine, "model_status")
    at = histories.START + timedelta(minutes=15)
    running = must(opened(engine, at))
    add_observations(
        engine,
        running,
        [histories.seen("a/first", histories.DOWN, at_ms=4200), histories.seen("b/second")],
    )
    (cut,) = close_interrupted(engine, "nvidia", "default")
    assert (cut.verdict, cut.cause) == (Verdict.INCONCLUSIVE, Cause.INTERRUPTED)
    assert cut.finished_at == at + timedelta(milliseconds=4200)
    assert {each.model for each in cut.observations} == {"a/first", "b/second"}
    assert views.rows(engine, "model_status") == before
    row = views.told(engine, "sweep_history")[-1]
    assert (row["verdict"], row["cause"], row["probed"]) == ("inconclusive", "interrupted", 2)
    assert close_interrupted(engine, "nvidia", "default") == []


def test_a_sweep_cut_short_before_it_saw_anything_ends_where_it_started(engine: Engine) -> None:
    running = must(opened(engine))
    assert close_interrupted(engine, "nvidia", "elsewhere") == []
    (cut,) = close_interrupted(engine, "nvidia", "default")
    assert cut.started_at == cut.finished_at == running.started_at
    assert close_interrupted(engine, "unheard of", "default") == []


def test_a_sweep_stands_between_cut_ones_as_if_they_were_not(engine: Engine) -> None:
    answers = {"a": histories.UP, "b": histories.UP}
    histories.live(engine, histories.sweep(histories.START, answers))
    opened(engine, histories.START + timedelta(minutes=15))
    close_interrupted(engine, "nvidia", "default")
    decision = histories.live(
        engine, histories.sweep(histories.START + timedelta(minutes=30), {"a": histories.UP})
    )
    assert decision.verdict is Verdict.CONCLUSIVE
    assert decision.events == ()  # one absent read touches nothing (rules.md 18)


def test_a_sweep_started_before_the_clock_stepped_back_takes_its_place_in_the_past(engine: Engine) -> None:
    later = histories.START + timedelta(hours=1)
    histories.live(engine, histories.sweep(later, {"a": histories.DOWN}))
    decision = histories.live(engine, histories.sweep(histories.START, {"a": histories.UP}))
    assert [event.kind for event in decision.events] == [EventKind.APPEARED]
    assert decision.events[0].to_status is Status.AVAILABLE
    kinds = [(row["kind"], row["to_status"]) for row in views.told(engine, "change_history")]
    assert kinds == [("appeared", "available")]  # one down is not confirmed


def test_an_imported_sweep_was_not_made_here(engine: Engine) -> None:
    assert last_made_at(engine, "nvidia") is None
    past = Sweep(provider="nvidia", started_at=histories.START, finished_at=histories.START)
    add_sweeps(engine, [past], lambda _name: Policy())
    assert last_made_at(engine, "nvidia") is None


def test_the_last_slot_is_the_latest_made_or_missed(engine: Engine) -> None:
    assert last_slot(engine, "nvidia", "default") is None
    slots = [histories.START + timedelta(minutes=15 * place) for place in range(4)]
    opened(engine, slots[0])
    assert last_slot(engine, "nvidia", "default") == slots[0]
    record_missed_slots(engine, "nvidia", "default", slots[:3])
    record_missed_slots(engine, "nvidia", "default", slots[1:3])
    assert last_slot(engine, "nvidia", "default") == slots[2]
    (day,) = views.told(engine, "provider_uptime_daily")
    assert (day["sweeps"], day["missed"]) == (0, 2)


def test_an_error_detail_that_repeats_is_stored_once(engine: Engine) -> None:
    for place in range(4):
        at = histories.START + timedelta(minutes=15 * place)
        sweep = histories.sweep(at, dict.fromkeys(NAMES, histories.DOWN))
        detailed = tuple(replace(each, detail="no such function") for each in sweep.observations)
        histories.live(engine, replace(sweep, observations=detailed))
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM finding").scalar_one() == 1
        assert connection.exec_driver_sql("SELECT count(*) FROM catalog").scalar_one() == 1
        assert connection.exec_driver_sql("SELECT count(*) FROM policy").scalar_one() == 1


def test_hostile_names_are_only_names(engine: Engine) -> None:
    names = [
        "'; DROP TABLE model; --",
        "<script>alert(1)</script>",
        "%s %(x)s :name ?",
        "m" * 512,
        "a\u202eb",
        "é",
        "é",
    ]
    histories.live(engine, histories.sweep(histories.START, dict.fromkeys(names, histories.UP)))
    assert {row["model"] for row in views.told(engine, "model_status")} == set(names)


def test_counts_by_outcome_and_what_was_probed(engine: Engine) -> None:
    answers = {
        "a": histories.UP,
        "b": histories.BUSY,
        "c": histories.DOWN,
        "d": histories.SLOW,
        "e": histories.UNASKED,
    }
    histories.live(engine, histories.sweep(histories.START, answers))
    (row,) = views.told(engine, "sweep_history")
    counts = ("listed", "probed", "available", "rate_limited", "unavailable", "unknown", "requests")
    assert [row[name] for name in counts] == [5, 4, 1, 1, 1, 2, 5]
    assert histories.UNASKED == (Outcome.UNKNOWN, Reason.NOT_PROBED)


def test_a_kept_catalog_is_shown_while_the_sweep_runs(engine: Engine) -> None:
    running = must(opened(engine))
    listed = tuple(f"m/{place}" for place in range(30))
    reading = replace(
        histories.sweep(histories.START, {}),
        listed=listed,
        observations=(),
        duplicates=2,
        rejected=1,
        requests=3,
    )
    for _ in range(2):  # again, as after an answer that was lost
        keep_catalog(engine, running, reading)
    (row,) = views.told(engine, "sweep_history")
    assert [row[name] for name in ("listed", "duplicates", "rejected", "requests")] == [30, 2, 1, 3]
    assert (row["verdict"], row["finished_at"]) == (None, None)
    assert views.rows(engine, "model_status") == []


def test_a_sweep_cut_short_keeps_its_catalog_and_counts_the_requests_it_made(engine: Engine) -> None:
    running = must(opened(engine))
    listed = tuple(f"m/{place}" for place in range(30))
    reading = replace(
        histories.sweep(histories.START, {}), listed=listed, duplicates=2, rejected=1, requests=3
    )
    keep_catalog(engine, running, reading)
    tried = replace(histories.seen("m/4", histories.SLOW), attempts=3)
    unasked = replace(histories.seen("m/5", histories.UNASKED), attempts=0)
    add_observations(engine, running, [histories.seen("m/7"), tried, unasked])
    (cut,) = close_interrupted(engine, "nvidia", "default")
    assert cut.listed == listed
    assert [each.model for each in cut.observations] == ["m/4", "m/5", "m/7"]
    (row,) = views.told(engine, "sweep_history")
    counts = ("listed", "duplicates", "rejected", "requests", "probed", "available", "unknown")
    assert [row[name] for name in counts] == [30, 2, 1, 7, 2, 1, 2]
    assert (row["verdict"], row["cause"]) == ("inconclusive", "interrupted")
    assert list(read_sweeps(engine)) == [cut]
    assert check(engine) == []


def test_a_sweep_cut_short_makes_nothing_look_absent_or_new(engine: Engine) -> None:
    """Rules 12 and 32."""
    histories.live(engine, histories.sweep(histories.START, dict.fromkeys(NAMES, histories.UP)))
    before = views.rows(engine, "model_status"), views.rows(engine, "change_history")
    for place in range(1, 6):
        running = must(opened(engine, histories.START + timedelta(minutes=15 * place)))
        reading = replace(histories.sweep(running.started_at, {}), listed=("a/first", "new"), requests=1)
        keep_catalog(engine, running, reading)
        close_interrupted(engine, "nvidia", "default")
    assert (views.rows(engine, "model_status"), views.rows(engine, "change_history")) == before
    at = histories.START + timedelta(hours=2)
    decision = histories.live(engine, histories.sweep(at, dict.fromkeys(NAMES, histories.UP)))
    assert (decision.verdict, decision.events) == (Verdict.CONCLUSIVE, ())


def test_a_catalog_is_not_kept_for_a_closed_sweep(engine: Engine) -> None:
    running = must(opened(engine))
    close_interrupted(engine, "nvidia", "default")
    with pytest.raises(Fenced, match="was closed as interrupted by another process"):
        keep_catalog(engine, running, histories.sweep(histories.START, {"a": histories.UP}))
