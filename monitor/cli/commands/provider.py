"""`monitor provider rename`: rename the history of a provider."""

import click
from pydantic import TypeAdapter, ValidationError

from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.output import note, say
from monitor.config.schema.table import Name
from monitor.report.words.codes import shown_id
from monitor.store.write.rename import rename_provider

_NAME: TypeAdapter[str] = TypeAdapter(Name)


def as_name(_context: click.Context, _argument: click.Parameter, text: str) -> str:
    """Read a name that the configuration would take for a provider's, for click's `callback`."""
    try:
        return _NAME.validate_python(text)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise click.BadParameter(f'"{shown_id(text)}" {reason}') from None


@click.group()
def provider() -> None:
    """Manage the history of a provider.

    Example: monitor provider rename nvidia nim
    """


@provider.command()
@click.argument("old")
@click.argument("new", callback=as_name)
@pass_context
def rename(context: Context, *, old: str, new: str) -> None:
    """Rename the history of provider OLD to NEW, and print what to change in the configuration.

    Stop the daemon first: with the old name in its configuration it would start another history. Exits 3
    while a sweep is running.

    Example: monitor provider rename nvidia nim
    """
    app = context.app
    # the lock of its sweeps: a running one would write under the old name
    rename_provider(app.history(read_only=False), old, new, [app.settings.schedule.vantage])
    say(f"the history of {shown_id(old)} is now that of {new}")
    if app.settings.provider(old) is not None:
        note(  # only the user may change that file
            f'in the configuration, change name = "{old}" to "{new}" in its [[providers]] table, and that '
            "name wherever else it stands, as in [[notify]] and [[maintenance]]"
        )
        note(f"then start the daemon again: a sweep under the old name begins another history of {old}")
    elif app.settings.provider(new) is None:
        note(f'{new} is not watched: no [[providers]] table has name = "{new}"')
