"""Figures of any window agree with counts made here, sweep by sweep, from what the fold decided."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from math import ceil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from monitor.core.domain.event import Decision, Event
from monitor.core.domain.policy import Policy
from monitor.core.domain.state import ProviderState
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import ANSWERED, Cause, EventKind, Outcome, Status, Verdict
from monitor.core.history.latency_histogram import STATED_ERROR
from monitor.core.history.reliability import (
    STATUS_KINDS,
    Key,
    WindowFigures,
    by_model,
    by_provider,
    downtime,
    reliability,
)
from monitor.core.history.reliability_values import Reliability, SweepCounts
from monitor.core.history.rows import OutageRow, StatusAt, WindowRow
from monitor.core.lifecycle.fold import fold, is_tracked
from monitor.store.connection.engine import reading
from monitor.store.statistics import windows
from monitor.store.statistics.as_of import read_status_events
from monitor.store.write.import_export import add_sweeps
from monitor.store.write.record import add_observations, open_sweep
from monitor.store.write.slots import record_missed_slots
from tests.core.strategies import Past, quiet_pasts, stormy_pasts
from tests.store import figures as figures_at
from tests.store import histories
from tests.support.lives import Lives

MILLISECOND = timedelta(milliseconds=1)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)

# ---- The same figures by other means ----


@dataclass(frozen=True)
class Lived:
    """A sweep that was lived through: what was believed before it, and what was decided."""

    sweep: Sweep
    policy: Policy
    before: ProviderState
    decision: Decision

    @property
    def is_conclusive(self) -> bool:
        return self.decision.verdict is Verdict.CONCLUSIVE


def live_through(history: Iterable[tuple[Sweep, Policy]]) -> list[Lived]:
    state, lived = ProviderState(), list[Lived]()
    for sweep, policy in history:
        decision = fold(state, sweep, policy)
        lived.append(Lived(sweep, policy, state, decision))
        state = decision.state
    return lived


def living(state: ProviderState, listed: Lived) -> list[str]:
    """Return the models that a sweep lists and tracks, and that a state does not hold for retired."""
    return [
        model
        for model in listed.sweep.listed
        if is_tracked(model, listed.policy)
        and (model not in state.models or state.models[model].status is not Status.RETIRED)
    ]


def counted(
    lived: Sequence[Lived], missed: Sequence[datetime], begins_at: datetime, ends_at: datetime
) -> dict[str, dict[str, int | None]]:
    """Count a window as rules.md 27 says, observation by observation."""
    seen, silent = dict[str, list[Observation]](), Counter[str]()
    last: Lived | None = None
    for each in lived:
        if each.is_conclusive:
            last = each
            made = {one.model: one for one in each.sweep.observations}
            for model in living(each.before, each):
                one = made.get(model) or Observation(model, Outcome.UNKNOWN, "not_probed", at_ms=0)
                if begins_at <= each.sweep.moment(one) < ends_at:
                    seen.setdefault(model, []).append(one)
        elif last and begins_at <= each.sweep.started_at < ends_at:
            silent.update(living(each.before, last))
    for slot in missed:
        earlier = [each for each in lived if each.sweep.started_at < slot]
        conclusive = [each for each in earlier if each.is_conclusive]
        if conclusive and begins_at <= slot < ends_at:
            silent.update(living(earlier[-1].decision.state, conclusive[-1]))
    return {model: tally(seen.get(model, []), silent[model]) for model in sorted({*seen, *silent})}


def tally(seen: Sequence[Observation], silent: int) -> dict[str, int | None]:
    quick = sorted(
        each.latency_ms for each in seen if each.outcome is Outcome.AVAILABLE and each.latency_ms is not None
    )
    told_something = [each for each in seen if each.outcome is not Outcome.UNKNOWN]
    return {
        "answered": sum(each.outcome in ANSWERED for each in seen),
        "unavailable": sum(each.outcome is Outcome.UNAVAILABLE for each in seen),
        "unknown": len(seen) - len(told_something),
        "clear_or_answered": len(told_something),
        "due": len(seen) + silent,
        "latency_p50_ms": quick[ceil(len(quick) / 2) - 1] if quick else None,
        "latency_p95_ms": quick[ceil(len(quick) * 95 / 100) - 1] if quick else None,
    }


def shown(rows: Iterable[WindowRow]) -> dict[str, dict[str, int | None]]:
    names = tally([], 0)
    return {row.model: {name: getattr(row, name) for name in names} for row in rows}


def has_whole_day(begins_at: datetime, ends_at: datetime) -> bool:
    """Tell whether a UTC day lies in a window from its midnight to the next."""
    midnight = begins_at.replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight if midnight == begins_at else midnight + DAY) + DAY <= ends_at


def assert_as_exact(
    found: dict[str, dict[str, int | None]], exact: dict[str, dict[str, int | None]], *, has_whole_day: bool
) -> None:
    """Compare counts; percentiles of a window with a whole day may be off by what sketches state."""
    assert found.keys() == exact.keys()
    for model, row in exact.items():
        for name, value in row.items():
            error = STATED_ERROR if has_whole_day and name.startswith("latency") else 0
            if value is None or not error:
                assert found[model][name] == value, (model, name)
            else:
                assert abs((found[model][name] or 0) - value) <= value * error, (model, name)


def events_before(lived: Iterable[Lived], moment: datetime) -> list[Event]:
    """Return the events of models that were known at a moment, in their order."""
    return [
        event
        for each in lived
        for event in each.decision.events
        if event.model is not None and event.confirmed_at < moment
    ]


def believed(lived: Sequence[Lived], moment: datetime) -> dict[str, tuple[object, ...]]:
    """Return what the events known at a moment say of each model: status, why, since, flapping, its end."""
    found = dict[str, tuple[object, ...]]()
    events = events_before(lived, moment)
    for model in {event.model for event in events}:
        own = [event for event in events if event.model == model]
        last = [event for event in own if event.kind in STATUS_KINDS][-1]
        flaps = [event.kind for event in own if event.kind.startswith("flapping")]
        dates = [event.detail for event in own if event.kind is EventKind.RETIREMENT_ANNOUNCED]
        end = datetime.fromisoformat(str(dates[-1])) if dates else None
        is_flapping = flaps[-1:] == [EventKind.FLAPPING_STARTED]
        found[str(model)] = (own[-1].to_status, last.reason, last.began_at, is_flapping, end)
    return found


def outages_of(lived: Sequence[Lived], begins_at: datetime, ends_at: datetime) -> list[OutageRow]:
    """Pair openings and ends as rules.md 21 says, knowing no event of later."""
    found, open_ones = list[OutageRow](), dict[str, int]()
    for event in events_before(lived, ends_at):
        model = str(event.model)
        if event.kind is EventKind.BECAME_UNAVAILABLE and event.from_status is Status.AVAILABLE:
            open_ones[model] = len(found)
            found.append(OutageRow(provider=lived[0].sweep.provider, model=model, began_at=event.began_at,
                                   ended_at=None, reason=event.reason))  # fmt: skip
        elif event.kind in {EventKind.BECAME_AVAILABLE, EventKind.RETIRED} and model in open_ones:
            end = event.confirmed_at if event.kind is EventKind.RETIRED else event.began_at
            place = open_ones.pop(model)
            found[place] = replace(found[place], ended_at=end)
    return [each for each in found if each.ended_at is None or each.ended_at >= begins_at][::-1]


def moments_of(lived: Iterable[Lived]) -> list[datetime]:
    """Return the moments at which something happened: the borders that are easily missed by one."""
    return [
        moment
        for each in lived
        for moment in (each.sweep.started_at, *map(each.sweep.moment, each.sweep.observations))
    ]


def agree(engine: Engine, lived: Sequence[Lived], missed: Sequence[datetime], *window: datetime) -> None:
    """Compare every figure of a window, and of each model alone, with the counts made here."""
    provider = lived[0].sweep.provider
    found = figures_at.model_counts(engine, *window, provider=provider)
    assert_as_exact(shown(found), counted(lived, missed, *window), has_whole_day=has_whole_day(*window))
    assert all(row.coverage_percent is None or 0 <= row.coverage_percent <= 100 for row in found)
    outages = outages_of(lived, *window)
    assert figures_at.outages_between(engine, *window, provider=provider) == outages
    statuses = figures_at.statuses_at(engine, window[1], provider=provider)
    assert {row.model: brief(row) for row in statuses} == believed(lived, window[1])
    expected = [
        event for event in events_before(lived, window[1])
        if event.kind in STATUS_KINDS and event.confirmed_at >= window[0]
    ]  # fmt: skip
    with reading(engine) as connection:
        events = read_status_events(connection, window[0], window[1], provider, None)
    assert [(e.model, e.kind, e.confirmed_at) for e in events] == [
        (e.model, e.kind, e.confirmed_at) for e in expected
    ]
    figures = windows.window_figures(engine, *window, provider=provider)
    assert figures.counts == tuple(found)
    quick = windows.window_figures(engine, *window, provider=provider, latencies=False)
    assert reliabilities(quick) == reliabilities(figures)
    pooled = figures_at.provider_reliability(engine, *window, provider=provider)
    assert pooled == {key: reliability(part) for key, part in by_provider(figures).items()}
    for row in found[:2]:
        assert figures_at.model_counts(engine, *window, provider=provider, model=row.model) == [row]
        own = [each for each in outages if each.model == row.model]
        assert figures_at.outages_between(engine, *window, provider=provider, model=row.model) == own


def reliabilities(figures: WindowFigures) -> dict[Key, Reliability]:
    return {key: reliability(part) for key, part in by_model(figures).items()}


def brief(row: StatusAt) -> tuple[object, ...]:
    return (row.status, row.reason, row.since, row.flapping, row.retires_at)


# ---- Whole histories ----


@pytest.mark.parametrize("seed", [21, 22, 23])
def test_windows_of_an_eventful_history_count_as_the_rules_say(
    engine: Engine, lives: Lives, seed: int
) -> None:
    """Rule 27."""
    lives.through(engine, (seed, 70))
    lived = live_through(histories.history(seed, 70))
    assert any(state.status is Status.RETIRED for state in lived[-1].decision.state.models.values())
    assert not all(each.is_conclusive for each in lived)
    missed = [histories.START + place * HOUR + 1800 * 1000 * MILLISECOND for place in range(-1, 72, 5)]
    record_missed_slots(engine, "nvidia", "default", missed)
    borders = sorted(moments_of(lived))
    mid_day = histories.START + timedelta(hours=7, minutes=13)
    for window in (
        (histories.START - DAY, histories.START + 10 * DAY),
        (mid_day, mid_day + DAY),
        (mid_day, mid_day + timedelta(hours=36, minutes=1)),
        (borders[100], borders[400]),
        (borders[101] + MILLISECOND, borders[401] + MILLISECOND),
        (histories.START + 5 * DAY, histories.START + 6 * DAY),
        (histories.START - DAY, histories.START - HOUR),
    ):
        agree(engine, lived, missed, *window)


_numbers = count()
_relaxed = settings(
    max_examples=5, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("_part", range(4))
@pytest.mark.parametrize("pasts", [quiet_pasts(), stormy_pasts()], ids=["quiet", "stormy"])
@_relaxed
@given(data=st.data())
def test_any_window_of_any_history_counts_as_the_rules_say(
    engine: Engine, pasts: st.SearchStrategy[Past], _part: int, data: st.DataObject
) -> None:
    past = data.draw(pasts)
    provider, policy = f"p{next(_numbers)}", past.policies[0]
    sweeps = [replace(each, provider=provider) for each in past.sweeps]
    lived = live_through((each, policy) for each in sweeps)
    add_sweeps(engine, sweeps, lambda _: policy)
    borders = st.sampled_from(moments_of(lived))
    nearby = st.sampled_from((-DAY, -MILLISECOND, timedelta(), MILLISECOND, timedelta(minutes=7), DAY))
    missed = data.draw(st.lists(st.builds(datetime.__add__, borders, nearby), unique=True, max_size=4))
    record_missed_slots(engine, provider, "default", missed)
    for _ in range(3):
        one, other = (data.draw(borders) + data.draw(nearby) for _ in "ab")
        agree(engine, lived, missed, min(one, other), max(one, other) + MILLISECOND)


# ---- Single rules ----


def window_row(engine: Engine, model: str, *, hours: int = 24) -> WindowRow:
    (row,) = figures_at.model_counts(engine, histories.START, histories.START + hours * HOUR, model=model)
    return row


def at(hours: float) -> datetime:
    return histories.START + hours * HOUR


def both(hours: float, answer: histories.Answer = histories.UP) -> Sweep:
    """Return a sweep so many hours after the start in which `m` answers so and `n` is up."""
    return histories.sweep(at(hours), {"m": answer, "n": histories.UP})


def test_inconclusive_and_missed_sweeps_are_due_and_tell_nothing(engine: Engine) -> None:
    """Rule 27."""
    histories.live(engine, both(0))
    histories.live(engine, replace(both(1), verdict=Verdict.INCONCLUSIVE, cause=Cause.QUOTA))
    histories.live(engine, both(2, histories.SLOW))
    record_missed_slots(engine, "nvidia", "default", [at(3)])
    row = window_row(engine, "m")
    assert (row.checks, row.due, row.clear_or_answered) == (2, 4, 1)
    assert (row.uptime_percent, row.coverage_percent) == (100.0, 25.0)


def test_nothing_is_due_before_a_conclusive_sweep_listed_the_model(engine: Engine) -> None:
    record_missed_slots(engine, "nvidia", "default", [at(-1)])
    histories.live(engine, replace(both(0), verdict=Verdict.INCONCLUSIVE, cause=Cause.QUOTA))
    assert figures_at.model_counts(engine, at(-2), at(5)) == []
    histories.live(engine, both(1))
    assert window_row(engine, "m").due == 1


def test_nothing_is_due_of_a_retired_model(engine: Engine) -> None:
    """Rule 27."""
    histories.live(engine, both(0))
    histories.live(engine, both(1, histories.ENDED))
    record_missed_slots(engine, "nvidia", "default", [at(2)])
    histories.live(engine, both(3, histories.ENDED))
    row = window_row(engine, "m")
    assert (row.answered, row.unavailable, row.due) == (1, 1, 2)
    assert window_row(engine, "n").due == 4


def test_the_last_conclusive_sweep_may_lie_before_the_window(engine: Engine) -> None:
    histories.live(engine, both(0))
    record_missed_slots(engine, "nvidia", "default", [at(30)])
    (m, n) = figures_at.model_counts(engine, at(24), at(48))
    assert (m.due, m.checks, m.uptime_percent, m.coverage_percent) == (1, 0, None, 0.0)
    assert n.model == "n"


def test_an_outage_that_ended_after_the_window_is_still_open_in_it(engine: Engine) -> None:
    for hours, answer in enumerate([histories.UP, histories.DOWN, histories.DOWN, histories.UP]):
        histories.live(engine, both(hours, answer))
    assert figures_at.outages_between(engine, at(0), at(2)) == []  # not confirmed yet
    (then,) = figures_at.outages_between(engine, at(0), at(3))
    (later,) = figures_at.outages_between(engine, at(0), at(3) + MILLISECOND)
    assert (then.began_at, then.ended_at) == (at(1), None)
    assert (later.began_at, later.ended_at) == (at(1), at(3))
    assert figures_at.outages_between(engine, at(3), at(4)) == [later]  # it ended in this one
    assert figures_at.outages_between(engine, at(3) + MILLISECOND, at(4)) == []
    assert [row.status for row in figures_at.statuses_at(engine, at(3))] == ["unavailable", "available"]


def test_reliability_pools_what_its_models_did(engine: Engine) -> None:
    for hours, answer in enumerate([histories.UP, histories.DOWN, histories.DOWN, histories.UP]):
        histories.live(engine, both(hours, answer))
    window = at(0), at(6)
    found = reliabilities(windows.window_figures(engine, *window))
    late_s = 0.25  # `n` is asked a moment after `m`
    assert found["nvidia", "m"] == Reliability(
        uptime_percent=50.0, coverage_percent=100.0, outages=1, mttr_s=7200.0, mtbf_s=4 * 3600.0
    )
    assert found["nvidia", "n"] == Reliability(uptime_percent=100.0, coverage_percent=100.0)
    assert figures_at.provider_reliability(engine, *window) == {
        "nvidia": Reliability(
            uptime_percent=75.0,
            coverage_percent=100.0,
            outages=1,
            mttr_s=7200.0,
            mtbf_s=4 * 3600.0 + 6 * 3600.0 - late_s,
        )
    }


@pytest.mark.parametrize("seed", [21, 22])
def test_a_model_is_never_available_and_down_at_once(engine: Engine, lives: Lives, seed: int) -> None:
    lives.through(engine, (seed, 70))
    begins_at, ends_at = at(5.3), at(50.7)
    figures = windows.window_figures(engine, begins_at, ends_at)
    assert figures.outages
    for key, available in figures.available.items():
        down = downtime([each for each in figures.outages if each.model == key[1]], begins_at, ends_at)
        assert timedelta() <= available + down <= ends_at - begins_at


def test_sweeps_are_counted_by_start_and_cause_and_missed_ones_by_slot(engine: Engine) -> None:
    causes = [None, Cause.QUOTA, Cause.QUOTA, Cause.OUR_NETWORK, None, None]
    for hours, cause in enumerate(causes):
        verdict = Verdict.INCONCLUSIVE if cause else Verdict.CONCLUSIVE
        histories.live(engine, replace(both(hours), verdict=verdict, cause=cause))
    nameless = replace(both(5.5), verdict=Verdict.INCONCLUSIVE, cause=None)
    add_sweeps(engine, [nameless], lambda _: Policy())
    histories.live_all(engine, histories.history(26, 3, provider="other"))
    record_missed_slots(engine, "nvidia", "default", [at(1.5), at(7), at(-1)])
    assert windows.sweep_counts(engine, at(1), at(6), provider="nvidia") == SweepCounts(
        conclusive=2, inconclusive={"quota": 2, "our_network": 1, "unknown": 1}, missed=1
    )
    assert windows.sweep_counts(engine, at(1), at(8), provider="nobody") == SweepCounts()


def test_a_sweep_that_still_runs_counts_nowhere(engine: Engine) -> None:
    histories.live(engine, both(0))
    opened = open_sweep(
        engine, provider="nvidia", vantage="default", slot=None, started_at=at(1), policy=Policy()
    )
    assert opened is not None
    add_observations(engine, opened, [histories.seen("m")])
    assert window_row(engine, "m").due == 1
    assert windows.sweep_counts(engine, at(0), at(9), provider="nvidia") == SweepCounts(conclusive=1)


def test_providers_are_told_apart(engine: Engine) -> None:
    histories.live(engine, both(0))
    histories.live(engine, replace(both(0), provider="other"))
    assert [row.provider for row in figures_at.model_counts(engine, at(0), at(1), model="m")] == [
        "nvidia",
        "other",
    ]
    assert {row.provider for row in figures_at.statuses_at(engine, at(1), provider="other")} == {"other"}
    assert set(figures_at.provider_reliability(engine, at(0), at(1))) == {"nvidia", "other"}


@pytest.mark.parametrize("name", ["nobody", "\udcff", "a\0b"])
def test_a_name_that_is_not_there_has_no_figures(engine: Engine, name: str) -> None:
    histories.live(engine, both(0))
    window = at(0), at(1)
    assert figures_at.model_counts(engine, *window, provider=name) == []
    assert figures_at.model_counts(engine, *window, model=name) == []
    assert figures_at.statuses_at(engine, at(1), provider=name) == []
    assert figures_at.outages_between(engine, *window, provider=name) == []
    assert reliabilities(windows.window_figures(engine, *window, model=name)) == {}
    assert figures_at.provider_reliability(engine, *window, provider=name) == {}
    assert windows.sweep_counts(engine, *window, provider=name) == SweepCounts()
