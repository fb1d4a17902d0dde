"""`monitor status`: the current status of models, from the history alone."""

import dataclasses
from collections.abc import Sequence

import click

from monitor.app.notifications.maintenance import running_windows
from monitor.app.wiring.application import App
from monitor.cli.terminal.context import Context, json_option, pass_context, provider_option
from monitor.cli.terminal.history_names import known_model, known_provider
from monitor.cli.terminal.output import note, print_json, print_table, say
from monitor.cli.terminal.staleness import stale_words
from monitor.cli.terminal.width import wide_option
from monitor.clock import utc_now
from monitor.core.history.rows import ModelRow, ModelStory
from monitor.core.notification.maintenance import RunningWindow
from monitor.report.terminal.tables import (
    events_table,
    facts_table,
    outages_table,
    status_counts,
    status_table,
)
from monitor.report.terminal.uptime import outage_document
from monitor.report.words.maintenance import window_words
from monitor.report.words.numbers import counted
from monitor.store import query
from monitor.store.connection.engine import Engine


@click.command()
@click.argument("model", required=False)
@provider_option
@wide_option
@json_option
@pass_context
def status(context: Context, *, model: str | None, provider: str | None, as_json: bool) -> None:
    """Print the current status of every model, or the details of one.

    Example: monitor status meta/llama-3.1-8b-instruct
    """
    app = context.app
    engine = app.history()
    if model is None:
        _print_status(app, engine, known_provider(engine, provider), as_json=as_json)
    else:
        _print_story(app, engine, known_model(engine, model, provider), as_json=as_json)


def _print_status(app: App, engine: Engine, provider: str | None, *, as_json: bool) -> None:
    rows = query.current_models(engine, provider)
    watched, windows = _watched(app), running_windows(app.settings)(utc_now())
    if as_json:
        print_json([_document(row, row, watched, windows) for row in rows])
        return
    print_table(status_table(rows, watched, query.busy_models(engine, provider)))
    say(f"\n{counted(len(rows), 'model')}: {status_counts(rows)}")
    for window in windows:
        if provider is None or window.concerns(provider):
            say(window_words(window))
    if provider is None or provider in watched:  # the others are not swept (rules.md 34)
        for words in stale_words(app, engine, provider, None):
            note(f"note: {words}")


def _watched(app: App) -> frozenset[str]:
    return frozenset(provider.name for provider in app.settings.providers)


def _document(
    value: ModelRow | ModelStory,
    row: ModelRow,
    watched: frozenset[str],
    windows: Sequence[RunningWindow],
) -> dict[str, object]:
    """Return what is known of a model with whether it is watched, and until when a window covers it."""
    columns = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    ends = [window.ends_at for window in windows if window.covers(row.provider, row.model)]
    is_watched = row.provider in watched
    return {**columns, "watched": is_watched, "maintenance_until": max(ends, default=None)}


def _print_story(app: App, engine: Engine, row: ModelRow, *, as_json: bool) -> None:
    story = query.model_story(engine, row.provider, row.model)
    if story is None:  # pruned or renamed between the two reads
        return
    watched, windows = _watched(app), running_windows(app.settings)(utc_now())
    if as_json:
        outages = [outage_document(outage, utc_now()) for outage in story.outages]
        print_json({**_document(story, story.now, watched, windows), "outages": outages})
        return
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
