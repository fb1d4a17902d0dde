"""`monitor db backup` and `monitor db copy`: back up the database, or copy it into another."""

from collections.abc import Mapping
from pathlib import Path

import click

from monitor.cli.commands.db import db
from monitor.cli.terminal.bar import Bar
from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.output import say
from monitor.report.words.numbers import counted
from monitor.store.admin.backup import back_up
from monitor.store.admin.copy import copy_history
from monitor.store.connection.engine import open_engine
from monitor.store.connection.errors import database_name

__all__ = ["db"]

_TABLES = ("observation", "sweep", "model", "event")


@db.command()
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@click.argument("file", type=click.Path(path_type=Path))
@pass_context
def backup(context: Context, *, force: bool, file: Path) -> None:
    """Write a consistent copy of the SQLite database to FILE, even while the daemon runs.

    Example: monitor db backup backup.db
    """
    with Bar() as bar:
        size = back_up(
            context.app.open_store(read_only=True),
            file,
            replaces=force,
            on_progress=bar.show,
        )
    say(f"{file}: {size:,} bytes, checked")


@db.command()
@click.argument("target", metavar="TARGET_URL")
@pass_context
def copy(context: Context, *, target: str) -> None:
    """Copy the whole history into the empty or missing database TARGET_URL, and compare every row.

    Works between SQLite and Postgres in any combination. Stop the daemon first: what it records meanwhile
    is not copied.

    Example: monitor db copy postgresql://monitor@db/monitor
    """
    source = context.app.open_store(read_only=True)
    # a new file gets the mode of this configuration
    engine = open_engine(target, file_mode=context.app.settings.database.file_mode)
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
