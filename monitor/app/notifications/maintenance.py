"""When no message is sent: the maintenance windows of the configuration as one question."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.config import MaintenanceSettings, Settings
from monitor.core.domain.patterns import matches
from monitor.scheduler import has_slot, trigger_of

Silence = Callable[[str, str | None, datetime], bool]  # of a provider, a model or None, and a moment

_EVERY_MODEL = ("*",)


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


def _is_for(window: MaintenanceSettings, provider: str, model: str | None) -> bool:
    if not matches(provider, (window.provider,)):
        return False
    if model is None:
        return window.models == _EVERY_MODEL  # a window for single models says nothing of the provider
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
