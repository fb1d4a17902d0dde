"""The entry point: runs a command, and turns every error into a message and an exit code."""

import logging
import os
import sys
import threading
from contextlib import suppress
from typing import Final, TextIO

_INTERRUPTED: Final = 130  # 128 + SIGINT, as shells report it

if "run" in sys.argv[1:]:  # before anything that takes a moment: a daemon is not ended by SIGHUP
    from monitor.process.hangup import HANGUP

    HANGUP.catch()

try:  # this takes a noticeable moment, in which Ctrl-C is as good as later
    import click

    from monitor.cli.group import cli
    from monitor.cli.terminal.output import forget, note, unwritable
    from monitor.errors import MonitorError, NoVerdict
    from monitor.process.end import leave
except KeyboardInterrupt:
    sys.exit(_INTERRUPTED)

__all__ = ["cli", "main"]


def main() -> None:
    """Run the command line and exit with a code of docs/commands.md; no traceback reaches a user."""
    before = threading.enumerate()
    try:
        _open_missing_streams()
        code = _run()
        for stream in (sys.stdout, sys.stderr):
            _flush(stream)
    except KeyboardInterrupt:
        code = _INTERRUPTED
    leave(code, before)


def _open_missing_streams() -> None:
    """Put /dev/null where the caller closed a standard stream, so that no other file gets its number."""
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115 - open to the end
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a surrogate in a file name


def _run() -> int:
    try:
        result = cli(standalone_mode=False)  # else click ends the process with codes of its own
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except (click.ClickException, MonitorError) as error:
        return _explain(error)
    except (click.exceptions.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    except OSError as error:  # a flush shows whether the error was stdout's own
        return _fail(error) if _flush(sys.stdout) else _explain(unwritable(error))
    except Exception as error:  # noqa: BLE001 - no traceback reaches a user
        return _fail(error)


def _explain(error: click.ClickException | MonitorError) -> int:
    if isinstance(error, click.ClickException):
        with suppress(OSError):  # a closed stderr must not change the exit code
            error.show()
        return click.UsageError.exit_code
    for line in str(error).splitlines():
        note(f"monitor: {line}")
    return error.exit_code


def _flush(stream: TextIO) -> bool:
    """Say whether a stream took all that was written; what it did not take is given up."""
    try:
        stream.flush()
    except OSError:
        forget(stream)
        return False
    return True


def _fail(error: Exception) -> int:
    note(
        f"monitor: internal error ({type(error).__name__}). "
        "Run again with --log-level debug for the details, and report them."
    )
    logging.getLogger("monitor").debug("internal_error", exc_info=error)
    return NoVerdict.exit_code
