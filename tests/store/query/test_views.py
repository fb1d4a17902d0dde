"""The views say what the rules say: days, outages and providers counted here by other means."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import Any

import pytest
from sqlalchemy import Engine, text

from monitor.clock import utc_now
from monitor.core.domain.event import Event
from monitor.core.domain.policy import Policy
from monitor.core.domain.state import ProviderState
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import ANSWERED, Cause, EventKind, Outcome, Status, Verdict
from monitor.core.lifecycle.fold import fold, is_tracked
from monitor.store import query
from monitor.store.connection.engine import reading, writing
from monitor.store.derived.states import load_state
from monitor.store.write.import_export import add_sweeps, read_sweeps
from monitor.store.write.slots import last_slot
from monitor.store.write.void import void
from tests.store import histories, views
from tests.support.lives import Lives


@pytest.mark.parametrize("view", list(views.COLUMNS))
def test_a_view_has_the_columns_of_the_contract_in_their_order(engine: Engine, view: str) -> None:
    with reading(engine) as connection:
        found = connection.execute(text(f"SELECT * FROM {view}"))  # noqa: S608  # a name from the contract
        assert list(found.keys()) == views.columns(view)


def day_counts(history: Iterable[tuple[Sweep, Policy]]) -> dict[tuple[str, str], dict[str, Any]]:
    """Count days as rules.md 27 says, observation by observation."""
    state, days = ProviderState(), defaultdict[tuple[str, str], list[Observation]](list)
    for sweep, policy in history:
        decision = fold(state, sweep, policy)
        seen = {each.model: each for each in sweep.observations}
        for model in sweep.listed if decision.verdict is Verdict.CONCLUSIVE else ():
            known = state.models.get(model)
            if is_tracked(model, policy) and (known is None or known.status is not Status.RETIRED):
                each = seen.get(model) or Observation(model, Outcome.UNKNOWN, "not_probed", at_ms=0)
                days[model, sweep.moment(each).date().isoformat()].append(each)
        state = decision.state
    return {key: _tally(seen) for key, seen in days.items()}


def _tally(seen: list[Observation]) -> dict[str, Any]:
    answered = sum(each.outcome in ANSWERED for each in seen)
    down = sum(each.outcome is Outcome.UNAVAILABLE for each in seen)
    quick = sorted(
        each.latency_ms for each in seen if each.outcome is Outcome.AVAILABLE and each.latency_ms is not None
    )
    return {
        "checks": len(seen),
        "answered": answered,
        "unavailable": down,
        "unknown": sum(each.outcome is Outcome.UNKNOWN for each in seen),
        "uptime_percent": answered * 100 / (answered + down) if answered + down else None,
        "latency_p50_ms": quick[ceil(len(quick) * 50 / 100) - 1] if quick else None,
        "latency_p95_ms": quick[ceil(len(quick) * 95 / 100) - 1] if quick else None,
    }


@pytest.mark.parametrize("seed", [11, 12])
def test_days_count_conclusive_observations_of_models_that_were_not_retired(
    engine: Engine, lives: Lives, seed: int
) -> None:
    """Rule 27."""
    lives.through(engine, (seed, 60))
    expected = day_counts(histories.history(seed, 60))
    found = {(row.pop("model"), row.pop("day")): row for row in views.told(engine, "uptime_daily")}
    for (model, _), row in found.items():
        prefix = model.partition("/")[0] if "/" in model else None
        assert (row.pop("provider"), row.pop("publisher")) == ("nvidia", prefix)
    assert found == expected


def test_an_observation_belongs_to_the_day_it_was_made_on(engine: Engine) -> None:
    at = histories.START.replace(hour=23, minute=59, second=30)
    sweep = replace(
        histories.sweep(at, dict.fromkeys("ab", histories.UP)),
        observations=(histories.seen("a", at_ms=29_999), histories.seen("b", at_ms=30_000)),
    )
    histories.live(engine, sweep)
    assert [(row["model"], row["day"]) for row in views.told(engine, "uptime_daily")] == [
        ("a", "2026-04-06"),
        ("b", "2026-04-07"),
    ]


def test_no_data_is_null_and_never_zero(engine: Engine) -> None:
    """Rule 27."""
    histories.live(engine, histories.sweep(histories.START, {"a": histories.SLOW, "b": histories.UP}))
    slow, up = views.told(engine, "uptime_daily")
    assert (slow["uptime_percent"], slow["checks"], slow["latency_p50_ms"]) == (None, 1, None)
    assert (up["uptime_percent"], up["latency_p95_ms"]) == (100.0, 107)
    assert [row["uptime_30d"] for row in views.told(engine, "model_status")] == [None, 100.0]


def test_a_gap_of_an_imported_sweep_counts_as_unknown(engine: Engine) -> None:
    sweep = histories.sweep(histories.START, dict.fromkeys("abc", histories.UP))
    gappy = replace(sweep, observations=sweep.observations[:2])
    add_sweeps(engine, [gappy], lambda _: Policy())
    assert [row["unknown"] for row in views.told(engine, "uptime_daily")] == [0, 0, 1]
    (row,) = views.told(engine, "sweep_history")
    assert (row["probed"], row["available"], row["unknown"]) == (2, 2, 1)
    assert len(views.rows(engine, "observation_history")) == 2


def test_shut_out_models_have_no_days(engine: Engine) -> None:
    histories.live(
        engine,
        histories.sweep(histories.START, {"a/hidden-x": histories.UP, "a/b": histories.UP}),
        histories.STRICT,
    )
    assert [row["model"] for row in views.told(engine, "uptime_daily")] == ["a/b"]


def test_uptime_of_30_days_ends_with_the_day_of_the_last_conclusive_sweep(engine: Engine) -> None:
    sweeps = [
        histories.sweep(histories.START + timedelta(days=day), {"a": histories.UP, "b": histories.UP})
        for day in range(31)
    ]
    first_down = histories.sweep(histories.START, {"a": histories.DOWN, "b": histories.UP})
    add_sweeps(engine, [first_down, *sweeps[1:30]], lambda _: Policy())
    before = {row["model"]: row["uptime_30d"] for row in views.told(engine, "model_status")}
    add_sweeps(engine, sweeps[30:], lambda _: Policy())
    after = {row["model"]: row["uptime_30d"] for row in views.told(engine, "model_status")}
    assert before == {"a": 29 * 100 / 30, "b": 100.0}
    assert after == {"a": 100.0, "b": 100.0}
    assert {row.model: row.uptime_30d for row in query.current_models(engine)} == after


def outages_of(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Pair openings and ends as rules.md 21 says."""
    found: list[dict[str, Any]] = []
    open_ones: dict[str | None, dict[str, Any]] = {}
    for event in events:
        if event.kind is EventKind.BECAME_UNAVAILABLE and event.from_status is Status.AVAILABLE:
            row = {"model": event.model, "began_at": event.began_at, "ended_at": None, "reason": event.reason}
            open_ones[event.model] = row
            found.append(row)
        elif event.kind in {EventKind.BECAME_AVAILABLE, EventKind.RETIRED} and event.model in open_ones:
            is_end = event.kind is EventKind.RETIRED
            open_ones.pop(event.model)["ended_at"] = event.confirmed_at if is_end else event.began_at
    return found


def test_outages_open_and_close_as_the_events_say(engine: Engine, lives: Lives) -> None:
    """Rule 21."""
    lives.through(engine, (13, 60))
    state, events = ProviderState(), list[Event]()
    for sweep, policy in histories.history(13, 60):
        decision = fold(state, sweep, policy)
        state, events = decision.state, [*events, *decision.events]
    expected = outages_of(events)
    assert any(row["ended_at"] for row in expected)
    found = [
        {"model": row.model, "began_at": row.began_at, "ended_at": row.ended_at, "reason": row.reason}
        for row in reversed(query.outages(engine))
    ]
    assert sorted(found, key=repr) == sorted(expected, key=repr)
    shown = sorted(
        (row["model"], row["began_at"], row["ended_at"]) for row in views.told(engine, "outage_history")
    )
    assert shown == sorted((row["model"], _text(row["began_at"]), _text(row["ended_at"])) for row in expected)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%d %H:%M:%S")


def test_an_outage_lasts_from_the_first_down_to_the_next_up(engine: Engine) -> None:
    answers: list[Mapping[str, histories.Answer]] = [
        {"m": mood, "n": histories.UP}
        for mood in (histories.UP, histories.DOWN, histories.DOWN, histories.DOWN, histories.UP)
    ]
    for place, each in enumerate(answers[:4]):
        histories.live(engine, histories.sweep(histories.START + timedelta(minutes=15 * place), each))
    (row,) = views.told(engine, "outage_history")
    assert (row["began_at"], row["ended_at"], row["duration_s"]) == ("2026-04-06 12:15:00", None, None)
    histories.live(engine, histories.sweep(histories.START + timedelta(minutes=60), answers[4]))
    (row,) = views.told(engine, "outage_history")
    assert (row["ended_at"], row["duration_s"], row["reason"]) == ("2026-04-06 13:00:00", 2700, "not_found")


@pytest.mark.parametrize("view", ["outage_history", "status_history"])
def test_what_lasts_is_counted_until_now_and_what_ended_until_its_end(
    engine: Engine, lives: Lives, view: str
) -> None:
    lives.through(engine, (13, 60))
    before = utc_now().replace(microsecond=0)
    with reading(engine) as connection:
        query_text = f"SELECT began_at, duration_s, duration_so_far_s FROM {view}"  # noqa: S608  # from above
        rows = connection.execute(text(query_text)).all()
    after = utc_now()
    lasting = [row for row in rows if row.duration_s is None]
    assert 0 < len(lasting) < len(rows)
    assert all(row.duration_so_far_s == row.duration_s for row in rows if row not in lasting)
    for row in lasting:
        began = datetime.fromisoformat(str(row.began_at)).replace(tzinfo=UTC)
        assert before - began <= timedelta(seconds=row.duration_so_far_s) <= after - began


def test_an_announcement_says_which_end_it_names(engine: Engine) -> None:
    ends = datetime(2026, 7, 5, 12, tzinfo=UTC)
    ending = replace(histories.seen("a"), retires_at=ends)
    up = histories.sweep(histories.START, {"a": histories.UP})
    histories.live(engine, replace(up, observations=(ending,)))
    shown = {row["kind"]: row["retires_at"] for row in views.told(engine, "change_history")}
    assert shown == {"appeared": None, "retirement_announced": "2026-07-05 12:00:00"}
    assert {row.kind: row.retires_at for row in query.events(engine)} == {
        "appeared": None,
        "retirement_announced": ends,
    }


def test_a_date_before_the_calendar_of_databases_leaves_the_view_readable(engine: Engine) -> None:
    ending = replace(histories.seen("a"), retires_at=datetime(999, 7, 5, tzinfo=UTC))
    up = histories.sweep(histories.START, {"a": histories.UP})
    histories.live(engine, replace(up, observations=(ending,)))
    assert {row["retires_at"] for row in views.told(engine, "change_history")} == {None}


def test_a_sweep_says_why_it_is_inconclusive_and_a_void_one_in_the_operators_words(engine: Engine) -> None:
    good, bad = (histories.START + timedelta(hours=place) for place in range(2))
    histories.live(engine, histories.sweep(good, {"a": histories.UP}))
    unread = Sweep(provider="nvidia", started_at=bad, finished_at=bad, slot=bad, detail="HTTP 502: no")
    unread = replace(unread, verdict=Verdict.INCONCLUSIVE, cause=Cause.CATALOG_UNREADABLE)
    histories.live(engine, unread)
    assert [row["detail"] for row in views.told(engine, "sweep_history")] == [None, "HTTP 502: no"]
    void(engine, views.told(engine, "sweep_history")[0]["sweep_id"], "the wrong key")
    assert [row["detail"] for row in views.told(engine, "sweep_history")] == ["the wrong key", "HTTP 502: no"]
    assert [row.detail for row in reversed(query.sweeps(engine))] == ["the wrong key", "HTTP 502: no"]


@pytest.mark.parametrize(
    ("step_ms", "shown"), [(None, None), (3_600_400, 3600), (-1_796_000_000_000, -1796000000)]
)
def test_a_sweep_says_how_far_the_clock_was_set_while_it_ran(
    engine: Engine, step_ms: int | None, shown: int | None
) -> None:
    histories.live(engine, histories.sweep(histories.START, {"a": histories.UP}))
    with writing(engine) as connection:
        connection.execute(text("UPDATE sweep SET clock_step_ms = :step"), {"step": step_ms})
    assert [row["clock_step_s"] for row in views.told(engine, "sweep_history")] == [shown]
    assert [row.clock_step_s for row in query.sweeps(engine)] == [shown]


def test_a_provider_day_counts_finished_sweeps_by_cause(engine: Engine) -> None:
    causes = [
        None,
        Cause.PROVIDER_OUTAGE,
        Cause.RULE_CHANGE,
        Cause.CATALOG_UNREADABLE,
        Cause.CATALOG_SHRANK,
        Cause.CREDENTIAL,
        Cause.QUOTA,
        Cause.OUR_NETWORK,
        Cause.INTERRUPTED,
        "a_cause_of_tomorrow",
    ]
    sweeps = [
        replace(
            histories.sweep(histories.START + timedelta(minutes=15 * place), {"a": histories.UP}),
            verdict=Verdict.INCONCLUSIVE if cause else Verdict.CONCLUSIVE,
            cause=cause,
        )
        for place, cause in enumerate(causes)
    ]
    add_sweeps(engine, sweeps, lambda _: Policy())
    assert views.rows(engine, "provider_uptime_daily") == [("nvidia", "2026-04-06", 10, 1, 4, 3, 1, 0)]


def test_change_history_by_sweep_and_event_id_is_in_the_order_of_the_rules(
    engine: Engine, lives: Lives
) -> None:
    """Rule 26."""
    lives.through(engine, (13, 60))
    with reading(engine) as connection:
        rows = connection.execute(
            text("SELECT sweep_id, event_id, confirmed_at, model FROM change_history ORDER BY event_id")
        ).all()
    assert [row.sweep_id for row in rows] == sorted(row.sweep_id for row in rows)
    told_again = query.events(engine)
    assert [each.event_id for each in told_again] == [row.event_id for row in rows]
    for before, after in pairwise(told_again):
        if before.sweep_id == after.sweep_id and before.model is not None and after.model is not None:
            assert (before.confirmed_at, before.model) <= (after.confirmed_at, after.model)


def test_queries_give_what_the_views_give(engine: Engine, lives: Lives) -> None:
    lives.through(engine, (11, 60))
    for view, found in (
        ("model_status", query.current_models(engine)),
        ("change_history", query.events(engine)),
        ("sweep_history", query.sweeps(engine)),
    ):
        names = views.columns(view)
        plain = [tuple(_shown(getattr(row, name)) for name in names) for row in found]
        assert sorted(plain, key=repr) == views.rows(engine, view)


def _shown(value: object) -> object:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return _text(value)
    return getattr(value, "value", value)


@pytest.mark.parametrize("name", ["\udcff", "a\0b"])
def test_a_name_that_no_database_can_hold_is_not_found(engine: Engine, name: str) -> None:
    histories.live(engine, histories.sweep(histories.START, {"a": histories.UP}))
    assert query.current_models(engine, "nvidia", model=name) == []
    assert query.current_models(engine, name) == []
    assert query.model_story(engine, "nvidia", name) is None
    assert query.events(engine, model=name) == []
    assert query.outages(engine, provider=name) == []
    assert query.sweeps(engine, name) == []
    assert query.uptime(engine, 30, model=name) == []
    assert query.last_conclusive_at(engine, name) is None
    assert list(read_sweeps(engine, providers=[name])) == []
    assert load_state(engine, name) == ProviderState()
    assert last_slot(engine, name, "default") is None
