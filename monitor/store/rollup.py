"""Counts observations: of conclusive sweeps, made while the model was not retired (rules.md 27).

One statement counts days into `daily` and any window of time for windows.py, so both count the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Integer, cast, delete, func, insert, select, text

from monitor.store.schema import daily, model, sweep
from monitor.store.values import DAY_MS

_DAYS_AT_ONCE = 31

# `part` counts lengths of `part_ms` from `origin` on: days since 1970, or nothing but 0 for one window.
# `seen` starts from the models: SQLite then walks one range for each instead of the whole table.
# Percentiles are nearest-rank over the `available` observations that carry a latency; counting those alike
# first makes them cheap.
_COUNTS = """
WITH turn AS (
    SELECT e.model_id, e.to_status, s.started_at AS from_at, s.id AS from_id,
        lead(s.started_at) OVER (PARTITION BY e.model_id ORDER BY s.started_at, s.id, e.id) AS until_at,
        lead(s.id) OVER (PARTITION BY e.model_id ORDER BY s.started_at, s.id, e.id) AS until_id
    FROM event e
    JOIN sweep s ON s.id = e.sweep_id
    WHERE e.provider_id = :provider AND e.model_id IS NOT NULL
        AND (e.from_status = 'retired' OR e.to_status = 'retired')
        AND (e.from_status IS NULL OR e.from_status <> e.to_status)
),
retirement AS (SELECT * FROM turn WHERE to_status = 'retired'),
seen AS (
    SELECT o.model_id, o.sweep_id, s.started_at, s.policy_id, s.started_at + o.at_ms AS observed_at,
        f.outcome, o.latency_ms
    FROM model m
    CROSS JOIN observation o
    JOIN sweep s ON s.id = o.sweep_id
    JOIN finding f ON f.id = o.finding_id
    WHERE m.provider_id = :provider AND m.id BETWEEN :first_model AND :last_model
        AND o.model_id = m.id AND o.sweep_id BETWEEN :first_sweep AND :last_sweep
        AND s.verdict = 'conclusive'
    UNION ALL
    SELECT g.model_id, g.sweep_id, s.started_at, s.policy_id, s.started_at, 'unknown', NULL
    FROM model m
    CROSS JOIN gap g
    JOIN sweep s ON s.id = g.sweep_id
    WHERE m.provider_id = :provider AND m.id BETWEEN :first_model AND :last_model
        AND g.model_id = m.id AND g.sweep_id BETWEEN :first_sweep AND :last_sweep
        AND s.verdict = 'conclusive'
),
counted AS (
    SELECT c.model_id, (c.observed_at - :origin) / :part_ms AS part, c.outcome,
        CASE c.outcome WHEN 'available' THEN c.latency_ms END AS latency_ms
    FROM seen c
    LEFT JOIN retirement r ON r.model_id = c.model_id
        AND (c.started_at > r.from_at OR (c.started_at = r.from_at AND c.sweep_id > r.from_id))
        AND (r.until_at IS NULL OR c.started_at < r.until_at
            OR (c.started_at = r.until_at AND c.sweep_id <= r.until_id))
    LEFT JOIN untracked u ON u.policy_id = c.policy_id AND u.model_id = c.model_id
    WHERE c.observed_at >= :begins_at AND c.observed_at < :ends_at
        AND r.model_id IS NULL AND u.model_id IS NULL
),
alike AS (
    SELECT model_id, part, outcome, latency_ms, count(*) AS checks
    FROM counted
    GROUP BY model_id, part, outcome, latency_ms
),
ranked AS (
    SELECT model_id, part, outcome, latency_ms, checks,
        sum(CASE WHEN latency_ms IS NOT NULL THEN checks ELSE 0 END)
            OVER (PARTITION BY model_id, part ORDER BY latency_ms) AS up_to,
        sum(CASE WHEN latency_ms IS NOT NULL THEN checks ELSE 0 END)
            OVER (PARTITION BY model_id, part) AS latencies
    FROM alike
)
SELECT model_id, part, CAST(sum(checks) AS INTEGER) AS checks,
    CAST(sum(CASE WHEN outcome IN ('available', 'rate_limited') THEN checks ELSE 0 END) AS INTEGER)
        AS answered,
    CAST(sum(CASE outcome WHEN 'unavailable' THEN checks ELSE 0 END) AS INTEGER) AS unavailable,
    CAST(sum(CASE outcome WHEN 'unknown' THEN checks ELSE 0 END) AS INTEGER) AS unknown,
    min(CASE WHEN up_to * 100 >= 50 * latencies THEN latency_ms END) AS latency_p50_ms,
    min(CASE WHEN up_to * 100 >= 95 * latencies THEN latency_ms END) AS latency_p95_ms
FROM ranked
GROUP BY model_id, part
"""
_COUNT_WINDOW = text(_COUNTS)
_COUNTED = ("answered", "unavailable", "unknown")
_TALLIED = (*_COUNTED, "latency_p50_ms", "latency_p95_ms")
_EVERY_MODEL = {"first_model": 0, "last_model": 2**31 - 1}


@dataclass(frozen=True, slots=True)
class Tally:
    """How a model's observations came out; without latencies where those were not asked for."""

    answered: int = 0
    unavailable: int = 0
    unknown: int = 0
    latency_p50_ms: int | None = None
    latency_p95_ms: int | None = None


def count_days(connection: Connection, provider_id: int, first_day: int, last_day: int) -> None:
    """Count the days anew, first and last included (days since 1970); what stood there is replaced."""
    models = select(model.c.id).where(model.c.provider_id == provider_id)
    connection.execute(
        delete(daily).where(daily.c.model_id.in_(models), daily.c.day.between(first_day, last_day))
    )
    for first in range(first_day, last_day + 1, _DAYS_AT_ONCE):
        last = min(first + _DAYS_AT_ONCE - 1, last_day)
        window = _window(connection, provider_id, first * DAY_MS, (last + 1) * DAY_MS)
        if window:
            parts = {"origin": 0, "part_ms": DAY_MS}
            counted = connection.execute(_COUNT_WINDOW, {**window, **_EVERY_MODEL, **parts}).mappings()
            rows = [{"day" if name == "part" else name: row[name] for name in row} for row in counted]
            if rows:
                connection.execute(insert(daily), rows)


def count_all_days(connection: Connection) -> None:
    """Count every day that is there anew, of every provider."""
    days = select(model.c.provider_id, func.min(daily.c.day), func.max(daily.c.day))
    query = days.join_from(model, daily).group_by(model.c.provider_id)
    for provider_id, first, last in connection.execute(query).all():
        count_days(connection, provider_id, first, last)


def count_window(
    connection: Connection, provider_id: int, begins_at: int, ends_at: int, model_id: int | None = None
) -> dict[int, Tally]:
    """Count each model's observations made in [`begins_at`, `ends_at`), in ms since 1970; or one model's."""
    window = _window(connection, provider_id, begins_at, ends_at)
    if not window:
        return {}
    models = _EVERY_MODEL if model_id is None else {"first_model": model_id, "last_model": model_id}
    parts = {"origin": begins_at, "part_ms": max(1, ends_at - begins_at)}
    rows = connection.execute(_COUNT_WINDOW, {**window, **models, **parts})
    return {row.model_id: Tally(**{name: getattr(row, name) for name in _TALLIED}) for row in rows}


def total_window(
    connection: Connection, provider_id: int, begins_at: int, ends_at: int, model_id: int | None = None
) -> dict[int, Tally]:
    """Count the same without latencies: whole days are taken from `daily`, which is far quicker."""
    days = range(-(-begins_at // DAY_MS), ends_at // DAY_MS)
    if not days:
        return count_window(connection, provider_id, begins_at, ends_at, model_id)
    edges = ((begins_at, days.start * DAY_MS), (days.stop * DAY_MS, ends_at))
    tallies = [
        _total_days(connection, provider_id, days, model_id),
        *(count_window(connection, provider_id, *edge, model_id) for edge in edges if edge[0] < edge[1]),
    ]
    models = {number for each in tallies for number in each}
    return {number: _sum(each[number] for each in tallies if number in each) for number in models}


def _total_days(
    connection: Connection, provider_id: int, days: range, model_id: int | None
) -> dict[int, Tally]:
    counts = [cast(func.sum(daily.c[name]), Integer).label(name) for name in _COUNTED]
    query = (
        select(daily.c.model_id, *counts)
        .join(model, model.c.id == daily.c.model_id)
        .where(model.c.provider_id == provider_id, daily.c.day.between(days.start, days.stop - 1))
        .group_by(daily.c.model_id)
    )
    if model_id is not None:
        query = query.where(daily.c.model_id == model_id)
    return {number: Tally(*counted) for number, *counted in connection.execute(query)}


def _sum(tallies: Iterable[Tally]) -> Tally:
    answered, unavailable, unknown = 0, 0, 0
    for each in tallies:
        answered += each.answered
        unavailable += each.unavailable
        unknown += each.unknown
    return Tally(answered, unavailable, unknown)


def _window(connection: Connection, provider_id: int, begins_at: int, ends_at: int) -> dict[str, int]:
    """Return what narrows the statement to a window; nothing where no conclusive sweep reaches into it."""
    row = connection.execute(
        select(func.min(sweep.c.id), func.max(sweep.c.id)).where(
            sweep.c.provider_id == provider_id,
            sweep.c.verdict == "conclusive",
            sweep.c.observed_until >= begins_at,
            sweep.c.started_at < ends_at,
        )
    ).one()
    if row[0] is None:
        return {}
    sweeps = {"first_sweep": row[0], "last_sweep": row[1]}
    return {"provider": provider_id, "begins_at": begins_at, "ends_at": ends_at, **sweeps}
