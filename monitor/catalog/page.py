"""One page of a model list, as pure data: the ids of its rows, what they say, where the next page is."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn
from urllib.parse import SplitResult, parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from monitor.catalog.note import read_note
from monitor.core.ids import is_trackable_id
from monitor.core.notes import NOTHING_NOTED, CatalogNote

_LISTS = ("data", "models", "items", "results")
_NAMES = ("id", "name", "model")
_CURSORS = (("nextPageToken", "pageToken"), ("next_page_token", "page_token"))
_PREFIX = "models/"
_UNDECODABLE = "\ufffd"  # what stands for bytes that are not UTF-8: nobody has an id with that
_MOST_VALUES = 4_000_000
_URL_CHARS = 8_000
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_REL_NEXT = re.compile(
    r";\s{0,9}rel\s{0,9}=\s{0,9}\"?(?:[^\",;]{0,99}\s)?next(?:\s[^\",;]{0,99})?\"?\s{0,9}(?:[;,]|$)",
    re.IGNORECASE,
)


class Unreadable(ValueError):
    """A page that cannot be believed; the message says why."""


@dataclass(frozen=True, slots=True)
class Page:
    """What one page lists.

    `ids` are trackable (rules.md 33) and were UTF-8, in order, not yet de-duplicated; `rows` counts all,
    `rejected` those without such an id. `notes` holds what the first row of an id says, if it says anything.
    `next_url` is the absolute address of the next page, on the same host, or None on the last one.
    """

    ids: tuple[str, ...]
    rows: int
    rejected: int
    next_url: str | None = None
    notes: Mapping[str, CatalogNote] = field(default_factory=dict)


def read_page(text: str, *, url: str, link: str = "") -> Page:
    """Read a page fetched from `url` with the `Link` header `link`. Raises Unreadable."""
    document = parse_json(text)
    rows = _rows(document)
    named = [(name, row) for row in rows if (name := _id_of(row)) is not None]
    return Page(
        ids=tuple(name for name, _ in named),
        rows=len(rows),
        rejected=len(rows) - len(named),
        next_url=next_url(document, url=url, link=link),
        notes=_notes(named),
    )


def _notes(named: Sequence[tuple[str, object]]) -> dict[str, CatalogNote]:
    first: dict[str, object] = {}
    for name, row in named:
        first.setdefault(name, row)
    notes = ((name, read_note(row)) for name, row in first.items())
    return {name: note for name, note in notes if note != NOTHING_NOTED}


def parse_json(text: str) -> object:
    """Parse strictly: no NaN, no name twice in an object, no harmful depth or amount. Raises Unreadable."""
    if sum(text.count(mark) for mark in "[{,") > _MOST_VALUES:
        raise Unreadable(f"the answer holds more than {_MOST_VALUES:,} values")
    try:
        document: object = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except Unreadable:
        raise
    except RecursionError:
        raise Unreadable("the answer is nested too deeply") from None
    except json.JSONDecodeError:
        raise Unreadable(_not_json(text)) from None
    except ValueError:
        raise Unreadable("the answer holds a number of too many digits") from None
    return document


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unreadable("the answer is ambiguous: an object holds the same name twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise Unreadable(f"the answer is not JSON: it holds {name}")


def _not_json(text: str) -> str:
    if not text.strip():
        return "the answer is empty"
    is_page = text[:200].lstrip().lower().startswith(("<!doctype", "<html"))
    return "the answer is a web page, not JSON" if is_page else "the answer is not JSON"


def _rows(document: object) -> Sequence[object]:
    if isinstance(document, list):
        return document
    if not isinstance(document, dict):
        raise Unreadable(f"the answer is JSON, but {_worded(document)} and no list of models")
    lists = [document[name] for name in _LISTS if name in document]
    found = next((rows for rows in lists if isinstance(rows, list)), None)
    if found is not None:
        return found
    if lists and all(rows is None for rows in lists):
        return ()  # what some servers write for an empty list
    raise Unreadable("the answer is JSON, but holds no list of models (data, models, items or results)")


def _worded(value: object) -> str:
    """Name what JSON holds instead of a list or an object."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return "a text" if isinstance(value, str) else "a number"


def _id_of(row: object) -> str | None:
    if isinstance(row, dict):
        row = next((row[name] for name in _NAMES if row.get(name) is not None), None)
    if not isinstance(row, str):
        return None
    name = row.removeprefix(_PREFIX)
    return name if is_trackable_id(name) and _UNDECODABLE not in name else None


# ---- Where the next page is ------------------------------------------------------------


def next_url(document: object, *, url: str, link: str = "") -> str | None:
    """Return the absolute address of the page after the one fetched from `url`; None after the last.

    Raises Unreadable where there is a next page that cannot or must not be fetched.
    """
    found = _next_by_cursor(document, url) or _next_by_link(document) or _next_by_header(link)
    return None if found is None else _resolve(found, url)


def _next_by_cursor(document: object, url: str) -> str | None:
    if not isinstance(document, dict):
        return None
    if document.get("has_more") is True:
        return _with_parameter(url, "after_id", _cursor(document.get("last_id")) or _lost())
    for name, parameter in _CURSORS:
        if cursor := _cursor(document.get(name)):
            return _with_parameter(url, parameter, cursor)
    return None


def _cursor(value: object) -> str | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if (isinstance(value, str) and value) or is_number else None


def _lost() -> NoReturn:
    raise Unreadable("the list has more pages, but does not say where (has_more without last_id)")


def _next_by_link(document: object) -> str | None:
    if not isinstance(document, dict):
        return None
    links = document.get("links")
    for place in (links.get("next") if isinstance(links, dict) else None, document.get("next")):
        target = place.get("href") if isinstance(place, dict) else place
        if isinstance(target, str) and target:
            return target
    return None


def _next_by_header(link: str) -> str | None:
    """Return the target of `rel=next` in a Link header (RFC 8288)."""
    for target, parameters in _LINK.findall(link):
        if _REL_NEXT.search(parameters):
            return str(target)
    return None


def _with_parameter(url: str, name: str, value: str) -> str:
    parts = _split(url)
    kept = [(key, old) for key, old in parse_qsl(parts.query, keep_blank_values=True) if key != name]
    return urlunsplit(parts._replace(query=_encode([*kept, (name, value)])))


def _encode(pairs: list[tuple[str, str]]) -> str:
    return urlencode(pairs, errors="replace")


def _resolve(target: str, url: str) -> str:
    """Return the next address in full; it must stay where the key may go: same scheme, host and port."""
    if not target.isprintable() or len(target) > _URL_CHARS:
        raise Unreadable("the address of the next page cannot be used")
    try:
        absolute = urljoin(url, target)
    except ValueError:
        raise Unreadable("the address of the next page cannot be used") from None
    parts = _split(absolute)
    if _origin(parts) != _origin(_split(url)):
        raise Unreadable("the next page is on another host; it was not followed")
    return urlunsplit(parts._replace(fragment=""))


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise Unreadable("the address of the next page cannot be used") from None


def _origin(parts: SplitResult) -> tuple[str, str, int | None, bool]:
    try:
        port = parts.port
    except ValueError:
        port = -1
    return parts.scheme, parts.hostname or "", port or _DEFAULT_PORTS.get(parts.scheme), "@" in parts.netloc
