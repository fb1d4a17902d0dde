"""`monitor provider`: rename the history of a provider, or remove it."""

import sys
from pathlib import Path

import click
from pydantic import TypeAdapter, ValidationError

from monitor.app.tasks.remove_provider import default_export, not_watched, remove_history, require_free
from monitor.cli.terminal import completion
from monitor.cli.terminal.bar import Bar
from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.output import note, say
from monitor.clock import utc_now
from monitor.config.schema.table import Name
from monitor.errors import UsageError
from monitor.report.words.codes import shown_id
from monitor.report.words.numbers import counted
from monitor.report.words.times import moment_words
from monitor.store.connection.errors import database_name
from monitor.store.write.remove import Extent, extent_of
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
@click.argument("old", shell_complete=completion.providers)
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


@provider.command()
@click.argument("name", shell_complete=completion.providers)
@click.option("--yes", is_flag=True, help="Remove without asking, as a script must.")
@click.option(
    "--export",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of the export [default: NAME-removed-<time>.jsonl.gz beside the database].",
)
@click.option("--no-export", is_flag=True, help="Remove without an export: the history is then gone.")
@pass_context
def remove(context: Context, *, name: str, yes: bool, export: Path | None, no_export: bool) -> int:
    """Remove the whole history of provider NAME, after an export of its sweeps to a file.

    Asks on a terminal. `monitor import` of the file puts the history back. Exits 3 while a daemon watches the
    provider or a sweep of it is running, 1 if the answer is no.

    Example: monitor provider remove nvidia --yes
    """
    app = context.app
    if export and no_export:
        raise UsageError("--export and --no-export exclude each other: name one of them")
    engine = app.history(read_only=False)
    extent = extent_of(engine, name)
    file = None if no_export else export or default_export(engine, name, utc_now())
    if file:
        require_free(engine, file)
    with not_watched(app, engine, name):  # before the question: what cannot be done is not asked
        pass
    what = f"{_extent_words(extent)} from {database_name(engine)}"
    if not yes and not _is_confirmed(what, file):
        say("nothing was removed")
        return 1
    with Bar() as bar:
        exported = remove_history(
            app, engine, extent, file, lambda sweeps: bar.counted("sweeps", sweeps, then="removing")
        )
    if file:
        _say_exported(file, exported, extent)
    say(f"removed {what}")
    if app.settings.provider(name) is not None:
        note(f"the configuration still has {name}: the next sweep begins another history of it")
    return 0


def _say_exported(file: Path, exported: int, extent: Extent) -> None:
    say(f"{file}: {counted(exported, 'sweep')} exported; `monitor import` of it puts them back")
    if exported < extent.sweeps:
        rest = counted(extent.sweeps - exported, "sweep")
        note(f"{rest} not in it: without an end, or with observations that were pruned")


def _extent_words(extent: Extent) -> str:
    span = ""
    if extent.first_started_at and extent.last_started_at:
        span = f", {moment_words(extent.first_started_at)} to {moment_words(extent.last_started_at)}"
    size = f"{counted(extent.sweeps, 'sweep')} of {counted(extent.models, 'model')}"
    return f"the history of {shown_id(extent.name)} ({size}{span})"


def _is_confirmed(what: str, file: Path | None) -> bool:
    """Ask on the terminal. Raises UsageError where there is none."""
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on: add --yes to remove the history without a question")
    how = f"after an export to {file}" if file else "without an export"
    return click.confirm(f"Remove {what}, {how}?", err=True)
