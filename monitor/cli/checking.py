"""`monitor check`: is this model available? For CI, by exit code."""

import asyncio
from datetime import timedelta

import click

from monitor.app.application import App
from monitor.app.sweeping import probe_now
from monitor.cli.context import Context, json_option, pass_context, provider_option
from monitor.cli.output import print_json, say
from monitor.cli.reading import known_model
from monitor.cli.staleness import max_age_option, refuse_stale
from monitor.core.model import ANSWERED, Observation, Outcome, Status
from monitor.errors import NoVerdict, UsageError
from monitor.report.plain import answer_words, reason_words, shown_id

_YES, _NO = 0, 1


@click.command()
@click.argument("model")
@click.option("--live", is_flag=True, help="Ask the provider now instead of the history; needs the key.")
@provider_option
@max_age_option
@json_option
@pass_context
def check(
    context: Context,
    *,
    model: str,
    live: bool,
    provider: str | None,
    max_age: timedelta | None,
    as_json: bool,
) -> int:
    """Tell whether MODEL is available: exit 0 yes, 1 no, 3 not known.

    Example: monitor check meta/llama-3.1-8b-instruct --max-age 1h
    """
    if live:
        return _check_live(context.app, model, provider, as_json=as_json)
    return _check_history(context.app, model, provider, max_age, as_json=as_json)


def _check_history(
    app: App, model: str, provider: str | None, max_age: timedelta | None, *, as_json: bool
) -> int:
    engine = app.history()
    row = known_model(engine, model, provider)
    if as_json:
        print_json(row)
    else:
        say(f"{shown_id(row.model)}: {row.status} ({answer_words(row.reason, row.served_as)})")
    refuse_stale(app, engine, row.provider, max_age)
    if row.status == Status.NEW:
        raise NoVerdict(f"{shown_id(row.model)} has not given a clear answer yet")
    return _YES if row.status == Status.AVAILABLE else _NO


def _check_live(app: App, model: str, provider: str | None, *, as_json: bool) -> int:
    chosen = app.chosen(provider)
    if len(chosen) > 1:
        raise UsageError("several providers are configured; choose one with --provider")
    seen = asyncio.run(probe_now(app, chosen[0], model))
    if as_json:
        print_json(seen)
    else:
        answer = f"HTTP {seen.http_status}" if seen.http_status else "no response"
        say(f"{shown_id(seen.model)}: {seen.outcome} ({answer}: {reason_words(seen.reason)})")
    return _live_code(seen)


def _live_code(seen: Observation) -> int:
    if seen.outcome == Outcome.UNKNOWN:
        raise NoVerdict(f"{shown_id(seen.model)}: no clear answer: {reason_words(seen.reason)}")
    return _YES if seen.outcome in ANSWERED else _NO
