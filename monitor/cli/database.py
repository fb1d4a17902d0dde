"""`monitor db upgrade|check`."""

import click

from monitor.cli.context import Context, json_option, pass_context
from monitor.cli.output import counted, print_json, say


@click.group()
def db() -> None:
    """Bring the database to this version's schema, or check it.

    Example: monitor db upgrade
    """


@db.command()
@pass_context
def upgrade(context: Context) -> None:
    """Create or upgrade the database; every row is kept.

    Example: MONITOR_DATABASE_URL=postgresql://monitor@db/monitor monitor db upgrade
    """
    before, after = context.app.upgrade()
    done = "is up to date" if before == after else f"upgraded from {before or 'nothing'}"
    say(f"{context.app.database_name}: {done} (schema {after})")


@db.command("check")
@json_option
@click.pass_context
def check_database(command: click.Context, *, as_json: bool) -> int:
    """Look for faults: schema, integrity, derived rows that contradict the facts. Exit 1 if there are any.

    Example: monitor db check
    """
    app = command.ensure_object(Context).app
    faults = app.check_database()
    if as_json:
        print_json({"faults": faults})
    else:
        for fault in faults:
            say(fault)
        say(f"{app.database_name}: {counted(len(faults), 'fault')}")
    return 1 if faults else 0
