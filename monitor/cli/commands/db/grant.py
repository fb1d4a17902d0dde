"""`monitor db grant`: let a role of Postgres read the views."""

import click

from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.output import note, say
from monitor.core.history.views import VIEWS
from monitor.report.words.numbers import counted
from monitor.store.admin import grant as rights


@click.command()
@click.option("--print", "only_prints", is_flag=True, help="Only print the statements; run nothing.")
@click.argument("role")
@pass_context
def grant(context: Context, *, only_prints: bool, role: str) -> None:
    """Let the Postgres role ROLE read the views, and no tables.

    Prints the statements that it ran. A role that may read every view may also read those that a later
    `monitor db upgrade` adds. The role must exist.

    Example: monitor db grant analyst
    """
    engine = context.app.open_store(read_only=only_prints)
    for statement in (rights.statements if only_prints else rights.grant)(engine, role):
        say(statement)
    if not only_prints:
        note(f"{role} may read {counted(len(VIEWS), 'view')}, and no tables")
