"""The schedule: when the next sweep is due, and whether one fits between two of them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from monitor.app.doctor.diagnosis import Diagnosis, ok, warning
from monitor.app.wiring.application import App
from monitor.clock import utc_now
from monitor.config import ProviderSettings
from monitor.report.words.times import coarse_duration
from monitor.scheduler import slots_between, trigger_of

_DEADLINE: Final = 0.9  # of an interval (rules.md 7)


def check_schedule(app: App, provider: ProviderSettings, watched: int | None) -> Sequence[Diagnosis]:
    """Compare the requests of a sweep, at least one for each watched model, with what its time allows."""
    name, interval, now = provider.name, app.interval_of(provider), utc_now()
    slots = slots_between(trigger_of(app.settings.cadence_of(provider)), now, now + 2 * interval)
    due = f"next sweep at {slots[0]:%Y-%m-%d %H:%M:%S} UTC" if slots else "no sweep is due soon"
    per_minute = provider.requests_per_minute
    if watched and per_minute:
        need = timedelta(minutes=watched / per_minute)
        if need > interval * _DEADLINE:
            words = (
                f"{watched:,} models at {per_minute} requests a minute take {coarse_duration(need)}, "
                f"a sweep has {coarse_duration(interval * _DEADLINE)}: the rest is not asked; {due}"
            )
            return [
                warning(
                    "schedule", name, words, "lengthen interval, raise requests_per_minute, or exclude models"
                )
            ]
    return [ok("schedule", name, f"every {coarse_duration(interval)}; {due}")]
