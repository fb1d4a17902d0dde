"""`monitor status`: the current status of models, from the history alone."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import click

from monitor.app.notifications.maintenance import running_windows
from monitor.app.wiring.application import App
from monitor.cli.terminal import completion
from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.history_names import named_model, selected_models, selection_of
from monitor.cli.terminal.listing import columns_of, fields_of, note_unwatched
from monitor.cli.terminal.options import all_option, json_option, kind_option, model_option, provider_option
from monitor.cli.terminal.output import note, print_json, print_table, say
from monitor.cli.terminal.staleness import stale_words
from monitor.cli.terminal.width import wide_option
from monitor.clock import utc_now
from monitor.core.domain.vocabulary import Status
from monitor.core.history.rows import ModelRow
from monitor.core.history.selection import Selection
from monitor.core.notification.maintenance import RunningWindow
from monitor.errors import UsageError
from monitor.report.formats.outages import outage_document
from monitor.report.terminal.tables import (
    events_table,
    facts_table,
    outages_table,
    status_counts,
    status_table,
)
from monitor.report.words.maintenance import window_words
from monitor.report.words.missed import missed_lately
from monitor.report.words.numbers import counted
from monitor.store import query
from monitor.store.connection.engine import Engine
from monitor.store.statistics.windows import sweep_counts

_LATELY: Final = timedelta(hours=24)


@click.command()
@click.argument("model", required=False, shell_complete=completion.models)
@click.option(
    "--status",
    "statuses",
    type=click.Choice([status.value for status in Status]),
    multiple=True,
    help="Only models of this status; repeat it for several.",
)
@kind_option
@model_option
@provider_option
@all_option
@wide_option
@json_option
@pass_context
def status(
    context: Context,
    *,
    model: str | None,
    statuses: Sequence[str],
    kinds: Sequence[str],
    models: Sequence[str],
    providers: Sequence[str],
    is_all: bool,
    as_json: bool,
) -> None:
    """Print the current status of every model, or the details of one.

    MODEL is an id, or PROVIDER/ID where several providers have it.

    Example: monitor status meta/llama-3.1-8b-instruct
    """
    if model is not None and (statuses or kinds or models):
        raise UsageError("MODEL stands alone; for a table of some, use --model")
    app = context.app
    engine = app.history()
    selection = selection_of(app, engine, providers, is_all=is_all)
    if model is not None:
        _print_story(app, engine, selection, named_model(engine, selection, model), as_json=as_json)
        return
    every = selected_models(engine, selection, models)
    rows = [
        row for row in every if (not statuses or row.status in statuses) and (not kinds or row.kind in kinds)
    ]
    note_unwatched(engine, selection, every)
    _print_status(app, engine, selection, rows, as_json=as_json)


def _print_status(
    app: App, engine: Engine, selection: Selection, rows: Sequence[ModelRow], *, as_json: bool
) -> None:
    windows = running_windows(app.settings)(utc_now())
    if as_json:
        print_json([{**columns_of(row, selection), **_maintenance(row, windows)} for row in rows])
        return
    providers = selection.watched.policies.keys()
    keys = {(row.provider, row.model) for row in rows}
    unwatched = {key for key in keys if not selection.watched.covers(*key)}
    print_table(status_table(rows, providers, query.busy_models(engine), unwatched))
    say(f"\n{counted(len(rows), 'model')}: {status_counts(rows)}")
    for window in windows:
        if not selection.providers or any(map(window.concerns, selection.providers)):
            say(window_words(window))
    for name in sorted(selection.providers or providers):
        if words := missed_lately(name, sweep_counts(engine, utc_now() - _LATELY, utc_now(), provider=name)):
            note(f"note: {words}")
    for words in stale_words(app, engine, selection, None):  # of others no new data come (rules.md 34)
        note(f"note: {words}")


def _maintenance(row: ModelRow, windows: Sequence[RunningWindow]) -> dict[str, object]:
    """Return until when a window covers a model."""
    ends = [window.ends_at for window in windows if window.covers(row.provider, row.model)]
    return {"maintenance_until": max(ends, default=None)}


def _print_story(app: App, engine: Engine, selection: Selection, row: ModelRow, *, as_json: bool) -> None:
    story = query.model_story(engine, row.provider, row.model)
    if story is None:  # pruned or renamed between the two reads
        return
    is_watched = selection.watched.covers(row.provider, row.model)
    windows = running_windows(app.settings)(utc_now())
    if as_json:
        outages = [outage_document(outage, utc_now()) for outage in story.outages]
        more = {"watched": is_watched, **_maintenance(row, windows), "outages": outages}
        print_json({**fields_of(story), **more})
        return
    watched = [row.provider] if is_watched else ()
    is_busy = bool(query.busy_models(engine, row.provider, model=row.model))
    print_table(facts_table(story.now, story.streamed, watched=watched, is_busy=is_busy))
    for window in windows:
        if window.covers(row.provider, row.model):
            say(window_words(window))
    say("\nevents, newest first")
    print_table(events_table(story.events))
    if story.outages:
        say("\noutages, newest first")
        print_table(outages_table(story.outages, utc_now()))
