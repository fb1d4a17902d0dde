"""What goes wrong when: the incidents of each model, and the storms in which a whole provider fails."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, log
from random import Random

from benchmarks.years.findings import Findings, Trouble
from benchmarks.years.lives import SWEEPS_A_DAY, Life

_MEAN_GAP_DAYS = 2.1  # between incidents of an ordinary model
_GAP_SPREAD = 0.6
_RESTLESS_EVERY, _RESTLESS_WEEKS, _RESTLESS_GAP, _RESTLESS_LENGTH = 37, 5, 5.0, 2.5  # places, weeks, sweeps
_OUTAGE_MEDIAN, _OUTAGE_SPREAD = 7.0, 1.5  # sweeps; log-normal: minutes to days
_LONGEST_OUTAGE = 40 * SWEEPS_A_DAY
_WEEK = 7 * SWEEPS_A_DAY
_STORM_GAP, _STORM_MEDIAN, _STORM_SPREAD, _LONGEST_STORM = _WEEK, 2.0, 0.9, 12.0

# Of 100 incidents so many are of each sort.
_BLIP, _SILENCE, _LIMIT, _OUTAGE = 45, 62, 83, 100
_STORMS = (Trouble.OUTAGE,) * 12 + (Trouble.NETWORK,) * 5 + (Trouble.CREDENTIAL,) * 2 + (Trouble.QUOTA,)
_SILENCES = (Trouble.SILENT,) * 4 + (Trouble.CLOSED,)
_TROUBLES = (Trouble.BROKEN, Trouble.OVERLOADED, Trouble.BROKEN, Trouble.NOT_FOUND, Trouble.GARBLED)


@dataclass(frozen=True, slots=True)
class Incident:
    """A model answers with this finding in the sweeps [first, last)."""

    first: int
    last: int
    finding: int


def incidents(life: Life, findings: Findings, chance: Random, start: datetime) -> Iterator[Incident]:
    """Give the incidents of a life in their order; they do not overlap. Sweep 0 is at `start`."""
    yield from _ordinary(life, findings, chance)
    if life.announced < life.ended:
        retires_at = start + timedelta(days=life.ended // SWEEPS_A_DAY)
        yield Incident(life.announced, life.ended, findings.fine(life.kind, retires_at))
        yield Incident(life.ended, life.last, findings.troubled(life.kind, Trouble.ENDED)[0])


def _ordinary(life: Life, findings: Findings, chance: Random) -> Iterator[Incident]:
    at, end = life.first, min(life.announced, life.ended, life.last)
    gap = _MEAN_GAP_DAYS * SWEEPS_A_DAY * exp(_GAP_SPREAD * chance.gauss(0, 1))
    is_restless = life.place % _RESTLESS_EVERY == 0
    while True:
        wild = is_restless and at // _WEEK % _RESTLESS_WEEKS == 0
        at += 1 + int(chance.expovariate(1 / (_RESTLESS_GAP if wild else gap)))
        if at >= end:
            break
        trouble, length = (Trouble.OVERLOADED, _wild(chance)) if wild else _incident(chance)
        yield Incident(at, min(at + length, end), chance.choice(findings.troubled(life.kind, trouble)))
        at += length


def storms(sweeps: int, chance: Random) -> Iterator[tuple[int, int, Trouble]]:
    """Give the sweeps [first, last) in which nearly everything fails alike, and how."""
    at = 0.0
    while (at := at + 1 + chance.expovariate(1 / _STORM_GAP)) < sweeps:
        length = 1 + int(min(_log_normal(chance, _STORM_MEDIAN, _STORM_SPREAD), _LONGEST_STORM))
        yield int(at), int(at) + length, chance.choice(_STORMS)
        at += length


def _wild(chance: Random) -> int:
    return 1 + int(chance.expovariate(1 / _RESTLESS_LENGTH))


def _incident(chance: Random) -> tuple[Trouble, int]:
    sort = chance.random() * _OUTAGE
    if sort < _BLIP:
        return chance.choice(_TROUBLES), 1
    if sort < _SILENCE:
        return chance.choice(_SILENCES), 1 + int(chance.expovariate(1.0))
    if sort < _LIMIT:
        return Trouble.LIMITED, 1 + int(chance.expovariate(0.7))
    length = _log_normal(chance, _OUTAGE_MEDIAN, _OUTAGE_SPREAD)
    return chance.choice(_TROUBLES), 2 + int(min(length, _LONGEST_OUTAGE))


def _log_normal(chance: Random, median: float, spread: float) -> float:
    return exp(log(median) + spread * chance.gauss(0, 1))
