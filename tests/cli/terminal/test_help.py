"""`--help` fits a narrow terminal, and what can be typed is whole on a line."""

import re

import click
import pytest

from tests.support.cli_reference import commands


@pytest.mark.parametrize("width", [60, 80, 100, 200])
@pytest.mark.parametrize("name", commands())
def test_help_fits_the_terminal_and_breaks_no_option(name: str, width: int) -> None:
    command = commands()[name]
    context = click.Context(command, info_name=name, terminal_width=width - 2)
    text = command.get_help(context)
    assert max(map(len, text.splitlines())) <= width
    assert not re.search(r"(?m)[\w-]-$", text), "no line ends inside --max-age or 2026-04-06"
    options = [option for option in command.params if isinstance(option, click.Option)]
    assert all(re.search(rf"(?m)^  {option.opts[0]}\b", text) for option in options if not option.hidden)


@click.command()
@click.option("--kind", type=click.Choice([f"kind_{number}" for number in range(30)]), help="Which.")
def choosy() -> None:
    """Choose."""


def test_many_choices_go_on_in_the_next_line() -> None:
    lines = choosy.get_help(click.Context(choosy, terminal_width=58)).splitlines()
    place = next(number for number, line in enumerate(lines) if "--kind" in line)
    assert lines[place].startswith("  --kind [kind_0|kind_1|")
    assert lines[place + 1].startswith("          kind_")
    assert "".join(line.strip() for line in lines[place : place + 8]).count("kind_") >= 30
