"""What a span of days was for one provider: its events and figures for readers (docs/summaries.md)."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from monitor.core.domain.vocabulary import EventKind, Kind, Status
from monitor.core.history.calendar import Span, announced_day
from monitor.core.history.rows import EventRow
from monitor.core.lifecycle.guard import CLOSED_BY
from monitor.core.lifecycle.rules import BASELINE
from monitor.core.notification.suppression import sides
from monitor.core.summary.inputs import SummaryInputs
from monitor.core.summary.standing import favourites_of, is_listed, outages_by_model, standing_of
from monitor.core.summary.values import (
    Arrival,
    Down,
    Flap,
    Going,
    ProviderSummary,
    Retirement,
    SilentSwap,
    Switch,
    Trouble,
    Way,
)

SOON: Final = 30  # so many days ahead an announced end is repeated
_OPENED_BY: Mapping[str, str] = {closing: opening for opening, closing in CLOSED_BY.items()}
_UPS_AND_DOWNS = frozenset({EventKind.BECAME_AVAILABLE, EventKind.BECAME_UNAVAILABLE})


def summarise(inputs: SummaryInputs) -> ProviderSummary:
    """Return what the span was for the provider."""
    flaps = _flaps(inputs)
    downs = _downs(inputs, {flap.model: flap.stopped_at for flap in flaps})
    still_down = tuple(down for down in downs if not down.is_new and down.ended_at is None)
    lasting = {down.model for down in still_down}
    retirements = _retirements(inputs)
    gone = {retirement.model for retirement in retirements if not retirement.is_back}
    return ProviderSummary(
        provider=inputs.provider,
        sweeps=inputs.sweeps,
        reliability=inputs.reliability,
        reliability_30d=inputs.reliability_30d,
        is_watched=inputs.is_watched,
        by_status=Counter(now.status for now in inputs.after.values() if is_listed(now, inputs)),
        standing=standing_of(inputs),
        baseline=len(_baseline(inputs)),
        arrivals=_arrivals(inputs, {flap.model for flap in flaps}, gone),
        retirements=retirements,
        going=_going(inputs),
        outages=tuple(down for down in downs if down.is_new or down.ended_at),
        still_down=still_down,
        by_model=outages_by_model(inputs, downs),
        flaps=tuple(flap for flap in flaps if flap.is_news or flap.model not in lasting),
        switches=tuple(
            Switch(model=event.model or "", at=event.confirmed_at, before=before, after=after)
            for event in inputs.of(EventKind.KIND_CHANGED)
            for before, after in [sides(event.detail)]
        ),
        swaps=_swaps(inputs),
        troubles=_troubles(inputs),
        favourites=favourites_of(inputs),
        best=inputs.choice.best,
        promising=inputs.choice.promising,
        changed_choices=inputs.choice.changed,
        changed_promising=inputs.choice.changed_promising,
    )


def _baseline(inputs: SummaryInputs) -> frozenset[str | None]:
    appeared = inputs.of(EventKind.APPEARED)
    return frozenset(event.model for event in appeared if event.detail == BASELINE)


# Coming and going


def _arrivals(inputs: SummaryInputs, flapping: Collection[str], gone: Collection[str]) -> tuple[Arrival, ...]:
    """Return each model that came, once, by the first way in which it came.

    Of one that flaps only the appearance is reported, and of one that is `gone` no reappearance.
    """
    stock, ended = _baseline(inputs), {(outage.model, outage.ended_at) for outage in inputs.outages}
    arrivals = dict[str, Arrival]()
    for event in inputs.events:
        way = _way(event, is_end_of_outage=(event.model, event.began_at) in ended)
        # the first way counts: it appeared and became available is one arrival
        if event.model is None or way is None or event.model in arrivals:
            continue
        is_told = way in {Way.APPEARED, Way.REAPPEARED} or event.model not in {*stock, *flapping}
        if is_told and not (way == Way.REAPPEARED and event.model in gone):
            arrivals[event.model] = _arrival(inputs, event, event.model, way)
    return tuple(arrivals.values())


def _way(event: EventRow, *, is_end_of_outage: bool) -> Way | None:
    if event.kind == EventKind.APPEARED and event.detail != BASELINE:
        return Way.APPEARED
    if event.kind == EventKind.REAPPEARED:
        return Way.REAPPEARED
    if event.kind == EventKind.BECAME_AVAILABLE and not is_end_of_outage:
        return Way.ANSWERED
    is_first = event.kind == EventKind.BECAME_UNAVAILABLE and event.from_status == Status.NEW
    return Way.REFUSED if is_first else None


def _arrival(inputs: SummaryInputs, event: EventRow, model: str, way: Way) -> Arrival:
    now = inputs.after.get(model)
    is_busy = now is not None and now.status == Status.AVAILABLE and model in inputs.busy
    return Arrival(
        model=model,
        at=event.began_at,
        way=way,
        kind=now.kind if now else Kind.UNKNOWN,
        status=(now.status if now else event.to_status) or Status.NEW,
        reason=now.reason if now else event.reason,
        is_busy=is_busy,
        http_status=inputs.busy.get(model) if is_busy else None,
    )


def _retirements(inputs: SummaryInputs) -> tuple[Retirement, ...]:
    last = dict[str, Retirement]()  # the last of the span: before it the model was back
    for event in inputs.of(EventKind.RETIRED):
        if event.model is None:
            continue
        last.pop(event.model, None)  # else it would keep the place of its first one
        last[event.model] = Retirement(
            model=event.model,
            at=event.began_at,
            reason=event.reason,
            is_back=event.model in inputs.after and inputs.after[event.model].status != Status.RETIRED,
        )
    return tuple(last.values())


def _going(inputs: SummaryInputs) -> tuple[Going, ...]:
    announced = {event.model for event in inputs.of(EventKind.RETIREMENT_ANNOUNCED)}
    going = []
    for model, now in inputs.after.items():
        on, is_new = now.retires_at, model in announced
        if on is None or now.status == Status.RETIRED or not (is_new or _is_soon(on, inputs.span)):
            continue
        earlier = inputs.before[model].retires_at if is_new and model in inputs.before else None
        going.append(Going(model=model, on=on, is_new=is_new, was=None if earlier == on else earlier))
    return tuple(sorted(going, key=lambda model: (model.on, model.model)))


def _is_soon(on: datetime, span: Span) -> bool:
    # by days, not moments: west of UTC a bare date of tomorrow begins before today ends
    return 0 < (announced_day(on, span.zone) - span.last).days <= SOON


def _swaps(inputs: SummaryInputs) -> tuple[SilentSwap, ...]:
    """Return one for each model, by its first change: from who answered before all to who answers now."""
    swaps = dict[str, SilentSwap]()
    for event in inputs.of(EventKind.SERVED_MODEL_CHANGED):
        before, after = sides(event.detail)
        model = event.model or ""
        fresh = SilentSwap(model=model, at=event.began_at, before=before, after=after)
        earlier = swaps.get(model)
        swaps[model] = (
            replace(fresh, before=earlier.before, changes=earlier.changes + 1) if earlier else fresh
        )
    return tuple(swaps.values())


# Down and up


def _downs(inputs: SummaryInputs, flapping: Mapping[str, datetime | None]) -> list[Down]:
    """Return the outages that concern the span, oldest first; `flapping` maps to when it stopped, if so."""
    begun = {(event.model, event.began_at) for event in inputs.of(EventKind.BECAME_UNAVAILABLE)}
    ended = {(event.model, event.began_at) for event in inputs.of(EventKind.BECAME_AVAILABLE)}
    final = {(event.model, event.confirmed_at) for event in inputs.of(EventKind.RETIRED)}
    downs = []
    for outage in sorted(inputs.outages, key=lambda outage: (outage.began_at, outage.model)):
        is_new = (outage.model, outage.began_at) in begun
        if not is_new and outage.ended_at and (outage.model, outage.ended_at) not in ended | final:
            continue  # it was over and known to be before the span
        down = Down(
            model=outage.model,
            began_at=outage.began_at,
            ended_at=outage.ended_at,
            reason=outage.reason,
            is_new=is_new,
            is_final=(outage.model, outage.ended_at) in final,
        )
        downs.append(replace(down, is_flapping=_is_damped(down, flapping)))
    return downs


def _is_damped(down: Down, flapping: Mapping[str, datetime | None]) -> bool:
    """Say whether an outage is one of the ups and downs of a model that flaps, not what it stays in."""
    if down.model not in flapping or not (down.is_new or down.ended_at):
        return False
    stopped_at = flapping[down.model]
    return stopped_at is None or (down.ended_at is not None and down.ended_at <= stopped_at)


def _flaps(inputs: SummaryInputs) -> tuple[Flap, ...]:
    flapped = defaultdict[str, list[EventRow]](list)
    for event in inputs.of(EventKind.FLAPPING_STARTED, EventKind.FLAPPING_STOPPED):
        flapped[event.model or ""].append(event)
    changes = Counter(event.model for event in inputs.of(*_UPS_AND_DOWNS))
    models = {*flapped, *(model for model in inputs.flapping_since if model in inputs.after)}
    flaps = (
        _flap(inputs, model, flapped[model], changes[model]) for model in models if model in inputs.after
    )
    return tuple(sorted(flaps, key=lambda flap: (flap.started_at, flap.model)))


def _flap(inputs: SummaryInputs, model: str, events: Sequence[EventRow], changes: int) -> Flap:
    started = [event.confirmed_at for event in events if event.kind == EventKind.FLAPPING_STARTED]
    stopped = [event.confirmed_at for event in events if event.kind == EventKind.FLAPPING_STOPPED]
    before, now = inputs.flapping_since.get(model), inputs.after[model]
    return Flap(
        model=model,
        started_at=max(started, default=before or inputs.span.begins_at),
        stopped_at=None if now.flapping else max(stopped, default=None),
        percent=events[-1].detail if events else None,
        times=len(started) + (before is not None),
        changes=changes,
        status=now.status,
        since=now.since,
        reason=now.reason,
        is_new=bool(started),
    )


# The provider itself


def _troubles(inputs: SummaryInputs) -> tuple[Trouble, ...]:
    troubles, opened = list[Trouble](), dict[str, Trouble]()
    for event in inputs.provider_events:
        if event.kind in CLOSED_BY:
            opened[event.kind] = Trouble(
                kind=event.kind,
                cause=event.reason,
                began_at=event.began_at,
                ended_at=None,
                detail=event.detail,
            )
        # a closing without its opening, as after a void, is no trouble
        elif trouble := opened.pop(_OPENED_BY.get(event.kind, ""), None):
            troubles.append(replace(trouble, ended_at=event.confirmed_at))
    begin = inputs.span.begins_at
    recent = [trouble for trouble in troubles if trouble.ended_at and trouble.ended_at >= begin]
    return tuple(sorted([*recent, *opened.values()], key=lambda trouble: (trouble.began_at, trouble.kind)))
