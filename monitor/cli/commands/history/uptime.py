"""`monitor uptime`: the reliability of models over recent days or a range of time, from the history alone."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import click
from click.core import ParameterSource

from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.history_names import selected_models, selection_of
from monitor.cli.terminal.moments import parse_when
from monitor.cli.terminal.options import all_option, days_option, json_option, model_option, provider_option
from monitor.cli.terminal.output import note, print_json, print_table, say
from monitor.cli.terminal.staleness import stale_words
from monitor.cli.terminal.width import room, wide_option
from monitor.clock import utc_now
from monitor.core.history.model_names import Key
from monitor.core.history.reliability import (
    WindowFigures,
    by_model,
    model_uptimes,
    narrowed,
    provider_uptimes,
)
from monitor.core.history.selection import Selection
from monitor.errors import UsageError
from monitor.report.terminal.tables import outages_table
from monitor.report.terminal.uptime import provider_lines, uptime_document, uptime_table
from monitor.report.words.codes import shown_id
from monitor.report.words.times import short_moment
from monitor.store.connection.engine import Engine
from monitor.store.statistics.windows import window_figures


@click.command()
@days_option
@click.option("--since", metavar="WHEN", help="Begin of the window, in place of --days: 2026-04-01, 7d.")
@click.option("--until", metavar="WHEN", help="End of the window, not in it [default: now].")
@model_option
@provider_option
@all_option
@wide_option
@json_option
@pass_context
def uptime(
    context: Context,
    *,
    days: int,
    since: str | None,
    until: str | None,
    models: Sequence[str],
    providers: Sequence[str],
    is_all: bool,
    as_json: bool,
) -> None:
    """Print uptime, coverage, outages and latency of every model over recent days or a range of time.

    With --model, the outages of these models, too. A month is --since 2026-04-01 --until 2026-05-01.

    Example: monitor uptime --days 90 --model meta/llama-3.1-8b-instruct
    """
    begins_at, ends_at, window = _window(days, since, until)
    app = context.app
    engine = app.history()
    selection = selection_of(app, engine, providers, is_all=is_all)
    keys = [(row.provider, row.model) for row in selected_models(engine, selection, models)] if models else []
    figures = _figures(engine, begins_at, ends_at, selection, keys)
    if as_json:
        print_json(uptime_document(figures, with_providers=not models))
    else:
        _print(figures, models, window)
    for words in stale_words(app, engine, selection, None):
        note(f"note: {words}")


def _window(days: int, since: str | None, until: str | None) -> tuple[datetime, datetime, str]:
    """Return the window and what it is called; raises UsageError for an impossible one."""
    now = utc_now()  # one moment for both ends: the window is exactly so long
    if since is None and until is None:
        return now - timedelta(days=days), now, "last day" if days == 1 else f"last {days} days"
    source = click.get_current_context().get_parameter_source("days")
    if since is not None and source is ParameterSource.COMMANDLINE:
        raise UsageError("--since and --days: choose one of them")
    ends_at = now if until is None else min(now, parse_when(until))  # what is to come counts for nothing
    begins_at = ends_at - timedelta(days=days) if since is None else parse_when(since)
    if begins_at >= ends_at:
        raise UsageError(
            f"--since {short_moment(begins_at)} is not before the end, {short_moment(ends_at)} UTC"
        )
    return begins_at, ends_at, f"time from {short_moment(begins_at)} to {short_moment(ends_at)} UTC"


def _figures(
    engine: Engine, begins_at: datetime, ends_at: datetime, selection: Selection, keys: Sequence[Key]
) -> WindowFigures:
    """Return the figures of these models, or of all that are selected, read no wider than need be."""
    owners = {owner for owner, _ in keys} or selection.providers
    provider = next(iter(owners)) if len(owners) == 1 else None
    model = keys[0][1] if len(keys) == 1 else None
    figures = window_figures(engine, begins_at, ends_at, provider=provider, model=model)
    return narrowed(figures, lambda key: key in keys if keys else selection.covers(*key))


def _print(figures: WindowFigures, models: Sequence[str], window: str) -> None:
    rows = model_uptimes(figures)
    if not rows:
        names = ", ".join(map(shown_id, models))
        subject = f"{names} {'was' if len(models) == 1 else 'were'} not" if models else "nothing was"
        say(f"{subject} observed in the {window}")
        return
    print_table(uptime_table(rows))
    if not models:
        say(f"\nall models together, {window}")
        for line in provider_lines(provider_uptimes(figures), room()):
            say(line)
    for part in by_model(figures).values() if models else ():
        if part.outages:
            of = "" if len(models) == 1 else f"of {shown_id(part.outages[0].model)}, "
            say(f"\noutages {of or 'of the '}{window}, newest first")
            print_table(outages_table(part.outages, figures.ends_at))
