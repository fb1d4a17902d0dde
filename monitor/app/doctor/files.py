"""The configuration's secrets, and who else may read or change its files."""

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from monitor.app.doctor.diagnosis import Diagnosis, fault, ok, warning
from monitor.app.wiring.application import App
from monitor.app.wiring.missing_secrets import missing_provider_secrets
from monitor.app.wiring.short_retention import short_retention
from monitor.config import placed

_MOUNTED: Final = Path("/run/secrets")  # of container engines: readable by all, in a place that is not
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_OTHERS_READ: Final = stat.S_IRGRP | stat.S_IROTH
_VARIABLE_FILE: Final = "_FILE"


def check_configuration(app: App, file: Path | None) -> Sequence[Diagnosis]:
    """Say that the configuration loads, what in it is doubtful, and which secrets are missing."""
    subject = str(file) if file else "built-in defaults"
    names = ", ".join(provider.name for provider in app.settings.providers)
    lines = [ok("configuration", subject, f"valid; providers: {names}")]
    doubtful = placed(short_retention(app.settings), file)
    doubtful = placed(short_retention(app.settings), file)
    lines += [warning("configuration", subject, words, "") for words in doubtful]
    missing = [*missing_provider_secrets(app.settings, app.environ)]
    lines += [fault("secrets", subject, problem.words, "") for problem in missing]
    return lines if missing else [*lines, ok("secrets", subject, "every secret of the providers is set")]


def check_modes(app: App, file: Path | None) -> Sequence[Diagnosis]:
    """Say which files other users may read or change that they should not."""
    lines = [] if file is None else _of_configuration(app, file)
    for path in _secret_files(app):
        lines += _of_secret(path)
    return lines or [ok("files", "modes", "no other user can read a secret or change the configuration")]


def _of_configuration(app: App, file: Path) -> list[Diagnosis]:
    try:
        mode, text = file.stat().st_mode, file.read_text("utf-8", "replace")
    except OSError:
        return []
    if mode & stat.S_IWOTH:
        words = f"any user can change it (mode {mode & 0o777:04o}), and with it where keys are sent"
        return [fault("files", str(file), words, f"chmod o-w {file}")]
    if mode & stat.S_IROTH and any(secret in text for secret in app.secrets):
        words = f"it holds a secret, and any user can read it (mode {mode & 0o777:04o})"
        return [warning("files", str(file), words, f"chmod 600 {file}, or put the secret into a variable")]
    return []


def _of_secret(path: Path) -> list[Diagnosis]:
    try:
        mode = path.stat().st_mode
    except OSError:
        return []  # a secret that cannot be read has a line of its own
    if path.is_relative_to(_MOUNTED) or not mode & (_OTHERS_READ | _OTHERS_WRITE):
        return []
    words = f"other users can read this secret (mode {mode & 0o777:04o})"
    return [warning("files", str(path), words, f"chmod 600 {path}")]


def _secret_files(app: App) -> list[Path]:
    environ = app.environ
    named = [provider.api_key_file for provider in app.settings.providers if provider.api_key_file]
    keys = [provider.api_key_env for provider in app.settings.providers if provider.api_key_env]
    variables = [name + _VARIABLE_FILE for name in keys]
    behind = [environ[name] for name in variables if name in environ]
    return [*map(Path, dict.fromkeys((*named, *behind)))]
