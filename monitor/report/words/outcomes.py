"""Outcomes in words: a limited model is hosted, so it reads as available, and busy (rules.md 2)."""

from collections.abc import Mapping
from typing import Final

from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import LIMITS, Outcome, Reason, Status
from monitor.core.history.rows import ModelRow

BUSY: Final = "available, busy"
# Of many models: the words for one would read as two items of a list.
_COUNTED: Final[dict[Outcome, str]] = {
    Outcome.AVAILABLE: "available",
    Outcome.RATE_LIMITED: "busy",
    Outcome.UNAVAILABLE: "unavailable",
    Outcome.UNKNOWN: "unclear",
}


def busy_words(http_status: int | None) -> str:
    """`available, busy (HTTP 429)`: the status is that of the answer, and left out where there is none."""
    return BUSY if http_status is None else f"{BUSY} (HTTP {http_status})"


def outcome_words(observation: Observation) -> str:
    """Say what one observation is: `available`, `available, busy (HTTP 429)`, `unavailable`, `unclear`."""
    if observation.outcome is Outcome.RATE_LIMITED:
        return busy_words(observation.http_status)
    return _COUNTED[observation.outcome]


def status_words(row: ModelRow, *, is_busy: bool) -> str:
    """Say a model's status: `available (flapping)`, or `available, busy (HTTP 429)` where that came last."""
    words = busy_words(row.http_status) if is_busy else str(row.status)
    return f"{words} (flapping)" if row.flapping else words


def reason_now(row: ModelRow, *, is_busy: bool) -> str | None:
    """Return why a model is what it is; None where the status says it.

    The reason of an available model is that of the day on which it came: a limit of then is over if it is not
    busy now, and an answer of then explains no limit.
    """
    if row.status != Status.AVAILABLE or (row.reason in LIMITS) == is_busy:
        return row.reason
    return None if is_busy else Reason.OK


def outcome_counts(counts: Mapping[Outcome, int]) -> str:
    """`91 available, 10 busy, 68 unavailable, 20 unclear`: all four, in this order."""
    return ", ".join(f"{counts.get(outcome, 0):,} {words}" for outcome, words in _COUNTED.items())
