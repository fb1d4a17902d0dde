"""Sweeps made up for the store's tests: single ones, and histories with everything that can go wrong."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from sqlalchemy import Engine

from monitor.core.domain.event import Decision
from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import Cause, Outcome, Reason, Verdict
from monitor.core.lifecycle.fold import fold
from monitor.store.derived.states import load_state
from monitor.store.write.fence import OpenedSweep
from monitor.store.write.record import add_observations, close_interrupted, close_sweep, open_sweep

START = datetime(2026, 4, 6, 12, tzinfo=UTC)
POLICY = Policy()
STRICT = Policy(exclude=("*/hidden-*",), confirm_down=3, retire_after=timedelta(days=2))

UP = (Outcome.AVAILABLE, Reason.OK)
BUSY = (Outcome.RATE_LIMITED, Reason.SATURATED)
DOWN = (Outcome.UNAVAILABLE, Reason.NOT_FOUND)
ENDED = (Outcome.UNAVAILABLE, Reason.END_OF_LIFE)
SLOW = (Outcome.UNKNOWN, Reason.TIMEOUT)
UNASKED = (Outcome.UNKNOWN, Reason.NOT_PROBED)
Answer = tuple[Outcome, Reason]


def seen(model: str, answer: Answer = UP, *, at_ms: int = 1500, latency_ms: int | None = 300) -> Observation:
    """Return one observation."""
    outcome, reason = answer
    return Observation(
        model,
        outcome,
        reason,
        at_ms=at_ms,
        kind="chat",
        http_status=200 if outcome is Outcome.AVAILABLE else None,
        latency_ms=latency_ms if outcome is not Outcome.UNKNOWN else None,
    )


def sweep(at: datetime, answers: Mapping[str, Answer], *, provider: str = "nvidia") -> Sweep:
    """Return a sweep that lists these models and got these answers."""
    return Sweep(
        provider=provider,
        started_at=at,
        finished_at=at + timedelta(seconds=60),
        slot=at,
        listed=tuple(answers),
        observations=tuple(
            seen(model, answer, at_ms=250 * place, latency_ms=100 + 7 * place)
            for place, (model, answer) in enumerate(answers.items())
        ),
        requests=len(answers),
    )


def live(engine: Engine, told: Sweep, policy: Policy = POLICY) -> Decision:
    """Record a sweep as the daemon does: open, observe in two batches, decide, close."""
    opened = open_sweep(
        engine,
        provider=told.provider,
        vantage=told.vantage,
        slot=told.slot,
        started_at=told.started_at,
        policy=policy,
    )
    assert opened is not None
    middle = len(told.observations) // 2
    add_observations(engine, opened, told.observations[:middle])
    add_observations(engine, opened, told.observations[middle:])
    if told.cause == Cause.INTERRUPTED:
        return close_as_cut(engine, told)
    return close(engine, opened, told, policy)


def close(engine: Engine, opened: OpenedSweep, told: Sweep, policy: Policy = POLICY) -> Decision:
    """Close a running sweep with the decision of the fold."""
    return close_sweep(engine, opened, told, fold(load_state(engine, told.provider), told, policy))


def close_as_cut(engine: Engine, told: Sweep) -> Decision:
    """Close a sweep as the next one does that finds it cut short."""
    before = load_state(engine, told.provider)
    closed = close_interrupted(engine, told.provider, told.vantage)
    assert len(closed) == 1
    return fold(before, closed[0], POLICY)


def live_all(engine: Engine, history: Iterable[tuple[Sweep, Policy]]) -> None:
    """Record a whole history as the daemon does."""
    for told, policy in history:
        live(engine, told, policy)


def history(seed: int, count: int, *, provider: str = "nvidia") -> list[tuple[Sweep, Policy]]:
    """Return an eventful history of hourly sweeps: outages, flapping, delistings, ends, gaps, cut sweeps."""
    return list(_eventful(Random(seed), count, provider))  # noqa: S311  # chance, not a secret


def _eventful(chance: Random, count: int, provider: str) -> Iterator[tuple[Sweep, Policy]]:
    names = [
        "meta/llama",
        "Zeta/Upper",
        "alpha/élan",
        "a/hidden-one",
        "b'--; DROP TABLE model",
        "m/☃",
        *_plain(8),
    ]
    moods: dict[str, Answer] = dict.fromkeys(names, UP)
    listed = list(names)
    for place in range(count):
        at = START + timedelta(hours=place, milliseconds=chance.randrange(1000))
        for name in chance.sample(names, 2):
            moods[name] = chance.choice([UP, UP, DOWN, SLOW, BUSY, ENDED, UNASKED])
        if chance.random() < 0.1:
            listed = [name for name in names if chance.random() < 0.9]
        told = sweep(at, {name: _jitter(chance, moods[name]) for name in listed}, provider=provider)
        told = replace(told, slot=START + timedelta(hours=place))
        told = replace(
            told, observations=tuple(_served(place, _streamed(each)) for each in told.observations)
        )
        yield _troubled(chance, told), (STRICT if place > count // 2 else POLICY)


def _plain(count: int) -> list[str]:
    return [f"plain/{number}" for number in range(count)]


def _streamed(each: Observation) -> Observation:
    """Let the models of one name stream their answers, each third one without a rate."""
    if each.outcome is not Outcome.AVAILABLE or each.latency_ms is None or not each.model.startswith("m"):
        return each
    rate = None if each.latency_ms % 3 == 0 else round(10_000 / each.latency_ms, 2)
    return replace(each, first_token_ms=each.latency_ms // 3, tokens_per_s=rate)


def _served(place: int, each: Observation) -> Observation:
    """Let some models be answered by another one, which changes now and then."""
    if each.outcome is not Outcome.AVAILABLE or each.model not in {"meta/llama", "plain/3", "m/☃"}:
        return each
    return replace(each, served_as=f"{each.model}-2024-0{1 + place // 9 % 3}")


def _jitter(chance: Random, mood: Answer) -> Answer:
    return chance.choice([UP, DOWN]) if chance.random() < 0.08 else mood


def _troubled(chance: Random, told: Sweep) -> Sweep:
    luck = chance.random()
    if luck < 0.03:
        cut = told.observations[: len(told.observations) // 2]
        last = max((each.at_ms for each in cut), default=0)
        return replace(
            told,
            verdict=Verdict.INCONCLUSIVE,
            cause=Cause.INTERRUPTED,
            observations=cut,
            listed=tuple(each.model for each in cut),
            finished_at=told.started_at + timedelta(milliseconds=last),
            requests=0,
        )
    if luck < 0.06:
        cause = chance.choice([Cause.CREDENTIAL, Cause.OUR_NETWORK, Cause.PROVIDER_OUTAGE])
        return replace(told, verdict=Verdict.INCONCLUSIVE, cause=cause)
    if luck < 0.09:
        return replace(
            told, listed=(), observations=(), cause=Cause.CATALOG_UNREADABLE, verdict=Verdict.INCONCLUSIVE
        )
    if luck < 0.3:
        kept = tuple(each for each in told.observations if chance.random() < 0.9)
        return replace(told, observations=kept)
    return told
