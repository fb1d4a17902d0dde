"""Histories to measure on: sweeps as a daemon would make them every quarter of an hour, and many at once."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from sqlalchemy import Connection, func, insert, select, text

from monitor.core.domain.policy import Policy
from monitor.core.domain.state import ProviderState
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import Kind, Outcome, Reason
from monitor.core.lifecycle.fold import fold
from monitor.store.connection.engine import Engine, writing
from monitor.store.derived.daily import count_days
from monitor.store.derived.monthly import count_months
from monitor.store.derived.states import load_state
from monitor.store.schema import finding, sweep
from monitor.store.write.record import add_observations, close_sweep, open_sweep

MODELS = 200
SWEEPS_A_DAY = 96
_INTERVAL = timedelta(days=1) / SWEEPS_A_DAY
_START = datetime(2026, 1, 1, tzinfo=UTC)
_NAMES = tuple(f"maker-{number % 23:02}/model-{number:03}" for number in range(MODELS))
_UP, _DOWN = (Outcome.AVAILABLE, Reason.OK, 200), (Outcome.UNAVAILABLE, Reason.SERVER_ERROR, 500)
_SHARE_UP = 0.97
_BATCHES = 4  # a sweep stores what it saw every second
_POLICY = Policy()

# Every later sweep like the first, its answers and latencies shuffled by arithmetic; in the order of time.
_OBSERVE = text("""
INSERT INTO observation (model_id, sweep_id, finding_id, latency_ms, at_ms)
SELECT m.id, s.id,
    CASE WHEN (CAST(m.id AS BIGINT) * 7919 + CAST(s.id AS BIGINT) * 104729) % 100 < 97
        THEN :up ELSE :down END,
    80 + (CAST(m.id AS BIGINT) * 6151 + CAST(s.id AS BIGINT) * 49157) % 2900, 1000 + 10 * m.id
FROM sweep s CROSS JOIN model m
WHERE s.id > :first
ORDER BY s.id, m.id
""")


def sweep_at(place: int) -> Sweep:
    """Return the sweep of the given place in time, always the same; place 0 is a midnight."""
    answers = Random(place)  # noqa: S311 - made-up answers are no secret
    at = _START + place * _INTERVAL
    return Sweep(
        provider="simulated",
        started_at=at,
        finished_at=at + timedelta(seconds=4),
        slot=at,
        listed=_NAMES,
        observations=tuple(_observation(number, answers) for number in range(MODELS)),
        requests=MODELS + 1,
    )


def _observation(number: int, answers: Random) -> Observation:
    outcome, reason, http_status = _UP if number and answers.random() < _SHARE_UP else _DOWN
    return Observation(
        _NAMES[number],
        outcome,
        reason,
        at_ms=1000 + 10 * number,
        kind=Kind.CHAT,
        http_status=http_status,
        latency_ms=answers.randrange(80, 3000),
    )


def record_seconds(engine: Engine, seen: Sweep) -> float:
    """Record a sweep as `sweep_provider` does; returns the seconds that took without the fold."""
    start = time.perf_counter()
    opened = open_sweep(
        engine,
        provider=seen.provider,
        vantage=seen.vantage,
        slot=seen.slot,
        started_at=seen.started_at,
        policy=_POLICY,
    )
    if opened is None:
        raise RuntimeError("the measured sweep's slot is taken")
    state = load_state(engine, seen.provider)
    for batch in _batches(seen.observations):
        add_observations(engine, opened, batch)
    middle = time.perf_counter()
    decision = fold(state, seen, _POLICY)
    folded = time.perf_counter()
    close_sweep(engine, opened, seen, decision)
    return time.perf_counter() - folded + middle - start


def _batches(observations: tuple[Observation, ...]) -> Iterator[tuple[Observation, ...]]:
    size = len(observations) // _BATCHES
    for start in range(0, len(observations), size):
        yield observations[start : start + size]


def fill(engine: Engine, sweeps: int, *, until: int) -> None:
    """Fill an empty history with so many sweeps, the last of them one before the place `until`.

    The first is recorded; the others are made from it inside the database, which is much faster.
    """
    first = until - sweeps
    record_seconds(engine, sweep_at(first))
    with writing(engine) as connection:
        made = connection.execute(select(sweep)).mappings().one()
        later = [_moved(dict(made), place * _INTERVAL) for place in range(1, sweeps)]
        if later:
            connection.execute(insert(sweep), later)
            connection.execute(_OBSERVE, {"first": made["id"], **_findings(connection)})
        days = [(_START + place * _INTERVAL).date() for place in (first, until - 1)]
        count_days(connection, made["provider_id"], days[0], days[1])
        count_months(connection, made["provider_id"], days[0], days[1])


def _moved(row: dict[str, object], distance: timedelta) -> dict[str, object]:
    millis = distance // timedelta(milliseconds=1)
    moved = {
        name: value + millis
        for name, value in row.items()
        if name in {"slot", "started_at", "finished_at", "observed_until"} and isinstance(value, int)
    }
    number = row["id"]
    return {**row, **moved, "id": number + millis // 1000 if isinstance(number, int) else number}


def _findings(connection: Connection) -> dict[str, int]:
    query = select(finding.c.outcome, func.min(finding.c.id)).group_by(finding.c.outcome)
    found = {row[0]: int(row[1]) for row in connection.execute(query)}
    return {"up": found[Outcome.AVAILABLE], "down": found[Outcome.UNAVAILABLE]}


def sweeps_to_fold(count: int) -> tuple[Sweep, ...]:
    """Return sweeps that follow each other."""
    return tuple(sweep_at(place) for place in range(count))


def fold_all(sweeps: tuple[Sweep, ...]) -> ProviderState:
    """Fold sweeps one after the other; returns what is believed in the end."""
    state = ProviderState()
    for each in sweeps:
        state = fold(state, each, _POLICY).state
    return state
