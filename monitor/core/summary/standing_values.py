"""How models stand when a span ends: all of them, those that the reader named, and those that were down."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How many models stand how at the end of the span; each counts once, so the numbers add up to `total`.

    `down` are those in an outage, `never_answered` the unavailable ones that did not answer since they
    appeared; `unclear` gave no clear answer yet, `retired` are gone but still listed.
    """

    available: int = 0
    down: int = 0
    never_answered: int = 0
    unclear: int = 0
    retired: int = 0

    @property
    def total(self) -> int:
        """All of them: the models that are listed or not yet believed to be gone."""
        return self.available + self.down + self.never_answered + self.unclear + self.retired


@dataclass(frozen=True, slots=True, kw_only=True)
class Favourite:
    """A model that the reader wants to hear of first, and how it stands at the end of the span, and why."""

    model: str
    status: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOutages:
    """What a model's outages of the span came to.

    `outages` counts those that were noticed in it, `down_s` is how long the model was down within it.
    `uptime_percent` and `coverage_percent` are those of the span, None without data: a model that gave
    no clear answer while it was down has a high uptime and a low coverage.
    """

    model: str
    outages: int
    down_s: float
    uptime_percent: float | None
    coverage_percent: float | None
