"""Looks for faults in a history: a damaged file, rows that point nowhere or contradict others."""

from collections.abc import Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection, Engine, text

from monitor.core.domain.vocabulary import EventKind
from monitor.core.history.reliability import STATUS_KINDS
from monitor.store.admin.migrate import require_current
from monitor.store.connection.codecs import event_id
from monitor.store.connection.engine import is_sqlite, reading
from monitor.store.schema.typecheck import wrong_types

_MOST_FAULTS = 100  # more would be one fault many times
_KINDS = ", ".join(f"'{kind.value}'" for kind in EventKind)
_STATUS_KINDS = ", ".join(f"'{kind.value}'" for kind in sorted(STATUS_KINDS))
_EVENTS_PER_SWEEP = event_id(1, 0)
_REBUILD = "run `monitor db rebuild`"

# What is wrong with each row found -> the query that finds it; a row's columns fill the sentence.
_CONTRADICTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "sweep {0} is finished, but not derived: the next sweep does it, or `monitor db rebuild --write`": """
            SELECT id FROM sweep WHERE verdict IS NULL AND finished_at IS NOT NULL
            """,
        "sweep {0} has a verdict without an end": """
            SELECT id FROM sweep WHERE verdict IS NOT NULL AND finished_at IS NULL
            """,
        "sweep {0} ended before it started": "SELECT id FROM sweep WHERE finished_at < started_at",
        "sweep {0} was declared bad, but counts as {1}: run `monitor db rebuild --write`": """
            SELECT id, verdict FROM sweep WHERE voided IS NOT NULL AND verdict <> 'inconclusive'
            """,
        "model {0} of {1} is {2}, but its last event says {3}": """
            SELECT m.name, p.name, t.status, e.to_status
            FROM model_state t JOIN model m ON m.id = t.model_id JOIN provider p ON p.id = m.provider_id
            JOIN event e ON e.id = (SELECT n.id FROM event n WHERE n.model_id = t.model_id
                ORDER BY n.swept_at DESC, n.id DESC LIMIT 1)
            WHERE e.to_status <> t.status
            """,
        "model {0} of {1} is {2}, but no event says so": """
            SELECT m.name, p.name, t.status
            FROM model_state t JOIN model m ON m.id = t.model_id JOIN provider p ON p.id = m.provider_id
            WHERE NOT EXISTS (SELECT 1 FROM event n WHERE n.model_id = t.model_id)
            """,
        "model {0} of {1} has events, but no status": """
            SELECT m.name, p.name
            FROM model m JOIN provider p ON p.id = m.provider_id
            WHERE EXISTS (SELECT 1 FROM event n WHERE n.model_id = m.id)
                AND NOT EXISTS (SELECT 1 FROM model_state t WHERE t.model_id = m.id)
            """,
        f"event {{0}} is of the unknown kind '{{1}}': {_REBUILD}": f"""
            SELECT id, kind FROM event WHERE kind NOT IN ({_KINDS})
            """,  # noqa: S608 - our kinds
        f"event {{0}} cannot be one of sweep {{1}}: {_REBUILD}": f"""
            SELECT id, sweep_id FROM event WHERE id / {_EVENTS_PER_SWEEP} <> sweep_id
            """,  # noqa: S608 - a number
        f"event {{1}} of model {{0}} goes on from {{2}}, but the one before left it {{3}}: {_REBUILD}": """
            SELECT m.name, e.id, e.from_status, e.before
            FROM (SELECT id, model_id, from_status,
                    lag(to_status) OVER (PARTITION BY model_id ORDER BY swept_at, id) AS before
                FROM event WHERE model_id IS NOT NULL) e
            JOIN model m ON m.id = e.model_id
            WHERE e.before <> coalesce(e.from_status, '')
            """,
        f"event {{1}} of model {{0}} began no period: {_REBUILD}": f"""
            SELECT m.name, e.id
            FROM event e JOIN model m ON m.id = e.model_id
            LEFT JOIN period d ON d.model_id = e.model_id AND d.event_id = e.id
            WHERE e.kind IN ({_STATUS_KINDS}) AND d.event_id IS NULL
            """,  # noqa: S608 - our kinds
        f"a period of model {{0}} begins with the event {{1}}, which does not stand: {_REBUILD}": """
            SELECT m.name, d.event_id
            FROM period d JOIN model m ON m.id = d.model_id LEFT JOIN event e ON e.id = d.event_id
            WHERE e.id IS NULL
            """,
        f"model {{0}} has a day that is no date: {_REBUILD}": """
            SELECT m.name FROM daily d JOIN model m ON m.id = d.model_id
            WHERE CAST(d.day AS TEXT) NOT LIKE '____-__-__'
            """,
        "the day {1} of model {0} does not add up": """
            SELECT m.name, d.day FROM daily d JOIN model m ON m.id = d.model_id
            WHERE d.checks <> d.answered + d.unavailable + d.unknown
            """,
        "finding {0} has the unknown outcome '{1}'": """
            SELECT id, outcome FROM finding
            WHERE outcome NOT IN ('available', 'rate_limited', 'unavailable', 'unknown')
            """,
    }
)


def check(engine: Engine) -> list[str]:
    """Return the faults of a history as sentences, at most 100; an empty list for a sound one.

    Raises StoreUnavailable or SchemaOutdated for a database that this version cannot read at all.
    """
    require_current(engine)
    with reading(engine) as connection:
        if is_sqlite(engine) and (damage := list(_damage(connection))):
            return damage
        faults = (
            words.format(*row)
            for words, query in _CONTRADICTIONS.items()
            for row in connection.execute(text(query))
        )
        return list(islice(faults, _MOST_FAULTS))


def _damage(connection: Connection) -> Iterator[str]:
    """Give what SQLite finds wrong with the file itself."""
    for (said,) in connection.execute(text(f"PRAGMA integrity_check({_MOST_FAULTS})")):
        if said != "ok":
            yield f"the file is damaged: {said}"
    for row in islice(connection.execute(text("PRAGMA foreign_key_check")), _MOST_FAULTS):
        yield f"a row of {row[0]} points to a row of {row[2]} that does not exist"
    yield from wrong_types(connection)
