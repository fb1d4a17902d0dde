"""How `--help` is laid out: no line ends inside an option or a date, and lists of words fit the terminal.

The list of a group's commands is read from a table: none of them is loaded for it.
"""

import importlib
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import click

_HYPHEN: Final = "\N{NON-BREAKING HYPHEN}"  # textwrap breaks lines behind any other
_LEAST_ROOM: Final = 6  # columns beside the longest name and the text, as click leaves them


class HelpFormatter(click.HelpFormatter):
    """Click's layout, but `--max-age` stays whole, and a long `[a|b|c]` goes on in the next line."""

    def write_text(self, text: str) -> None:
        """Write a paragraph."""
        super().write_text(text.replace("-", _HYPHEN))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names, each with its explanation."""
        whole = [(self._broken(name), words.replace("-", _HYPHEN)) for name, words in rows]
        super().write_dl(whole, min(col_max, self.width // 3), col_spacing)

    def _broken(self, name: str) -> str:
        """Return the name of an option with its choices in lines that fit."""
        indent = " " * (self.current_indent + name.find("[") + 1)
        lines = [""]
        for choice in name.split("|"):
            if lines[-1] and self.current_indent + len(lines[-1]) + len(choice) + 1 > self.width:
                lines.append(indent)
            lines[-1] += f"{choice}|"
        return "\n".join(lines).removesuffix("|")

    def getvalue(self) -> str:
        """Return what was written."""
        return super().getvalue().replace(_HYPHEN, "-")


class Place(NamedTuple):
    """Where a command is, and the first sentence of its help: it stands twice, and a test compares both."""

    module: str
    name: str
    help: str


class LazyGroup(click.Group):
    """Commands by name in the order of `places`."""

    def __init__(self, *given: Any, places: Mapping[str, Place], **named: Any) -> None:  # noqa: ANN401 - click's
        super().__init__(*given, **named)
        self._places = places

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names."""
        return list(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        """Load a command, or return None where there is none."""
        if cmd_name not in self._places:
            return None
        place = self._places[cmd_name]
        command = getattr(importlib.import_module(f"monitor.cli.commands.{place.module}"), place.name)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Write the list of commands as click does, but load none of them."""
        room = formatter.width - _LEAST_ROOM - max(map(len, self._places))
        rows = [
            (name, click.Command(name, help=place.help).get_short_help_str(room))
            for name, place in self._places.items()
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
