"""The spool of the settings: its directory, its size, and the label of the database that it belongs to."""

import os
from collections.abc import Iterable

from monitor.config import Settings
from monitor.spool.directory import Spool
from monitor.store.connection.engine import Engine, is_sqlite, sqlite_path
from monitor.store.connection.errors import database_name
from monitor.sweep import Recorder, Replayer, Target


def spool_of(settings: Settings, engine: Engine) -> Spool:
    """Return the spool of a database of the settings; nothing is created yet."""
    directory = settings.spool_directory.absolute()
    label = database_name(engine)
    if is_sqlite(engine):  # both may be moved together
        label = os.path.relpath(sqlite_path(engine), directory)
    elif host := engine.url.query.get("host"):
        label = f"{label} at {host}"
    return Spool(directory, label, max_size=settings.spool.max_size)


def recorder_of(settings: Settings, engine: Engine) -> Recorder:
    """Return where the sweeps of one process are kept."""
    return Recorder(engine=engine, spool=spool_of(settings, engine))


def replayer_of(recorder: Recorder, targets: Iterable[Target]) -> Replayer:
    """Return what brings the spool of these targets into the database; their channels hear of it."""
    return Replayer(recorder, {target.provider: target.outbox for target in targets})
