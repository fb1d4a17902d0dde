"""Export views of the history for other tools: one view to a file, or all of them to a directory."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from monitor.app.files.output import output
from monitor.core.history.columns.view import count_of
from monitor.core.history.views import VIEWS, Scope, View
from monitor.errors import UsageError
from monitor.report.formats.delimited import RowWriter, csv_writer, json_writer
from monitor.store.connection.engine import Engine
from monitor.store.query.export import Snapshot, snapshot

OnExported = Callable[[str, int, int, int], None]
"""Called after each part: the view, how many of its parts are done, of how many, with how many rows."""


class Format(StrEnum):
    """How rows are written; its word is the ending of a file's name."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"


def check_installed(form: Format) -> None:
    """Raise UsageError where the library that writes a format is not installed."""
    if form is Format.PARQUET and find_spec("pyarrow") is None:  # looked for, not imported: that takes 40 MB
        raise UsageError("--format parquet needs pyarrow: pip install 'monitor[parquet]'")


def export_view(
    engine: Engine, view: View, scope: Scope, *, form: Format, file: Path, on_progress: OnExported
) -> int:
    """Write a view to a file; returns how many rows. Raises UsageError, StoreError, BrokenPipeError."""
    with snapshot(engine, scope) as history:  # one transaction: all views are of one moment
        return _write(history, view, form, file, on_progress)


def export_views(
    engine: Engine, scope: Scope, *, form: Format, directory: Path, on_progress: OnExported
) -> dict[str, int]:
    """Write every view, all at one moment, to `<view>.<format>` in a directory; returns their rows."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{directory}: cannot be made a directory: {error.strerror}") from None
    with snapshot(engine, scope) as history:
        return {
            name: _write(history, view, form, directory / f"{name}.{form}", on_progress)
            for name, view in VIEWS.items()
        }


def _write(history: Snapshot, view: View, form: Format, file: Path, on_progress: OnExported) -> int:
    count, parts = 0, history.parts(view)
    with output(file) as out, _row_writer(out, view, form) as writer:
        for done, part in enumerate(parts):
            on_progress(view.name, done, len(parts), count)
            with closing(history.columns(view, part)) as pieces:
                for columns in pieces:
                    writer.write(columns)
                    count += count_of(columns)
    on_progress(view.name, len(parts), len(parts), count)
    return count


@contextmanager
def _row_writer(out: BinaryIO, view: View, form: Format) -> Iterator[RowWriter]:
    if form is Format.PARQUET:
        with _parquet(out, view) as writer:
            yield writer
        return
    writer = (csv_writer if form is Format.CSV else json_writer)(out, view)
    yield writer
    writer.close()


@contextmanager
def _parquet(out: BinaryIO, view: View) -> Iterator[RowWriter]:
    """Give a writer that reaches `out` when it is whole: pyarrow ends also one that was given up."""
    from monitor.report.formats.parquet import ParquetRowWriter  # noqa: PLC0415 - 40 MB that only this needs

    with tempfile.TemporaryFile() as draft:
        writer = ParquetRowWriter(draft, view)
        try:
            yield writer
        finally:
            writer.close()
        draft.seek(0)
        shutil.copyfileobj(draft, out)
