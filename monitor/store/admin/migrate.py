"""Creates the database, brings its schema to this version, and refuses one that is not there yet.

The migrations travel inside the installed package; a checkout uses ../migrations.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, column, func, inspect, select, table, text

from monitor.core.history.comparison import Redecided
from monitor.errors import SchemaOutdated, StoreUnavailable
from monitor.store.admin.comments import describe_views
from monitor.store.admin.rights import kept_rights
from monitor.store.connection.engine import is_sqlite, reading, writing
from monitor.store.connection.errors import database_name
from monitor.store.connection.file_change import require_same_file
from monitor.store.connection.progress import OnProgress
from monitor.store.connection.sqlite_file import create_file, ensure_mode, ensure_wal, is_missing
from monitor.store.schema import metadata, provider


def migrations_directory() -> Path:
    """Return where the migrations are: in the installed package, else beside it in the checkout."""
    package = Path(__file__).resolve().parents[2]
    packaged = package / "_migrations"  # a wheel has them inside, for alembic needs files
    return packaged if packaged.is_dir() else package.parent / "migrations"


_REVISIONS = (file.name[:4] for file in migrations_directory().glob("versions/[0-9]*.py"))
HEAD: Final = max(_REVISIONS, default="base")  # the files are named by their revisions
VERSION_TABLE: Final = "schema_version"
_FIRST_WITH_SKETCHES: Final = "0007"
_FIRST_WITH_THESE_RULES: Final = "0009"  # what older versions derived was decided by others
_FIRST_WITH_MONTHS: Final = "0010"
_UPGRADE_LOCK: Final = 4_711_202_004  # any number, the same in every version


class SchemaState(StrEnum):
    """How far a database is from this version's schema."""

    MISSING = "missing"
    EMPTY = "empty"
    CURRENT = "current"
    OUTDATED = "outdated"
    NEWER = "newer"


def schema_state(engine: Engine) -> SchemaState:
    """Return how far the database is from this version. Creates nothing.

    Raises StoreUnavailable where it cannot be read or holds something else.
    """
    if is_sqlite(engine):
        require_same_file(engine)
        if is_missing(engine):
            return SchemaState.MISSING
    with reading(engine) as connection:
        return _state(connection, engine)


def prepare(engine: Engine) -> None:
    """Make the database ready for writing: create a missing one, upgrade one without data.

    Raises SchemaOutdated where data stands under another schema, naming the command.
    """
    state = schema_state(engine)
    if is_sqlite(engine) and state is not SchemaState.MISSING:  # after a restore the file may lack both
        ensure_mode(engine)
        ensure_wal(engine)
    if state is SchemaState.CURRENT:
        return
    # years of data are not migrated in passing: the operator makes a backup first
    if state is SchemaState.NEWER or (state is SchemaState.OUTDATED and _holds_data(engine)):
        raise _outdated(engine, state)
    upgrade(engine)


def require_current(engine: Engine) -> None:
    """Make sure that the database can be read by this version. Creates nothing.

    Raises StoreUnavailable for a database without a history, SchemaOutdated for another version's.
    """
    state = schema_state(engine)
    if state in {SchemaState.MISSING, SchemaState.EMPTY}:
        trouble = "does not exist" if state is SchemaState.MISSING else "is empty"
        raise StoreUnavailable(
            f"database {database_name(engine)} {trouble}: run `monitor sweep` or `monitor run` first"
        )
    if state is not SchemaState.CURRENT:
        raise _outdated(engine, state)


def touch(connection: Connection) -> None:
    """Write what is there already: only what is written and committed proves that the database takes it."""
    version = table(VERSION_TABLE, column("version_num"))
    connection.execute(version.update().values(version_num=version.c.version_num))


@dataclass(frozen=True, slots=True)
class Upgraded:
    """The revisions before and after an upgrade, and what changed where the history was decided again."""

    before: str | None
    after: str
    redecided: tuple[Redecided, ...] = ()


def upgrade(engine: Engine, on_progress: OnProgress = lambda _provider, _done, _sweeps: None) -> Upgraded:
    """Bring the schema to this version in one transaction, and the history to its rules (rules.md 29).

    A history that older rules decided is decided again in the same transaction, once, with `on_progress`.
    Any number of processes may do so at once. Raises SchemaOutdated for a newer version's database,
    StoreUnavailable for one that holds something else, which is left as it is.
    """
    if is_sqlite(engine):
        create_file(engine, schema_state)  # which refuses another program's file unchanged
    with writing(engine) as connection:
        if not is_sqlite(engine):
            # measured: without it two of three containers that upgrade at once crash
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
        if _state(connection, engine) is SchemaState.NEWER:
            raise _outdated(engine, SchemaState.NEWER)
        before = _revision(connection)  # read again under the lock: another process may have done it
        if before != HEAD:
            with kept_rights(connection):
                migrate_to(connection, HEAD)
        describe_views(connection)
        return Upgraded(before, HEAD, _derive_again(connection, before, on_progress))


def _derive_again(
    connection: Connection, before: str | None, on_progress: OnProgress
) -> tuple[Redecided, ...]:
    """Derive what a history from before a revision lacks, and return what was decided otherwise."""
    if before is None or before >= max(_FIRST_WITH_SKETCHES, _FIRST_WITH_THESE_RULES, _FIRST_WITH_MONTHS):
        return ()
    # the fold, which few commands need
    from monitor.store.derived.daily import count_all_days  # noqa: PLC0415
    from monitor.store.derived.monthly import count_all_months  # noqa: PLC0415
    from monitor.store.derived.redecide import decide_anew  # noqa: PLC0415

    if before < _FIRST_WITH_SKETCHES:
        count_all_days(connection)
    redecided = decide_anew(connection, on_progress) if before < _FIRST_WITH_THESE_RULES else ()
    if before < _FIRST_WITH_MONTHS:
        count_all_months(connection)
    return redecided


def migrate_to(connection: Connection, revision: str) -> None:
    """Run the migrations up or down to a revision on this connection, inside its transaction."""
    # Imported where it is used: few commands migrate, and it takes a fifth of a second.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(migrations_directory()).replace("%", "%%"))
    config.attributes["connection"] = connection
    before = _revision(connection)
    is_down = before is not None and (revision == "base" or revision < before)
    (command.downgrade if is_down else command.upgrade)(config, revision)


def _state(connection: Connection, engine: Engine) -> SchemaState:
    revision = _revision(connection)
    if revision is None:
        if _holds_something_else(connection):
            raise StoreUnavailable(
                f"database {database_name(engine)} holds tables that are not monitor's: "
                "give monitor a database of its own"
            )
        return SchemaState.EMPTY
    if revision == HEAD:  # revisions are numbers of equal length, so they compare as text
        return SchemaState.CURRENT
    return SchemaState.NEWER if revision > HEAD else SchemaState.OUTDATED


def _holds_something_else(connection: Connection) -> bool:
    """Return whether a database without a revision has tables: of these names, or in a SQLite file any."""
    tables = set(inspect(connection).get_table_names())
    if VERSION_TABLE in tables:
        return not _has_versions(connection) or bool(tables & set(metadata.tables))
    # a Postgres database may be shared with other programs, a SQLite file is not
    return bool(tables if connection.dialect.name == "sqlite" else tables & set(metadata.tables))


def _has_versions(connection: Connection) -> bool:
    """Return whether there is a version table like monitor's: others call theirs the same."""
    there = inspect(connection)
    return there.has_table(VERSION_TABLE) and any(
        field["name"] == "version_num" for field in there.get_columns(VERSION_TABLE)
    )


def _revision(connection: Connection) -> str | None:
    if not _has_versions(connection):
        return None
    version = table(VERSION_TABLE, column("version_num"))
    revision: str | None = connection.scalar(select(func.max(version.c.version_num)))
    return revision


def _holds_data(engine: Engine) -> bool:
    with reading(engine) as connection:
        return connection.execute(select(provider.c.id).limit(1)).first() is not None


def _outdated(engine: Engine, state: SchemaState) -> SchemaOutdated:
    where = f"database {database_name(engine)}"
    if state is SchemaState.NEWER:
        return SchemaOutdated(
            f"{where} was written by a newer monitor: use that version, or a copy made before it"
        )
    return SchemaOutdated(
        f"{where} was written by an older monitor: run `monitor db upgrade` (make a backup first)"
    )
