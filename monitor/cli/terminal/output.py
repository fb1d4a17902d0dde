"""How results are printed: JSON with millisecond times, tables that fit a terminal or a pipe.

A reader of a pipe that has seen enough is no error: the command goes on to its exit code.
"""

import dataclasses
import json
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from textwrap import indent
from typing import TYPE_CHECKING, TextIO

import click

from monitor.cli.terminal.width import room
from monitor.errors import UsageError
from monitor.report.words.codes import shown_id
from monitor.report.words.times import iso_millis

if TYPE_CHECKING:
    from monitor.report.terminal.table import TerminalTable


def say(text: str, *, nl: bool = True) -> None:
    """Print a result on stdout. Raises UsageError where stdout cannot take it."""
    try:
        click.echo(text, nl=nl)
    except BrokenPipeError:
        forget(sys.stdout)  # later writes go nowhere, and the command ends with its own exit code
    except OSError as error:
        forget(sys.stdout)
        raise unwritable(error) from None


def say_all(pieces: Iterable[str]) -> None:
    """Print pieces of a result until the reader has seen enough. Raises UsageError as `say`."""
    try:
        for piece in pieces:
            sys.stdout.write(piece)
        sys.stdout.flush()
    except BrokenPipeError:
        forget(sys.stdout)
    except OSError as error:
        forget(sys.stdout)
        raise unwritable(error) from None


def note(text: str) -> None:
    """Say on stderr what is not the result; where stderr cannot take it, the command still goes on."""
    with suppress(OSError):
        click.echo(text, err=True)


def unwritable(error: OSError) -> UsageError:
    """Return why stdout could not be written."""
    return UsageError(f"cannot write to stdout: {error.strerror or error}")


def forget(stream: TextIO) -> None:
    """Let what is still to be written go nowhere, so that the interpreter ends in peace."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def say_id(text: str) -> None:
    """Print a model's id: as it is into a pipe, readable and harmless on a terminal."""
    say(shown_id(text) if sys.stdout.isatty() else text)


def print_json(value: object) -> None:
    """Print a value of dataclasses, dicts, lists and times as indented JSON (rules.md 25: milliseconds)."""
    say(json_text(value))


def print_json_list(values: Iterable[object]) -> None:
    """Print what `print_json` prints of a list, one value after the other: a long one takes no memory."""
    before = "["
    for value in values:  # a million events would need gigabytes as one document
        say(f"{before}\n{indent(json_text(value), '  ')}", nl=False)
        before = ","
    say("[]" if before == "[" else "\n]")


def json_text(value: object, indent: int | None = 2) -> str:
    """Return what `print_json` prints, on one line where `indent` is None."""
    return json.dumps(value, default=_plain, indent=indent, ensure_ascii=False)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return iso_millis(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)  # enumerations and paths


def print_table(table: "TerminalTable") -> None:
    """Print a table in the room there is: in a pipe and with `--wide` each row is one line."""
    from rich.console import Console  # noqa: PLC0415 - only tables need it, and it takes a while to load
    from rich.text import Text  # noqa: PLC0415 - as above

    from monitor.report.terminal.draw import drawn  # noqa: PLC0415 - as above

    console = Console(highlight=False)
    with console.capture() as printed:  # captured: a closed pipe is met in `say` alone
        console.print(Text("\n").join(drawn(table, room())), soft_wrap=True)
    say(printed.get(), nl=False)
