"""A model's days: its observations of conclusive sweeps, made while it was not retired (rules.md 27)."""

from collections.abc import Iterator

from sqlalchemy import Connection, delete, func, select, text

from monitor.store.schema import daily, model, sweep
from monitor.store.values import DAY_MS

_DAYS_AT_ONCE = 31

# `seen` starts from the models: SQLite then walks one range for each instead of the whole table.
# Percentiles are nearest-rank over the `available` observations that carry a latency.
_COUNT_DAYS = text("""
INSERT INTO daily (model_id, day, checks, answered, unavailable, unknown, latency_p50_ms, latency_p95_ms)
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
    SELECT o.model_id, o.sweep_id, s.started_at, s.policy_id, (s.started_at + o.at_ms) / 86400000 AS day,
        f.outcome, o.latency_ms
    FROM model m
    CROSS JOIN observation o
    JOIN sweep s ON s.id = o.sweep_id
    JOIN finding f ON f.id = o.finding_id
    WHERE m.provider_id = :provider AND o.model_id = m.id AND o.sweep_id BETWEEN :first_sweep AND :last_sweep
        AND s.verdict = 'conclusive'
    UNION ALL
    SELECT g.model_id, g.sweep_id, s.started_at, s.policy_id, s.started_at / 86400000, 'unknown', NULL
    FROM model m
    CROSS JOIN gap g
    JOIN sweep s ON s.id = g.sweep_id
    WHERE m.provider_id = :provider AND g.model_id = m.id AND g.sweep_id BETWEEN :first_sweep AND :last_sweep
        AND s.verdict = 'conclusive'
),
counted AS (
    SELECT c.model_id, c.day, c.outcome, CASE c.outcome WHEN 'available' THEN c.latency_ms END AS latency_ms
    FROM seen c
    LEFT JOIN retirement r ON r.model_id = c.model_id
        AND (c.started_at > r.from_at OR (c.started_at = r.from_at AND c.sweep_id > r.from_id))
        AND (r.until_at IS NULL OR c.started_at < r.until_at
            OR (c.started_at = r.until_at AND c.sweep_id <= r.until_id))
    LEFT JOIN untracked u ON u.policy_id = c.policy_id AND u.model_id = c.model_id
    WHERE c.day BETWEEN :first_day AND :last_day AND r.model_id IS NULL AND u.model_id IS NULL
),
ranked AS (
    SELECT model_id, day, outcome, latency_ms,
        row_number() OVER (PARTITION BY model_id, day ORDER BY CASE WHEN latency_ms IS NULL THEN 1 ELSE 0 END,
            latency_ms) AS place,
        count(latency_ms) OVER (PARTITION BY model_id, day) AS latencies
    FROM counted
)
SELECT model_id, day, count(*),
    sum(CASE WHEN outcome IN ('available', 'rate_limited') THEN 1 ELSE 0 END),
    sum(CASE outcome WHEN 'unavailable' THEN 1 ELSE 0 END),
    sum(CASE outcome WHEN 'unknown' THEN 1 ELSE 0 END),
    min(CASE WHEN place = (50 * latencies + 99) / 100 THEN latency_ms END),
    min(CASE WHEN place = (95 * latencies + 99) / 100 THEN latency_ms END)
FROM ranked
GROUP BY model_id, day
""")


def count_days(connection: Connection, provider_id: int, first_day: int, last_day: int) -> None:
    """Count the days anew, first and last included (days since 1970); what stood there is replaced."""
    models = select(model.c.id).where(model.c.provider_id == provider_id)
    connection.execute(
        delete(daily).where(daily.c.model_id.in_(models), daily.c.day.between(first_day, last_day))
    )
    for first in range(first_day, last_day + 1, _DAYS_AT_ONCE):
        last = min(first + _DAYS_AT_ONCE - 1, last_day)
        for sweeps in _sweeps_reaching_into(connection, provider_id, first, last):
            days = {"first_day": first, "last_day": last, "first_sweep": sweeps[0], "last_sweep": sweeps[1]}
            connection.execute(_COUNT_DAYS, {"provider": provider_id, **days})


def _sweeps_reaching_into(
    connection: Connection, provider_id: int, first_day: int, last_day: int
) -> Iterator[tuple[int, int]]:
    """Give the lowest and highest id of the conclusive sweeps with something in these days, if any."""
    row = connection.execute(
        select(func.min(sweep.c.id), func.max(sweep.c.id)).where(
            sweep.c.provider_id == provider_id,
            sweep.c.verdict == "conclusive",
            sweep.c.observed_until >= first_day * DAY_MS,
            sweep.c.started_at < (last_day + 1) * DAY_MS,
        )
    ).one()
    if row[0] is not None:
        yield row[0], row[1]
