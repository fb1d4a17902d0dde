"""Adds the sweep that comes next to a history, as the daemon does."""

from collections.abc import Iterator
from itertools import count
from random import Random

from benchmarks.history import record_seconds
from benchmarks.years.filling import PROVIDER, Filled
from benchmarks.years.making import INTERVAL
from benchmarks.years.places import Place
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import Kind, Outcome, Reason
from monitor.store.connection.engine import Engine

_SHARE_UP = 0.99


class Continued:
    """A history that is continued: each sweep takes the next slot."""

    def __init__(self, filled: Filled) -> None:
        self._filled, self._places = filled, count()

    def seconds(self, engine: Engine) -> float:
        """Record the next sweep; returns the seconds that took without the fold."""
        return record_seconds(engine, self._next())

    def cold_seconds(self, place: Place, name: str, engine: Engine) -> float:
        """Do the same with nothing of the database in memory; the program itself goes on."""
        engine.dispose()
        place.cool(name)
        return self.seconds(engine)

    def _next(self) -> Sweep:
        place = next(self._places)
        at, chance = self._filled.end + place * INTERVAL, Random(place)  # noqa: S311 - no secret
        seen = tuple(_seen(self._filled.models, chance))
        return Sweep(
            provider=PROVIDER,
            started_at=at,
            finished_at=at + INTERVAL / 2,
            slot=at,
            listed=self._filled.models,
            observations=seen,
            requests=len(seen) + 1,
        )


def _seen(models: tuple[str, ...], chance: Random) -> Iterator[Observation]:
    for number, model in enumerate(models):
        at_ms, latency_ms = 500 + 10 * number, chance.randrange(80, 3000)
        if chance.random() < _SHARE_UP:
            answer = (Outcome.AVAILABLE, Reason.OK, at_ms)
            yield Observation(model, *answer, kind=Kind.CHAT, http_status=200, latency_ms=latency_ms)
        else:
            answer = (Outcome.UNAVAILABLE, Reason.SERVER_ERROR, at_ms)
            yield Observation(
                model, *answer, kind=Kind.CHAT, http_status=500, attempts=2, detail="Bad Gateway"
            )
