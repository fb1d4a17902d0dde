"""A summary as JSON values: stable keys, UTC moments to the millisecond, lengths in seconds, stable codes."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime

from monitor.core.history.reliability_values import Reliability, SweepCounts
from monitor.core.summary.standing_values import Favourite, ModelOutages, Standing
from monitor.core.summary.values import (
    Arrival,
    Best,
    Down,
    Flap,
    Going,
    ProviderSummary,
    Retirement,
    SilentSwap,
    Summary,
    Switch,
    Trouble,
)
from monitor.report.summary.counts import counts_of, headline, lasting_news, summary_title
from monitor.report.words.paths import Links
from monitor.report.words.times import iso_millis

_Value = (
    Arrival
    | Best
    | Down
    | Favourite
    | Flap
    | Going
    | ModelOutages
    | Retirement
    | SilentSwap
    | Switch
    | Trouble
)


def summary_document(summary: Summary, links: Links | None = None) -> dict[str, object]:
    """Return a summary as JSON values; with links each line of a model has its `url`."""
    span = summary.span
    return {
        "title": summary_title(summary),
        "headline": headline(summary),
        "first": str(span.first),
        "last": str(span.last),
        "timezone": span.timezone,
        "begins_at": iso_millis(span.begins_at),
        "ends_at": iso_millis(span.ends_at),
        "known_until": iso_millis(summary.until),
        "complete": summary.is_complete,
        **({"url": links.span(span)} if links else {}),
        "undelivered": dict(sorted(summary.undelivered.items())),
        "providers": [_provider(summary, part, links) for part in summary.providers],
    }


def _provider(summary: Summary, part: ProviderSummary, links: Links | None) -> dict[str, object]:
    until = summary.until

    def rows(values: Iterable[_Value]) -> list[dict[str, object]]:
        return [_row(value, until) | _url(part.provider, value, links) for value in values]

    return {
        "provider": part.provider,
        "watched": part.is_watched,
        "quiet": part.is_quiet,
        "needs_reader": part.needs_reader,
        "headline": lasting_news(part, summary),
        "counts": counts_of(part),
        "standing": {**_plain_fields(part.standing), "total": part.standing.total},
        "listed": dict(sorted((str(status), number) for status, number in part.by_status.items())),
        "sweeps": _sweeps(part.sweeps),
        "uptime": _plain_fields(part.reliability),
        "uptime_30d": _plain_fields(part.reliability_30d),
        "troubles": rows(part.troubles),
        "retired": rows(part.retirements),
        "going": rows(part.going),
        "outages": rows(part.outages),
        "still_down": rows(part.still_down),
        "outage_totals": _totals(part, until),
        "by_model": rows(part.by_model),
        "flapping": rows(part.flaps),
        "arrivals": rows(part.arrivals),
        "kind_changes": rows(part.switches),
        "silent_swaps": rows(part.swaps),
        "best": rows(part.best),
        "promising": rows(part.promising),
        "best_changed": bool(part.changed_choices),
        "best_changed_kinds": list(part.changed_choices),
        "promising_changed_kinds": list(part.changed_promising),
        "favourites": rows(part.favourites),
    }


def _sweeps(sweeps: SweepCounts) -> dict[str, object]:
    return {
        "made": sweeps.made,
        "conclusive": sweeps.conclusive,
        "inconclusive": dict(sorted(sweeps.inconclusive.items())),
        "missed": sweeps.missed,
        "missed_because": sweeps.missed_because,
    }


def _totals(part: ProviderSummary, until: datetime) -> dict[str, object]:
    totals = part.outage_totals(until)
    return {
        "began": totals.began,
        "models": totals.models,
        "ended": totals.ended,
        "final": totals.final,
        "longest": None if totals.longest is None else _row(totals.longest, until),
    }


def _url(provider: str, value: _Value, links: Links | None) -> dict[str, object]:
    if links is None or isinstance(value, Trouble):  # a trouble is of the provider, which has no page
        return {}
    return {"url": links.model(provider, value.model)}


def _row(value: _Value, until: datetime) -> dict[str, object]:
    row = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Down | Trouble):
        duration = (value.ended_at or until) - value.began_at
        row["duration_s"] = max(0.0, round(duration.total_seconds(), 3))
    return row


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return iso_millis(value)
    return str(value) if isinstance(value, str) else value


def _plain_fields(figures: Reliability | Standing) -> Mapping[str, object]:
    return {field.name: getattr(figures, field.name) for field in fields(figures)}
