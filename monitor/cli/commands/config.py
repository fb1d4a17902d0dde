"""`monitor config check|show`."""

from collections.abc import Sequence
from typing import Final

import click

from monitor.app.tasks.check_catalogs import CatalogCheck, check_catalogs
from monitor.app.tasks.key_proof import ACCEPTED, NO_KEY, NOT_PROVEN, REJECTED
from monitor.app.wiring.missing_secrets import missing_secrets
from monitor.app.wiring.short_retention import short_retention
from monitor.app.wiring.unmatched_patterns import unmatched_patterns
from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.options import json_option
from monitor.cli.terminal.output import note, print_json, say
from monitor.config import as_dict, config_file, placed, shown
from monitor.errors import ConfigError, NoVerdict
from monitor.process import loop
from monitor.report.words.codes import shown_id
from monitor.report.words.numbers import counted

_KEY_WORDS: Final = {
    ACCEPTED: "key accepted",
    REJECTED: "key rejected",
    NOT_PROVEN: "key not proven",
    NO_KEY: "no key configured",
}


@click.group()
def config() -> None:
    """Validate the configuration, or print the effective one.

    Example: monitor --config config.toml config check
    """


@config.command("check")
@click.option("--strict", is_flag=True, help="Exit with 2 for a missing secret or a warning, too.")
@click.option(
    "--live",
    is_flag=True,
    help="Read each provider's catalog with its key, and report whether both work.",
)
@json_option
@pass_context
def check_config(context: Context, *, strict: bool, live: bool, as_json: bool) -> None:
    """Validate the configuration: list every error, or the number of requests a day.

    A secret that is not set, and a pattern that matches nothing in the last catalog, are reported.

    Example: monitor config check --strict --live
    """
    app = context.app
    for provider in app.settings.providers:
        app.interval_of(provider)  # refuses a cron line that never comes
    file = config_file(context.config_path, context.environ)
    missing = placed(missing_secrets(app.settings, context.environ), file)
    checks = loop.run(check_catalogs(app)) if live else []
    catalogs = {**app.catalogs, **{check.provider: check.listed for check in checks if check.listed}}
    doubtful = [*unmatched_patterns(app.settings, catalogs), *short_retention(app.settings)]
    warnings = placed(doubtful, file)
    refused = strict and bool(missing or warnings)
    if as_json:
        print_json(_document(missing, warnings, checks))
    else:
        for line in (*(f"note: {line}" for line in missing), *(f"warning: {line}" for line in warnings)):
            note(line)
        if not refused:
            names = ", ".join(provider.name for provider in app.settings.providers)
            # after the notes: a missing key does not make the file wrong
            say(f"{context.config_path or 'configuration'}: ok ({names})")
        for line in (*map(app.daily_cost, app.settings.providers), *map(_line, checks)):
            say(line)
    if refused:
        counts = f"{counted(len(missing), 'secret')} missing, {counted(len(warnings), 'warning')}"
        raise ConfigError(f"{context.config_path or 'configuration'}: {counts} (--strict)")
    _refuse(checks)


def _document(
    missing: Sequence[str], warnings: Sequence[str], checks: Sequence[CatalogCheck]
) -> dict[str, object]:
    return {
        "missing_secrets": missing,
        "warnings": warnings,
        "providers": [
            {
                "provider": check.provider,
                "address": check.address,
                "reached": check.is_reached,
                "models": len(check.listed),
                "watched": check.watched,
                "key": check.proof.key,
                "catalog_is_open": check.proof.is_catalog_open,
                "problem": check.problem,
            }
            for check in checks
        ],
    }


def _line(check: CatalogCheck) -> str:
    """Say in one line what a provider said: `nvidia: reached, 189 models, key accepted`."""
    problem = shown_id(check.problem) if check.problem else ""
    if not check.is_reached:
        return f"{check.provider}: not {'reached' if check.is_asked else 'asked'}: {problem}"
    if not check.listed:
        said = _KEY_WORDS[check.proof.key] if check.proof.key in {REJECTED, NO_KEY} else "no model list"
        return f"{check.provider}: reached, {said}: {problem}"
    key = _KEY_WORDS[check.proof.key]
    if check.proof.key == NOT_PROVEN:
        key += (
            " by the catalog, which answers without it too" if check.proof.is_catalog_open else ""
        ) + f" (monitor check MODEL --live --provider {check.provider} asks a model with it)"
    watched = "" if check.watched == len(check.listed) else f"; {check.watched:,} of them watched"
    said = f"reached, {counted(len(check.listed), 'model')}, {key}{watched}"
    return f"{check.provider}: {said}{'; ' if problem else ''}{problem}"


def _refuse(checks: Sequence[CatalogCheck]) -> None:
    """Raise what ends the command where a provider's sweep would have no verdict, the gravest first."""
    failed = [check for check in checks if check.problem]
    if not failed:
        return
    names = ", ".join(check.provider for check in failed)
    if any(check.exit_code == ConfigError.exit_code for check in failed):
        raise ConfigError(f"a sweep would have no verdict: {names}; change the configuration or the key")
    raise NoVerdict(f"a sweep would have no verdict now: {names}")


@config.command("show")
@json_option
@pass_context
def show_config(context: Context, *, as_json: bool) -> None:
    """Print the effective configuration as TOML, secrets masked.

    Example: monitor config show --json
    """
    settings = context.app.settings
    if as_json:
        print_json(as_dict(settings))
    else:
        say(shown(settings), nl=False)
