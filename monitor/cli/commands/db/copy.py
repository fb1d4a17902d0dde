"""`monitor db copy`: the whole history into another database."""

from collections.abc import Mapping

import click

from monitor.cli.terminal.bar import Bar
from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.output import say
from monitor.report.words.numbers import counted
from monitor.store.admin.copy import copy_history
from monitor.store.connection.errors import database_name

_TABLES = ("observation", "sweep", "model", "event")


@click.command()
@click.argument("target", metavar="TARGET_URL")
@pass_context
def copy(context: Context, *, target: str) -> None:
    """Copy the whole history into the empty or missing database TARGET_URL, and compare every row.

    Works between SQLite and Postgres in any combination. Stop the daemon first: what it records meanwhile
    is not copied.

    Example: monitor db copy postgresql://monitor@db/monitor
    """
    source = context.app.open_store(read_only=True)
    engine = context.app.open_store(url=target)  # a new file gets the mode of this configuration
    with Bar() as bar:
        rows = copy_history(
            source,
            engine,
            lambda table, done, total: bar.show(table, done, total, f"{done:,} of {total:,} rows"),
        )
    say(f"{database_name(engine)}: copied and verified: {_counts(rows)}")


def _counts(rows: Mapping[str, int]) -> str:
    others = sum(rows.values()) - sum(rows[table] for table in _TABLES)
    counts = [counted(rows[table], table) for table in _TABLES]
    return ", ".join([*counts, f"{others:,} other rows"])
