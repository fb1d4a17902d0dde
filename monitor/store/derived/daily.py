"""Counts observations: of conclusive sweeps, made while the model was not retired (rules.md 27).

One statement counts days into `daily` and any other length of time, so both count the same.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, bindparam, delete, func, insert, select, text, update

from monitor.clock import DAY_MS, day_millis, to_day
from monitor.core.history.daily import DayCounts, counted_day
from monitor.core.history.latency_histogram import bucket_of, encode, merge_encoded, percentile, place_of
from monitor.store.facts.identities import upsert
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
# The latencies of a day that lie about the percentiles written down for it: at least those of their buckets.
_NEAR: Final = f"""{_RETIREMENT}
SELECT c.model_id, {{latencies}} AS latencies
FROM model m
CROSS JOIN daily d
CROSS JOIN observation c
JOIN sweep s ON s.id = c.sweep_id
JOIN finding f ON f.id = c.finding_id
LEFT JOIN retirement r ON r.model_id = c.model_id
    AND (s.started_at > r.from_at OR (s.started_at = r.from_at AND s.id > r.from_id))
    AND (r.until_at IS NULL OR s.started_at < r.until_at
        OR (s.started_at = r.until_at AND s.id <= r.until_id))
LEFT JOIN untracked u ON u.policy_id = s.policy_id AND u.model_id = c.model_id
WHERE m.provider_id = :provider AND d.model_id = m.id AND d.day = :day
    AND c.model_id = m.id AND c.sweep_id BETWEEN :first_sweep AND :last_sweep
    AND (abs(c.latency_ms - d.latency_p50_ms) <= d.latency_p50_ms / 50 + 1
        OR abs(c.latency_ms - d.latency_p95_ms) <= d.latency_p95_ms / 50 + 1)
    AND s.verdict = 'conclusive' AND f.outcome = 'available'
    AND s.started_at + c.at_ms >= :begins_at AND s.started_at + c.at_ms < :ends_at
    AND r.model_id IS NULL AND u.model_id IS NULL
GROUP BY c.model_id
"""  # noqa: S608 - made of the words above
_STATEMENTS: Final = {
    dialect: text(_COUNTS.format(latencies=latencies)) for dialect, latencies in _JOINED.items()
}
_NEARBY: Final = {
    dialect: text(_NEAR.format(latencies=latencies)).bindparams(bindparam("day", type_=daily.c.day.type))
    for dialect, latencies in _JOINED.items()
}
PERCENTILES: Final = {"latency_p50_ms": 50, "latency_p95_ms": 95}
_EXACTLY: Final = (
    update(daily)
    .where(daily.c.model_id == bindparam("of_model"), daily.c.day == bindparam("of_day"))
    .values({name: bindparam(f"exact_{percent}") for name, percent in PERCENTILES.items()})
)
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


def count_sweep(
    connection: Connection, provider_id: int, sweep_id: int, first_day: date, last_day: date
) -> Mapping[date, Sequence[Counted]]:
    """Add a conclusive sweep, later than all that is counted, to its days: as `count_days`, but quicker.

    Only its own observations are read, and those latencies of the days that are about their percentiles.
    Returns what was added to each day that got anything.
    """
    added = dict[date, Sequence[Counted]]()
    for begins_at in range(day_millis(first_day), day_millis(last_day) + DAY_MS, DAY_MS):
        day = to_day(begins_at)
        window = _window(connection, provider_id, begins_at, begins_at + DAY_MS)
        own = {**window, "first_sweep": sweep_id, "last_sweep": sweep_id}
        counted = list(_counted(connection, own, _EVERY_MODEL, origin=0, part_ms=DAY_MS)) if window else []
        if counted:
            grown = _grown(connection, provider_id, day, counted)
            connection.execute(upsert(connection, daily), grown)
            _make_exact(connection, window, day, grown)
            added[day] = counted
    return added


def _grown(
    connection: Connection, provider_id: int, day: date, counted: Iterable[Counted]
) -> list[dict[str, Any]]:
    """Return the rows of a day with a sweep's observations added; percentiles are those of the histograms."""
    models = select(model.c.id).where(model.c.provider_id == provider_id)
    stood = select(daily).where(daily.c.model_id.in_(models), daily.c.day == day)
    before = {row["model_id"]: row for row in connection.execute(stood).mappings()}
    return [
        grown_row(before[figures.model_id], figures) if figures.model_id in before else _daily_row(figures)
        for figures in counted
    ]


def grown_row(before: Mapping[str, Any] | RowMapping, figures: Counted) -> dict[str, Any]:
    """Return the row of a length of time with more observations; percentiles are those of its histogram."""
    counts = {name: before[name] + getattr(figures, name) for name in ("answered", "unavailable", "unknown")}
    row = {**before, **counts, "checks": sum(counts.values())}
    if figures.latencies:
        histogram = merge_encoded([before["latency_sketch"] or b""], figures.latencies)
        row |= {name: percentile(histogram, percent) for name, percent in PERCENTILES.items()}
        row["latency_sketch"] = encode(histogram)
    return row


def _make_exact(
    connection: Connection, window: Mapping[str, int], day: date, grown: Sequence[Mapping[str, Any]]
) -> None:
    """Put exact percentiles in the place of those of histograms."""
    # a bucket is at most 1/64 wide: a fiftieth around the percentile has all of it
    near = connection.execute(_NEARBY[connection.dialect.name], {**window, "day": day})
    latencies = {number: _numbers(joined) for number, joined in near}
    rows = [
        {"of_model": number, "of_day": day, **_exact(row["latency_sketch"], latencies[number])}
        for row in grown
        if row["latency_sketch"] is not None and (number := row["model_id"])
    ]
    if rows:
        connection.execute(_EXACTLY, rows)


def _exact(encoded: bytes, near: Sequence[int]) -> dict[str, int]:
    histogram, exact = merge_encoded([encoded]), dict[str, int]()
    for percent in PERCENTILES.values():
        bucket, place = place_of(histogram, percent)
        # the histogram says which bucket and which place in it; only that bucket is sorted
        exact[f"exact_{percent}"] = sorted(latency for latency in near if bucket_of(latency) == bucket)[place]
    return exact


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
