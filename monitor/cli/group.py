"""Every command by its name, and the options that stand before them."""

import importlib
from pathlib import Path

import click

import monitor
from monitor.cli.terminal.context import Context
from monitor.cli.terminal.help import HelpFormatter
from monitor.errors import ConfigError

# Where each command is; its module, and with it the database and the web server, loads when it is called.
_COMMANDS = {
    "run": ("run", "run"),
    "sweep": ("sweep", "sweep"),
    "list": ("history.list_", "list_models"),
    "status": ("history.status", "status"),
    "uptime": ("history.uptime", "uptime"),
    "events": ("history.events", "events"),
    "summary": ("history.summary", "summary"),
    "sql": ("history.sql", "sql"),
    "check": ("check.command", "check"),
    "accept": ("accept", "accept"),
    "import": ("import_", "import_records"),
    "export": ("export", "export_history"),
    "notify": ("notify", "notify"),
    "provider": ("provider", "provider"),
    "db": ("db.group", "db"),
    "config": ("config", "config"),
    "doctor": ("doctor", "doctor"),
    "demo": ("demo", "demo"),
}

click.Context.formatter_class = HelpFormatter  # of every command: each makes a context of click's own


class _Commands(click.Group):
    """The commands by name, loaded when asked for; their errors about the file say where in it."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; an error that names a key of the file is raised again with its line."""
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            if not error.key or not isinstance(ctx.obj, Context):
                raise
            words = ctx.obj.placed(error)
        raise ConfigError(words)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        command = getattr(importlib.import_module(f"monitor.cli.commands.{module}"), name)
        return command if isinstance(command, click.Command) else None


def _say_version(context: click.Context, _option: click.Parameter, value: bool) -> None:  # noqa: FBT001  # click's
    if not value or context.resilient_parsing:
        return
    from monitor.http import library  # noqa: PLC0415  # no other option needs it

    click.echo(f"monitor {monitor.__version__} ({library()})")
    context.exit()


@click.group(
    cls=_Commands,
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
