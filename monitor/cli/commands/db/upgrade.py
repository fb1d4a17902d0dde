"""`monitor db upgrade`: create the database, or bring it to this version."""

import click

from monitor.app.tasks import prune as retention
from monitor.cli.terminal.bar import Bar
from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.output import note, say
from monitor.report.words.rebuild_report import redecided_line
from monitor.store.admin import migrate
from monitor.store.connection.errors import database_name


@click.command()
@pass_context
def upgrade(context: Context) -> None:
    """Create or upgrade the database; all observations are kept.

    If the rules have changed since, events and statuses are derived again and the differences printed. No
    notifications are sent.

    Example: MONITOR_DATABASE_URL=postgresql://monitor@db/monitor monitor db upgrade
    """
    engine = context.app.open_store()
    with Bar() as bar:
        done = migrate.upgrade(
            engine, lambda provider, swept, sweeps: bar.show(f"{provider}: deciding again", swept, sweeps)
        )
    words = "is up to date" if done.before == done.after else f"upgraded from {done.before or 'nothing'}"
    say(f"{database_name(engine)}: {words} (schema {done.after})")
    for change in done.redecided:
        say(redecided_line(change))
    if advice := retention.make_shrinkable(engine):  # files of older versions cannot shrink
        note(f"{database_name(engine)}: {advice}")
