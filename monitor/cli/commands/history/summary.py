"""`monitor summary`: what changed on a day, or on several, for people and machines."""

from collections.abc import Sequence

import click

from monitor.app.notifications.summaries import summaries_of
from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.days import chosen_span
from monitor.cli.terminal.history_names import known_providers
from monitor.cli.terminal.options import json_option, provider_option
from monitor.cli.terminal.output import note, say
from monitor.clock import utc_now
from monitor.core.history.calendar import Span, day_of
from monitor.errors import NoVerdict, UsageError
from monitor.report.summary import FORMS
from monitor.store.connection.engine import Engine
from monitor.store.statistics.summaries import history_began_at

_TEXT, _JSON = "text", "json"


@click.command()
@click.argument("day", metavar="[DATE]", required=False)
@click.option("--since", metavar="DATE", help="First day, or a number of days that end with --until (7d).")
@click.option("--until", metavar="DATE", help="Last day [default: yesterday].")
@click.option("--format", "form", type=click.Choice([*FORMS]), help="Output format [default: text].")
@provider_option
@json_option
@pass_context
def summary(
    context: Context,
    *,
    day: str | None,
    since: str | None,
    until: str | None,
    form: str | None,
    providers: Sequence[str],
    as_json: bool,
) -> None:
    """Print what changed on a day: models that appeared, retired, failed or recovered.

    DATE is 2026-04-06, today or yesterday, in the configured time zone; the default is yesterday.

    Example: monitor summary --since 7d --format markdown
    """
    if as_json and form not in {None, _JSON}:
        raise UsageError(f"--json and --format {form}: choose one of them")
    app = context.app
    zone = app.settings.schedule.timezone
    # the user's zone decides which day it is
    span = chosen_span(day, since=since, until=until, today=day_of(utc_now(), zone), zone=zone)
    engine = app.history()
    _require_history(engine, span, known_providers(engine, providers))
    summaries = summaries_of(app.settings, engine, watched=app.watched(engine).policies)
    text = FORMS[_JSON if as_json else form or _TEXT]
    say(text(summaries.build(span, providers), summaries.links), nl=False)


def _require_history(engine: Engine, span: Span, providers: Sequence[str]) -> None:
    """Raise NoVerdict for days before there was any history; say where only the first of them were."""
    began_at = history_began_at(engine, providers)
    if began_at is None:
        raise NoVerdict("no sweep has been recorded yet; `monitor sweep` makes one")
    first = day_of(began_at, span.zone)
    if span.last < first:  # an empty summary would read as a quiet day
        days = str(span.first) if span.days == 1 else f"the days from {span.first} to {span.last}"
        raise NoVerdict(f"no history for {days}; it begins on {first}")
    if span.first < first:
        note(f"note: the history begins on {first}; earlier days are missing")
