"""How much room a table has: the terminal's width, or all it wants in a pipe and with `--wide`."""

import sys
from shutil import get_terminal_size
from typing import Final

import click

_IS_WIDE: Final = "monitor.is_wide"


def _keep(context: click.Context, _option: click.Parameter, is_wide: bool) -> None:  # noqa: FBT001 - click's
    context.meta[_IS_WIDE] = is_wide


wide_option = click.option(
    "--wide",
    is_flag=True,
    expose_value=False,  # what prints asks `room`, however deep in a command
    callback=_keep,
    help="Print all columns of a table, each row on one line.",
)


def room() -> int | None:
    """Return how many columns stdout's terminal has (or $COLUMNS says); None where there is no limit."""
    context = click.get_current_context(silent=True)
    is_wide = context is not None and context.meta.get(_IS_WIDE, False)
    return None if is_wide or not sys.stdout.isatty() else get_terminal_size().columns
