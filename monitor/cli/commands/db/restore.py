"""`monitor db restore`: put a backup in the place of the SQLite database."""

from pathlib import Path

import click

from monitor.cli.terminal.bar import Bar
from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.output import note, say
from monitor.clock import utc_now
from monitor.report.words.numbers import counted
from monitor.report.words.times import moment_words
from monitor.store.admin import restore as restoring
from monitor.store.admin.migrate import SchemaState
from monitor.store.connection.errors import database_name


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@pass_context
def restore(context: Context, *, file: Path) -> None:
    """Put FILE, a copy made by `monitor db backup`, in the place of the SQLite database.

    Stop the daemon first. FILE is checked before anything changes. The file that it replaces is kept beside
    it; left-over -wal and -shm files of that one are removed.

    Example: monitor db restore backup.db
    """
    engine = context.app.open_store()
    with Bar() as bar:
        done = restoring.restore(engine, file, now=utc_now(), on_progress=bar.show)
    last = f", the last of {moment_words(done.last_started_at)}" if done.last_started_at else ""
    say(f"{database_name(engine)}: restored from {file}: {counted(done.sweeps, 'sweep')}{last}")
    if done.kept:
        say(f"the file before it is kept as {done.kept}")
    if done.kept_wal:
        note(f"the -wal beside it was another file's; it is kept as {done.kept_wal}")
    if done.state is SchemaState.OUTDATED:
        note("it was written by an older monitor: run `monitor db upgrade` before you start the daemon")
