"""The database: whether it can be used, who leads it, its disk and its log; and what waits in the spool."""

import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from monitor.app.doctor.diagnosis import Diagnosis, fault, ok, warning
from monitor.app.wiring.application import App
from monitor.app.wiring.spool import spool_of
from monitor.errors import StoreError
from monitor.process.file_writer import process_words, writer_of
from monitor.report.words.numbers import counted
from monitor.spool.report import look_into
from monitor.store.admin.migrate import SchemaState, schema_state
from monitor.store.admin.network_disk import network_disk
from monitor.store.admin.server_rights import require_own_session, unwritable_tables
from monitor.store.admin.write_lock import is_locked
from monitor.store.connection.engine import Engine, is_sqlite, sqlite_path
from monitor.store.connection.errors import database_name
from monitor.store.connection.locks import leader_lock
from monitor.sweep import require_history

_LOCK_S: Final = 5.0  # longer than any transaction of a sweep
_LARGE_WAL: Final = 256_000_000  # bytes; usually it has a few million
_LITTLE_FREE, _LEAST_FREE = 1_000_000_000, 100_000_000  # bytes
_STOPPED: Final = "(stopped: "
_SCHEMAS: Final = {
    SchemaState.MISSING: ("there is no history yet", "monitor run, or monitor sweep, makes it"),
    SchemaState.EMPTY: ("it is empty", "monitor run, or monitor sweep, fills it"),
    SchemaState.OUTDATED: ("its schema is an older version's", "make a backup, then run monitor db upgrade"),
    SchemaState.NEWER: ("its schema is a newer version's", "run that version of monitor"),
}
_NEW: Final = frozenset({SchemaState.MISSING, SchemaState.EMPTY})


def check_database(app: App) -> Sequence[Diagnosis]:
    """Return the database's lines; what cannot be reached gets one, and nothing that depends on it."""
    engine = app.open_store(read_only=True, leaves_wal=True)
    name = database_name(engine)
    try:
        require_history(engine, spool_of(app.settings, engine))
        state = schema_state(engine)
    except StoreError as error:
        return [fault("database", name, str(error), "")]
    lines = [_schema(name, state), *(_of_file(app, engine) if is_sqlite(engine) else [])]
    if state is SchemaState.MISSING:
        return lines
    own = () if is_sqlite(engine) else _of_server(engine, name, state)
    return [*lines, *own, *_lock(app, engine, name), *_leader(engine, name)]


def check_spool(app: App) -> Sequence[Diagnosis]:
    """Say what waits for the database, and what of it cannot be read."""
    spool = spool_of(app.settings, app.open_store(read_only=True, leaves_wal=True))
    report, place = look_into(spool), str(spool.directory)
    lines = [fault("spool", place, words, "the record is set aside at its replay") for words in report.faults]
    if report.set_aside:
        records, size = counted(report.set_aside, "record"), f"{report.set_aside_size / 1000:,.0f} kB"
        words = f"{records} set aside, not replayed: {report.set_aside_sound} sound, {size} in all"
        advice = "monitor import reads those that are sound; then delete them"
        lines.append(warning("spool", place, words, advice))
    if report.waiting:
        verb = "wait" if report.waiting > 1 else "waits"
        words = f"{counted(report.waiting, 'sweep')} {verb} for the database, the first of {report.since}"
        lines.append(warning("spool", place, words, "monitor run brings them in once the database is back"))
    return lines or [ok("spool", place, "no sweep waits for the database")]


def _schema(name: str, state: SchemaState) -> Diagnosis:
    if state is SchemaState.CURRENT:
        return ok("database", name, "its schema is this version's")
    words, advice = _SCHEMAS[state]
    return (warning if state in _NEW else fault)("database", name, words, advice)


def _of_server(engine: Engine, name: str, state: SchemaState) -> Sequence[Diagnosis]:
    """Say what a daemon needs of a Postgres server, and this role or this way to it lacks."""
    try:
        require_own_session(engine)
        tables = unwritable_tables(engine) if state is SchemaState.CURRENT else []
    except StoreError as error:
        return [fault("database", name, str(error), "")]
    if not tables:
        return []
    words = f"this role may not write {tables[0]}" + (f" and {len(tables) - 1} more" if tables[1:] else "")
    advice = (
        "connect as the owner of the tables, or GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA to it"
    )
    return [fault("database", name, f"{words}, so no sweep is recorded", advice)]


def _leader(engine: Engine, name: str) -> Sequence[Diagnosis]:
    holder = leader_lock(engine).holder()
    if holder == "no process":
        return [warning("leader", name, "no daemon runs: nothing is swept", "start monitor run")]
    if _STOPPED in holder:  # only a process of this machine is known to be
        number = holder.split()[1]
        advice = f"kill -CONT {number} lets it go on"
        return [fault("leader", name, f"{holder} leads, and nothing is swept", advice)]
    return [ok("leader", name, f"{holder} leads")]


def _lock(app: App, engine: Engine, name: str) -> Sequence[Diagnosis]:
    may_write = is_sqlite(engine) and os.access(sqlite_path(engine), os.W_OK)
    if not may_write or not is_locked(app.open_store(), _LOCK_S):
        return ()
    words = f"another program has held its write lock for {_LOCK_S:g} s: sweeps wait in the spool"
    writer = writer_of(sqlite_path(engine))
    who = f"which is {process_words(writer)}" if writer else "fuser names who has the file open"
    return [warning("database", name, words, f"end that program's transaction; {who}")]


def _of_file(app: App, engine: Engine) -> list[Diagnosis]:
    path = sqlite_path(engine)
    directory = next((parent for parent in path.absolute().parents if parent.exists()), Path("/"))
    lines = []
    for place in (path, directory):
        if place.exists() and not os.access(place, os.W_OK):
            words = "this user may not write it, so no sweep is recorded"
            lines.append(fault("database", str(place), words, "give the daemon's user the right to write"))
    if kind := network_disk(directory):
        words = f"it lies on a network file system ({kind}), whose locks are not reliable"
        lines.append(warning("database", str(path), words, "move it to a local disk, or use Postgres"))
    return [*lines, *_mode(app, path), _disk(directory), *_wal(path)]


def _mode(app: App, path: Path) -> list[Diagnosis]:
    if not path.exists():
        return []
    mode, wanted = stat.S_IMODE(path.stat().st_mode), app.settings.database.file_mode
    if mode & ~wanted:
        words = f"its mode is {mode:04o}, more than the configured {wanted:04o}"
        return [warning("database", str(path), words, f"chmod {wanted:04o} {path}")]
    return []


def _disk(directory: Path) -> Diagnosis:
    free = shutil.disk_usage(directory).free
    words, advice = f"{free / 1e9:,.1f} GB free", "free some, or shorten [retention] and run monitor db prune"
    if free < _LEAST_FREE:
        return fault("disk", str(directory), words, advice)
    if free < _LITTLE_FREE:
        return warning("disk", str(directory), words, advice)
    return ok("disk", str(directory), words)


def _wal(path: Path) -> list[Diagnosis]:
    log = path.with_name(f"{path.name}-wal")
    size = log.stat().st_size if log.exists() else 0
    if size > _LARGE_WAL:
        words = f"the log has {size / 1e6:,.0f} MB: a reader holds it open"
        return [warning("database", str(log), words, "end the program that reads the database for long")]
    return []
