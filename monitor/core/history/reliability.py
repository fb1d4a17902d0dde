"""What a window of time says of how reliable models are: uptime, coverage, outages and their mean times.

Everything is as known when the window ended: an outage that ended later is still open.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from monitor.core.domain.vocabulary import EventKind, Status
from monitor.core.history.reliability_values import Reliability
from monitor.core.history.rows import EventRow, OutageRow, WindowRow, percent

K = TypeVar("K", bound=Hashable)
Key = tuple[str, str]  # provider and model

STATUS_KINDS = frozenset(
    {
        EventKind.APPEARED,
        EventKind.REAPPEARED,
        EventKind.BECAME_AVAILABLE,
        EventKind.BECAME_UNAVAILABLE,
        EventKind.RETIRED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFigures:
    """All that is counted in the window [`begins_at`, `ends_at`).

    `outages` are those that lasted or ended in it, `available` is how long each model was available in it.
    """

    begins_at: datetime
    ends_at: datetime
    counts: tuple[WindowRow, ...]
    outages: tuple[OutageRow, ...]
    available: Mapping[Key, timedelta]


@dataclass(frozen=True, slots=True, kw_only=True)
class Uptime:
    """What is reported of a model in a window, or of a provider (`model` is None) with its models pooled.

    Latencies are those of a model's available answers. None where there is no data.
    """

    provider: str
    model: str | None
    uptime_percent: float | None
    coverage_percent: float | None
    checks: int
    outages: int
    downtime_s: float
    mttr_s: float | None
    mtbf_s: float | None
    latency_p50_ms: int | None
    latency_p95_ms: int | None


def by_model(figures: WindowFigures) -> dict[Key, WindowFigures]:
    """Return the figures of each model that was due or down in the window, by provider and id."""
    parts = _split(figures, lambda provider, model: (provider, model))
    return {key: part for key, part in sorted(parts.items()) if part.counts or part.outages}


def by_provider(figures: WindowFigures) -> dict[str, WindowFigures]:
    """Return the figures of each provider, by name."""
    return dict(sorted(_split(figures, lambda provider, _: provider).items()))


def narrowed(figures: WindowFigures, covers: Callable[[Key], bool]) -> WindowFigures:
    """Return the figures of those models alone that are covered."""
    return replace(
        figures,
        counts=tuple(row for row in figures.counts if covers((row.provider, row.model))),
        outages=tuple(row for row in figures.outages if covers((row.provider, row.model))),
        available={key: time for key, time in figures.available.items() if covers(key)},
    )


def _split(figures: WindowFigures, part_of: Callable[[str, str], K]) -> dict[K, WindowFigures]:
    counts, outages = defaultdict[K, list[WindowRow]](list), defaultdict[K, list[OutageRow]](list)
    available = defaultdict[K, dict[Key, timedelta]](dict)
    for row in figures.counts:
        counts[part_of(row.provider, row.model)].append(row)
    for outage in figures.outages:
        outages[part_of(outage.provider, outage.model)].append(outage)
    for key, time in figures.available.items():
        available[part_of(*key)][key] = time
    return {
        part: replace(
            figures, counts=tuple(counts[part]), outages=tuple(outages[part]), available=available[part]
        )
        for part in {**counts, **outages, **available}
    }


def reliability(figures: WindowFigures) -> Reliability:
    """Pool all models of the figures into one answer.

    Outages count in the window in which they began, their lengths in the one in which they ended.
    """
    begun = sum(figures.begins_at <= outage.began_at < figures.ends_at for outage in figures.outages)
    lengths_s = [
        max(outage.ended_at - outage.began_at, timedelta()).total_seconds()
        for outage in figures.outages
        if outage.ended_at is not None and figures.begins_at <= outage.ended_at < figures.ends_at
    ]
    available_s = sum(figures.available.values(), timedelta()).total_seconds()
    answered = sum(row.answered for row in figures.counts)
    unavailable = sum(row.unavailable for row in figures.counts)
    informative = sum(row.clear_or_answered for row in figures.counts)
    return Reliability(
        uptime_percent=percent(answered, answered + unavailable),
        coverage_percent=percent(informative, sum(row.due for row in figures.counts)),
        outages=begun,
        mttr_s=sum(lengths_s) / len(lengths_s) if lengths_s else None,  # None: no outage has no mean length
        mtbf_s=available_s / begun if begun else None,
    )


def downtime(outages: Iterable[OutageRow], begins_at: datetime, ends_at: datetime) -> timedelta:
    """Return how long these outages lasted inside the window, an open one to its end."""
    return sum(
        (
            max(min(outage.ended_at or ends_at, ends_at) - max(outage.began_at, begins_at), timedelta())
            for outage in outages
        ),
        timedelta(),
    )


def available_time(
    status: str | None, events: Iterable[EventRow], begins_at: datetime, ends_at: datetime
) -> timedelta:
    """Return how long a model was available in the window.

    `status` is what was believed at its begin (None for a model unknown then), `events` are its status events
    confirmed in the window, in their order. A status begins where its event began, a retirement where it was
    confirmed (rules.md 21). Times that run backwards, as in overlapping sweeps, add nothing twice.
    """
    total, since = timedelta(), begins_at
    for event in events:
        # a retirement is believed from where it was confirmed (rules.md 21)
        moment = event.confirmed_at if event.kind == EventKind.RETIRED else event.began_at
        until = max(since, min(moment, ends_at))  # overlapping sweeps may run backwards
        total += until - since if status == Status.AVAILABLE else timedelta()
        status, since = event.to_status, until
    return total + (max(ends_at - since, timedelta()) if status == Status.AVAILABLE else timedelta())


def available_times(
    statuses: Mapping[Key, str], events: Iterable[EventRow], begins_at: datetime, ends_at: datetime
) -> dict[Key, timedelta]:
    """Return how long each model was available in the window; `statuses` are those at its begin."""
    changes = {key: list[EventRow]() for key in statuses}
    for event in events:
        if event.model is not None:
            changes.setdefault((event.provider, event.model), []).append(event)
    return {key: available_time(statuses.get(key), own, begins_at, ends_at) for key, own in changes.items()}


def model_uptimes(figures: WindowFigures) -> list[Uptime]:
    """Return a line for each model that was due or down in the window, by provider and id."""
    return [_uptime(provider, model, part) for (provider, model), part in by_model(figures).items()]


def provider_uptimes(figures: WindowFigures) -> list[Uptime]:
    """Return a line for each provider that has one of a model, by name."""
    parts = by_provider(figures).items()
    return [_uptime(name, None, part) for name, part in parts if part.counts or part.outages]


def _uptime(provider: str, model: str | None, figures: WindowFigures) -> Uptime:
    pooled = reliability(figures)
    counts = None if model is None else next(iter(figures.counts), None)
    return Uptime(
        provider=provider,
        model=model,
        uptime_percent=pooled.uptime_percent,
        coverage_percent=pooled.coverage_percent,
        checks=sum(row.checks for row in figures.counts),
        outages=pooled.outages,
        downtime_s=downtime(figures.outages, figures.begins_at, figures.ends_at).total_seconds(),
        mttr_s=pooled.mttr_s,
        mtbf_s=pooled.mtbf_s,
        latency_p50_ms=counts.latency_p50_ms if counts else None,
        latency_p95_ms=counts.latency_p95_ms if counts else None,
    )
