"""`monitor list`: the ids of models by their current status, from the history alone."""

import math
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import click

from monitor.cli.terminal.context import Context, days_option, json_option, pass_context, provider_option
from monitor.cli.terminal.history_names import known_provider
from monitor.cli.terminal.output import print_json, say_id
from monitor.cli.terminal.staleness import max_age_option, refuse_stale
from monitor.core.domain.vocabulary import Kind, Status
from monitor.core.history.rows import ModelRow
from monitor.store import query
from monitor.store.connection.engine import Engine

_ALL = "all"


class _Percent(click.FloatRange):
    """A number from 0 to 100; NaN, which no comparison finds outside, is none."""

    def __init__(self) -> None:
        super().__init__(0, 100)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - click's
        if math.isnan(number := super().convert(value, param, ctx)):  # NaN passes click's comparison
            self.fail(f"{value!r} is not a number from 0 to 100.", param, ctx)
        return number


@click.command("list")
@click.option(
    "--status",
    type=click.Choice([*(status.value for status in Status), _ALL]),
    default=Status.AVAILABLE.value,
    show_default=True,
    help="Only models of this status.",
)
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="Only models of this kind.")
@click.option(
    "--min-uptime", type=_Percent(), metavar="PCT", help="Only models with at least this uptime over --days."
)
@days_option
@provider_option
@max_age_option
@json_option
@pass_context
def list_models(
    context: Context,
    *,
    status: str,
    kind: str | None,
    min_uptime: float | None,
    days: int,
    provider: str | None,
    max_age: timedelta | None,
    as_json: bool,
) -> None:
    """Print the ids of models from the database, one per line: by default those available now.

    Exits 3 when the last conclusive sweep is older than --max-age.

    Example: monitor list --kind chat --min-uptime 99 --days 90
    """
    app = context.app
    engine = app.history()
    rows = [
        row
        for row in query.current_models(engine, known_provider(engine, provider))
        if status in {row.status, _ALL} and kind in {row.kind, None}
    ]
    if min_uptime is not None:
        rows = _reliable(engine, rows, min_uptime, days)  # only then: it reads all days of the window
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            say_id(row.model)
    refuse_stale(app, engine, provider, max_age)  # a script may use the ids all the same


def _reliable(engine: Engine, rows: Iterable[ModelRow], least: float, days: int) -> list[ModelRow]:
    """Keep models with a known uptime of at least so much; no data is not an uptime."""
    uptimes = {(row.provider, row.model): row.uptime_percent for row in query.uptime(engine, days)}
    return [
        row
        for row in rows
        if (uptime := uptimes.get((row.provider, row.model))) is not None and uptime >= least
    ]
