"""Outages, mean times and time available: against a count moment by moment, and by hand."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.domain.vocabulary import EventKind, Status
from monitor.core.history.reliability import (
    WindowFigures,
    available_time,
    available_times,
    by_model,
    by_provider,
    downtime,
    reliability,
)
from monitor.core.history.reliability_values import Reliability
from monitor.core.history.rows import EventRow, OutageRow, WindowRow
from tests.core.histories import START

SECOND = timedelta(seconds=1)
LONGEST = 40
KINDS = {
    Status.AVAILABLE: EventKind.BECAME_AVAILABLE,
    Status.UNAVAILABLE: EventKind.BECAME_UNAVAILABLE,
    Status.RETIRED: EventKind.RETIRED,
    Status.NEW: EventKind.REAPPEARED,
}


def at(seconds: float) -> datetime:
    return START + seconds * SECOND


def event(
    to: Status, began: float, confirmed: float | None = None, *, before: Status = Status.AVAILABLE
) -> EventRow:
    """Return the event of `m` that set a status, told of in seconds from the start."""
    return EventRow(
        event_id=0,
        provider="p",
        model="m",
        kind=KINDS[to],
        began_at=at(began),
        confirmed_at=at(began if confirmed is None else confirmed),
        from_status=before,
        to_status=to,
        reason=None,
        sweep_id=0,
        detail=None,
    )


def outage(began: float, ended: float | None, model: str = "m", provider: str = "p") -> OutageRow:
    end = None if ended is None else at(ended)
    return OutageRow(provider=provider, model=model, began_at=at(began), ended_at=end, reason="timeout")


def row(model: str = "m", *, provider: str = "p", **counts: int) -> WindowRow:
    usual = {"answered": 0, "unavailable": 0, "unknown": 0, "clear_or_answered": 0, "due": 0}
    return WindowRow(
        provider=provider, model=model, latency_p50_ms=None, latency_p95_ms=None, **(usual | counts)
    )


def figures(
    *outages: OutageRow, counts: Iterable[WindowRow] = (), available_s: float = 0, ends: float = 100
) -> WindowFigures:
    """Return the figures of the window from the start to `ends` seconds after it."""
    return WindowFigures(
        begins_at=START,
        ends_at=at(ends),
        counts=tuple(counts),
        outages=outages,
        available={("p", "m"): available_s * SECOND},
    )


# ---- Time available ----


@st.composite
def lives(draw: st.DrawFn) -> list[EventRow]:
    """Draw one model's changes of status; each was confirmed at once or later, before the next one began."""
    moments = sorted(draw(st.lists(st.integers(-10, LONGEST + 10), min_size=0, max_size=12)))
    status, events = Status.NEW, list[EventRow]()
    for began, confirmed in zip(moments[::2], moments[1::2], strict=False):
        after = draw(st.sampled_from([each for each in Status if each is not status]))
        events.append(event(after, began, confirmed, before=status))
        status = after
    return events


def status_at_second(events: Sequence[EventRow], second: int) -> str | None:
    """Say what status a second belongs to, in the light of all these events."""
    status = None
    for each in events:
        moment = each.confirmed_at if each.kind == EventKind.RETIRED else each.began_at
        if moment <= at(second):
            status = each.to_status
    return status


def outages_of(events: Iterable[EventRow]) -> list[OutageRow]:
    """Pair the openings and ends of outages (rules.md 21)."""
    found = list[OutageRow]()
    opened: EventRow | None = None
    for each in events:
        if each.kind == EventKind.BECAME_UNAVAILABLE:
            opened = each if each.from_status == Status.AVAILABLE else None
        elif opened and each.kind in {EventKind.BECAME_AVAILABLE, EventKind.RETIRED}:
            end = each.confirmed_at if each.kind == EventKind.RETIRED else each.began_at
            found.append(
                OutageRow(provider="p", model="m", began_at=opened.began_at, ended_at=end, reason="")
            )
            opened = None
    if opened:
        found.append(OutageRow(provider="p", model="m", began_at=opened.began_at, ended_at=None, reason=""))
    return found


windows = st.tuples(st.integers(0, LONGEST), st.integers(0, LONGEST)).map(sorted)


@given(lives(), windows)
def test_time_available_is_that_of_a_count_second_by_second(life: list[EventRow], window: list[int]) -> None:
    begins, ends = window
    before = [each for each in life if each.confirmed_at < at(begins)]
    inside = [each for each in life if at(begins) <= each.confirmed_at < at(ends)]
    known = [*before, *inside]
    expected = sum(status_at_second(known, second) == "available" for second in range(begins, ends))
    status = before[-1].to_status if before else None
    assert available_time(status, inside, at(begins), at(ends)) == expected * SECOND


@given(lives(), windows)
def test_time_available_and_time_down_never_exceed_the_window(
    life: list[EventRow], window: list[int]
) -> None:
    begins, ends = map(at, window)
    known = [each for each in life if each.confirmed_at < ends]
    before = [each for each in known if each.confirmed_at < begins]
    status = before[-1].to_status if before else None
    available = available_time(status, known[len(before) :], begins, ends)
    assert available >= timedelta()
    assert available + downtime(outages_of(known), begins, ends) <= ends - begins


@given(
    st.lists(st.tuples(st.sampled_from(list(Status)), st.integers(-20, 60), st.integers(-20, 60))), windows
)
def test_even_times_that_run_backwards_make_no_time(
    changes: list[tuple[Status, int, int]], window: list[int]
) -> None:
    begins, ends = map(at, window)
    events = [event(status, *moments) for status, *moments in changes]
    assert timedelta() <= available_time("available", events, begins, ends) <= ends - begins


@pytest.mark.parametrize(
    ("status", "events", "available_s"),
    [
        ("available", [], 100),
        ("unavailable", [], 0),
        (None, [], 0),
        (None, [event(Status.AVAILABLE, 30)], 70),
        ("available", [event(Status.UNAVAILABLE, 20, 40)], 20),
        ("available", [event(Status.RETIRED, 20, 40)], 40),
        ("available", [event(Status.UNAVAILABLE, -5, 10)], 0),
        ("unavailable", [event(Status.AVAILABLE, -5, 10)], 100),
        ("available", [event(Status.UNAVAILABLE, 20), event(Status.AVAILABLE, 50)], 70),
        ("available", [event(Status.UNAVAILABLE, 20), event(Status.RETIRED, 20, 90)], 20),
    ],
)
def test_a_status_begins_where_its_event_began_and_a_retirement_where_it_was_confirmed(
    status: str | None, events: list[EventRow], available_s: int
) -> None:
    assert available_time(status, events, START, at(100)) == available_s * SECOND


def test_every_model_known_at_the_begin_or_told_of_since_has_its_time() -> None:
    times = available_times(
        {("p", "m"): "available", ("p", "n"): "available"}, [event(Status.RETIRED, 10)], START, at(100)
    )
    assert times == {("p", "m"): 10 * SECOND, ("p", "n"): 100 * SECOND}
    assert available_times({}, [event(Status.AVAILABLE, 40)], START, at(100)) == {("p", "m"): 60 * SECOND}


# ---- Outages and their mean times ----


@given(st.integers(-50, 99), st.integers(1, 200))
def test_the_mean_time_of_one_outage_is_its_length(began: int, length: int) -> None:
    found = reliability(figures(outage(began, began + length)))
    assert found.mttr_s == (length if 0 <= began + length < 100 else None)
    assert found.outages == (began >= 0)


def test_outages_count_where_they_began_and_their_lengths_where_they_ended() -> None:
    outages = [outage(-10, 20), outage(30, 40), outage(50, 100), outage(60, None)]
    assert reliability(figures(*outages, available_s=45)) == Reliability(outages=3, mttr_s=20.0, mtbf_s=15.0)


def test_nothing_is_none_and_never_zero() -> None:
    assert reliability(figures(available_s=100)) == Reliability()


@given(st.lists(st.tuples(st.integers(-50, 99), st.none() | st.integers(1, 80)), max_size=8))
def test_downtime_is_that_of_a_count_second_by_second(given_outages: list[tuple[int, int | None]]) -> None:
    outages = [outage(began, None if length is None else began + length) for began, length in given_outages]
    expected = sum(
        each.began_at <= at(second) and (each.ended_at is None or at(second) < each.ended_at)
        for each in outages
        for second in range(100)
    )
    assert downtime(outages, START, at(100)) == expected * SECOND


def test_counts_are_pooled_and_never_averaged() -> None:
    counts = [
        row("a", answered=1, unavailable=1, clear_or_answered=2, due=2),
        row("b", answered=97, unavailable=1, unknown=2, clear_or_answered=98, due=102),
    ]
    found = reliability(figures(counts=counts))
    assert (found.uptime_percent, found.coverage_percent) == (98.0, 100 * 100 / 104)


def test_figures_are_split_by_model_and_by_provider() -> None:
    whole = WindowFigures(
        begins_at=START,
        ends_at=at(100),
        counts=(row("m"), row("m", provider="q"), row("n")),
        outages=(outage(1, 2), outage(3, 4, "o")),
        available={("p", "m"): SECOND, ("p", "idle"): SECOND},
    )
    models = by_model(whole)
    assert list(models) == [("p", "m"), ("p", "n"), ("p", "o"), ("q", "m")]
    assert models["p", "m"].outages == (outage(1, 2),)
    assert models["p", "o"].available == {}
    providers = by_provider(whole)
    assert list(providers) == ["p", "q"]
    assert sum(providers["p"].available.values(), timedelta()) == 2 * SECOND
    assert len(providers["p"].counts) == 2
