"""How results are printed: JSON with millisecond times, tables that fit a terminal or a pipe."""

import dataclasses
import json
import sys
from collections.abc import Mapping
from datetime import datetime

import click
from rich.console import Console
from rich.table import Table

from monitor.report.times import iso_millis

_PIPE_WIDTH = 10_000


def print_json(value: object) -> None:
    """Print a value of dataclasses, dicts, lists and times as indented JSON (rules.md 25: milliseconds)."""
    click.echo(json.dumps(value, default=_plain, indent=2, ensure_ascii=False))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return iso_millis(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def print_table(table: Table) -> None:
    """Print a table in the terminal's width, or unshortened into a pipe."""
    is_terminal = sys.stdout.isatty()
    console = Console(width=None if is_terminal else _PIPE_WIDTH, highlight=False, emoji=False, markup=False)
    console.print(table)
