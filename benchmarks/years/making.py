"""Makes sweeps, one after the other, as rows: a model's number, sweep, finding, latency and moment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import repeat
from math import exp, pi, sin
from operator import add, mul
from random import Random

from benchmarks.years.findings import Findings, Trouble, timing
from benchmarks.years.lives import SWEEPS_A_DAY, Life, lives
from benchmarks.years.weather import Incident, incidents, storms
from monitor.clock import to_datetime, to_millis
from monitor.store.connection.codecs import wanted_sweep_id

Row = tuple[int, int, int, int | None, int]

INTERVAL = timedelta(days=1) / SWEEPS_A_DAY
_INTERVAL_MS = INTERVAL // timedelta(milliseconds=1)
_NOISES, _NOISE_SPREAD = 1 << 16, 0.28
_MEDIAN_LATENCY_MS, _LATENCY_SPREAD, _DAILY_SWING = 620.0, 0.75, 0.3
_FIRST_START_MS, _START_EVERY_MS = 350, 10  # once the catalog is read, 100 starts a second
_LATEST_MS = 900  # after its slot
_SHARE_IN_STORM = 0.97


@dataclass(frozen=True, slots=True)
class Made:
    """One sweep; `rows` are in the order of the catalog, `members` the numbers of its models.

    `odd` maps places in the catalog whose answer is not simply good to their finding.
    """

    id: int
    slot: datetime
    started_at: datetime
    members: Sequence[int]
    rows: list[Row]
    odd: dict[int, int]
    is_storm: bool


class Maker:
    """A provider with so many models over so many sweeps from `start` on, always the same for a seed.

    `names` are those of all models that are listed at some time, in the order of their numbers, from 1 on.
    """

    def __init__(self, *, models: int, sweeps: int, start: datetime, seed: int = 1) -> None:
        self.start, self.sweeps, self.findings = start, sweeps, Findings()
        self._chance = Random(seed)  # noqa: S311 - made-up answers are no secret
        self._lives = lives(models, sweeps, self._chance)
        self._storms = list(storms(sweeps, self._chance))
        self.names = [life.name for life in self._lives]
        self._members, self._fine, self._kinds = [0] * models, [0] * models, [self._lives[0].kind] * models
        self._usual = [[0.0] * models for _ in range(SWEEPS_A_DAY)]
        self._starts = range(_FIRST_START_MS, _FIRST_START_MS + models * _START_EVERY_MS, _START_EVERY_MS)
        spread = (_NOISE_SPREAD * self._chance.gauss(0, 1) for _ in range(_NOISES + models))
        self._noise = [exp(each) for each in spread]
        self._coming: list[tuple[int, int, Incident, Iterator[Incident]]] = []
        self._now: dict[int, Incident] = {}

    def made(self) -> Iterator[Made]:
        """Give the sweeps in their order, once."""
        arrivals = iter([*enumerate(self._lives, start=1), (0, None)])
        number, life = next(arrivals)
        weather = self._weather()
        for turn in range(self.sweeps):
            if life is not None and life.first == turn:
                self._members = list(self._members)  # sweeps made before keep theirs
            while life is not None and life.first == turn:
                self._list(number, life)
                number, life = next(arrivals)
            self._advance(turn)
            yield self._make(turn, next(weather))

    def _list(self, number: int, life: Life) -> None:
        """Put a model at its place, with a latency of its own that follows the hours of the day."""
        place = life.place
        self._members[place] = number
        self._fine[place], self._kinds[place] = self.findings.fine(life.kind), life.kind
        usual = _MEDIAN_LATENCY_MS * exp(_LATENCY_SPREAD * self._chance.gauss(0, 1))
        for quarter, latencies in enumerate(self._usual):
            latencies[place] = usual * (1 + _DAILY_SWING * sin(2 * pi * (quarter / SWEEPS_A_DAY - 0.4)))
        self._now.pop(place, None)
        self._await(place, incidents(life, self.findings, Random(self._chance.random()), self.start))  # noqa: S311

    def _await(self, place: int, coming: Iterator[Incident]) -> None:
        if (incident := next(coming, None)) is not None:
            heappush(self._coming, (incident.first, place, incident, coming))

    def _advance(self, turn: int) -> None:
        """Let incidents end and begin."""
        for place in [place for place, incident in self._now.items() if incident.last <= turn]:
            del self._now[place]
        while self._coming and self._coming[0][0] <= turn:
            _, place, incident, coming = heappop(self._coming)
            self._now[place] = incident
            self._await(place, coming)

    def _weather(self) -> Iterator[Trouble | None]:
        """Give for each sweep the storm it falls into."""
        at = 0
        for first, last, trouble in self._storms:
            yield from repeat(None, first - at)
            yield from repeat(trouble, last - first)
            at = last
        yield from repeat(None)

    def _make(self, turn: int, storm: Trouble | None) -> Made:
        slot = to_datetime(to_millis(self.start) + turn * _INTERVAL_MS)
        started_at = slot + timedelta(milliseconds=self._chance.randrange(_LATEST_MS))
        number, noise = wanted_sweep_id(started_at), self._chance.randrange(_NOISES)
        latencies = list(
            map(int, map(mul, self._usual[turn % SWEEPS_A_DAY], self._noise[noise : noise + len(self._fine)]))
        )
        moments = map(add, latencies, self._starts)
        rows: list[Row] = list(
            zip(self._members, repeat(number), self._fine, latencies, moments, strict=False)
        )
        odd = {place: incident.finding for place, incident in self._now.items()}
        if storm is not None:
            odd |= self._struck(storm)
        for place, finding in odd.items():
            latency, later = timing(self.findings.sample(finding), latencies[place])
            rows[place] = (
                self._members[place],
                number,
                finding,
                latency,
                self._starts[place] + (latency or 0) + later,
            )
        return Made(number, slot, started_at, self._members, rows, odd, storm is not None)

    def _struck(self, storm: Trouble) -> dict[int, int]:
        """Deal the answers of a storm; a few models escape it."""
        return {
            place: self._chance.choice(self.findings.troubled(kind, storm))
            for place, kind in enumerate(self._kinds)
            if self._chance.random() < _SHARE_IN_STORM
        }
