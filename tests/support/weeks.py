"""Two weeks of a provider's life as sweep records, without a server: outages, flaps, ends, bad sweeps."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import Cause, Kind, Outcome, Reason, Verdict
from monitor.demo.stories import nim_ids

BEGIN = datetime(2026, 4, 6, tzinfo=UTC)
PROVIDER = "nvidia"

_STREAMED_EVERY = 4  # of the sweeps of chat models
_DAY = timedelta(days=1)
_ODDS = 0.005  # of each kind of bad sweep
_SAID = 0.7  # share of good sweeps that say themselves that they are conclusive
_STATUS = {Reason.OK: 200, Reason.TOO_MANY_REQUESTS: 429, Reason.SATURATED: 503, Reason.NOT_FOR_ACCOUNT: 404}
_STATUS |= {Reason.SERVER_ERROR: 500, Reason.DEGRADED: 400, Reason.NO_CAPACITY: 504, Reason.END_OF_LIFE: 410}
_STATUS |= {Reason.BAD_REQUEST: 400, Reason.CREDENTIAL: 403}
_OUTCOMES = {Reason.OK: Outcome.AVAILABLE}
_OUTCOMES |= dict.fromkeys((Reason.TOO_MANY_REQUESTS, Reason.SATURATED), Outcome.RATE_LIMITED)
_OUTCOMES |= dict.fromkeys(
    (Reason.NOT_FOR_ACCOUNT, Reason.SERVER_ERROR, Reason.DEGRADED, Reason.NO_CAPACITY, Reason.END_OF_LIFE),
    Outcome.UNAVAILABLE,
)
_OUTAGE_REASONS = (Reason.SERVER_ERROR, Reason.DEGRADED, Reason.NO_CAPACITY, Reason.TIMEOUT)


@dataclass(frozen=True, slots=True)
class _Life:
    """What befalls one model, in numbers of sweeps from the first."""

    model: str
    kind: Kind
    usual: Reason
    noise: float
    listed: tuple[int, int]
    away: tuple[int, int]
    outages: tuple[tuple[int, int, Reason], ...]
    announced: int
    ended: int

    def is_listed(self, sweep: int) -> bool:
        return self.listed[0] <= sweep < self.listed[1] and not self.away[0] <= sweep < self.away[1]

    def reason(self, sweep: int, chance: Random) -> Reason:
        """Return how the model answers; draws the same number of times whatever comes of it."""
        luck, choice = chance.random(), chance.random()
        if sweep >= self.ended:
            return Reason.END_OF_LIFE
        for begin, end, reason in self.outages:
            if begin <= sweep < end:
                return reason
        if luck >= self.noise:
            return self.usual
        noises = (Reason.SERVER_ERROR, Reason.TOO_MANY_REQUESTS, Reason.TIMEOUT, Reason.BAD_REQUEST)
        return noises[int(choice * len(noises))]


def two_weeks(seed: int, *, days: int = 14, sweeps_per_day: int = 24, models: int = 40) -> tuple[Sweep, ...]:
    """Return `days * sweeps_per_day` sweeps in order, the same for the same arguments.

    About one in thirty is inconclusive: some say so, in some the guard must find it out (`verdict` None).
    """
    chance = Random(seed)  # noqa: S311 (a story, not a secret)
    count = days * sweeps_per_day
    ids = sorted(chance.sample(sorted(set(nim_ids())), models))
    lives = [_life(model, count, chance) for model in ids]
    return tuple(_sweep(number, _DAY / sweeps_per_day, lives, chance) for number in range(count))


def _life(model: str, count: int, chance: Random) -> _Life:
    never = count + 1
    temper = chance.choices(["steady", "busy", "flapping", "dead", "mute", "dying"], [55, 10, 8, 12, 5, 10])[
        0
    ]
    usual = {"busy": Reason.TOO_MANY_REQUESTS, "dead": Reason.NOT_FOR_ACCOUNT, "mute": Reason.TIMEOUT}
    begins = sorted(chance.randrange(count) for _ in range(chance.randrange(4)))
    outages = tuple(
        (begin, begin + chance.randint(1, max(2, count // 12)), chance.choice(_OUTAGE_REASONS))
        for begin in begins
    )
    is_late, is_away, leaves = (chance.random() < odds for odds in (0.15, 0.15, 0.1))
    left = chance.randrange(count)
    ended = chance.randrange(count // 2, never) if temper == "dying" else never
    return _Life(
        model=model,
        kind=Kind.EMBEDDINGS if "embed" in model else Kind.CHAT,
        usual=usual.get(temper, Reason.OK),
        noise={"flapping": 0.45, "busy": 0.3}.get(temper, 0.01),
        listed=(
            chance.randrange(count) if is_late else 0,
            chance.randrange(count // 2, count) if leaves else never,
        ),
        away=(left, left + chance.randint(1, 6)) if is_away else (never, never),
        outages=outages,
        announced=ended - chance.randint(count // 10, count // 3) if temper == "dying" else never,
        ended=ended,
    )


def _sweep(number: int, step: timedelta, lives: list[_Life], chance: Random) -> Sweep:
    slot = BEGIN + number * step
    started_at = slot + timedelta(milliseconds=chance.randrange(900))
    present = [life for life in lives if life.is_listed(number)]
    observations = _observations(number, present, chance)
    duration_ms = (observations[-1].at_ms if observations else 0) + chance.randrange(200, 5_000)
    sweep = Sweep(
        provider=PROVIDER,
        started_at=started_at,
        finished_at=started_at + timedelta(milliseconds=duration_ms),
        listed=tuple(life.model for life in present),
        observations=observations,
        verdict=Verdict.CONCLUSIVE if chance.random() < _SAID else None,
        slot=slot,
        duplicates=chance.choice((0, 0, 0, 2)),
        requests=1 + sum(observation.attempts for observation in observations),
    )
    trouble, cut = chance.random(), chance.randrange(1, len(present) + 2)
    return sweep if number == 0 else _troubled(sweep, trouble, cut)


def _observations(number: int, present: list[_Life], chance: Random) -> tuple[Observation, ...]:
    found, at_ms = [], 0
    for life in present:
        reason = life.reason(number, chance)
        at_ms += chance.randrange(20, 2_500)
        latency_ms = None if reason is Reason.TIMEOUT else chance.randrange(80, 4_000)
        is_streamed = reason is Reason.OK and life.kind == Kind.CHAT and number % _STREAMED_EVERY == 0
        is_announced = life.announced <= number < life.ended and reason is Reason.OK
        found.append(
            Observation(
                model=life.model,
                outcome=_OUTCOMES.get(reason, Outcome.UNKNOWN),
                reason=reason,
                at_ms=at_ms,
                kind=life.kind,
                http_status=_STATUS.get(reason),
                latency_ms=latency_ms,
                attempts=1 if reason in {Reason.OK, Reason.END_OF_LIFE} else 2,
                retires_at=_farewell(life, number) if is_announced else None,
                first_token_ms=latency_ms // 3 if is_streamed and latency_ms else None,
                tokens_per_s=round(20 + at_ms % 97 / 4, 2) if is_streamed else None,
            )
        )
    return tuple(found)


def _farewell(life: _Life, number: int) -> datetime:
    """Return the date a model's end is announced for; near the end it is put off by a day."""
    is_put_off = number > life.ended - 5
    return BEGIN + timedelta(days=30 + life.ended % 20 + is_put_off)


def _interrupted(sweep: Sweep, cut: int) -> Sweep:
    few = sweep.observations[:cut]
    return replace(sweep, verdict=Verdict.INCONCLUSIVE, cause=Cause.INTERRUPTED, observations=few)


def _without_catalog(sweep: Sweep, _: int) -> Sweep:
    nothing = replace(sweep, listed=(), observations=(), requests=1)
    return replace(nothing, verdict=Verdict.INCONCLUSIVE, cause=Cause.CATALOG_UNREADABLE)


def _without_network(sweep: Sweep, cut: int) -> Sweep:
    return replace(_without_catalog(sweep, cut), cause=Cause.OUR_NETWORK)


def _without_key(sweep: Sweep, cut: int) -> Sweep:
    spoilt = _all(sweep.observations[:cut], Outcome.UNKNOWN, Reason.CREDENTIAL)
    return replace(sweep, verdict=Verdict.INCONCLUSIVE, cause=Cause.CREDENTIAL, observations=spoilt)


def _all_broken(sweep: Sweep, _: int) -> Sweep:
    broken = _all(sweep.observations, Outcome.UNAVAILABLE, Reason.SERVER_ERROR)
    return replace(sweep, verdict=None, observations=broken)


def _shrunk(sweep: Sweep, _: int) -> Sweep:
    third = len(sweep.listed) // 3
    few = sweep.observations[:third]
    return replace(sweep, verdict=None, listed=sweep.listed[:third], observations=few)


def _with_gaps(sweep: Sweep, _: int) -> Sweep:
    return replace(sweep, observations=sweep.observations[::2])


def _all(observations: tuple[Observation, ...], outcome: Outcome, reason: Reason) -> tuple[Observation, ...]:
    return tuple(
        replace(each, outcome=outcome, reason=reason, http_status=_STATUS[reason], retires_at=None)
        for each in observations
    )


_TROUBLES: tuple[Callable[[Sweep, int], Sweep], ...] = (
    _interrupted,
    _without_catalog,
    _without_network,
    _without_key,
    _all_broken,
    _shrunk,
    _with_gaps,
)


def _troubled(sweep: Sweep, luck: float, cut: int) -> Sweep:
    """Return the sweep as it is or, at small odds each, spoilt in one of the ways above."""
    way = int(luck / _ODDS)
    return _TROUBLES[way](sweep, cut) if way < len(_TROUBLES) else sweep
