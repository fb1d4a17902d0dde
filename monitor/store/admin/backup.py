"""A copy of the SQLite file, of one moment, while others write. Postgres has tools of its own for that.

The copy is one file: it is not in WAL mode, so nothing of it stands in a second one. The monitor sets that
mode again where such a file is put in the database's place.
"""

import os
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import mkstemp
from typing import Final

from sqlalchemy import URL, Engine, text

from monitor.errors import StoreError, StoreUnavailable, UsageError, writing_to
from monitor.store.connection.engine import file_mode_of, is_sqlite, reading
from monitor.store.connection.errors import database_name
from monitor.store.connection.progress import OnProgress
from monitor.store.connection.sqlite_file import is_missing, is_own

PAGES_AT_ONCE: Final = 2_000  # pages; about 4 MB between two steps of progress
_STANDARD: Final = Path("-")


def back_up(engine: Engine, file: Path, *, replaces: bool, on_progress: OnProgress) -> int:
    """Write a sound copy of the database to a file, which appears whole or not at all; returns its bytes.

    Raises UsageError for Postgres, and for a file that is in the way; StoreError where it fails.
    """
    if not is_sqlite(engine):
        raise UsageError(
            "a backup of Postgres is made by its own tools, also while the monitor runs: "
            f"{dump_command(engine, file)}"
        )
    if is_missing(engine):  # before writing_to, which would blame the target
        raise StoreUnavailable(
            f"database {database_name(engine)} does not exist: there is nothing to back up"
        )
    with writing_to(file):
        _refuse_what_is_in_the_way(engine, file, replaces=replaces)
        with draft_of(engine, file.resolve()) as draft:
            _copy(engine, file, draft, on_progress)
            return draft.stat().st_size


def dump_command(engine: Engine, file: Path) -> str:
    """Return the line of shell that backs up a Postgres database; without its passwords."""
    return f"pg_dump --format=custom --file={shlex.quote(str(file))} {shlex.quote(_bare_address(engine))}"


def restore_command(engine: Engine, file: Path) -> str:
    """Return the line of shell that restores such a backup; without its passwords."""
    options = f"--no-owner --exit-on-error --dbname={shlex.quote(_bare_address(engine))}"
    return f"pg_restore {options} {shlex.quote(str(file))}"


def _bare_address(engine: Engine) -> str:
    # the line is pasted into a shell, whose history and process list others read
    given = engine.url.difference_update_query(["password", "sslpassword"])
    place = (given.username, None, given.host, given.port, given.database)
    return URL.create("postgresql", *place, query=given.query).render_as_string()


def _refuse_what_is_in_the_way(engine: Engine, file: Path, *, replaces: bool) -> None:
    if file == _STANDARD or file.is_dir() or (file.exists() and not file.is_file()):
        raise UsageError(f"{file} is not a regular file")
    if is_own(engine, file):
        raise UsageError(f"{file} is part of the database: name another file")
    if file.exists() and not replaces:
        raise UsageError(f"{file} exists: name another file, or replace it with --force")
    for companion in (file.with_name(f"{file.name}{end}") for end in ("-wal", "-journal")):
        if companion.exists():
            # SQLite would take what stands in it for a part of the copy.
            raise UsageError(f"{companion} exists, so a database of that name is in use: name another file")


@contextmanager
def draft_of(engine: Engine, file: Path) -> Iterator[Path]:
    """Give an empty file beside this one, which takes its place at the end; after an error it is gone."""
    descriptor, name = mkstemp(dir=file.parent, prefix=f".{file.name}.")
    draft = Path(name)
    try:
        os.fchmod(descriptor, file_mode_of(engine))  # as the database: the copy is as private
        yield draft
        os.fsync(descriptor)  # before it takes its name: a crash leaves the old copy or the whole new one
        draft.replace(file)
    finally:
        os.close(descriptor)
        for end in ("", "-journal", "-wal", "-shm"):  # SQLite makes these beside a file that it opens
            draft.with_name(f"{draft.name}{end}").unlink(missing_ok=True)


def _copy(engine: Engine, file: Path, draft: Path, on_progress: OnProgress) -> None:
    try:
        with closing(sqlite3.connect(draft, isolation_level=None)) as copy:
            copy.execute("PRAGMA synchronous = OFF")  # it is made safe as a whole, at the end
            _copy_pages(engine, copy, on_progress)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, which may be copied alone
            # all of integrity_check but the comparison of indexes, in linear time
            said = [row[0] for row in copy.execute("PRAGMA quick_check(1)")]
    except sqlite3.Error as error:
        raise StoreError(f"{file}: the backup failed: {error}") from error
    if said != ["ok"]:
        raise StoreError(f"database {database_name(engine)} is damaged, and so would be its copy: {said[0]}")


def _copy_pages(engine: Engine, copy: sqlite3.Connection, on_progress: OnProgress) -> None:
    """Copy every page. The open transaction keeps the moment: else every foreign commit restarts it."""
    with reading(engine) as connection:
        connection.execute(text("SELECT count(*) FROM sqlite_master"))  # the first read fixes the moment
        source = connection.connection.driver_connection
        assert isinstance(source, sqlite3.Connection)  # noqa: S101 - what is_sqlite promises
        source.backup(
            copy,
            pages=PAGES_AT_ONCE,
            progress=lambda _state, left, total: on_progress("pages", total - left, total),
        )
