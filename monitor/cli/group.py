"""Every command by its name, and the options that stand before them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click

import monitor
from monitor.cli.terminal.context import Context
from monitor.cli.terminal.help import HelpFormatter, LazyGroup, Place
from monitor.errors import ConfigError

# Where each command is; its module, and with it the database and the web server, loads when it is called.
_PLACES: Final[Mapping[str, Place]] = {
    "run": Place("run", "run", "Run the daemon: sweep on schedule, keep the history, serve the status page."),
    "sweep": Place(
        "sweep", "sweep", "Sweep the catalog now, record it, and print the ids that answered, one per line."
    ),
    "list": Place(
        "history.list_",
        "list_models",
        "Print the ids of models from the database, one per line: by default those available now.",
    ),
    "status": Place(
        "history.status", "status", "Print the current status of every model, or the details of one."
    ),
    "uptime": Place(
        "history.uptime",
        "uptime",
        "Print uptime, coverage, outages and latency of every model over recent days or a range of time.",
    ),
    "events": Place(
        "history.events",
        "events",
        "Print events, oldest first; with --follow only new ones, unless --since is given.",
    ),
    "summary": Place(
        "history.summary",
        "summary",
        "Print what changed on a day: models that appeared, retired, failed or recovered.",
    ),
    "sql": Place(
        "history.sql",
        "sql",
        "Run one SELECT on the views, which can change nothing; without QUERY list views and columns.",
    ),
    "check": Place(
        "check.command",
        "check",
        "Check whether every MODEL is available, or any: exit 0 for yes, 1 for no, 3 for unknown.",
    ),
    "accept": Place(
        "accept",
        "accept",
        "Accept PROVIDER's next sweep even if the guard would reject it; print what is being held back.",
    ),
    "import": Place(
        "import_",
        "import_records",
        "Import past sweeps from FILES (`-` is stdin; gzip is recognised) into the history.",
    ),
    "export": Place(
        "export",
        "export_history",
        "Write the history to FILE (`-` is stdout, `.gz` compresses): whole sweeps, or the rows of a view.",
    ),
    "notify": Place("notify", "notify", "Manage notification channels."),
    "provider": Place("provider", "provider", "Manage the history of a provider."),
    "db": Place(
        "db.group", "db", "Maintain the database: schema, integrity, derived rows, old observations."
    ),
    "config": Place("config", "config", "Validate the configuration, or print the effective one."),
    "doctor": Place(
        "doctor",
        "doctor",
        "Check the whole set-up, and print one line for each check: ok, warning or fault, and what to do.",
    ),
    "demo": Place(
        "demo",
        "demo",
        "Run the daemon against a simulated provider on loopback, in accelerated time; needs no key.",
    ),
}

click.Context.formatter_class = HelpFormatter  # of every command: each makes a context of click's own


class _Commands(LazyGroup):
    """The commands; their errors about the file say where in it."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; an error that names a key of the file is raised again with its line."""
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            if not error.key or not isinstance(ctx.obj, Context):
                raise
            words = ctx.obj.placed(error)
        raise ConfigError(words)


def _say_version(context: click.Context, _option: click.Parameter, value: bool) -> None:  # noqa: FBT001  # click's
    if not value or context.resilient_parsing:
        return
    from monitor.installed import http_library  # noqa: PLC0415 - no other option needs it

    click.echo(f"monitor {monitor.__version__} ({http_library()})")
    context.exit()


@click.group(
    cls=_Commands,
    places=_PLACES,
    # wider help is hard to read; click's own limit is 80
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done; 1 the answer is no; 2 wrong usage or configuration; 3 no verdict possible; "
    "4 database unavailable or its schema out of date.",
)
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    help="Configuration file [default: $MONITOR_CONFIG, else ./config.toml if it exists].",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="Minimum log level [default: warning; info for run].",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Log format; json writes one object per line.",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_say_version,
    help="Show the version and exit.",
)
@click.pass_context
def cli(context: click.Context, config_path: Path | None, log_level: str | None, log_format: str) -> None:
    """Watch the catalogs of hosted models: which models really answer, since when, and what changed.

    Example: NVIDIA_API_KEY=nvapi-... monitor sweep
    """
    context.obj = Context(config_path, log_level, log_format)
    context.call_on_close(context.obj.close)
