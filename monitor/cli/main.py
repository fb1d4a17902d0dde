"""The entry point: gathers the commands, and turns every error into a message and an exit code."""

import importlib
import logging
import os
import sys
from pathlib import Path

import click

import monitor
from monitor.cli.context import Context
from monitor.errors import MonitorError

_INTERRUPTED = 130
_FAILED = 1

# Where each command is; its module, and with it the database and the web server, loads when it is called.
_COMMANDS = {
    "run": ("daemon", "run"),
    "sweep": ("sweeping", "sweep"),
    "list": ("reading", "list_models"),
    "status": ("reading", "status"),
    "events": ("reading", "events"),
    "check": ("checking", "check"),
    "import": ("records", "import_records"),
    "export": ("records", "export_records"),
    "db": ("database", "db"),
    "config": ("configuration", "config"),
    "demo": ("daemon", "demo"),
}


class _Commands(click.Group):
    """The commands by name, loaded when asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        command = getattr(importlib.import_module(f"monitor.cli.{module}"), name)
        return command if isinstance(command, click.Command) else None


@click.group(
    cls=_Commands,
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
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]))
@click.option("--log-format", type=click.Choice(["text", "json"]), default="text")
@click.version_option(monitor.__version__, message="monitor %(version)s")
@click.pass_context
def cli(context: click.Context, config_path: Path | None, log_level: str | None, log_format: str) -> None:
    """Watch the catalogs of hosted models: which models really answer, since when, and what changed.

    Example: NVIDIA_API_KEY=nvapi-... monitor sweep
    """
    context.obj = Context(config_path, log_level, log_format)


def main() -> None:
    """Run the command line and exit with the code of contract.md; no traceback reaches a user."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    code = _run()
    try:
        sys.stdout.flush()
    except OSError:
        _forget_stdout()
    sys.exit(code)


def _run() -> int:
    try:
        result = cli(standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except (click.ClickException, MonitorError) as error:
        return _explain(error)
    except BrokenPipeError:
        _forget_stdout()
        return 0
    except (click.exceptions.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    except Exception as error:  # noqa: BLE001 - no traceback reaches a user
        return _fail(error)


def _explain(error: click.ClickException | MonitorError) -> int:
    if isinstance(error, click.ClickException):
        error.show()
        return click.UsageError.exit_code
    for line in str(error).splitlines():
        click.echo(f"monitor: {line}", err=True)
    return error.exit_code


def _forget_stdout() -> None:
    """Let the interpreter end in peace: a reader that closed the pipe has seen enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(error: Exception) -> int:
    click.echo(
        f"monitor: internal error ({type(error).__name__}); the history is untouched. "
        "Run again with --log-level debug for the details, and report them.",
        err=True,
    )
    logging.getLogger("monitor").debug("internal_error", exc_info=error)
    return _FAILED
