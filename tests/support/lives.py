"""Databases that have lived through a history of tests/store/histories.py, lived once, copied each time."""

from collections.abc import Callable
from pathlib import Path
from shutil import copy2

from sqlalchemy import Engine

from monitor.store.connection.engine import is_sqlite, open_engine, sqlite_path
from tests.store import histories
from tests.support.postgres import PostgresServer

Life = tuple[int, int] | tuple[int, int, str]


class Lives:
    """Gives a migrated and empty database the state it has after some lives: (seed, sweeps[, provider])."""

    def __init__(self, directory: Path, empty_file: Path, postgres: Callable[[], PostgresServer]) -> None:
        self._directory, self._empty_file, self._postgres = directory, empty_file, postgres
        self._templates: dict[tuple[bool, tuple[Life, ...]], str] = {}

    def through(self, engine: Engine, *lives: Life) -> None:
        """Live through a history, or copy what did."""
        key = is_sqlite(engine), lives
        if key not in self._templates:
            self._templates[key] = self._lived(*key)
        engine.dispose()
        if is_sqlite(engine):
            copy2(self._templates[key], sqlite_path(engine))
        else:
            self._postgres().replace_database(str(engine.url.database), template=self._templates[key])

    def _lived(self, is_file: bool, lives: tuple[Life, ...]) -> str:
        """Return the file or the name of a database that lived through this."""
        url = self._empty_copy() if is_file else self._postgres().kept_database()
        engine = open_engine(url)
        for seed, count, *provider in lives:
            histories.live_all(
                engine, histories.history(seed, count, provider=provider[0] if provider else "nvidia")
            )
        engine.dispose()
        return str(engine.url.database)

    def _empty_copy(self) -> str:
        file = self._directory / f"{len(self._templates)}.db"
        copy2(self._empty_file, file)
        return f"sqlite:///{file}"
