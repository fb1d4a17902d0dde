"""`monitor check`: are these models available? For CI, by exit code."""

from collections.abc import Sequence
from datetime import timedelta

import click

from monitor.cli.commands.check import history
from monitor.cli.commands.check.answers import exit_code
from monitor.cli.terminal import completion
from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.options import (
    all_option,
    days_option,
    json_option,
    kind_option,
    min_uptime_option,
    model_option,
    provider_option,
)
from monitor.cli.terminal.staleness import max_age_option
from monitor.core.history.requirement import Requirement
from monitor.errors import UsageError


@click.command()
@click.argument("names", metavar="[MODEL]...", nargs=-1, shell_complete=completion.models)
@click.option("--any", "is_any", is_flag=True, help="One model that meets it is enough; without, all must.")
@click.option(
    "--live",
    "is_live",
    is_flag=True,
    help="Send a request to the provider now instead of reading the history; needs the key.",
)
@kind_option
@min_uptime_option
@days_option
@model_option
@provider_option
@all_option
@max_age_option
@json_option
@pass_context
def check(
    context: Context,
    *,
    names: Sequence[str],
    is_any: bool,
    is_live: bool,
    kinds: Sequence[str],
    min_uptime: float | None,
    days: int,
    models: Sequence[str],
    providers: Sequence[str],
    is_all: bool,
    max_age: timedelta | None,
    as_json: bool,
) -> int:
    """Check whether every MODEL is available, or any: exit 0 for yes, 1 for no, 3 for unknown.

    Without a MODEL the models of --kind and --provider are checked. A no outweighs an unknown; with --any a
    yes does, and then an unknown outweighs a no.

    Example: monitor check meta/llama-3.1-8b-instruct --max-age 1h
    """
    names = [*dict.fromkeys([*names, *models])]
    requirement = Requirement(kinds=frozenset(kinds), min_uptime=min_uptime)
    if not (names or providers or requirement != Requirement()) or (is_live and not names):
        raise UsageError("name a MODEL to check" + ("" if is_live else ", or narrow all of them with --kind"))
    if is_live:
        if requirement != Requirement() or is_all or max_age is not None:
            raise UsageError("--live reads no history: no --kind, --min-uptime, --all or --max-age")
        from monitor.cli.commands.check import live  # noqa: PLC0415 - it loads what sends requests

        checked = live.checked(context.app, names, providers)
    else:
        wanted = history.Wanted(requirement, days=days, max_age=max_age)
        checked = history.checked(context.app, names, providers, wanted, is_all=is_all)
    return exit_code(checked, is_any=is_any, as_json=as_json, is_one=len(names) == 1)
