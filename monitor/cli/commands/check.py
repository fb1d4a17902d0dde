"""`monitor check`: is this model available? For CI, by exit code."""

import asyncio
from dataclasses import fields
from datetime import timedelta

import click

from monitor.app.tasks.sweep_now import check_live
from monitor.app.wiring.application import App
from monitor.cli.terminal.context import Context, json_option, pass_context, provider_option
from monitor.cli.terminal.history_names import known_model
from monitor.cli.terminal.output import print_json, say
from monitor.cli.terminal.staleness import max_age_option, refuse_stale
from monitor.core.domain.vocabulary import ANSWERED, Outcome, Status, Verdict
from monitor.errors import NoVerdict, UsageError
from monitor.report.words.codes import answer_words, cause_words, reason_words, shown_id
from monitor.report.words.outcomes import busy_words, outcome_words, reason_now
from monitor.store import query
from monitor.sweep import Checked

_YES, _NO = 0, 1


@click.command()
@click.argument("model")
@click.option(
    "--live",
    is_flag=True,
    help="Send a request to the provider now instead of reading the history; needs the key.",
)
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
    """Check whether MODEL is available: exit 0 for yes, 1 for no, 3 for unknown.

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
        print_json(row)  # printed though stale: the exit code says so
    else:
        is_busy = bool(query.busy_models(engine, row.provider, model=row.model))
        why = answer_words(reason_now(row, is_busy=is_busy), row.served_as)
        parts = (shown_id(row.model), busy_words(row.http_status), why)
        say(": ".join(filter(None, parts)) if is_busy else f"{shown_id(row.model)}: {row.status} ({why})")
    refuse_stale(app, engine, row.provider, max_age)
    if row.status == Status.NEW:
        raise NoVerdict(f"{shown_id(row.model)}: no clear answer yet")
    return _YES if row.status == Status.AVAILABLE else _NO


def _check_live(app: App, model: str, provider: str | None, *, as_json: bool) -> int:
    chosen = app.chosen(provider)
    if len(chosen) > 1:
        raise UsageError("several providers are configured; choose one with --provider")
    checked = asyncio.run(check_live(app, chosen[0], model))
    if as_json:
        print_json(_document(checked))
    else:
        say(_line(checked))
    return _live_code(checked)


def _document(checked: Checked) -> dict[str, object]:
    """Return the observation's fields, and what a sweep would make of it."""
    document = {field.name: getattr(checked.observation, field.name) for field in fields(checked.observation)}
    verdict = Verdict.INCONCLUSIVE if checked.cause else Verdict.CONCLUSIVE
    more = {"provider": checked.provider, "listed": checked.is_listed}
    return {**document, **more, "verdict": verdict, "cause": checked.cause}


def _line(checked: Checked) -> str:
    observation = checked.observation
    place = "" if checked.is_listed else ", not in the catalog"
    why = answer_words(observation.reason, observation.served_as)
    if observation.outcome is Outcome.RATE_LIMITED:  # its words hold the HTTP status
        return f"{shown_id(observation.model)}: {outcome_words(observation)}: {why}{place}"
    answer = f"HTTP {observation.http_status}" if observation.http_status else "no response"
    return f"{shown_id(observation.model)}: {outcome_words(observation)} ({answer}: {why}){place}"


def _live_code(checked: Checked) -> int:
    """Return the exit code; raises NoVerdict where a sweep would say nothing of the model."""
    observation, name = checked.observation, shown_id(checked.observation.model)
    if checked.cause:  # the account's or the provider's trouble says nothing of this model (rules.md 6)
        said = f": {shown_id(checked.detail)}" if checked.detail else ""
        words = f"{cause_words(checked.cause)} ({shown_id(checked.cause)}){said}"
        raise NoVerdict(
            f"{name}: no verdict, because the failure concerns all of {checked.provider}: {words}"
        )
    if observation.outcome == Outcome.UNKNOWN:
        said = f": {shown_id(observation.detail)}" if observation.detail else ""
        raise NoVerdict(f"{name}: no clear answer: {reason_words(observation.reason)}{said}")
    return _YES if observation.outcome in ANSWERED else _NO  # rules.md 2: a limited model is hosted
