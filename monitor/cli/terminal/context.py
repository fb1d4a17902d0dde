"""The context of every command: global options and the application, loaded on first use."""

import logging
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor import logs
from monitor.cli.terminal.core_dumps import forbid_core_dumps
from monitor.cli.terminal.output import note
from monitor.errors import ConfigError

if TYPE_CHECKING:  # the wiring and the configuration import much, and `--help` needs nothing of it
    from monitor.app.wiring.application import App


@dataclass
class Context:
    """The global options, and the application they lead to."""

    config_path: Path | None
    log_level: str | None
    log_format: str

    @cached_property
    def environ(self) -> Mapping[str, str]:
        """The process environment, read once."""
        from monitor.config import process_environment  # noqa: PLC0415 - see above

        return process_environment()

    @cached_property
    def app(self) -> "App":
        """The wired application, logging only warnings; raises ConfigError for a wrong configuration."""
        from monitor.app.wiring.application import App  # noqa: PLC0415 - see above
        from monitor.config import load_settings  # noqa: PLC0415 - see above

        forbid_core_dumps()  # before the first secret is read
        app = App(load_settings(self.config_path, self.environ), self.environ, note)
        self.start_logging(app.secrets, quiet=True)
        return app

    def close(self) -> None:
        """Close the databases of the application, if the command made one; the end of every command."""
        if "app" in self.__dict__:  # not `self.app`, which would make one
            self.app.close()

    def placed(self, error: ConfigError) -> str:
        """Return an error about a key with file, line and key before it."""
        from monitor.config import Fault, config_file, placed  # noqa: PLC0415 - see above

        return placed([Fault(error.key, str(error))], config_file(self.config_path, self.environ))[0]

    def start_logging(self, secrets: tuple[str, ...] = (), *, quiet: bool) -> None:
        """Log to stderr from --log-level on, else from warnings (`quiet`) or infos on; secrets masked."""
        level = logging.getLevelNamesMapping()[(self.log_level or ("warning" if quiet else "info")).upper()]
        logs.configure(
            sys.stderr,
            as_json=self.log_format == "json",
            level=level,
            secrets=secrets,
            shows_sweeps=quiet and not self.log_level,
        )


pass_context = click.make_pass_decorator(Context)
