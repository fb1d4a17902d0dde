"""`monitor config check|show`."""

import click

from monitor.cli.context import Context, json_option, pass_context
from monitor.cli.output import print_json
from monitor.config import as_dict, shown


@click.group()
def config() -> None:
    """Validate the configuration, or print the effective one.

    Example: monitor --config config.toml config check
    """


@config.command("check")
@pass_context
def check_config(context: Context) -> None:
    """Read the configuration strictly; list everything that is wrong with it.

    Example: monitor config check
    """
    app = context.app
    for provider in app.settings.providers:
        for missing in app.missing_secrets(provider):
            click.echo(f"note: {missing}", err=True)
    names = ", ".join(provider.name for provider in app.settings.providers)
    click.echo(f"{context.config_path or 'configuration'}: ok ({names})")


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
        click.echo(shown(settings), nl=False)
