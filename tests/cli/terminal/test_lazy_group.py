"""The list of commands that `--help` prints is the one that the commands themselves would give."""

import subprocess
import sys

import click
import pytest

from monitor.cli.commands.db.group import db
from monitor.cli.group import cli
from monitor.cli.terminal.help import LazyGroup

LOADED = """
import sys
from monitor.cli.group import cli
cli(["--help"], standalone_mode=False)
print(*sorted(sys.modules))
"""


@pytest.mark.parametrize("group", [cli, db], ids=["monitor", "monitor db"])
@pytest.mark.parametrize("width", [60, 80, 100])
def test_help_lists_the_commands_as_click_does_from_the_commands_themselves(
    group: click.Command, width: int
) -> None:
    assert isinstance(group, LazyGroup)
    texts = []
    for write in (group.format_commands, click.Group(commands=commands_of(group)).format_commands):
        with click.Context(group, terminal_width=width) as context:
            formatter = context.make_formatter()
            write(context, formatter)
            texts.append(formatter.getvalue())
    # those of a plain group come in the order of the alphabet
    assert sorted(texts[0].splitlines()) == sorted(texts[1].splitlines())


def commands_of(group: LazyGroup) -> dict[str, click.Command]:
    """Return the commands in their order, loaded."""
    context = click.Context(group)
    loaded = {name: group.get_command(context, name) for name in group.list_commands(context)}
    return {name: command for name, command in loaded.items() if command is not None}


def test_help_loads_no_command() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True, timeout=60
    )
    modules = done.stdout.splitlines()[-1].split()
    assert not [name for name in modules if name.startswith("monitor.cli.commands.")]
    assert not {"sqlalchemy", "pydantic", "httpx", "httpx2", "fastapi", "rich", "psycopg"} & {*modules}
    assert len(modules) < 400
