"""`monitor uptime`: the reliability of models over recent days, from the history alone."""

from datetime import timedelta

import click

from monitor.cli.commands.models import known_model, known_provider
from monitor.cli.terminal.context import Context, json_option, pass_context, provider_option
from monitor.cli.terminal.output import note, print_json, print_table, say
from monitor.cli.terminal.staleness import stale_words
from monitor.clock import utc_now
from monitor.core.history.reliability import WindowFigures, model_uptimes, provider_uptimes
from monitor.report.terminal.tables import outages_table
from monitor.report.terminal.uptime import provider_lines, uptime_document, uptime_table
from monitor.report.words.codes import shown_id
from monitor.store.statistics.windows import window_figures

_MOST_DAYS = 36_500


@click.command()
@click.option(
    "--days",
    type=click.IntRange(1, _MOST_DAYS),
    default=30,
    show_default=True,
    help="Number of days to look back.",
)
@click.option("--model", metavar="MODEL", help="Only this model, with its outages.")
@provider_option
@json_option
@pass_context
def uptime(context: Context, *, days: int, model: str | None, provider: str | None, as_json: bool) -> None:
    """Print uptime, coverage, outages and latency of every model over recent days.

    Example: monitor uptime --days 90 --model meta/llama-3.1-8b-instruct
    """
    app = context.app
    engine = app.history()
    if model is None:
        owner = known_provider(engine, provider)
    else:
        owner = known_model(engine, model, provider).provider
    now = utc_now()
    figures = window_figures(engine, now - timedelta(days=days), now, provider=owner, model=model)
    if as_json:
        print_json(uptime_document(figures, with_providers=model is None))
    elif model is None:
        _print_all(figures, days)
    else:
        _print_one(figures, model, days)
    for words in stale_words(app, engine, provider, None):
        note(f"note: {words}")


def _print_all(figures: WindowFigures, days: int) -> None:
    rows = model_uptimes(figures)
    if not rows:
        say(f"nothing was observed in the {_last(days)}")
        return
    print_table(uptime_table(rows))
    say(f"\nall models together, {_last(days)}")
    for line in provider_lines(provider_uptimes(figures)):
        say(line)


def _print_one(figures: WindowFigures, model: str, days: int) -> None:
    rows = model_uptimes(figures)
    if not rows:
        say(f"{shown_id(model)} was not observed in the {_last(days)}")
        return
    print_table(uptime_table(rows))
    if figures.outages:
        say(f"\noutages of the {_last(days)}, newest first")
        print_table(outages_table(figures.outages, figures.ends_at))


def _last(days: int) -> str:
    return "last day" if days == 1 else f"last {days} days"
