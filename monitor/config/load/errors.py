"""Configuration errors in plain words: one line each, with file and line, without secrets."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from monitor.config.load.synonyms import our_key
from monitor.config.load.toml_lines import KeyPath, line_of
from monitor.config.presets.presets import PRESETS
from monitor.config.schema.settings import Settings
from monitor.config.values.variables import written_variable
from monitor.core.domain.names import did_you_mean

_SECRET_NAME = re.compile(  # such a key in the file is a secret in the wrong place, not a typing error
    r"([\w-]*[_-])?(api[_-]?key|key|token|secret|passw(or)?d|credentials?|bearer|authorization|cookie)",
    re.IGNORECASE,
)
_SENSITIVE_KEYS = frozenset({"url", "public_url", "proxy", "base_url", "headers"})
_LONG_WORD = re.compile(r"[A-Za-z0-9_+/=-]{20}")  # a pasted key looks like this, a setting does not
_LONGEST_SHOWN = 40  # longer ones fill a line without helping to find the place
_EXPECTED = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list in [ ]",
    "model_type": "a table",
    "dict_type": "a table",
}
_MISSING = {"base_url": "; set it, or a preset that includes it"}  # the only one that a preset gives
_KEY_IN_FILE = (
    "secrets do not belong in this file; set an environment variable and name it with api_key_env, "
    "or name a file with api_key_file"
)

TABLE_LISTS = tuple(  # what stands in two brackets: [[providers]]
    name for name, field in Settings.model_fields.items() if get_origin(field.annotation) is tuple
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: where (key path) and what."""

    path: KeyPath
    words: str

    def line(self, file: str, lines: Mapping[KeyPath, int]) -> str:
        """`file:line: key: what is wrong`."""
        number = line_of(self.path, lines)
        place = f"{file}:{number}" if number else file
        return f"{place}: {path_text(self.path)}: {self.words}"


def path_text(path: KeyPath) -> str:
    """Write `("providers", 0, "name")` as `providers[0].name`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{_key_text(part)}"
    return text.removeprefix(".")


def faults_of(error: ValidationError) -> list[Fault]:
    """Every fault that the settings' types found, in the order they were found."""
    return [fault for detail in error.errors(include_url=False) for fault in _faults(detail)]


def _faults(detail: ErrorDetails) -> Iterator[Fault]:
    path: KeyPath = detail["loc"]
    if detail["type"] == "impossible":
        for key, words in detail["ctx"]["faults"]:
            # digits in a dotted place are indexes of lists
            yield Fault((*path, *(int(part) if part.isdigit() else part for part in key.split("."))), words)
    else:
        yield Fault(path, _words(detail, path))


def _words(detail: ErrorDetails, path: KeyPath) -> str:
    fault, value = detail["type"], detail["input"]
    if fault == "extra_forbidden":
        return _unknown_key(path, value)
    if fault == "missing":
        return f"is missing{_MISSING.get(str(path[-1]), '')}{_name_words(path, value)}"
    if fault == "value_error":
        is_shown = isinstance(value, str) and _is_showable(value, path)
        return f"{json.dumps(value, ensure_ascii=False) + ' ' if is_shown else ''}{detail['ctx']['error']}"
    if fault == "wrong_type":
        return f"expected {detail['ctx']['expected']}, found {_value_words(value, path)}"
    if fault in _EXPECTED:
        expected = (
            f"expected {_EXPECTED[fault]}, found {_value_words(value, path)}{_listed(fault, value, path)}"
        )
        return _bracket_words(path, value) or expected
    return _limit(detail) + f", not {_value_words(value, path).removeprefix('the number ')}"


def _name_words(path: KeyPath, table: object) -> str:
    """Return a name to write where a provider has a preset and no name."""
    preset = table.get("preset") if isinstance(table, Mapping) and path[-1] == "name" else None
    return f'; write name = "{preset}"' if preset in PRESETS else ""


def _listed(fault: str, value: object, path: KeyPath) -> str:
    is_single = fault == "tuple_type" and isinstance(value, str) and _is_showable(value, path)
    return f"; write [{json.dumps(value, ensure_ascii=False)}]" if is_single else ""


def _limit(detail: ErrorDetails) -> str:
    """Words for a number outside its limits."""
    limits = detail.get("ctx", {})
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    for name, word in words.items():
        if name in limits:
            return f"must be {word} {limits[name]:g}"
    return "must be a finite number" if detail["type"] == "finite_number" else detail["msg"]


def _unknown_key(path: KeyPath, value: object) -> str:
    name = str(path[-1])
    names = _keys_at(path[:-1])
    if _SECRET_NAME.fullmatch(name):  # `api_key` is near `api_key_env`, but needs other advice
        variable = written_variable(value) if isinstance(value, str) and path[0] == "providers" else None
        return f'unknown key; write api_key_env = "{variable}"' if variable else _KEY_IN_FILE
    if ours := our_key(path):
        return f"unknown key; here it is {ours}"
    if meant := did_you_mean(name, names):
        quoted = {f'"{key}"': header(key) for key in TABLE_LISTS} if len(path) == 1 else {}
        for key, written in quoted.items():  # where the brackets are half of the remedy
            meant = meant.replace(key, written)
        return f"unknown key{meant}"
    for key, field in Settings.model_fields.items():
        table = _table_in(field.annotation)
        if table and name in key_names(table):
            return f"unknown key; it belongs in {header(key)}"
    return f"unknown key; known here: {', '.join(sorted(names))}"


def header(name: str) -> str:
    """Return the line that begins a table of the file: `[web]`, or `[[notify]]` for one of several."""
    return f"[[{name}]]" if name in TABLE_LISTS else f"[{name}]"


def _bracket_words(path: KeyPath, value: object) -> str | None:
    """Say how a table is begun that has a bracket too few or too many; None where that is not the fault."""
    name = ".".join(str(part) for part in path if isinstance(part, str))
    if isinstance(value, Mapping) and path == (name,) and name in TABLE_LISTS:
        tables = [key for key, inner in value.items() if isinstance(inner, Mapping)]
        named = f', and name = "{_key_text(tables[0])}" in it' if tables and len(tables) == len(value) else ""
        return f"must be {header(name)}, with two brackets, once for each of them{named}"
    is_list = isinstance(value, tuple) and value and all(isinstance(inner, Mapping) for inner in value)
    if is_list and not isinstance(path[-1], int):
        return f"must be [{name}], with one bracket: there is only one such table"
    return None


def _keys_at(path: KeyPath) -> list[str]:
    table: type[BaseModel] = Settings
    for part in path:
        if isinstance(part, str):
            inner = _table_in(table.model_fields[part].annotation)
            if inner is None:
                return []
            table = inner
    return key_names(table)


def key_names(table: type[BaseModel]) -> list[str]:
    """Return the keys of a table as they are written in the file."""
    return [field.alias or name for name, field in table.model_fields.items()]


def _table_in(annotation: object) -> type[BaseModel] | None:
    """Return the table inside `Table`, `Table | None` or `tuple[Table, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in {tuple, Union, UnionType}:
        return next((table for inner in get_args(annotation) if (table := _table_in(inner))), None)
    return None


def _value_words(value: object, path: KeyPath) -> str:
    """Word a value; show the value itself only where it cannot be a secret."""
    if isinstance(value, bool):  # before int: bool is one
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}" if _is_open(path) else "a number"
    if isinstance(value, str):
        return f"the text {json.dumps(value, ensure_ascii=False)}" if _is_showable(value, path) else "a text"
    if isinstance(value, Mapping):
        return "a table"  # lists were made tuples when the file was read
    return "a list" if isinstance(value, tuple) else "a date or time"


def _is_open(path: KeyPath) -> bool:
    return not any(
        isinstance(part, str) and (part in _SENSITIVE_KEYS or _SECRET_NAME.search(part)) for part in path
    )


def _is_showable(text: str, path: KeyPath) -> bool:
    # control characters would break the line or move a terminal's cursor
    short = len(text) <= _LONGEST_SHOWN and text.isprintable() and not _LONG_WORD.search(text)
    return short and _is_open(path)


def _key_text(key: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9_-]+", key):
        return key
    # a pasted text as a key must not fill the screen
    return json.dumps(key if len(key) <= _LONGEST_SHOWN else f"{key[:_LONGEST_SHOWN]}...")
