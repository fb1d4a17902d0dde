"""A retention too short for what is counted from single observations."""

from datetime import timedelta
from typing import Final

from monitor.config import Fault, Settings

# yesterday of any time zone reaches into two UTC days, and its summary is made in a third
_LEAST: Final = timedelta(days=3)


def short_retention(settings: Settings) -> list[Fault]:
    """Return a word on a retention that removes observations of days which a summary still counts."""
    if settings.retention.observations >= _LEAST:
        return []
    words = f"is shorter than {_LEAST.days}d: hours of yesterday could be left out of its summary"
    return [Fault(("retention", "observations"), words)]
