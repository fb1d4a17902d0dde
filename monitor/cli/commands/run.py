"""`monitor run`: the daemon, until it is stopped."""

import gc
import logging
from functools import partial
from pathlib import Path

import click

from monitor.app.daemon.daemon import Daemon
from monitor.app.wiring.application import App
from monitor.app.wiring.missing_secrets import missing_secrets
from monitor.app.wiring.unmatched_patterns import unmatched_patterns
from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.output import say
from monitor.config import config_file, load_settings, placed
from monitor.errors import ConfigError
from monitor.logs import catch_uncaught, event
from monitor.process.hangup import HANGUP
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
    HANGUP.catch()
    app = context.app
    context.start_logging(app.secrets, quiet=False)
    catch_uncaught()
    file = config_file(context.config_path, context.environ)
    _warn_of_patterns(app, file)
    _require_secrets(app, file)
    return run_until_stopped(partial(_run, app, context), grace=app.settings.daemon.grace)


def _warn_of_patterns(app: App, file: Path | None) -> None:
    for line in placed(unmatched_patterns(app.settings, app.catalogs), file):
        event(log, logging.WARNING, "pattern_without_match", detail=line)


def _require_secrets(app: App, file: Path | None) -> None:
    if missing := missing_secrets(app.settings, app.environ):  # all at once: who sets one would meet the next
        raise ConfigError("\n".join(placed(missing, file) if file else [fault.words for fault in missing]))


def _reread(before: App, context: Context) -> App:
    """Read the configuration and its secrets again; raises ConfigError where they cannot be used."""
    app = App(load_settings(context.config_path, context.environ), context.environ)
    file = config_file(context.config_path, context.environ)
    _require_secrets(app, file)
    # those of before, too: a sweep under way still uses them
    context.start_logging((*before.secrets, *app.secrets), quiet=False)
    _warn_of_patterns(app, file)
    return app


async def _run(app: App, context: Context, stop: Stop) -> None:
    daemon = Daemon(app, say, reread=partial(_reread, app, context))
    gc.freeze()  # modules stay: to search them for garbage again and again takes a twentieth of a sweep's CPU
    await daemon.run(stop)
