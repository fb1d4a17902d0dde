"""The maintenance windows of the configuration: when no message is sent, and which of them run."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from monitor.app.periodic import every
from monitor.clock import Clock
from monitor.config import MaintenanceSettings, Settings
from monitor.core.domain.patterns import matches
from monitor.core.notification.maintenance import EVERY_MODEL, RunningWindow
from monitor.logs import event
from monitor.report.words.times import iso_millis
from monitor.scheduler import has_slot, slots_between, trigger_of

log = logging.getLogger(__name__)

Silence = Callable[[str, str | None, datetime], bool]  # of a provider, a model or None, and a moment
Span = tuple[datetime, datetime]  # of a window: when it began, when it ends

_LOOK_EVERY_S: Final = 5.0


def silence_of(settings: Settings) -> Silence:
    """Return what says whether a window covers a model of a provider, or the provider as such, at a moment.

    A provider as such is covered only by windows for all of its models. Raises ConfigError for a cron line
    that cannot be scheduled.
    """
    zone = settings.schedule.timezone
    windows = [(window, _opening(window, zone)) for window in settings.maintenance]

    def is_silent(provider: str, model: str | None, moment: datetime) -> bool:
        return any(_is_for(window, provider, model) and is_open(moment) for window, is_open in windows)

    return is_silent


def running_windows(settings: Settings) -> Callable[[datetime], tuple[RunningWindow, ...]]:
    """Return what gives the windows that run at a moment. Raises ConfigError as `silence_of`."""
    zone = settings.schedule.timezone
    windows = [(window, _opening(window, zone), _spans(window, zone)) for window in settings.maintenance]

    def running(moment: datetime) -> tuple[RunningWindow, ...]:
        return tuple(
            _running(window, span_at(moment)) for window, is_open, span_at in windows if is_open(moment)
        )

    return running


class WindowLog:
    """Logs when maintenance windows begin and end; one that runs already begins with it."""

    def __init__(self, settings: Settings, now: Clock) -> None:
        """Follow the windows of a configuration."""
        self._windows_at, self._now = running_windows(settings), now
        self._running: tuple[RunningWindow, ...] = ()

    async def run(self, stop: asyncio.Event) -> None:
        """Look every few seconds until `stop` is set."""
        self._running = ()
        await every(_LOOK_EVERY_S, self.look, stop, "maintenance")

    async def look(self) -> None:
        """Log what began or ended since the last look."""
        before, self._running = self._running, self._windows_at(self._now())
        known = {_identity(window) for window in before}
        still = {_identity(window) for window in self._running}
        for window in self._running:
            if _identity(window) not in known:
                event(log, logging.INFO, "maintenance_started", **_fields(window))
        for window in before:
            if _identity(window) not in still:
                event(log, logging.INFO, "maintenance_ended", **_fields(window))


def _identity(window: RunningWindow) -> tuple[str, tuple[str, ...]]:
    return window.provider, window.models  # not its times: a recurring one may go on before it ends


def _fields(window: RunningWindow) -> dict[str, object]:
    return {
        "provider": window.provider,
        "models": ",".join(window.models),
        "since": iso_millis(window.began_at),
        "until": iso_millis(window.ends_at),
    }


def _running(window: MaintenanceSettings, span: Span) -> RunningWindow:
    return RunningWindow(
        provider=window.provider, models=tuple(window.models), began_at=span[0], ends_at=span[1]
    )


def _is_for(window: MaintenanceSettings, provider: str, model: str | None) -> bool:
    if not matches(provider, (window.provider,)):
        return False
    if model is None:
        return window.models == EVERY_MODEL  # a window for single models says nothing of the provider
    return matches(model, window.models)


def _opening(window: MaintenanceSettings, zone: ZoneInfo) -> Callable[[datetime], bool]:
    if span := window.span(zone):
        begins_at, ends_at = span
        return lambda moment: begins_at <= moment < ends_at
    if recurrence := window.recurrence():
        cron, duration = recurrence
        trigger = trigger_of(cron, zone)
        # open if it began within the last `duration`
        return lambda moment: has_slot(trigger, moment - duration, moment)
    return lambda _moment: False


def _spans(window: MaintenanceSettings, zone: ZoneInfo) -> Callable[[datetime], Span]:
    """Return what gives begin and end of a window at a moment in it."""
    if span := window.span(zone):
        return lambda _moment: span
    cron, duration = window.recurrence() or ("* * * * *", timedelta())  # it has one of the two forms
    trigger = trigger_of(cron, zone)

    def span_at(moment: datetime) -> Span:
        # several where it recurs before it ends: they are one
        slots = slots_between(trigger, moment - duration, moment)
        return slots[0], slots[-1] + duration

    return span_at
