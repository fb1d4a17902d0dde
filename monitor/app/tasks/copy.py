"""The history as a whole, out of its database: a backup beside it, a copy in another one."""

from collections.abc import Mapping
from pathlib import Path

from monitor.app.wiring.application import App
from monitor.store.admin import backup, copy
from monitor.store.connection.engine import open_engine
from monitor.store.connection.errors import database_name


def back_up(app: App, file: Path, *, replaces: bool, watch: backup.Watch) -> int:
    """Copy the SQLite file while others write; returns the bytes. Raises UsageError, StoreError."""
    engine = app.open_store(read_only=True)
    try:
        return backup.back_up(engine, file, replaces=replaces, watch=watch)
    finally:
        engine.dispose()


def copy_history(app: App, url: str, watch: copy.Watch) -> tuple[str, Mapping[str, int]]:
    """Copy all rows into another database; returns its name without a password, and the rows by table.

    Raises ConfigError for what is no address, UsageError, StoreError.
    """
    source = app.open_store(read_only=True)
    target = open_engine(url, file_mode=app.settings.database.file_mode)
    try:
        return database_name(target), copy.copy_history(source, target, watch)
    finally:
        source.dispose()
        target.dispose()
