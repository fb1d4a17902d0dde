"""The thresholds that a sweep is decided with."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The thresholds a sweep is decided with, stored beside it (rules.md 29)."""

    confirm_down: int = 2
    confirm_up: int = 1
    confirm_unlisted: int = 2  # absence is as certain as a catalog: two reads exclude a page that was lost
    confirm_unresponsive: int = 4
    retire_after: timedelta = timedelta(days=14)
    flap_window: int = 21
    flap_high: float = 30.0
    flap_low: float = 20.0
    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()
