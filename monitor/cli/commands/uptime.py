"""`monitor uptime`: the reliability of models over recent days, from the history alone."""

from datetime import timedelta

import click

from monitor.cli.terminal.context import Context, days_option, json_option, pass_context, provider_option
from monitor.cli.terminal.history_names import known_model, known_provider
from monitor.cli.terminal.output import note, print_json, print_table, say
from monitor.cli.terminal.staleness import stale_words
from monitor.cli.terminal.width import wide_option
from monitor.clock import utc_now
from monitor.core.history.reliability import WindowFigures, model_uptimes, provider_uptimes
from monitor.report.terminal.tables import outages_table
from monitor.report.terminal.uptime import provider_lines, uptime_document, uptime_table
from monitor.report.words.codes import shown_id
from monitor.store.statistics.windows import window_figures


@click.command()
@days_option
@click.option("--model", metavar="MODEL", help="Only this model, with its outages.")
@provider_option
@wide_option
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
    # one moment for both ends: the window is exactly so long
    figures = window_figures(engine, now - timedelta(days=days), now, provider=owner, model=model)
    if as_json:
        print_json(uptime_document(figures, with_providers=model is None))
    else:
        _print(figures, model, "last day" if days == 1 else f"last {days} days")
    for words in stale_words(app, engine, provider, None):
        note(f"note: {words}")


def _print(figures: WindowFigures, model: str | None, window: str) -> None:
    rows = model_uptimes(figures)
    if not rows:
        subject = f"{shown_id(model)} was not" if model else "nothing was"
        say(f"{subject} observed in the {window}")
        return
    print_table(uptime_table(rows))
    if model is None:
        say(f"\nall models together, {window}")
        for line in provider_lines(provider_uptimes(figures)):
            say(line)
    elif figures.outages:
        say(f"\noutages of the {window}, newest first")
        print_table(outages_table(figures.outages, figures.ends_at))
