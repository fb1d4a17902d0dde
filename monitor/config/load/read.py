"""Find the configuration, read it strictly, list everything that is wrong with it at once.

Only this package reads the environment and TOML.
"""

import ast
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError

from monitor.config.load.errors import TABLE_LISTS, Fault, faults_of, header, path_text
from monitor.config.load.secrets import read_variable
from monitor.config.load.toml_lines import KeyPath, key_lines, line_of
from monitor.config.schema.settings import Settings
from monitor.config.values.urls import checked_database_url
from monitor.errors import ConfigError

DATABASE_VARIABLE = "MONITOR_DATABASE_URL"
CONFIG_VARIABLE = "MONITOR_CONFIG"

_LARGEST = 1_000_000  # bytes; no configuration is near, and /dev/zero has no end
# tomllib gives the place in its words only (until 3.14 there are no attributes)
_SYNTAX_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
_DECLARED_TWICE = re.compile(r"^Cannot declare (?P<names>\(.*\)) twice$")
_OVERWRITTEN = "Cannot overwrite a value"
_HEADER = re.compile(r"\s*\[+\s*(?P<name>\w+)")
_OTHER_LANGUAGE = re.compile(r"\s*(?:[{}]|-\s|[\w-]+:(?:\s|$))")
_UNQUOTED = ("Invalid value", "Expected newline or end of document after a statement")


def process_environment() -> Mapping[str, str]:
    """Return this process's environment as it is now, unchangeable."""
    # a copy: later changes by libraries cannot change what was validated
    return MappingProxyType(dict(os.environ))  # noqa: TID251 (here and nowhere else)


def load_settings(path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read the configuration: `path`, else $MONITOR_CONFIG, else ./config.toml if it exists, else defaults.

    $MONITOR_DATABASE_URL (or the file that $MONITOR_DATABASE_URL_FILE names) replaces `database.url`.
    Raises ConfigError with one line per fault; never with a secret in it.
    """
    file = config_file(path, environ)
    settings = parse_settings(_text_of(file), str(file)) if file else Settings()
    return _with_database(settings, environ)


def config_file(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    """Return the file that `load_settings` reads, or None where the defaults hold."""
    if path is not None:
        return path
    if named := environ.get(CONFIG_VARIABLE):  # Compose passes unset variables on as empty
        return Path(named)
    usual = Path("config.toml")
    return usual if usual.exists() else None


def parse_settings(text: str, file: str) -> Settings:
    """Read the text of a configuration file; `file` is how messages call it."""
    table = _toml(text, file)
    if "providers" not in table:
        table = {**table, "providers": ()}  # NVIDIA is watched only where there is no file
    try:
        return Settings.model_validate(table)
    except ValidationError as error:
        faults = faults_of(error)  # outside the block: the handled error is not chained into the next one
    raise ConfigError(_report(faults, file, key_lines(text))) from None


def placed(faults: Sequence[Fault], file: Path | None) -> list[str]:
    """Return a line for each fault, with its place in the file that was read; None for no file."""
    if not file:
        return [fault.line("configuration", {}) for fault in faults]
    lines = key_lines(_text_of(file)) if faults else {}
    return [fault.line(str(file), lines) for fault in faults]


def _report(faults: list[Fault], file: str, lines: dict[KeyPath, int]) -> str:
    placed = sorted(faults, key=lambda fault: line_of(fault.path, lines) or 0)
    return "\n".join(dict.fromkeys(fault.line(file, lines) for fault in placed))


def _toml(text: str, file: str) -> Mapping[str, object]:
    try:
        return {key: _frozen(value) for key, value in tomllib.loads(text).items()}
    except tomllib.TOMLDecodeError as error:
        words = str(error)
    except (ValueError, RecursionError):  # over 4,300 digits, or arrays too deep for the stack
        words = "contains a number or a nesting that is too large"
    place = _SYNTAX_PLACE.search(words)
    words = _DECLARED_TWICE.sub(_declared_twice, _SYNTAX_PLACE.sub("", words))
    if place is None:
        raise ConfigError(f"{file}: not valid TOML: {words}")
    end = text.count("\n") + 1  # "end of document" has no line of its own
    where = f"{place['line']}:{place['column']}" if place["line"] else f"{end}"
    words += _remedy(words, text.split("\n")[int(place["line"] or end) - 1])
    raise ConfigError(f"{file}:{where}: not valid TOML: {words}")


def _remedy(words: str, line: str) -> str:
    """Return what to write instead of a line that is no TOML, where that is likely; nothing else."""
    if _OTHER_LANGUAGE.match(line):
        return '; this file is TOML, not JSON or YAML: [[providers]], and below it lines such as name = "a"'
    if words in _UNQUOTED:
        return "; text stands in quotes, and true and false in small letters"
    name = match["name"] if (match := _HEADER.match(line)) else ""
    if words == _OVERWRITTEN and name:
        return f": [{name}] and [[{name}]] are both in the file; write {header(name)} each time"
    if name in TABLE_LISTS:  # declared twice
        return f"; write {header(name)} each time"
    return ""


def _declared_twice(message: re.Match[str]) -> str:
    names: tuple[str, ...] = ast.literal_eval(message["names"])  # tomllib shows a tuple of texts
    return f"[{path_text(names)}] is declared twice"


def _frozen(value: object) -> object:
    """Return TOML's value with tuples for lists, as the strict types want them."""
    if isinstance(value, list):  # strict pydantic takes no list for a tuple
        return tuple(_frozen(element) for element in value)
    if isinstance(value, dict):
        return {key: _frozen(inner) for key, inner in value.items()}
    return value


def _text_of(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            data = stream.read(_LARGEST + 1)  # one more, to see that it is larger; pipes have no size
    except FileNotFoundError:
        raise ConfigError(f"{file}: no such file; see config.example.toml for what to write in it") from None
    except IsADirectoryError:
        raise ConfigError(f"{file}: is a directory, not a file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a file name"
        raise ConfigError(f"{file}: cannot be read: {reason}") from None
    if len(data) > _LARGEST:
        raise ConfigError(f"{file}: is larger than 1 MB, so it is not a configuration file")
    return _decoded(data, file)


def _decoded(data: bytes, file: Path) -> str:
    try:
        return data.decode("utf-8-sig")  # editors on Windows begin UTF-8 files with a byte order mark
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    raise ConfigError(f"{file}:{line}: is not UTF-8 text; save the file as UTF-8")


def _with_database(settings: Settings, environ: Mapping[str, str]) -> Settings:
    url = read_variable(DATABASE_VARIABLE, environ, "database url")
    if url is None:
        return settings
    try:
        checked_database_url(url)  # checked here again: the variable did not pass through the settings' types
    except ValueError as error:
        raise ConfigError(f"${DATABASE_VARIABLE}: {error}") from None
    return settings.model_copy(update={"database": settings.database.model_copy(update={"url": url})})
