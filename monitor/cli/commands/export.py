"""`monitor export`: the history as sweep records, or its views as CSV, JSON Lines and Parquet."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from monitor.app.files.input import STANDARD
from monitor.app.tasks.export_views import Format, OnExported, check_installed, export_view, export_views
from monitor.app.tasks.import_files import write_lines
from monitor.cli.terminal.bar import Bar
from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.history_names import known_providers
from monitor.cli.terminal.moments import parse_range
from monitor.cli.terminal.options import provider_option
from monitor.cli.terminal.output import forget, note
from monitor.core.domain.names import unknown_words
from monitor.core.history.views import OBSERVATIONS, VIEWS, Scope, TimeFilter, View
from monitor.errors import UsageError
from monitor.report.formats.record_lines import format_batches
from monitor.report.words.numbers import counted
from monitor.store.connection.engine import Engine
from monitor.store.connection.sqlite_file import is_own
from monitor.store.write.export import read_batches

_SWEEPS = "sweeps"


@click.command("export")
@click.option(
    "--format",
    "format_",
    type=click.Choice([*map(str, Format), _SWEEPS]),
    default=_SWEEPS,
    show_default=True,
    help="Rows of a view for other tools, or sweep records for `monitor import`.",
)
@click.option("--view", metavar="NAME", help=f"View to export [default: {OBSERVATIONS}].")
@click.option(
    "--since", metavar="WHEN", help="Only rows since this time: 2026-04-06, 2026-04-06T12:00Z or 7d."
)
@click.option("--until", metavar="WHEN", help="Only rows before this time.")
@provider_option
@click.argument("file")
@pass_context
def export_history(
    context: Context,
    *,
    format_: str,
    view: str | None,
    since: str | None,
    until: str | None,
    providers: Sequence[str],
    file: str,
) -> None:
    """Write the history to FILE (`-` is stdout, `.gz` compresses): whole sweeps, or the rows of a view.

    Where FILE is a directory or ends with `/`, every view is written there as <view>.<format>.

    Example: monitor export --format parquet --since 30d april.parquet
    """
    begin, end = parse_range(since, until)
    scope = Scope(since=begin, until=end, providers=tuple(providers))
    if not file:
        raise UsageError("FILE is empty: name a file, a directory, or - for stdout")
    is_directory = file.endswith("/") or os.path.isdir(file)  # noqa: PTH112 - says no to impossible names
    form = None if format_ == _SWEEPS else Format(format_)
    if form:
        check_installed(form)  # before the database is opened, which may take long
    _require_possible(file, view, form, is_directory=is_directory)
    try:
        if form is None:
            _export_sweeps(context, scope, Path(file))
        elif is_directory:
            _export_views(context, scope, form, Path(file))
        else:
            _export_view(context, scope, form, _chosen(view, scope), Path(file))
    except BrokenPipeError:  # as `head` does
        forget(sys.stdout)


def _export_sweeps(context: Context, scope: Scope, file: Path) -> None:
    engine = _checked(context, scope, file)
    history = read_batches(engine, since=scope.since, until=scope.until, providers=scope.providers)
    with Bar() as bar:
        count = write_lines(bar.counted("sweeps", format_batches(history), then="finishing"), file)
    note(f"{counted(count, 'sweep')} exported")


def _export_view(context: Context, scope: Scope, form: Format, view: View, file: Path) -> None:
    if form is Format.PARQUET and file == STANDARD and sys.stdout.isatty():
        raise UsageError("Parquet cannot be printed to a terminal: name a file, or use a pipe")
    if form is Format.PARQUET and file.suffix == ".gz":
        raise UsageError(f"{file}: Parquet files are compressed already: remove .gz from the name")
    engine = _checked(context, scope, file)
    with Bar() as bar:
        count = export_view(engine, view, scope, form=form, file=file, on_progress=_shown_on(bar))
    note(f"{counted(count, 'row')} of {view.name} exported")


def _export_views(context: Context, scope: Scope, form: Format, directory: Path) -> None:
    engine = _checked(context, scope, *(directory / f"{name}.{form}" for name in VIEWS))
    with Bar() as bar:
        counts = export_views(engine, scope, form=form, directory=directory, on_progress=_shown_on(bar))
    for name, count in counts.items():
        note(f"{directory / name}.{form}: {counted(count, 'row')}")


def _checked(context: Context, scope: Scope, *files: Path) -> Engine:
    """Return the history; raises UsageError for a provider without one, and for files that belong to it."""
    engine = context.app.history()
    known_providers(engine, scope.providers)
    with suppress(OSError, RuntimeError):  # a name that cannot be written is refused when it is opened
        for file in files:
            if is_own(engine, file):  # an export over the database would end the history
                raise UsageError(f"{file} is part of the database: name another file")
    return engine


def _shown_on(bar: Bar) -> OnExported:
    def on_progress(view: str, done: int, total: int, rows: int) -> None:
        bar.show(view, done, total, f"{rows:,} rows")

    return on_progress


def _require_possible(file: str, view: str | None, form: Format | None, *, is_directory: bool) -> None:
    """Raise UsageError for sweep records or one view in a directory, and for sweep records of a view."""
    if form is None and view is not None:
        raise UsageError("--view needs --format csv, jsonl or parquet")
    if form is None and is_directory:
        raise UsageError(
            f"{file} is a directory: sweep records are one file; for views, choose another --format"
        )
    if is_directory and view is not None:
        raise UsageError(f"{file} is a directory, which receives every view: remove --view, or name a file")


def _chosen(name: str | None, scope: Scope) -> View:
    """Return the view of a name. Raises UsageError, also where it cannot be narrowed as wanted."""
    view = VIEWS.get(name or OBSERVATIONS)
    if view is None:
        raise UsageError(unknown_words("view", name or "", VIEWS))
    if view.span is TimeFilter.NONE and (scope.since or scope.until):
        fitting = ", ".join(
            candidate.name for candidate in VIEWS.values() if candidate.span is not TimeFilter.NONE
        )
        raise UsageError(f"--since and --until do not apply to {view.name}; they do to: {fitting}")
    return view
