"""Days of a time zone as spans of time: 23, 24 or 25 hours, whatever its clocks do."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Whole days of a time zone, `first` and `last` included; in UTC from `begins_at` to before `ends_at`."""

    first: date
    last: date
    zone: tzinfo
    begins_at: datetime
    ends_at: datetime

    @property
    def timezone(self) -> str:
        """The name of its time zone."""
        return str(self.zone)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


def span_of(first: date, last: date, zone: tzinfo) -> Span:
    """Return the span of days in a time zone. Raises ValueError where `last` comes before `first`."""
    if last < first:
        raise ValueError(f"{last} comes before {first}")
    return Span(
        first=first,
        last=last,
        zone=zone,
        begins_at=begin_of(first, zone),
        ends_at=begin_of(last + _DAY, zone),  # the next day's begin: a day has 23 to 25 hours
    )


def month_of(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def days_until(last: date, days: int, zone: tzinfo) -> Span:
    """Return the span of so many days of which this is the last."""
    return span_of(last - (days - 1) * _DAY, last, zone)


def begin_of(day: date, zone: tzinfo) -> datetime:
    """Return the first moment of a day in UTC; a midnight may be skipped or come twice (PEP 495)."""
    return moment_of(day, time(), zone)


def moment_of(day: date, at: time, zone: tzinfo) -> datetime:
    """Return when clocks of the zone first show a time of a day; one they skip comes as much later."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)  # fold=0 takes the first of two midnights


def day_of(moment: datetime, zone: tzinfo) -> date:
    """Return the day in whose span a moment falls; clocks set back over midnight do not repeat a day."""
    shown = moment.astimezone(zone).date()
    return shown + _DAY if begin_of(shown + _DAY, zone) <= moment else shown


def announced_day(moment: datetime, zone: tzinfo) -> date:
    """Return the day that an announcement names: providers name days, which come as midnight in UTC."""
    shown = moment.astimezone(UTC)
    # a midnight in UTC is a bare date; its day must not move with the zone
    return shown.date() if shown.time() == time() else day_of(moment, zone)
