"""What a span was for a provider, from the rows of its history."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.core.domain.vocabulary import EventKind, Status
from monitor.core.history.calendar import span_of
from monitor.core.history.reliability_values import SweepCounts
from monitor.core.history.rows import EventRow, OutageRow, StatusAt, WindowRow
from monitor.core.summary.build import summarise
from monitor.core.summary.inputs import SummaryInputs
from monitor.core.summary.recommend import Choice
from monitor.core.summary.standing_values import ModelOutages, Standing
from monitor.core.summary.values import (
    Arrival,
    Best,
    Flap,
    Going,
    ProviderSummary,
    Retirement,
    SilentSwap,
    Switch,
    Trouble,
    Way,
)

SPAN = span_of(date(2026, 4, 7), date(2026, 4, 7), UTC)
BEGIN, END = SPAN.begins_at, SPAN.ends_at
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
UP, DOWN, GONE, NEW = Status.AVAILABLE, Status.UNAVAILABLE, Status.RETIRED, Status.NEW


def at(hour: float) -> datetime:
    return BEGIN + hour * HOUR


def event(
    kind: EventKind,
    model: str | None,
    moment: datetime,
    *,
    began_at: datetime | None = None,
    was: str | None = None,
    to: str | None = None,
    reason: str | None = None,
    detail: str | None = None,
) -> EventRow:
    return EventRow(
        event_id=0,
        provider="nvidia",
        model=model,
        kind=kind.value,
        began_at=began_at or moment,
        confirmed_at=moment,
        from_status=was,
        to_status=to,
        reason=reason,
        sweep_id=0,
        detail=detail,
    )


def down(model: str, moment: datetime, *, was: str = UP, began_at: datetime | None = None) -> EventRow:
    kind = EventKind.BECAME_UNAVAILABLE
    return event(kind, model, moment, began_at=began_at, was=was, to=DOWN, reason="server_error")


def up(model: str, moment: datetime, *, was: str = DOWN, began_at: datetime | None = None) -> EventRow:
    return event(EventKind.BECAME_AVAILABLE, model, moment, began_at=began_at, was=was, to=UP, reason="ok")


def flap(model: str, moment: datetime, *, stops: bool = False) -> EventRow:
    kind = EventKind.FLAPPING_STOPPED if stops else EventKind.FLAPPING_STARTED
    return event(kind, model, moment, detail="35.53 %")


def outage(model: str, began_at: datetime, ended_at: datetime | None) -> OutageRow:
    return OutageRow(
        provider="nvidia", model=model, began_at=began_at, ended_at=ended_at, reason="server_error"
    )


def now(
    model: str,
    status: Status = UP,
    *,
    since: datetime = BEGIN - DAY,
    reason: str | None = "ok",
    kind: str = "chat",
    flapping: bool = False,
    retires_at: datetime | None = None,
) -> StatusAt:
    return StatusAt(
        provider="nvidia",
        model=model,
        status=status,
        reason=reason,
        since=since,
        flapping=flapping,
        retires_at=retires_at,
        kind=kind,
        listed=True,
    )


def counts(
    model: str, answered: int, unavailable: int = 0, *, due: int = 100, p50: int | None = 300
) -> WindowRow:
    return WindowRow(
        provider="nvidia",
        model=model,
        answered=answered,
        unavailable=unavailable,
        unknown=0,
        clear_or_answered=answered + unavailable,
        due=due,
        latency_p50_ms=p50,
        latency_p95_ms=p50,
    )


def told(
    events: Iterable[EventRow] = (),
    outages: Iterable[OutageRow] = (),
    after: Iterable[StatusAt] = (),
    *,
    before: Iterable[StatusAt] = (),
    flapping_since: dict[str, datetime] | None = None,
    provider_events: Iterable[EventRow] = (),
    counts: Iterable[WindowRow] = (),
) -> ProviderSummary:
    models = {each.model: each for each in after}
    return summarise(
        SummaryInputs(
            provider="nvidia",
            span=SPAN,
            events=tuple(events),
            provider_events=tuple(provider_events),
            outages=tuple(outages),
            before={each.model: each for each in before},
            after=models,
            flapping_since=flapping_since or {},
            listed=frozenset(models),
            sweeps=SweepCounts(conclusive=96),
            counts=tuple(counts),
        )
    )


# ---- Coming and going ----


def test_a_day_without_events_is_quiet() -> None:
    quiet = told(after=[now("a"), now("b", DOWN), now("c", GONE)])
    assert quiet.is_quiet
    assert quiet.by_status == {UP: 1, DOWN: 1, GONE: 1}


def test_models_of_the_baseline_are_only_counted() -> None:
    seen = [event(EventKind.APPEARED, model, at(1), to=UP, detail="baseline") for model in "ab"]
    first = told([*seen, up("b", at(2), was=NEW)], after=[now("a"), now("b")])
    assert (first.baseline, first.arrivals, first.is_quiet) == (2, (), False)


def test_what_appears_is_told_with_its_status_at_the_end_of_the_span() -> None:
    new = event(EventKind.APPEARED, "a", at(1), to=NEW, reason="timeout")
    day = told([new, up("a", at(2), was=NEW)], after=[now("a", since=at(2))])
    assert day.arrivals == (
        Arrival(model="a", at=at(1), way=Way.APPEARED, kind="chat", status=UP, reason="ok"),
    )


def test_a_model_that_answers_at_last_is_told_though_no_outage_ended() -> None:
    day = told([up("old", at(2)), down("new", at(3), was=NEW)], after=[now("old"), now("new", DOWN)])
    assert [(each.model, each.way) for each in day.arrivals] == [("old", Way.ANSWERED), ("new", Way.REFUSED)]
    assert (day.outages, day.is_quiet) == ((), False)


def test_a_retired_model_that_is_back_is_told_twice_and_one_that_is_gone_once() -> None:
    gone = [event(EventKind.RETIRED, model, at(2), to=GONE, reason="delisted") for model in "ab"]
    back = [event(EventKind.REAPPEARED, model, at(hour), to=UP) for model, hour in (("a", 3), ("b", 1))]
    day = told([back[1], *gone, back[0]], after=[now("a"), now("b", GONE)])
    assert [(each.model, each.is_back) for each in day.retirements] == [("a", True), ("b", False)]
    assert [each.model for each in day.arrivals] == ["a"]


def test_retirements_carry_when_it_began_and_why() -> None:
    gone = event(EventKind.RETIRED, "a", at(2), began_at=at(-300), to=GONE, reason="unavailable_too_long")
    assert told([gone], after=[now("a", GONE)]).retirements == (
        Retirement(model="a", at=at(-300), reason="unavailable_too_long"),
    )


def test_ends_announced_in_the_span_are_told_and_others_within_30_days_of_it() -> None:
    dates = {"new": END + 90 * DAY, "soon": END + 29 * DAY, "late": END + 30 * DAY, "over": END - DAY}
    models = [now(model, retires_at=date_) for model, date_ in dates.items()]
    announced = event(EventKind.RETIREMENT_ANNOUNCED, "new", at(3), detail="2026-07-06T00:00:00Z")
    day = told([announced], after=[*models, now("gone", GONE, retires_at=END + DAY)], before=[now("new")])
    assert day.going == (
        Going(model="soon", on=dates["soon"], is_new=False),
        Going(model="new", on=dates["new"], is_new=True),
    )
    assert not day.is_quiet
    assert told(after=models).is_quiet, "what was announced before is no news"


@pytest.mark.parametrize("zone", ["America/New_York", "UTC", "Asia/Tokyo"])
def test_an_end_announced_for_tomorrow_is_repeated_in_every_zone(zone: str) -> None:
    """A bare date is a midnight in UTC, which in New York comes before the end of the day."""
    span = span_of(date(2026, 4, 7), date(2026, 4, 7), ZoneInfo(zone))
    dates = {"today": datetime(2026, 4, 7, tzinfo=UTC), "tomorrow": datetime(2026, 4, 8, tzinfo=UTC)}
    dates |= {"in 30 days": datetime(2026, 5, 7, tzinfo=UTC), "in 31 days": datetime(2026, 5, 8, tzinfo=UTC)}
    after = {model: now(model, retires_at=on) for model, on in dates.items()}
    inputs = SummaryInputs(provider="nvidia", span=span, after=after)
    assert [row.model for row in summarise(inputs).going] == ["tomorrow", "in 30 days"]


def test_an_end_that_is_put_off_is_told_with_what_was_said_before() -> None:
    announced = event(EventKind.RETIREMENT_ANNOUNCED, "a", at(3))
    day = told(
        [announced],
        before=[now("a", retires_at=END + DAY)],
        after=[now("a", retires_at=END + 9 * DAY)],
    )
    assert day.going == (Going(model="a", on=END + 9 * DAY, is_new=True, was=END + DAY),)


def test_a_changed_kind_is_told_with_both() -> None:
    changed = event(EventKind.KIND_CHANGED, "a", at(4), detail="completions -> chat")
    assert told([changed], after=[now("a")]).switches == (
        Switch(model="a", at=at(4), before="completions", after="chat"),
    )


def test_rule_37_a_silent_swap_is_told_once_a_model_from_the_first_to_the_last_who_answered() -> None:
    swaps = [
        event(EventKind.SERVED_MODEL_CHANGED, "a", at(4), began_at=at(3), detail="a -> a-2"),
        event(EventKind.SERVED_MODEL_CHANGED, "b", at(4), detail="b-1 -> b-2"),
        event(EventKind.SERVED_MODEL_CHANGED, "a", at(9), began_at=at(8), detail="a-2 -> a-3"),
        event(EventKind.SERVED_MODEL_CHANGED, "b", at(9), detail="b-2 -> b-1"),
    ]
    day = told(swaps, after=[now("a"), now("b")])
    assert day.swaps == (
        SilentSwap(model="a", at=at(8), before="a", after="a-3", changes=2),
        SilentSwap(model="b", at=at(9), before="b-1", after="b-1", changes=2),
    )
    assert not day.is_quiet


# ---- Down and up ----


def test_outages_begun_or_ended_in_the_span_are_told_and_older_ones_are_still_down() -> None:
    day = told(
        [down("new", at(3), began_at=at(2)), up("back", at(5))],
        [outage("new", at(2), None), outage("back", at(-9), at(5)), outage("old", at(-50), None)],
        [now("new", DOWN), now("back"), now("old", DOWN)],
    )
    assert [(each.model, each.is_new, each.ended_at) for each in day.outages] == [
        ("back", False, at(5)),
        ("new", True, None),
    ]
    assert [each.model for each in day.still_down] == ["old"]


def test_a_failure_before_midnight_confirmed_after_it_belongs_to_the_later_day() -> None:
    began_at, ended_at = at(-0.25), at(-0.1)
    day = told(
        [down("a", at(0), began_at=began_at), up("b", at(0), began_at=ended_at)],
        [outage("a", began_at, None), outage("b", at(-5), ended_at)],
        [now("a", DOWN), now("b")],
    )
    assert [(each.model, each.is_new) for each in day.outages] == [("b", False), ("a", True)]


def test_an_outage_that_was_over_and_known_before_the_span_is_not_told() -> None:
    assert told(outages=[outage("a", at(-5), at(-0.1))], after=[now("a")]).is_quiet


def test_an_outage_that_ends_in_a_retirement_is_no_return() -> None:
    gone = event(EventKind.RETIRED, "a", at(6), began_at=at(-300), to=GONE, reason="unavailable_too_long")
    day = told([gone], [outage("a", at(-300), at(6))], [now("a", GONE)])
    assert [each.is_final for each in day.outages] == [True]
    assert day.arrivals == ()


def test_models_are_counted_once_by_how_they_stand() -> None:
    after = [
        *(now(model) for model in "ab"),
        *(now(model, DOWN) for model in ("was-up", "never", "never-either")),
        now("unclear", NEW),
        now("ended", GONE, reason="end_of_life"),
        now("delisted", GONE, reason="delisted"),
    ]
    standing = told(
        outages=[outage("was-up", at(-5), None), outage("a", at(-9), at(-8))], after=after
    ).standing
    assert standing == Standing(available=2, down=1, never_answered=2, unclear=1, retired=1)
    assert standing.total == 7


def test_retirements_come_in_the_order_of_the_last_one_of_each_model() -> None:
    gone = [event(EventKind.RETIRED, model, at(hour), to=GONE) for hour, model in enumerate("aba")]
    day = told(gone, after=[now("a", GONE), now("b", GONE)])
    assert [(row.model, row.at) for row in day.retirements] == [("b", at(1)), ("a", at(2))]


def test_a_model_that_left_the_catalog_counts_until_it_is_believed_to_be_gone() -> None:
    missing = {"a": now("a"), "b": now("b", DOWN), "c": now("c", GONE)}
    inputs = SummaryInputs(
        provider="nvidia", span=SPAN, after=missing, listed=(), outages=[outage("b", at(1), None)]
    )
    assert summarise(inputs).standing == Standing(available=1, down=1)


def test_outages_are_added_up_by_model_within_the_span_and_as_a_whole() -> None:
    day = told(
        [down("a", at(2)), up("a", at(3)), down("a", at(20)), up("b", at(6)), down("c", at(23))],
        [
            outage("a", at(2), at(3)),
            outage("a", at(20), None),
            outage("b", at(-90), at(6)),
            outage("c", at(23), None),
        ],
        [now("a", DOWN), now("b"), now("c", DOWN)],
        counts=[counts("a", 3, 1), counts("b", 1)],
    )
    hour = 3600
    assert day.by_model == (
        ModelOutages(model="b", outages=0, down_s=6 * hour, uptime_percent=100, coverage_percent=1),
        ModelOutages(model="a", outages=2, down_s=5 * hour, uptime_percent=75, coverage_percent=4),
        ModelOutages(model="c", outages=1, down_s=1 * hour, uptime_percent=None, coverage_percent=None),
    )
    totals = day.outage_totals(END)
    assert (totals.began, totals.models, totals.ended, totals.final) == (3, 2, 2, 0)
    assert totals.longest is not None
    assert (totals.longest.model, totals.longest.began_at) == ("b", at(-90))


def test_what_may_need_a_reader_is_known() -> None:
    """What came back, what appeared and a trouble that is over need nobody."""
    over = told(
        [down("a", at(2)), up("a", at(3)), event(EventKind.APPEARED, "b", at(4), to=UP)],
        [outage("a", at(2), at(3))],
        [now("a"), now("b")],
        provider_events=[trouble(EventKind.PROVIDER_DOWN, at(1)), trouble(EventKind.PROVIDER_UP, at(2))],
    )
    assert (over.needs_reader, over.is_quiet) == (False, False)
    still = told([down("a", at(2))], [outage("a", at(2), None)], [now("a", DOWN)])
    gone = told([event(EventKind.RETIRED, "a", at(2), to=GONE, reason="delisted")], after=[now("a", GONE)])
    going = told([event(EventKind.RETIREMENT_ANNOUNCED, "a", at(3))], after=[now("a", retires_at=END)])
    open_trouble = told(provider_events=[trouble(EventKind.PROVIDER_DOWN, at(1))])
    swap = told([event(EventKind.SERVED_MODEL_CHANGED, "a", at(4), detail="a -> b")], after=[now("a")])
    kind = told([event(EventKind.KIND_CHANGED, "a", at(4), detail="chat -> rerank")], after=[now("a")])
    assert all(day.needs_reader for day in (still, gone, going, open_trouble, swap, kind))


# ---- Flapping ----


def test_the_ups_and_downs_of_a_model_that_flaps_are_one_line() -> None:
    changes = [change for hour in (1, 3, 5) for change in (down("a", at(hour)), up("a", at(hour + 1)))]
    day = told(
        [*changes, flap("a", at(6))],
        [outage("a", at(hour), at(hour + 1)) for hour in (1, 3, 5)],
        [now("a", since=at(6), flapping=True)],
    )
    assert [each.is_flapping for each in day.outages] == [True, True, True]
    assert day.flaps == (
        Flap(
            model="a",
            started_at=at(6),
            stopped_at=None,
            percent="35.53 %",
            times=1,
            changes=6,
            status=UP,
            since=at(6),
            reason="ok",
            is_new=True,
        ),
    )


def test_what_flapping_ended_in_is_told_as_an_outage_of_its_own() -> None:
    day = told(
        [up("a", at(2)), down("a", at(3)), flap("a", at(5), stops=True), down("b", at(9))],
        [outage("a", at(-1), at(2)), outage("a", at(3), None), outage("b", at(9), None)],
        [now("a", DOWN), now("b", DOWN)],
        flapping_since={"a": at(-4)},
    )
    assert [(each.model, each.is_flapping) for each in day.outages] == [
        ("a", True),
        ("a", False),
        ("b", False),
    ]
    assert [(each.started_at, each.stopped_at, each.is_new) for each in day.flaps] == [(at(-4), at(5), False)]


def test_of_several_spells_of_flapping_the_last_is_told_and_all_are_counted() -> None:
    day = told(
        [flap("a", at(2), stops=True), flap("a", at(8)), flap("a", at(9), stops=True)],
        after=[now("a")],
        flapping_since={"a": at(-4)},
    )
    assert [(each.times, each.started_at, each.stopped_at) for each in day.flaps] == [(2, at(8), at(9))]


def test_a_model_that_goes_on_flapping_without_a_change_is_no_news() -> None:
    day = told(after=[now("a", flapping=True)], flapping_since={"a": at(-4)})
    assert day.is_quiet
    assert [each.is_news for each in day.flaps] == [False]


def test_a_model_that_flapped_and_was_down_all_the_time_is_still_down_and_nothing_else() -> None:
    day = told(
        outages=[outage("a", at(-9), None)],
        after=[now("a", DOWN, flapping=True)],
        flapping_since={"a": at(-12)},
    )
    assert [each.is_flapping for each in day.still_down] == [False]
    assert (day.flaps, day.is_quiet) == ((), True)


# ---- The provider ----


def trouble(kind: EventKind, moment: datetime, reason: str = "credential") -> EventRow:
    return event(kind, None, moment, reason=reason, detail="HTTP 401")


def test_troubles_open_in_the_span_are_told_and_older_ones_are_not() -> None:
    rejected, accepted = EventKind.CREDENTIAL_REJECTED, EventKind.CREDENTIAL_ACCEPTED
    day = told(
        provider_events=[
            trouble(rejected, at(-50)),
            trouble(accepted, at(-40)),
            trouble(rejected, at(-2)),
            trouble(EventKind.PROVIDER_DOWN, at(1), "provider_outage"),
            trouble(accepted, at(3)),
        ]
    )
    assert day.troubles == (
        Trouble(kind=rejected, cause="credential", began_at=at(-2), ended_at=at(3), detail="HTTP 401"),
        Trouble(
            kind=EventKind.PROVIDER_DOWN,
            cause="provider_outage",
            began_at=at(1),
            ended_at=None,
            detail="HTTP 401",
        ),
    )
    assert not day.is_quiet


def test_what_to_choose_is_handed_on_and_makes_no_day_restless() -> None:
    best = Best(model="a", kind="chat", uptime_percent=100.0, coverage_percent=100.0, latency_p50_ms=300)
    choice = Choice(best=(best,), promising=(replace(best, model="b"),), changed=("chat",))
    choice = replace(choice, changed_promising=("image",))
    day = summarise(SummaryInputs(provider="nvidia", span=SPAN, choice=choice))
    assert (day.best, day.promising, day.changed_choices) == (choice.best, choice.promising, ("chat",))
    assert day.changed_promising == ("image",)
    assert day.is_quiet


def test_a_model_that_is_not_listed_is_not_counted() -> None:
    inputs = SummaryInputs(provider="nvidia", span=SPAN, after={"a": now("a")}, listed=())
    assert summarise(inputs).by_status == {}
