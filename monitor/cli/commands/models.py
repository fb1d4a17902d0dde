"""`monitor list|status`: the current status of models, from the history alone."""

import dataclasses
import math
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import click

from monitor.app.wiring.application import App
from monitor.cli.terminal.context import Context, days_option, json_option, pass_context, provider_option
from monitor.cli.terminal.output import note, print_json, print_table, say, say_id
from monitor.cli.terminal.staleness import max_age_option, refuse_stale, stale_words
from monitor.clock import utc_now
from monitor.core.domain.names import did_you_mean
from monitor.core.domain.vocabulary import Kind, Status
from monitor.core.history.rows import ModelRow, ModelStory
from monitor.errors import UnknownModel, UsageError
from monitor.report.terminal.tables import (
    events_table,
    facts_table,
    outages_table,
    status_counts,
    status_table,
)
from monitor.report.words.numbers import counted
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


def known_provider(engine: Engine, provider: str | None) -> str | None:
    """Return the name as it is, or None; raises UsageError for a provider without a history."""
    if provider is not None:
        query.chosen_providers(engine, provider)
    return provider


def _reliable(engine: Engine, rows: Iterable[ModelRow], least: float, days: int) -> list[ModelRow]:
    """Keep models with a known uptime of at least so much; no data is not an uptime."""
    uptimes = {(row.provider, row.model): row.uptime_percent for row in query.uptime(engine, days)}
    return [
        row
        for row in rows
        if (uptime := uptimes.get((row.provider, row.model))) is not None and uptime >= least
    ]


@click.command()
@click.argument("model", required=False)
@provider_option
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
    watched = _watched(app)
    if as_json:
        print_json([{**_columns(row), "watched": row.provider in watched} for row in rows])
        return
    print_table(status_table(rows, watched))
    say(f"\n{counted(len(rows), 'model')}: {status_counts(rows)}")
    if provider is None or provider in watched:  # the others are not swept (rules.md 34)
        for words in stale_words(app, engine, provider, None):
            note(f"note: {words}")


def _watched(app: App) -> frozenset[str]:
    return frozenset(provider.name for provider in app.settings.providers)


def _columns(row: ModelRow | ModelStory) -> dict[str, object]:
    return {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}


def known_model(engine: Engine, model: str, provider: str | None) -> ModelRow:
    """Return what is believed of a model; raises UnknownModel, or UsageError where two providers have it."""
    rows = query.current_models(engine, known_provider(engine, provider), model=model)
    if not rows:
        meant = did_you_mean(model, (row.model for row in query.current_models(engine, provider)))
        raise UnknownModel(
            f'no model "{model}" in the history{meant}; `monitor list --status all` prints the ids'
        )
    if len(rows) > 1:
        names = ", ".join(row.provider for row in rows)
        raise UsageError(f'several providers have a model "{model}" ({names}); choose one with --provider')
    return rows[0]


def _print_story(app: App, engine: Engine, row: ModelRow, *, as_json: bool) -> None:
    story = query.model_story(engine, row.provider, row.model)
    if story is None:  # pruned or renamed between the two reads
        return
    watched = _watched(app)
    if as_json:
        print_json({**_columns(story), "watched": row.provider in watched})
        return
    print_table(facts_table(story.now, story.streamed, watched=watched))
    say("\nevents, newest first")
    print_table(events_table(story.events))
    if story.outages:
        say("\noutages, newest first")
        print_table(outages_table(story.outages, utc_now()))
