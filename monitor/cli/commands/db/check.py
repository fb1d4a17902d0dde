"""`monitor db check`: schema, integrity, and derived rows against the facts."""

import click

from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.options import json_option
from monitor.cli.terminal.output import print_json, say
from monitor.report.words.numbers import counted
from monitor.store.admin import check
from monitor.store.connection.errors import database_name


@click.command("check")
@json_option
@pass_context
def check_database(context: Context, *, as_json: bool) -> int:
    """Check the schema, the integrity, and derived rows against the facts. Exits 1 if faults are found.

    Example: monitor db check
    """
    engine = context.app.open_store(read_only=True, leaves_wal=True)
    faults = check.check(engine)
    if not faults:
        context.app.open_store(read_only=True)  # the end of the command may put a sound -wal into the file
    if as_json:
        print_json({"faults": faults})
    else:
        for fault in faults:
            say(fault)
        say(f"{database_name(engine)}: {counted(len(faults), 'fault')}")
    return 1 if faults else 0
