"""`monitor demo`: the daemon against a simulated provider."""

from contextlib import ExitStack
from datetime import timedelta
from functools import partial

import click

from monitor.app.demo import GRACE, run_demo
from monitor.app.wiring.application import App
from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.moments import as_duration
from monitor.cli.terminal.output import print_table, say
from monitor.cli.terminal.width import wide_option
from monitor.config import DEMO_DATABASE
from monitor.process.run import run_until_stopped
from monitor.report.terminal.tables import status_counts, status_table
from monitor.report.words.numbers import counted
from monitor.store import query


@click.command()
@click.option(
    "--listen",
    metavar="HOST:PORT",
    help="Address of the status page [default: 127.0.0.1:8080, or a free port].",
)
@click.option("--database", metavar="URL", default=DEMO_DATABASE, show_default=True, help="Database to use.")
@click.option(
    "--duration",
    metavar="TIME",
    default="15m",
    show_default=True,
    callback=as_duration,
    help="Stop after this time.",
)
@click.option("--interval", metavar="TIME", default="3s", show_default=True, help="Time between sweeps.")
@wide_option
@pass_context
def demo(context: Context, *, listen: str | None, database: str, duration: timedelta, interval: str) -> int:
    """Run the daemon against a simulated provider on loopback, in accelerated time; needs no key.

    Stops after --duration. The default database is emptied at each start.

    Example: monitor demo --listen 127.0.0.1:9090
    """
    context.start_logging(quiet=True)  # without secrets: the simulated provider has no key
    with ExitStack() as at_end:
        return run_until_stopped(
            partial(
                run_demo,
                listen=listen,
                database=database,
                duration=duration,
                interval=interval,
                show=say,
                show_table=_show_table,
                at_end=at_end,
            ),
            grace=GRACE,
        )


def _show_table(app: App) -> None:
    engine = app.history()
    rows = query.current_models(engine)
    print_table(status_table(rows, busy=query.busy_models(engine)))
    say(f"{counted(len(rows), 'model')}: {status_counts(rows)}")
