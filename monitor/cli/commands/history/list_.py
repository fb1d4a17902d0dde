"""`monitor list`: the ids of models by their current status, from the history alone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import click

from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.history_names import selected_models, selection_of
from monitor.cli.terminal.listing import columns_of, note_unwatched
from monitor.cli.terminal.options import (
    all_option,
    days_option,
    json_option,
    kind_option,
    min_uptime_option,
    model_option,
    provider_option,
)
from monitor.cli.terminal.output import print_json, say_id
from monitor.cli.terminal.staleness import max_age_option, refuse_stale
from monitor.core.domain.vocabulary import Status
from monitor.core.history.model_names import Key, shown_names
from monitor.core.history.rows import ModelRow
from monitor.store import query
from monitor.store.connection.engine import Engine

_ALL = "all"
_NAME, _UPTIME, _LATENCY = "name", "uptime", "latency"


@click.command("list")
@click.option(
    "--status",
    "statuses",
    type=click.Choice([*(status.value for status in Status), _ALL]),
    default=[Status.AVAILABLE.value],
    multiple=True,
    help="Only models of this status; repeat it for several [default: available].",
)
@kind_option
@min_uptime_option
@days_option
@click.option(
    "--sort",
    type=click.Choice([_NAME, _UPTIME, _LATENCY]),
    default=_NAME,
    show_default=True,
    help="Order: by provider and id, by uptime (the highest first) or by median latency (the lowest first) "
    "over --days.",
)
@click.option("--limit", type=click.IntRange(1, 1_000_000), help="Print at most so many.")
@model_option
@provider_option
@all_option
@max_age_option
@json_option
@pass_context
def list_models(
    context: Context,
    *,
    statuses: Sequence[str],
    kinds: Sequence[str],
    min_uptime: float | None,
    days: int,
    sort: str,
    limit: int | None,
    models: Sequence[str],
    providers: Sequence[str],
    is_all: bool,
    max_age: timedelta | None,
    as_json: bool,
) -> None:
    """Print the ids of models from the database, one per line: by default those available now.

    Where two providers have the same id, it is printed as PROVIDER/ID. Exits 3 when the last conclusive
    sweep is older than --max-age.

    Example: monitor list --kind chat --min-uptime 99 --days 90
    """
    app, engine = context.app, context.app.history()
    selection = selection_of(app, engine, providers, is_all=is_all)
    every = selected_models(engine, selection)
    rows = selected_models(engine, selection, models) if models else every
    if models:  # the age of what other providers have does not matter then
        selection = replace(selection, providers=frozenset(row.provider for row in rows))
    rows = [
        row
        for row in rows
        if not {row.status, _ALL}.isdisjoint(statuses) and (not kinds or row.kind in kinds)
    ]
    rows = _sorted(engine, rows, sort, days, min_uptime)[:limit]
    if as_json:
        print_json([columns_of(row, selection) for row in rows])
    else:
        _print(rows, every)
    note_unwatched(engine, selection, every)
    refuse_stale(app, engine, selection, max_age)  # a script may use the ids all the same


def _print(rows: Sequence[ModelRow], every: Sequence[ModelRow]) -> None:
    """Print names; whether an id repeats goes by all models, not by those that happen to be available."""
    names = shown_names((row.provider, row.model) for row in [*every, *rows])
    for row in rows:
        say_id(names[row.provider, row.model])


def _sorted(
    engine: Engine, rows: list[ModelRow], sort: str, days: int, least: float | None
) -> list[ModelRow]:
    """Return the rows in order, with a known uptime of at least so much: no data is not an uptime."""
    if least is not None or sort == _UPTIME:  # only then: it reads all days of the window
        uptimes = {(row.provider, row.model): row.uptime_percent for row in query.uptime(engine, days)}
    if least is not None:
        rows = [row for row in rows if (uptime := _of(uptimes, row)) is not None and uptime >= least]
    if sort == _UPTIME:
        return sorted(rows, key=lambda row: _best_first(_of(uptimes, row), -1))
    if sort == _LATENCY:
        medians = query.median_latencies(engine, days)
        return sorted(rows, key=lambda row: _best_first(_of(medians, row), 1))
    return rows


def _of(values: Mapping[Key, float | None] | Mapping[Key, int], row: ModelRow) -> float | None:
    return values.get((row.provider, row.model))


def _best_first(figure: float | None, sign: int) -> tuple[bool, float]:
    return figure is None, sign * (figure or 0)  # what has no data comes last
