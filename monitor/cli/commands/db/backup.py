"""`monitor db backup`: a consistent copy of the SQLite database, in a file."""

from pathlib import Path

import click

from monitor.cli.terminal.bar import Bar
from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.output import say
from monitor.store.admin.backup import back_up


@click.command()
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
