"""Databases that have lived through a history of tests/store/histories.py, lived once, copied each time."""

from pathlib import Path
from shutil import copy2
from typing import Any

from sqlalchemy import Engine, Table, func, select

from monitor.store.connection.engine import is_sqlite, open_engine, reading, sqlite_path, writing
from monitor.store.schema import metadata
from tests.store import histories

Life = tuple[int, int] | tuple[int, int, str]
Rows = dict[Table, list[dict[str, Any]]]


class Lives:
    """Gives a migrated and empty database the state it has after some lives: (seed, sweeps[, provider]).

    Postgres gets the rows of the file: that both databases write the same is tested where they are written
    (tests/store/test_history_machine.py, tests/store/derived).
    """

    def __init__(self, directory: Path, empty_file: Path) -> None:
        self._directory, self._empty_file = directory, empty_file
        self._files: dict[tuple[Life, ...], Path] = {}
        self._rows: dict[tuple[Life, ...], Rows] = {}

    def through(self, engine: Engine, *lives: Life) -> None:
        """Live through a history, or copy what did."""
        if lives not in self._files:
            self._files[lives] = self._lived(lives)
        if is_sqlite(engine):
            engine.dispose()
            copy2(self._files[lives], sqlite_path(engine))
            return
        if lives not in self._rows:
            self._rows[lives] = _rows_of(self._files[lives])
        _fill(engine, self._rows[lives])

    def _lived(self, lives: tuple[Life, ...]) -> Path:
        """Return a file that lived through this."""
        file = self._directory / f"{len(self._files)}.db"
        copy2(self._empty_file, file)
        engine = open_engine(f"sqlite:///{file}")
        for seed, count, *provider in lives:
            histories.live_all(
                engine, histories.history(seed, count, provider=provider[0] if provider else "nvidia")
            )
        engine.dispose()
        return file


def _rows_of(file: Path) -> Rows:
    engine = open_engine(f"sqlite:///{file}")
    with reading(engine) as connection:
        rows = {
            table: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in metadata.sorted_tables
        }
    engine.dispose()
    return {table: of_table for table, of_table in rows.items() if of_table}


def _fill(engine: Engine, rows: Rows) -> None:
    with writing(engine) as connection:
        for table, of_table in rows.items():
            connection.execute(table.insert(), of_table)
            for key in table.primary_key.columns:
                if key is table.autoincrement_column:
                    sequence = func.pg_get_serial_sequence(table.name, key.name)
                    connection.execute(select(func.setval(sequence, max(row[key.name] for row in of_table))))
