"""The days and months that are still being counted, as a process remembers them from sweep to sweep.

A sweep adds one observation to each. What stands is not read back for that: who recorded the sweep before
knows it, and a change by anyone else is noticed (store/write/latest.py).
"""

from array import array
from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, select

from monitor.clock import DAY_MS, day_millis
from monitor.core.history.calendar import month_of
from monitor.core.history.growing_histogram import GrowingHistogram, with_value
from monitor.core.history.latency_histogram import count_values, encode, exact_percentile
from monitor.store.derived.daily import Counted, count
from monitor.store.facts.rows import renew_rows
from monitor.store.schema import daily, model, monthly

_OUTCOMES: Final = ("answered", "unavailable", "unknown")


class RunningDay:
    """One model's day: how its observations came out, and each latency, so that percentiles are exact."""

    __slots__ = ("_encoded", "_latencies", *_OUTCOMES)

    def __init__(self, counted: Counted) -> None:
        """Begin with what was counted of it."""
        self.answered, self.unavailable, self.unknown = counted.answered, counted.unavailable, counted.unknown
        self._latencies = array("i", sorted(counted.latencies))
        self._encoded = encode(count_values(self._latencies))

    def add(self, counted: Counted) -> None:
        """Add what a sweep counted."""
        self.answered += counted.answered
        self.unavailable += counted.unavailable
        self.unknown += counted.unknown
        for latency in counted.latencies:
            insort(self._latencies, latency)
            self._encoded = with_value(self._encoded, latency)

    def row(self, model_id: int, day: date) -> tuple[Any, ...]:
        """Return it as a row of `daily`."""
        outcomes = (self.answered, self.unavailable, self.unknown)
        percentiles = (exact_percentile(self._latencies, percent) for percent in (50, 95))
        return (model_id, day, sum(outcomes), *outcomes, *percentiles, self._encoded or None)


class RunningMonth:
    """One model's month: how its observations came out, and the histogram of their latencies."""

    __slots__ = ("_histogram", *_OUTCOMES)

    def __init__(self, row: Mapping[str, Any] | RowMapping | None) -> None:
        """Begin with a row of `monthly`, or with nothing."""
        self.answered, self.unavailable, self.unknown = (row[name] if row else 0 for name in _OUTCOMES)
        self._histogram = GrowingHistogram((row and row["latency_sketch"]) or b"")

    def add(self, counted: Counted) -> None:
        """Add what a sweep counted."""
        self.answered += counted.answered
        self.unavailable += counted.unavailable
        self.unknown += counted.unknown
        for latency in counted.latencies:
            self._histogram.add(latency)

    def row(self, model_id: int, month: date) -> tuple[Any, ...]:
        """Return it as a row of `monthly`."""
        outcomes = (self.answered, self.unavailable, self.unknown)
        percentiles, encoded = self._histogram.percentiles(), self._histogram.encoded
        return (model_id, month, sum(outcomes), *outcomes, *percentiles, encoded or None)


class RunningCounts:
    """What a process remembers of a provider's last days and months, by model."""

    def __init__(self) -> None:
        """Begin with nothing: each day and month is read once."""
        self._days: dict[date, dict[int, RunningDay]] = {}
        self._months: dict[date, dict[int, RunningMonth]] = {}

    def add(self, connection: Connection, provider_id: int, added: Mapping[date, Sequence[Counted]]) -> None:
        """Write days and months with what the latest sweep, recorded before, counted of each day in them."""
        for day, figures in added.items():
            self._add_to_day(connection, provider_id, day, figures)
            self._add_to_month(connection, provider_id, month_of(day), figures)
        _forget(self._days, added)
        _forget(self._months, map(month_of, added))

    def _add_to_day(
        self, connection: Connection, provider_id: int, day: date, figures: Sequence[Counted]
    ) -> None:
        days = self._days.get(day)
        if days is None:  # the sweep is recorded: a count of the whole day has it
            days = self._days[day] = _counted_day(connection, provider_id, day)
        else:
            for counted in figures:
                if running := days.get(counted.model_id):
                    running.add(counted)
                else:
                    days[counted.model_id] = RunningDay(counted)
        rows = [days[counted.model_id].row(counted.model_id, day) for counted in figures]
        renew_rows(connection, daily, rows)

    def _add_to_month(
        self, connection: Connection, provider_id: int, month: date, figures: Sequence[Counted]
    ) -> None:
        months = self._months.get(month)
        if months is None:
            months = self._months[month] = _stored_month(connection, provider_id, month)
        for counted in figures:
            months.setdefault(counted.model_id, RunningMonth(None)).add(counted)
        rows = [months[counted.model_id].row(counted.model_id, month) for counted in figures]
        renew_rows(connection, monthly, rows)


def _counted_day(connection: Connection, provider_id: int, day: date) -> dict[int, RunningDay]:
    begins_at = day_millis(day)
    counted = count(connection, provider_id, begins_at, begins_at + DAY_MS, origin=0, part_ms=DAY_MS)
    return {figures.model_id: RunningDay(figures) for figures in counted}


def _stored_month(connection: Connection, provider_id: int, month: date) -> dict[int, RunningMonth]:
    models = select(model.c.id).where(model.c.provider_id == provider_id)
    stored = select(monthly).where(monthly.c.model_id.in_(models), monthly.c.month == month)
    return {row["model_id"]: RunningMonth(row) for row in connection.execute(stored).mappings()}


def _forget(running: dict[date, Any], added: Iterable[date]) -> None:
    """Forget what is over: sweeps go forward."""
    first = min(added, default=None)
    for begin in [begin for begin in running if first is not None and begin < first]:
        del running[begin]
