"""`monitor db check`: schema, integrity, and derived rows against the facts."""

import click

from monitor.app.wiring.spool import spool_of
from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.options import json_option
from monitor.cli.terminal.output import print_json, say
from monitor.report.words.numbers import counted
from monitor.spool.report import SpoolReport, look_into
from monitor.store.admin import check
from monitor.store.connection.errors import database_name


@click.command("check")
@json_option
@pass_context
def check_database(context: Context, *, as_json: bool) -> int:
    """Check the schema, the integrity, and derived rows against the facts. Exits 1 if faults are found.

    Sweeps that wait in the spool for the database are counted; a damaged one is a fault.

    Example: monitor db check
    """
    engine = context.app.open_store(read_only=True, leaves_wal=True)
    report = look_into(spool_of(context.app.settings, engine))
    if not as_json and (words := _spool_words(report)):
        say(f"{context.app.settings.spool_directory}: {words}")  # first: the database may be away
    faults = check.check(engine)
    if not faults:
        context.app.open_store(read_only=True)  # the end of the command may put a sound -wal into the file
    faults += report.faults
    if as_json:
        print_json({"faults": faults, "spool": {"waiting": report.waiting, "set_aside": report.set_aside}})
    else:
        for fault in faults:
            say(fault)
        say(f"{database_name(engine)}: {counted(len(faults), 'fault')}")
    return 1 if faults else 0


def _spool_words(report: SpoolReport) -> str:
    """Say what the spool holds; empty where it holds nothing."""
    parts = (
        (report.waiting, "sweep", "wait for the database"),
        (len(report.faults), "record", "cannot be replayed"),
        (report.set_aside, "record", "set aside"),
        (report.others, "record", "of another database"),
    )
    return ", ".join(f"{counted(number, noun)} {what}" for number, noun, what in parts if number)
