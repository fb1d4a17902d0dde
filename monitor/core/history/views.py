"""The views of the public interface as data: their columns in the contract's order, and what each holds.

A view that readers have a row of (rows.py) takes its columns from that, so each is declared once.
A row is a tuple of plain values by column: text, whole numbers, doubles, truth values, None for NULL. Moments
are milliseconds since 1970 and days are dates.

The SQL of a view stands in the last migration that creates it: 0011 (`sweep_history`), 0010 (`model_status`,
`uptime_daily`, `uptime_monthly`, `outage_history`, `status_history`, `change_history`), 0009
(`observation_history`), 0004 (`stream_history`), 0002 (`provider_uptime_daily`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from monitor.core.domain.fields import field_types
from monitor.core.history.descriptions import MEANINGS, TITLES
from monitor.core.history.rows import EventRow, ModelRow, StreamRow, SweepRow

Row = tuple[object, ...]


class ColumnType(StrEnum):
    """What a column holds."""

    TEXT = "text"
    INTEGER = "integer"  # 32 bits
    LONG = "long"  # 64 bits
    DOUBLE = "double"
    FLAG = "flag"
    MOMENT = "moment"  # to the millisecond
    SECOND = "second"  # a moment to the second, in milliseconds all the same
    DAY = "day"
    MONTH = "month"  # as its first day


class TimeFilter(StrEnum):
    """How a range of time narrows a view."""

    SWEEPS = "sweeps"  # by the start of a row's sweep
    DAYS = "days"  # by UTC day
    MONTHS = "months"  # by UTC month
    NONE = "none"  # not at all


@dataclass(frozen=True, slots=True)
class Column:
    """A column's name, what it holds and what it means."""

    name: str
    form: ColumnType
    description: str


@dataclass(frozen=True, slots=True)
class View:
    """A view: its columns, those that a row is found and ordered by, how time narrows it, what it shows."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    span: TimeFilter
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What of the history is meant: sweeps started in [since, until), these providers.

    None for no limit, no providers for all of them.
    """

    since: datetime | None = None
    until: datetime | None = None
    providers: tuple[str, ...] = ()


OBSERVATIONS: Final = "observation_history"
_FORMS: Final[Mapping[type, ColumnType]] = {
    int: ColumnType.INTEGER,
    float: ColumnType.DOUBLE,
    bool: ColumnType.FLAG,
    datetime: ColumnType.SECOND,
}
_COUNTED: Final = (
    "checks:integer answered:integer unavailable:integer unknown:integer uptime_percent:double"
    " latency_p50_ms:integer latency_p95_ms:integer publisher"
)
# sweep id times 2**20; a clock can be set by a century
_LONG: Final = frozenset({"event_id", "clock_step_s"})


def _view(name: str, row: type | str, *, key: str, span: TimeFilter = TimeFilter.NONE) -> View:
    """Take the columns from the fields of a row, or from words: `name`, which is text, or `name:form`."""
    forms = (
        dict(map(_form_of, row.split()))
        if isinstance(row, str)
        else {
            field: ColumnType.LONG if field in _LONG else _FORMS.get(kind, ColumnType.TEXT)
            for field, kind in field_types(row).items()
        }
    )
    means = {column: text for names, text in MEANINGS[name].items() for column in names.split()}
    columns = tuple(Column(column, form, means[column]) for column, form in forms.items())
    return View(name, columns, tuple(key.split()), span, TITLES[name])


def _form_of(word: str) -> tuple[str, ColumnType]:
    name, _, form = word.partition(":")
    return name, ColumnType(form or ColumnType.TEXT)


VIEWS: Final[Mapping[str, View]] = {
    view.name: view
    for view in (
        _view("model_status", ModelRow, key="provider model"),
        _view(
            OBSERVATIONS,
            "provider model sweep_id:integer vantage observed_at:moment outcome reason http_status:integer"
            " latency_ms:integer attempts:integer conclusive:flag kind detail served_as",
            key="provider model sweep_id",
            span=TimeFilter.SWEEPS,
        ),
        _view(
            "uptime_daily",
            f"provider model day:day {_COUNTED}",
            key="provider model day",
            span=TimeFilter.DAYS,
        ),
        _view(
            "uptime_monthly",
            f"provider model month:month {_COUNTED}",
            key="provider model month",
            span=TimeFilter.MONTHS,
        ),
        _view(
            "outage_history",
            "provider model began_at:second ended_at:second duration_s:long reason duration_so_far_s:long",
            key="provider model began_at ended_at",
        ),
        _view(
            "status_history",
            "provider model status began_at:second ended_at:second duration_s:long reason"
            " duration_so_far_s:long",
            key="provider model began_at ended_at status",
        ),
        _view("change_history", EventRow, key="event_id", span=TimeFilter.SWEEPS),
        _view("sweep_history", SweepRow, key="sweep_id", span=TimeFilter.SWEEPS),
        _view(
            "provider_uptime_daily",
            "provider day:day sweeps:integer conclusive:integer provider_down:integer our_fault:integer"
            " interrupted:integer missed:integer",
            key="provider day",
            span=TimeFilter.DAYS,
        ),
        _view("stream_history", StreamRow, key="provider model sweep_id", span=TimeFilter.SWEEPS),
    )
}
