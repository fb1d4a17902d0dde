"""The effective configuration, as TOML text or as a value for JSON; secrets masked."""

import json
import re
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from monitor.config.schema.settings import Settings
from monitor.config.values.duration import duration_text
from monitor.config.values.urls import MASK, is_reference, without_password

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_ABSENT: Mapping[str, object] = {}


def as_dict(settings: Settings) -> dict[str, object]:
    """Return the configuration as plain values (text, numbers, lists, dicts), secrets masked."""
    document = settings.model_dump(by_alias=True)
    document["database"]["url"] = without_password(settings.database.url)
    document["database"]["file_mode"] = f"{settings.database.file_mode:04o}"
    for provider in document["providers"]:
        # Left out it would be read as the preset's limit, where a preset is named.
        provider["requests_per_minute"] = provider["requests_per_minute"] or 0
        if provider["proxy"]:
            provider["proxy"] = without_password(provider["proxy"])
    for channel in document["notify"]:
        channel["url"] = _masked_reference(channel["url"])
    if document["heartbeat"]["url"]:
        document["heartbeat"]["url"] = _masked_reference(document["heartbeat"]["url"])
    return {key: _plain(value) for key, value in document.items()}


def shown(settings: Settings) -> str:
    """Return the configuration as TOML text that loads to the same settings, masked secrets apart."""
    return toml_text(as_dict(settings))


def toml_text(document: Mapping[str, object]) -> str:
    """Write nested dicts, lists, text, numbers and truth values as TOML."""
    return "\n".join(_table_lines(document, ())).strip("\n") + "\n"


def _masked_reference(url: str) -> str:
    return url if is_reference(url) else MASK


def _plain(value: object) -> object:
    if isinstance(value, dict):
        plain = {key: _plain(each) for key, each in value.items() if each is not None}
        return {key: each for key, each in plain.items() if each != _ABSENT}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return _plain_scalar(value)


def _plain_scalar(value: object) -> object:
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat("minutes")
    if isinstance(value, StrEnum):
        return value.value
    return value.key if isinstance(value, ZoneInfo) else value


def _table_lines(table: Mapping[str, object], path: tuple[str, ...]) -> list[str]:
    """Plain keys first, then sub-tables, so that no key falls under a later header."""
    lines = [f"{_key(key)} = {_value(value)}" for key, value in table.items() if not _is_table(value)]
    for key, value in table.items():
        if isinstance(value, Mapping):
            lines += ["", f"[{_dotted((*path, key))}]", *_table_lines(value, (*path, key))]
        elif _is_table(value) and isinstance(value, list):
            for element in value:
                lines += ["", f"[[{_dotted((*path, key))}]]", *_table_lines(element, (*path, key))]
    return lines


def _is_table(value: object) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(element, Mapping) for element in value)
    return isinstance(value, Mapping)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(_value(element) for element in value)}]"
    return _quoted(value) if isinstance(value, str) else repr(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _quoted(key)


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(_key(part) for part in path)
