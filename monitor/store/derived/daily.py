"""Counts observations: of conclusive sweeps, made while the model was not retired (rules.md 27).

One statement counts days into `daily` and any other length of time, so both count the same.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, insert, select, text

from monitor.clock import DAY_MS, day_millis, to_day
from monitor.core.history.daily import DayCounts, counted_day
from monitor.store.schema import daily, model, sweep

_DAYS_AT_ONCE: Final = 31  # days; bounds how many latencies are in memory
_LONGEST_MS: Final = 2**31  # of an observation after the start of its sweep

# `part` counts lengths of `part_ms` from `origin` on: days since 1970, or nothing but 0 for one window.
# `seen` starts from the models: SQLite then walks one range for each instead of the whole table.
# The latencies of the `available` observations come as one text, in no order: a row for each is far slower.
_RETIREMENT: Final = """
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
retirement AS (SELECT * FROM turn WHERE to_status = 'retired')
"""
_COUNTS: Final = f"""{_RETIREMENT}, seen AS (
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
)
SELECT model_id, part,
    CAST(sum(CASE WHEN outcome IN ('available', 'rate_limited') THEN 1 ELSE 0 END) AS INTEGER) AS answered,
    CAST(sum(CASE outcome WHEN 'unavailable' THEN 1 ELSE 0 END) AS INTEGER) AS unavailable,
    CAST(sum(CASE outcome WHEN 'unknown' THEN 1 ELSE 0 END) AS INTEGER) AS unknown,
    {{latencies}} AS latencies
FROM counted
GROUP BY model_id, part
"""  # noqa: S608 - made of the words above
_JOINED: Final = {
    "sqlite": "group_concat(latency_ms)",  # measured: a row for each latency is far slower
    "postgresql": "string_agg(CAST(latency_ms AS text), ',')",
}
_STATEMENTS: Final = {
    dialect: text(_COUNTS.format(latencies=latencies)) for dialect, latencies in _JOINED.items()
}
_OF_OWNER: Final = sweep.c.provider_id == bindparam("owner")
_FIRST_REACHING: Final = select(func.min(sweep.c.started_at)).where(
    _OF_OWNER, sweep.c.observed_until.between(bindparam("from"), bindparam("to"))
)
_ENDS_INSIDE: Final = select(func.min(sweep.c.id), func.max(sweep.c.id)).where(
    _OF_OWNER, sweep.c.started_at >= bindparam("from"), sweep.c.started_at < bindparam("to")
)
_COUNTED: Final = tuple(field.name for field in fields(DayCounts))
_EVERY_MODEL: Final = (0, 2**31 - 1)  # the whole range of ids: one statement serves one model and all


@dataclass(frozen=True, slots=True)
class Counted:
    """How a model's observations of a day or a window came out.

    `part` is the day since 1970, or 0. The latencies are those of the available ones, in ms and in no order.
    """

    model_id: int
    part: int
    answered: int
    unavailable: int
    unknown: int
    latencies: list[int]


def count_days(connection: Connection, provider_id: int, first_day: date, last_day: date) -> None:
    """Count the UTC days again, first and last included; what stood there is replaced."""
    models = select(model.c.id).where(model.c.provider_id == provider_id)
    connection.execute(  # a day whose last observation went must lose its row
        delete(daily).where(daily.c.model_id.in_(models), daily.c.day.between(first_day, last_day))
    )
    end = day_millis(last_day) + DAY_MS
    for begins_at in range(day_millis(first_day), end, _DAYS_AT_ONCE * DAY_MS):
        ends_at = min(begins_at + _DAYS_AT_ONCE * DAY_MS, end)
        counted = count(connection, provider_id, begins_at, ends_at, origin=0, part_ms=DAY_MS)
        rows = [_daily_row(figures) for figures in counted]
        if rows:
            connection.execute(insert(daily), rows)


def counts_of_sweep(
    connection: Connection, provider_id: int, sweep_id: int, first_day: date, last_day: date
) -> dict[date, list[Counted]]:
    """Count a recorded sweep alone, by UTC day from the first to the last; days without any are left out."""
    counts = dict[date, list[Counted]]()
    for begins_at in range(day_millis(first_day), day_millis(last_day) + DAY_MS, DAY_MS):
        window = {"provider": provider_id, "begins_at": begins_at, "ends_at": begins_at + DAY_MS}
        own = {**window, "first_sweep": sweep_id, "last_sweep": sweep_id}
        if counted := list(_counted(connection, own, _EVERY_MODEL, origin=0, part_ms=DAY_MS)):
            counts[to_day(begins_at)] = counted
    return counts


def count_all_days(connection: Connection) -> None:
    """Count every day that is there again, of every provider."""
    days = select(model.c.provider_id, func.min(daily.c.day), func.max(daily.c.day))
    query = days.join_from(model, daily).group_by(model.c.provider_id)
    for provider_id, first, last in connection.execute(query).all():
        count_days(connection, provider_id, first, last)


def count(
    connection: Connection,
    provider_id: int,
    begins_at: int,
    ends_at: int,
    model_id: int | None = None,
    *,
    origin: int,
    part_ms: int,
) -> Iterator[Counted]:
    """Count the observations made in [`begins_at`, `ends_at`), of every model or of one.

    By model and part: lengths of `part_ms` from `origin` on. All are ms since 1970.
    """
    window = _window(connection, provider_id, begins_at, ends_at) if begins_at < ends_at else None
    if window:
        models = _EVERY_MODEL if model_id is None else (model_id, model_id)
        yield from _counted(connection, window, models, origin=origin, part_ms=part_ms)


def _counted(
    connection: Connection, window: Mapping[str, int], models: tuple[int, int], *, origin: int, part_ms: int
) -> Iterator[Counted]:
    params = {"first_model": models[0], "last_model": models[1], "origin": origin, "part_ms": part_ms}
    for row in connection.execute(_STATEMENTS[connection.dialect.name], {**window, **params}):
        number, part, answered, unavailable, unknown, latencies = row
        yield Counted(number, part, answered, unavailable, unknown, _numbers(latencies))


def _numbers(joined: str | None) -> list[int]:
    return list(map(int, joined.split(","))) if joined else []


def _daily_row(figures: Counted) -> dict[str, Any]:
    day = counted_day(figures.answered, figures.unavailable, figures.unknown, figures.latencies)
    columns = {name: getattr(day, name) for name in _COUNTED}
    return {"model_id": figures.model_id, "day": to_day(figures.part * DAY_MS), **columns}


def _window(connection: Connection, provider_id: int, begins_at: int, ends_at: int) -> dict[str, int]:
    """Return what narrows the statement to a window; nothing where no sweep reaches into it.

    However long the history is, only sweeps of the window are looked at, and those that end soon after its
    begin: an observation's offset fits into 32 bits.
    """
    reach = {"owner": provider_id, "from": begins_at, "to": begins_at + _LONGEST_MS}
    first = min(connection.scalar(_FIRST_REACHING, reach) or begins_at, begins_at)
    inside = {"owner": provider_id, "from": first, "to": ends_at}
    lowest, highest = connection.execute(_ENDS_INSIDE, inside).one()
    if lowest is None:
        return {}
    sweeps = {"first_sweep": lowest, "last_sweep": highest}
    return {"provider": provider_id, "begins_at": begins_at, "ends_at": ends_at, **sweeps}
