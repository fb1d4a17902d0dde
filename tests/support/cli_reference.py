"""Writes the tables of docs/commands.md that the program itself can fill: `make reference`.

A table stands between `<!-- make reference: NAME -->` and `<!-- end -->`. NAME is a command, for its options,
or `commands`, for the list of all.
"""

import re
from collections.abc import Iterator

import click

from monitor.cli.main import cli
from tests.support.documents import ROOT

COMMANDS_PAGE = ROOT / "docs/commands.md"
_MARKED = re.compile(r"(<!-- make reference: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)
_DEFAULT = re.compile(r"\s*\[default: (.+?)\]")
# What is code wherever it stands: an option, a variable, a name with a part to fill in.
_CODE = re.compile(r"(?<![`\w])(--[a-z][a-z-]*|\$[A-Z_]+|[^\s(]*<\w+>[^\s,)]*)")


def commands() -> dict[str, click.Command]:
    """Return every command by what is typed, groups before their members, in the order of `--help`."""
    return dict(_walk("monitor", cli))


def _walk(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for word in command.list_commands(context):
            member = command.get_command(context, word)
            assert member is not None
            yield from _walk(f"{name} {word}", member)


def tables(text: str) -> dict[str, str]:
    """Return the tables of a page by the name in their mark."""
    return {match[2]: match[0] for match in _MARKED.finditer(text)}


def written(text: str) -> str:
    """Return the page with every table as the program fills it now."""
    return _MARKED.sub(lambda match: f"{match[1]}{_table(match[2])}{match[3]}", text)


def _table(name: str) -> str:
    return _list_of_commands() if name == "commands" else _options_of(name)


def _list_of_commands() -> str:
    context = click.Context(cli)
    rows = [
        f"| [`monitor {name}`](#monitor-{name}) | {_cell(_summary_of(cli.get_command(context, name)))} |"
        for name in cli.list_commands(context)
    ]
    return "\n".join(["| command | does |", "|---|---|", *rows, ""])


def _summary_of(command: click.Command | None) -> str:
    return " ".join(((command and command.help) or "").split("\n\n")[0].split())


def _options_of(name: str) -> str:
    command = commands()[name]
    options = [option for option in command.params if isinstance(option, click.Option)]
    rows = [f"| `{_spelling(option)}` | {_meaning(option)} | {_default(option)}|" for option in options]
    return "\n".join([f"| `{name}` | | default |", "|---|---|---|", *rows, ""])


def _spelling(option: click.Option) -> str:
    name = ", ".join(option.opts)
    if option.is_flag:
        return name
    return f"{name} {option.metavar or _kind_of_value(option)}"


def _kind_of_value(option: click.Option) -> str:
    if isinstance(option.type, click.IntRange):
        return "N"
    word = option.opts[0].rpartition("-")[2] if isinstance(option.type, click.Choice) else option.type.name
    return word.upper()


def _meaning(option: click.Option) -> str:
    text = _cell(_DEFAULT.sub("", option.help or ""))
    if isinstance(option.type, click.Choice):
        *first, last = (f"`{choice}`" for choice in option.type.choices)
        text += f": {', '.join(first)} or {last}" if first else f": {last}"
    if isinstance(option.type, click.IntRange):
        text += f", {option.type.min:,} to {option.type.max:,}"
    return text


def _default(option: click.Option) -> str:
    described = _DEFAULT.search(option.help or "")
    if described:
        return f"{_cell(described[1])} "
    is_given = isinstance(option.default, str | int) and not option.is_flag
    return f"`{option.default}` " if is_given else ""


def _cell(text: str) -> str:
    return _CODE.sub(r"`\1`", text.replace("|", r"\|")).removesuffix(".")


if __name__ == "__main__":
    page = COMMANDS_PAGE.read_text(encoding="utf-8")
    COMMANDS_PAGE.write_text(written(page), encoding="utf-8")
