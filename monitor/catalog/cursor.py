"""Where the next page of a model list is, in each form that providers have for it."""

import re
from urllib.parse import SplitResult, parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from monitor.catalog.document import Unreadable, unambiguous

# what the page has, and what the next address has to carry
_TOKENS = (("nextPageToken", "pageToken"), ("next_page_token", "page_token"))
_AFTER, _AFTER_ID = "after", "after_id"  # OpenAI's lists and Anthropic's, both beside `has_more`
_URL_CHARS = 8_000  # most servers refuse longer ones
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_REL_NEXT = re.compile(
    # bounded repeats: a header of thousands of blanks must not take seconds
    r";\s{0,9}rel\s{0,9}=\s{0,9}\"?(?:[^\",;]{0,99}\s)?next(?:\s[^\",;]{0,99})?\"?\s{0,9}(?:[;,]|$)",
    re.IGNORECASE,
)


def following(
    document: object, *, url: str, link: str = "", parameter: str | None = None, last: str | None = None
) -> tuple[str, ...]:
    """Return the absolute addresses at which the page after that of `url` may be; none after the last.

    There are two where a list says that it goes on after an id, but not by which parameter: the more likely
    one first, which is `parameter` where the provider is known to have it (rules.md 40). `last` is the page's
    last id, for a list that does not name it. Raises Unreadable where there is a next page that cannot or
    must not be fetched.
    """
    fields = document if isinstance(document, dict) else {}
    has_more = unambiguous(fields.get("has_more"), "has_more") is True
    if has_more and (cursor := _cursor(fields, "last_id")):
        return _after(fields, url, cursor, parameter)
    if target := _by_token(fields, url) or _by_link(fields) or _by_header(link):
        return (_resolved(target, url),)
    if not has_more:
        return ()
    if not last:
        raise Unreadable("the list has more pages, but does not say where (has_more without last_id)")
    return _after(fields, url, last, parameter)


def _after(fields: dict[str, object], url: str, cursor: str, parameter: str | None) -> tuple[str, ...]:
    """Return the addresses that continue after an id; the parameter that has moved the list is kept."""
    moved = {name for name, _ in parse_qsl(_split(url).query)} & {_AFTER, _AFTER_ID}
    usual = parameter or (_AFTER if fields.get("object") == "list" else _AFTER_ID)
    other = _AFTER_ID if usual == _AFTER else _AFTER
    names = moved or (usual, other)
    return tuple(_resolved(_with_parameter(url, name, cursor), url) for name in names)


def _by_token(fields: dict[str, object], url: str) -> str | None:
    for name, parameter in _TOKENS:
        if cursor := _cursor(fields, name):
            return _with_parameter(url, parameter, cursor)
    return None


def _cursor(fields: dict[str, object], name: str) -> str | None:
    value = unambiguous(fields.get(name), name)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if (isinstance(value, str) and value) or is_number else None


def _by_link(fields: dict[str, object]) -> str | None:
    links = unambiguous(fields.get("links"), "links")
    for place in (links if isinstance(links, dict) else {}, fields):
        target = unambiguous(place.get("next"), "next")
        if isinstance(target, dict):
            target = unambiguous(target.get("href"), "href")
        if isinstance(target, str) and target:
            return target
    return None


def _by_header(link: str) -> str | None:
    """Return the target of `rel=next` in a Link header (RFC 8288)."""
    for target, parameters in _LINK.findall(link):
        if _REL_NEXT.search(parameters):
            return str(target)
    return None


def _with_parameter(url: str, name: str, value: str) -> str:
    parts = _split(url)
    kept = [(key, old) for key, old in parse_qsl(parts.query, keep_blank_values=True) if key != name]
    return urlunsplit(parts._replace(query=urlencode([*kept, (name, value)], errors="replace")))


def _resolved(target: str, url: str) -> str:
    """Return the next address in full; it must stay where the key may go: same scheme, host and port."""
    if not target.isprintable() or len(target) > _URL_CHARS:  # a line break would split the request
        raise Unreadable("the address of the next page cannot be used")
    try:
        absolute = urljoin(url, target)
    except ValueError:
        raise Unreadable("the address of the next page cannot be used") from None
    parts = _split(absolute)
    if _origin(parts) != _origin(_split(url)):  # the key may go to this origin only
        raise Unreadable("the next page is on another host; it was not followed")
    return urlunsplit(parts._replace(fragment=""))  # a fragment would make one page look like two


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise Unreadable("the address of the next page cannot be used") from None


def _origin(parts: SplitResult) -> tuple[str, str, int | None, bool]:
    try:
        port = parts.port
    except ValueError:
        port = -1  # a port that cannot be read equals no other
    return parts.scheme, parts.hostname or "", port or _DEFAULT_PORTS.get(parts.scheme), "@" in parts.netloc
