"""A summary as JSON values: stable keys, UTC moments to the millisecond, lengths in seconds, stable codes."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime, timedelta

from monitor.core.history.reliability_values import Reliability, SweepCounts
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
from monitor.report.summary.counts import counts_of, headline, news, summary_title
from monitor.report.words.paths import Links
from monitor.report.words.times import iso_millis

_Value = Arrival | Best | Down | Flap | Going | Retirement | SilentSwap | Switch | Trouble


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
        "providers": [_provider(each, summary.until, links) for each in summary.providers],
    }


def _provider(found: ProviderSummary, until: datetime, links: Links | None) -> dict[str, object]:
    def rows(values: Iterable[_Value]) -> list[dict[str, object]]:
        return [_row(each, until) | _url(found.provider, each, links) for each in values]

    return {
        "provider": found.provider,
        "watched": found.is_watched,
        "quiet": found.is_quiet,
        "headline": news(found),
        "counts": counts_of(found),
        "listed": dict(sorted((str(status), number) for status, number in found.by_status.items())),
        "sweeps": _sweeps(found.sweeps),
        "uptime": _reliability(found.reliability),
        "uptime_30d": _reliability(found.reliability_30d),
        "troubles": rows(found.troubles),
        "retired": rows(found.retirements),
        "going": rows(found.going),
        "outages": rows(found.outages),
        "still_down": rows(found.still_down),
        "flapping": rows(found.flaps),
        "arrivals": rows(found.arrivals),
        "kind_changes": rows(found.switches),
        "silent_swaps": rows(found.swaps),
        "best": rows(found.best),
    }


def _url(provider: str, value: _Value, links: Links | None) -> dict[str, object]:
    if links is None or isinstance(value, Trouble):
        return {}
    return {"url": links.model(provider, value.model)}


def _row(value: _Value, until: datetime) -> dict[str, object]:
    row = {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Down | Trouble):
        row["duration_s"] = _seconds((value.ended_at or until) - value.began_at)
    return row


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return iso_millis(value)
    return str(value) if isinstance(value, str) else value


def _seconds(duration: timedelta) -> float:
    return max(0.0, round(duration.total_seconds(), 3))


def _sweeps(sweeps: SweepCounts) -> dict[str, object]:
    return {
        "made": sweeps.made,
        "conclusive": sweeps.conclusive,
        "inconclusive": dict(sorted(sweeps.inconclusive.items())),
        "missed": sweeps.missed,
    }


def _reliability(found: Reliability) -> Mapping[str, object]:
    return {each.name: getattr(found, each.name) for each in fields(found)}
