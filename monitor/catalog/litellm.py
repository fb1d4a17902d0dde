"""What LiteLLM's `/model/info` says of models beside its list, for a key that may read it."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace

from monitor.catalog.document import Unreadable, parse_json
from monitor.catalog.entry import read_entry
from monitor.catalog.read import RequestPacer
from monitor.core.planning.inputs import EMPTY_ENTRY, CatalogEntry
from monitor.http import Client, Endpoint, exchange

_OK = 200
_CAP_BYTES = 32 * 1024 * 1024  # about eight thousand bytes a deployment
_TIMEOUT_S = 15.0


async def read_model_info(
    client: Client, endpoint: Endpoint, *, pacer: RequestPacer
) -> Mapping[str, CatalogEntry]:
    """Return what is known of models' kinds, by id; nothing where the key may not read it. One request."""
    await pacer.acquire()
    url = endpoint.url("/model/info")
    answer = await exchange(client, "GET", url, timeout_s=_TIMEOUT_S, cap_bytes=_CAP_BYTES)
    # a key of a user may not read it, which is no error
    if answer.http_status != _OK or answer.failure or answer.truncated:
        return {}
    return await asyncio.to_thread(model_info, answer.body)  # megabytes of JSON would hold the loop up


def model_info(text: str) -> Mapping[str, CatalogEntry]:
    """Return what `/model/info` says; nothing of a model whose deployments differ. Never raises."""
    try:
        document = parse_json(text)
    except Unreadable:
        return {}
    rows = document.get("data") if isinstance(document, dict) else None
    entries: dict[str, set[CatalogEntry]] = {}
    for row in rows if isinstance(rows, list) else ():
        name = row.get("model_name") if isinstance(row, dict) else None
        if isinstance(name, str):
            entries.setdefault(name, set()).add(_kind_of(row))
    kinds = ((name, says - {EMPTY_ENTRY}) for name, says in entries.items())
    return {name: next(iter(says)) for name, says in kinds if len(says) == 1}


def _kind_of(row: object) -> CatalogEntry:
    """Return what a row says of the kind alone: a deployment's end and owner are not the model's."""
    entry = read_entry(row)
    return CatalogEntry(route=entry.route, is_unaskable=entry.is_unaskable)


def completed(
    entries: Mapping[str, CatalogEntry], more: Mapping[str, CatalogEntry], ids: Iterable[str]
) -> dict[str, CatalogEntry]:
    """Return the entries of a list, completed with the kinds that another source names."""
    merged = dict(entries)
    for model in more.keys() & frozenset(ids):
        entry = merged.get(model, EMPTY_ENTRY)
        if not entry.says_kind:  # the list's own word counts more
            merged[model] = replace(entry, route=more[model].route, is_unaskable=more[model].is_unaskable)
    return merged
