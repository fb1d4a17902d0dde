"""`monitor config check|show`."""

import click

from monitor.app.notifications.channels import check_channels
from monitor.app.wiring.unmatched_patterns import unmatched_patterns
from monitor.cli.terminal.context import Context, json_option, pass_context
from monitor.cli.terminal.output import note, print_json, say
from monitor.config import as_dict, config_file, placed, shown


@click.group()
def config() -> None:
    """Validate the configuration, or print the effective one.

    Example: monitor --config config.toml config check
    """


@config.command("check")
@pass_context
def check_config(context: Context) -> None:
    """Validate the configuration: list every error, or the number of requests a day.

    A pattern that matches nothing in the last catalog is reported, with the most similar ids.

    Example: monitor config check
    """
    app = context.app
    for provider in app.settings.providers:
        app.interval_of(provider)  # refuses a cron line that never comes
        for missing in app.missing_secrets(provider):
            note(f"note: {missing}")
    unmatched = [
        *check_channels(app.settings, context.environ),
        *unmatched_patterns(app.settings, app.catalogs),
    ]
    for line in placed(unmatched, config_file(context.config_path, context.environ)):
        note(f"note: {line}")
    names = ", ".join(provider.name for provider in app.settings.providers)
    # after the notes: a missing key does not make the file wrong
    say(f"{context.config_path or 'configuration'}: ok ({names})")
    for provider in app.settings.providers:
        say(app.daily_cost(provider))


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
