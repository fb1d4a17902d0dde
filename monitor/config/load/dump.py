"""The effective configuration, as TOML text or as a value for JSON; secrets masked."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import tomli_w

from monitor.config.schema.settings import Settings
from monitor.config.values.duration import duration_text
from monitor.config.values.size import size_text
from monitor.config.values.urls import is_reference, without_password
from monitor.masking import MASK

_ABSENT: Mapping[str, object] = {}


def as_dict(settings: Settings) -> dict[str, object]:
    """Return the configuration as plain values (text, numbers, lists, dicts), secrets masked."""
    document = settings.model_dump(by_alias=True)
    document["database"]["url"] = without_password(settings.database.url)
    document["database"]["file_mode"] = f"{settings.database.file_mode:04o}"
    document["spool"] = {
        "directory": str(settings.spool_directory),  # the default depends on the database
        "max_size": size_text(settings.spool.max_size),
    }
    for provider in document["providers"]:
        # Left out it would be read as the preset's limit, where a preset is named.
        provider["requests_per_minute"] = provider["requests_per_minute"] or 0
        if provider["proxy"]:
            provider["proxy"] = without_password(provider["proxy"])
        if provider["heartbeat"]:
            provider["heartbeat"] = _masked_reference(provider["heartbeat"])
    for channel in document["notify"]:  # a topic or token stands in the path
        channel["url"] = _masked_reference(channel["url"])
    if document["heartbeat"]["url"]:
        document["heartbeat"]["url"] = _masked_reference(document["heartbeat"]["url"])
    return {key: _plain(value) for key, value in document.items()}


def shown(settings: Settings) -> str:
    """Return the configuration as TOML text that loads to the same settings, masked secrets apart."""
    return tomli_w.dumps(as_dict(settings))


def _masked_reference(url: str) -> str:
    return url if is_reference(url) else MASK


def _plain(value: object) -> object:
    if isinstance(value, dict):
        # TOML has no null: what is absent stays absent
        plain = {key: _plain(item) for key, item in value.items() if item is not None}
        return {key: item for key, item in plain.items() if item != _ABSENT}  # an empty table says nothing
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
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
