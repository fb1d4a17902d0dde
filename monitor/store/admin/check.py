"""Finds faults of a history: damage, a -wal of another file, rows that contradict others or point nowhere."""

from collections.abc import Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection, Engine, text

from monitor.core.domain.vocabulary import EventKind
from monitor.core.history.reliability import STATUS_KINDS
from monitor.errors import StoreError, StoreUnavailable
from monitor.store.admin.migrate import require_current
from monitor.store.connection.codecs import event_id
from monitor.store.connection.engine import is_sqlite, open_alone, reading, sqlite_path
from monitor.store.connection.errors import translated
from monitor.store.connection.own_wal import ForeignWal, has_wal
from monitor.store.schema.typecheck import wrong_types

_MOST_FAULTS = 100  # more would be one fault many times
_KINDS = ", ".join(f"'{kind.value}'" for kind in EventKind)
_STATUS_KINDS = ", ".join(f"'{kind.value}'" for kind in sorted(STATUS_KINDS))
_EVENTS_PER_SWEEP = event_id(1, 0)
_REBUILD = "run `monitor db rebuild`"
_WAL_OF_ANOTHER: Final = (
    "{0}-wal beside the database is not its own: {0} is sound alone, and damaged with it. Nothing was "
    "changed. Move {0}-wal and {0}-shm away before anything opens the database for writing, or put a backup "
    "in place with `monitor db restore FILE`"
)

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
    try:
        require_current(engine)
        damage, faults = _faults(engine)
    except ForeignWal as error:
        return [str(error)]
    except StoreUnavailable as error:
        if not _is_sound_alone(engine):
            raise
        damage, faults = [str(error)], []
    if damage and _is_sound_alone(engine):
        return [_WAL_OF_ANOTHER.format(sqlite_path(engine).name), *damage[: _MOST_FAULTS - 1]]
    return damage or faults


def _faults(engine: Engine) -> tuple[list[str], list[str]]:
    """Return what is wrong with the file itself; or, where that is nothing, with its rows."""
    with reading(engine) as connection:
        if is_sqlite(engine) and (damage := list(file_faults(connection))):
            return damage, []
        faults = (
            words.format(*row)
            for words, query in _CONTRADICTIONS.items()
            for row in connection.execute(text(query))
        )
        return [], list(islice(faults, _MOST_FAULTS))


def file_faults(connection: Connection) -> Iterator[str]:
    """Give what is wrong with a SQLite file itself, whatever its rows mean."""
    for (said,) in connection.execute(text(f"PRAGMA integrity_check({_MOST_FAULTS})")):
        if said != "ok":
            yield f"the file is damaged: {said}"
    for row in islice(connection.execute(text("PRAGMA foreign_key_check")), _MOST_FAULTS):
        yield f"a row of {row[0]} points to a row of {row[2]} that does not exist"
    yield from wrong_types(connection)


def _is_sound_alone(engine: Engine) -> bool:
    """Return whether a SQLite file has a -wal beside it, and has no fault without it."""
    if not is_sqlite(engine) or not has_wal(sqlite_path(engine)):
        return False
    alone = open_alone(sqlite_path(engine))
    try:
        with translated(alone), alone.connect() as connection:
            return not any(file_faults(connection))
    except StoreError:
        return False
    finally:
        alone.dispose()
