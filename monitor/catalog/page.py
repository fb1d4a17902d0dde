"""One page of a model list, as pure data: the ids of its rows, what they say, where the next page is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from monitor.catalog.cursor import following
from monitor.catalog.document import Unreadable, parse_json, unambiguous
from monitor.catalog.entry import is_filled_by_litellm, read_entry
from monitor.core.domain.ids import is_trackable_id
from monitor.core.planning.inputs import EMPTY_ENTRY, CatalogEntry, ProviderTraits
from monitor.core.request.forms import Route

_LISTS = ("data", "models", "items", "results")
_NAMES = ("id", "name", "model")
_NO_TRAITS = ProviderTraits()
_UNDECODABLE = "\ufffd"  # what stands for bytes that are not UTF-8: no id has that


@dataclass(frozen=True, slots=True)
class Page:
    """What one page lists.

    `ids` are trackable (rules.md 33) and were UTF-8, in order, not yet de-duplicated; `rows` counts all,
    `rejected` those without such an id. `entries` holds what the first row of an id says, if anything.
    `following` are the absolute addresses, on the same host, at which the next page may be: the first that
    gives another page than this one is it; none on the last one. `is_litellm`: every row is like LiteLLM's.
    """

    ids: tuple[str, ...]
    rows: int
    rejected: int
    following: tuple[str, ...] = ()
    entries: Mapping[str, CatalogEntry] = field(default_factory=dict)
    is_litellm: bool = False


def read_page(text: str, *, url: str, link: str = "", traits: ProviderTraits = _NO_TRAITS) -> Page:
    """Read a page fetched from `url` with the `Link` header `link`. Raises Unreadable.

    `traits` are the provider's own conventions: how its lists go on, what its words mean.
    """
    document = parse_json(text)
    rows = _rows(document)
    named = [(name, row) for row in rows if (name := _id_of(row)) is not None]
    last = named[-1][0] if named else None
    return Page(
        ids=tuple(name for name, _ in named),
        rows=len(rows),
        rejected=len(rows) - len(named),
        following=following(document, url=url, link=link, parameter=traits.cursor_parameter, last=last),
        entries=_entries(named, traits.kind_words),
        is_litellm=bool(rows) and all(map(_is_of_litellm, rows)),  # none is no proof
    )


def _entries(named: Sequence[tuple[str, object]], words: Mapping[str, Route]) -> dict[str, CatalogEntry]:
    first: dict[str, object] = {}
    for name, row in named:
        first.setdefault(name, row)  # setdefault: the first row of an id counts
    entries = ((name, read_entry(row, words)) for name, row in first.items())
    return {name: entry for name, entry in entries if entry != EMPTY_ENTRY}


def _is_of_litellm(row: object) -> bool:
    return isinstance(row, dict) and is_filled_by_litellm(row)


def _rows(document: object) -> Sequence[object]:
    if isinstance(document, list):
        return document
    if not isinstance(document, dict):
        raise Unreadable(f"the answer is JSON, but {_worded(document)} and no list of models")
    names = [name for name in _LISTS if name in document]
    for name in names:
        if isinstance(rows := unambiguous(document[name], name), list):
            return rows
    if names and all(document[name] is None for name in names):
        return ()  # what some servers write for an empty list
    raise Unreadable("the answer is JSON, but holds no list of models (data, models, items or results)")


def _worded(value: object) -> str:
    """Name what JSON holds instead of a list or an object."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return "a text" if isinstance(value, str) else "a number"


def _id_of(row: object) -> str | None:
    if isinstance(row, dict):
        fields = ((name, row.get(name)) for name in _NAMES)
        row = next((unambiguous(value, name) for name, value in fields if value is not None), None)
    if not isinstance(row, str):
        return None
    return row if is_trackable_id(row) and _UNDECODABLE not in row else None
