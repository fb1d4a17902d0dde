"""`monitor doctor`: check the whole set-up, and say what to do."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

import click

from monitor.app.doctor.diagnosis import CheckState, Diagnosis
from monitor.app.doctor.examine import examine, examine_without_configuration
from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.options import json_option
from monitor.cli.terminal.output import print_json, say
from monitor.config import config_file
from monitor.errors import ConfigError
from monitor.process import loop
from monitor.report.words.codes import shown_id

_WIDTH: Final = len(CheckState.WARNING.value)


@click.command()
@click.option("--send", is_flag=True, help="Send a test message to every channel.")
@json_option
@pass_context
def doctor(context: Context, *, send: bool, as_json: bool) -> int:
    """Check the whole set-up, and print one line for each check: ok, warning or fault, and what to do.

    Nothing is changed or recorded. Exits 1 if there is a fault, 2 if the configuration is wrong.

    Example: monitor doctor
    """
    code = 0
    try:
        app = context.app
        for provider in app.settings.providers:
            app.interval_of(provider)  # refuses a cron line that never comes
        checks = examine(app, config_file(context.config_path, context.environ), sends=send)
    except ConfigError as error:
        checks, code = examine_without_configuration(error), ConfigError.exit_code
    lines = loop.run(_reported(checks, prints=not as_json))
    if as_json:
        print_json(lines)
    return code or int(any(line.state is CheckState.FAULT for line in lines))


async def _reported(checks: AsyncIterator[Diagnosis], *, prints: bool) -> Sequence[Diagnosis]:
    """Take the lines as they come, so that a slow check does not hold back those before it."""
    lines = list[Diagnosis]()
    async for line in checks:
        lines.append(line)
        if prints:
            say(_line(line))
    return lines


def _line(line: Diagnosis) -> str:
    subject = f" {line.subject}" if line.subject else ""
    advice = f"; {line.advice}" if line.advice else ""
    return shown_id(f"{line.state.value:<{_WIDTH}} {line.name}{subject}: {line.detail}{advice}")
