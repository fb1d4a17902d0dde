"""`monitor run`: the daemon, until it is stopped."""

import asyncio

import click

from monitor.app.daemon.daemon import Daemon
from monitor.app.wiring.application import App
from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.output import say
from monitor.scheduler import Stop


@click.command()
@pass_context
def run(context: Context) -> None:
    """Run the daemon: sweep on schedule, keep the history, serve the status page.

    SIGTERM or Ctrl-C lets a running sweep end within the grace time; a second one cuts it short. A second
    daemon on the same database waits as standby.

    Example: monitor --config config.toml run
    """
    app = context.app
    context.start_logging(app.secrets, quiet=False)
    asyncio.run(_run(app))


async def _run(app: App) -> None:
    stop = Stop()  # before the daemon: a signal while it starts must drain, too
    stop.listen()
    await Daemon(app, say).run(stop)
