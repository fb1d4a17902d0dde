"""`monitor run`: the daemon, until it is stopped."""

import logging
from functools import partial

import click

from monitor.app.daemon.daemon import Daemon
from monitor.app.wiring.application import App
from monitor.app.wiring.missing_secrets import missing_secrets
from monitor.app.wiring.unmatched_patterns import unmatched_patterns
from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.output import say
from monitor.config import config_file, placed
from monitor.errors import ConfigError
from monitor.logs import catch_uncaught, event
from monitor.process.run import run_until_stopped
from monitor.process.stop import Stop

log = logging.getLogger(__name__)


@click.command()
@pass_context
def run(context: Context) -> int:
    """Run the daemon: sweep on schedule, keep the history, serve the status page.

    SIGTERM or Ctrl-C lets a running sweep end within the grace time; a second one cuts it short. A second
    daemon on the same database waits as standby.

    Example: monitor --config config.toml run
    """
    app = context.app
    context.start_logging(app.secrets, quiet=False)
    catch_uncaught()
    file = config_file(context.config_path, context.environ)
    for line in placed(unmatched_patterns(app.settings, app.catalogs), file):
        event(log, logging.WARNING, "pattern_without_match", detail=line)
    if missing := missing_secrets(app.settings, app.environ):  # all at once: who sets one would meet the next
        raise ConfigError("\n".join(placed(missing, file) if file else [fault.words for fault in missing]))
    return run_until_stopped(partial(_run, app), grace=app.settings.daemon.grace)


async def _run(app: App, stop: Stop) -> None:
    await Daemon(app, say).run(stop)
