"""`monitor sql`: one SELECT of a user's own on the views, where no other client is at hand."""

import sys
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

import click

from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.moments import as_duration
from monitor.cli.terminal.output import print_json, print_table, say_all
from monitor.cli.terminal.slow_bar import SlowBar
from monitor.cli.terminal.width import wide_option
from monitor.core.history.views import VIEWS
from monitor.errors import UsageError
from monitor.report.formats.selected import RowFormat, Rows, as_text
from monitor.store.ad_hoc.faults import Selected
from monitor.store.ad_hoc.query import selected

_STDIN: Final = "-"
_MOST_CHARACTERS: Final = 1_000_000  # of a query on stdin, which may be anything


@click.command("sql")
@click.argument("query", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice([*map(str, RowFormat)]),
    default=str(RowFormat.TABLE),
    show_default=True,
    help="How the rows are written.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--timeout",
    "limit",
    metavar="TIME",
    default="5m",
    show_default=True,
    callback=as_duration,
    help="How long the database may take for the next rows.",
)
@wide_option
@pass_context
def sql(context: Context, *, query: str | None, form: str, as_json: bool, limit: timedelta) -> None:
    """Run one SELECT on the views, which can change nothing; without QUERY list views and columns.

    `-` reads QUERY from stdin. Rows are printed as they come. Times are UTC, NULL is an empty cell of CSV.

    Example: monitor sql "SELECT model, since FROM model_status WHERE status = 'unavailable'"
    """
    chosen = RowFormat.JSON if as_json else RowFormat(form)
    if query is None:
        _list_views(chosen)
        return
    if not limit:
        raise UsageError("--timeout must be longer than 0")
    text = _stdin_text() if query == _STDIN else query
    with (
        SlowBar("reading") as bar,
        selected(context.app.history(), text, within_s=limit.total_seconds()) as rows,
    ):
        _print(chosen, Selected(rows.names, _counted(rows.parts, bar)))


def _stdin_text() -> str:
    try:
        text = sys.stdin.read(_MOST_CHARACTERS + 1)
    except UnicodeDecodeError:
        raise UsageError("the query on stdin is no UTF-8 text") from None
    if len(text) > _MOST_CHARACTERS:
        raise UsageError(f"the query on stdin is longer than {_MOST_CHARACTERS:,} characters")
    return text


def _counted(parts: Iterable[Rows], bar: SlowBar) -> Iterator[Rows]:
    """Give the parts, with a bar until the first is printed on a terminal, the last anywhere else."""
    count = 0
    for rows in parts:
        count += len(rows)
        bar.show(f"{count:,} rows")
        if sys.stdout.isatty():
            bar.end()
        yield rows
    bar.end()


def _print(form: RowFormat, rows: Selected) -> None:
    if form is not RowFormat.TABLE:
        say_all(as_text(form, rows.names, rows.parts))
        return
    from monitor.report.terminal.selected import selected_table  # noqa: PLC0415 - it loads rich

    has_header = True
    for part in rows.parts:
        print_table(selected_table(rows.names, part, has_header=has_header))
        has_header = False
    if has_header:  # no row
        print_table(selected_table(rows.names, []))


def _list_views(form: RowFormat) -> None:
    if form in {RowFormat.JSON, RowFormat.JSONL}:
        print_json(
            {
                view.name: {column.name: column.description for column in view.columns}
                for view in VIEWS.values()
            }
        )
        return
    if form is RowFormat.TABLE:
        from monitor.report.terminal.selected import views_table  # noqa: PLC0415 - it loads rich

        print_table(views_table(VIEWS.values()))
        return
    columns = [
        (view.name, column.name, column.description) for view in VIEWS.values() for column in view.columns
    ]
    say_all(as_text(form, ("view", "column", "meaning"), [columns]))
