"""Lines of counts: what the sweeps of a window saw of each model, and how many were due (rules.md 27)."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Connection

from monitor.clock import DAY_MS, to_day, to_millis
from monitor.core.history.latency_histogram import exact_percentile, merge_encoded, percentile
from monitor.core.history.rows import WindowRow
from monitor.store.derived.daily import count
from monitor.store.derived.horizon import read_bounds
from monitor.store.query.daily import read_histograms, read_totals
from monitor.store.query.filters import models, names
from monitor.store.statistics.missed_checks import count_uninformative


@dataclass(slots=True)
class WindowTotals:
    """How a model's observations came out, and the latencies of its available answers.

    Those of whole days are in `histograms`, one of core/history/latency_histogram.py for each day.
    """

    answered: int = 0
    unavailable: int = 0
    unknown: int = 0
    latencies: list[int] = field(default_factory=list)
    histograms: list[bytes] = field(default_factory=list)

    def add(self, answered: int, unavailable: int, unknown: int) -> None:
        """Add observations."""
        self.answered += answered
        self.unavailable += unavailable
        self.unknown += unknown

    def percentiles(self) -> tuple[int | None, int | None]:
        """Return the 50th and the 95th nearest-rank percentile in ms, exact unless there are histograms."""
        if self.histograms:
            merged = merge_encoded(self.histograms, self.latencies)
            return percentile(merged, 50), percentile(merged, 95)
        ascending = sorted(self.latencies)
        return exact_percentile(ascending, 50), exact_percentile(ascending, 95)


def read_counts(
    connection: Connection,
    begins_at: datetime,
    ends_at: datetime,
    provider: str | None = None,
    model: str | None = None,
    *,
    latencies: bool = True,
) -> list[WindowRow]:
    """Return the counts of each model that was due in [`begins_at`, `ends_at`), by provider and id.

    Without `latencies` the rows have none, which is quicker. See `count_window` for how exact they are. A day
    whose observations were pruned counts only where the window has all of it.
    """
    rows = models(connection, names(provider, model))
    totals, uninformative = dict[int, WindowTotals](), dict[int, int]()
    for owner, number in {model_row.provider_id: model_row.id for model_row in rows}.items():
        only = None if model is None else number
        window = _without_pruned_edges(connection, owner, to_millis(begins_at), to_millis(ends_at))
        params = (connection, owner, *window, only)
        totals |= count_window(*params, latencies=latencies)
        uninformative |= count_uninformative(*params)
    return [
        _row(
            model_row.provider,
            model_row.model,
            totals.get(model_row.id, WindowTotals()),
            uninformative.get(model_row.id, 0),
        )
        for model_row in rows
        if model_row.id in totals or model_row.id in uninformative
    ]


def _without_pruned_edges(
    connection: Connection, provider_id: int, begins_at: int, ends_at: int
) -> tuple[int, int]:
    """Leave out days that were pruned and that the window has only a part of: that part is lost."""
    kept_from = read_bounds(connection, provider_id).begins_at
    begin = -(-begins_at // DAY_MS) * DAY_MS if begins_at < kept_from else begins_at
    end = ends_at // DAY_MS * DAY_MS if ends_at < kept_from else ends_at
    return begin, end


def count_window(
    connection: Connection,
    provider_id: int,
    begins_at: int,
    ends_at: int,
    model_id: int | None = None,
    *,
    latencies: bool = True,
) -> dict[int, WindowTotals]:
    """Count each model's observations made in [`begins_at`, `ends_at`), in ms since 1970; or one model's.

    Whole UTC days are taken from `daily`, which is far quicker. Counts are exact. Percentiles are so in a
    window without a whole day; in others they are at most the histogram's STATED_ERROR off.
    """
    totals = defaultdict[int, WindowTotals](WindowTotals)
    first, end = -(-begins_at // DAY_MS) * DAY_MS, ends_at // DAY_MS * DAY_MS
    edges = [(begins_at, ends_at)]
    if first < end:
        days = to_day(first), to_day(end - 1)
        _add_days(connection, provider_id, days, model_id, totals, latencies=latencies)
        edges = [(begins_at, first), (end, ends_at)]  # what lies before the first and after the last midnight
    for begin, end in edges:
        length = max(end - begin, 1)  # a part of zero length would divide by zero
        for part in count(connection, provider_id, begin, end, model_id, origin=begin, part_ms=length):
            totals[part.model_id].add(part.answered, part.unavailable, part.unknown)
            totals[part.model_id].latencies += part.latencies if latencies else ()
    return totals


def _add_days(
    connection: Connection,
    provider_id: int,
    days: tuple[date, date],
    model_id: int | None,
    totals: defaultdict[int, WindowTotals],
    *,
    latencies: bool,
) -> None:
    for number, *counted in read_totals(connection, provider_id, *days, model_id):
        totals[number].add(*counted)
    if latencies:
        for number, histogram in read_histograms(connection, provider_id, *days, model_id):
            totals[number].histograms.append(histogram)


def _row(provider: str, model: str, total: WindowTotals, uninformative: int) -> WindowRow:
    """Return a line: every observation is of a sweep that was due, and clear unless it is unknown."""
    informative = total.answered + total.unavailable
    p50, p95 = total.percentiles()
    return WindowRow(
        provider=provider,
        model=model,
        answered=total.answered,
        unavailable=total.unavailable,
        unknown=total.unknown,
        clear_or_answered=informative,
        due=informative + total.unknown + uninformative,
        latency_p50_ms=p50,
        latency_p95_ms=p95,
    )
