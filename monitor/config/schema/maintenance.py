"""Maintenance windows: sweeps and events are recorded, notifications are suppressed."""

from datetime import UTC, datetime, timedelta, tzinfo

from pydantic import Field, model_validator

from monitor.config.schema.fields import Cron, Moment, SilentGlobs, WindowLength
from monitor.config.schema.table import Table, Text, impossible


class MaintenanceSettings(Table):
    """One window: `from` and `to`, or every time that `cron` says for `duration`; whose, as patterns.

    A moment without an offset is meant in `schedule.timezone`.
    """

    begins: Moment | None = Field(default=None, alias="from")  # `from` is a keyword of Python
    ends: Moment | None = Field(default=None, alias="to")
    cron: Cron | None = None
    duration: WindowLength | None = None
    provider: Text = "*"
    models: SilentGlobs = ("*",)

    @model_validator(mode="after")
    def _check(self) -> "MaintenanceSettings":
        once = {"from": self.begins, "to": self.ends}
        again = {"cron": self.cron, "duration": self.duration}
        for form, other in ((once, again), (again, once)):
            missing = [key for key, value in form.items() if value is None]
            if len(missing) == 1:
                (present,) = form.keys() - missing
                raise impossible((missing[0], f"is missing; {present} needs it"))
            if not missing and any(value is not None for value in other.values()):
                raise impossible(("cron", "cannot be combined with from and to; keep one of the two forms"))
        if self.begins is None and self.cron is None:
            raise impossible(("from", "is missing; write from and to, or cron and duration"))
        return self

    def span(self, zone: tzinfo) -> tuple[datetime, datetime] | None:
        """Return begin and end in UTC; None for a window that comes again and again."""
        if self.begins is None or self.ends is None:
            return None  # both are checked together; mypy cannot see that
        return _in_utc(self.begins, zone), _in_utc(self.ends, zone)

    def recurrence(self) -> tuple[str, timedelta] | None:
        """Return the cron line and how long each window is; None for a window that comes once."""
        return None if self.cron is None or self.duration is None else (self.cron, self.duration)


def backward_windows(windows: tuple[MaintenanceSettings, ...], zone: tzinfo) -> list[tuple[str, str]]:
    """Return what is wrong where a window ends before it begins."""
    spans = [window.span(zone) for window in windows]
    return [
        (f"maintenance.{place}.to", "must be after from")
        for place, span in enumerate(spans)
        if span and span[1] <= span[0]
    ]


def _in_utc(moment: datetime, zone: tzinfo) -> datetime:
    placed = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return placed.astimezone(UTC)
