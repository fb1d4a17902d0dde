"""Read a provider's whole model list, page by page, within limits. A sick catalog is a value."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from monitor.catalog.document import WEB_PAGE, Unreadable
from monitor.catalog.page import Page, read_page
from monitor.catalog.reading import (
    ANOTHERS_PAGE,
    NO_USABLE_ID,
    CatalogReading,
    CatalogTrouble,
    without_prefix,
)
from monitor.core.answer.body import Body, is_page
from monitor.core.answer.error_patterns import account, money
from monitor.core.answer.exchange import CONNECTION_LEVEL, Exchange, Failure, failure_words
from monitor.core.answer.redact import redact
from monitor.core.domain.vocabulary import Cause
from monitor.core.planning.inputs import CatalogEntry, ProviderTraits
from monitor.http import Client, Endpoint, exchange, host_of
from monitor.masking import holds_secret

_OK = 200
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PAGE_CAUSES = {401: Cause.CREDENTIAL, 402: Cause.QUOTA, 407: Cause.OUR_NETWORK, 511: Cause.OUR_NETWORK}
_STATUS_CAUSES = {**_PAGE_CAUSES, 403: Cause.CREDENTIAL}
_REFUSED = frozenset({400, 404, 422, 429})  # some say with these that a key or a plan is wrong
_REFUSED_CURSOR = frozenset({400, 404, 422})  # what strict servers say to a parameter that they do not know
_PAGE = "a web page"  # in the words for one
_NOTHING_THERE = frozenset({404, 405, 501})
_OF_NETWORK = {  # what a device on the way says, not the provider
    407: "check proxy, and the user and password in it",
    511: "log in to this machine's network",
}
_EMPTY = "the catalog is empty"
_NAME_THEM = "models that are not listed can be named in models = [...]"
_NO_LIST = f"no model list there; base_url may have to end with /v1, or without it, and {_NAME_THEM}"
_CIRCLES = "the catalog goes in circles: its next page is one that was read before"
_PARSE_HERE_CHARS = 100_000


class RequestPacer(Protocol):
    """What spaces the requests to one provider."""

    async def acquire(self) -> None:
        """Wait until the next request may start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogLimits:
    """How much of a catalog is read before it is given up: bytes and rows in total, pages, seconds."""

    bytes: int = 32 * 1024 * 1024
    rows: int = 100_000
    pages: int = 100
    page_timeout_s: float = 30.0
    total_timeout_s: float = 300.0


class _Refused(Exception):
    """The server does not take an address that was a guess."""


class _Stop(Exception):
    """The reading cannot go on."""

    def __init__(self, trouble: CatalogTrouble) -> None:
        self.trouble = trouble


async def read_catalog(
    client: Client,
    endpoint: Endpoint,
    *,
    pacer: RequestPacer,
    limits: CatalogLimits | None = None,
    traits: ProviderTraits | None = None,
) -> CatalogReading:
    """Read the list at `endpoint.catalog` to its last page. Only cancellation is raised.

    `traits` are the provider's own conventions (rules.md 40): a prefix of its ids, how its lists go on.
    """
    traits = traits or ProviderTraits()
    pages = _Pages(client, pacer, limits or CatalogLimits(), traits, endpoint.secrets)
    trouble = await pages.read(endpoint.catalog)
    reading = pages.reading(_worded(trouble, pages, endpoint) if trouble else None)
    return without_prefix(reading, traits.id_prefix)


@dataclass(slots=True)
class _Pages:
    """The pages of one list, read one after the other, and what they have given so far."""

    client: Client
    pacer: RequestPacer
    limits: CatalogLimits
    traits: ProviderTraits
    secrets: tuple[str, ...]
    ids: dict[str, None] = field(default_factory=dict)
    entries: dict[str, CatalogEntry] = field(default_factory=dict)
    visited: set[str] = field(default_factory=set)
    rows: int = 0
    rejected: int = 0
    requests: int = 0
    bytes: int = 0
    http_status: int | None = None
    is_litellm: bool = True

    async def read(self, url: str) -> CatalogTrouble | None:
        """Read from the first page to the last; returns why that is no catalog."""
        try:
            async with asyncio.timeout(self.limits.total_timeout_s):
                page = await self._fetch(url)
                self._add(page)
                while page.following:
                    page = await self._next(page)
                    self._add(page)
        except _Stop as stop:
            return stop.trouble
        except TimeoutError:
            return self._unreadable(f"the catalog was not read within {self.limits.total_timeout_s:g} s")
        except Unreadable as error:
            return self._unreadable(str(error))
        if not self.ids:
            return self._unreadable(NO_USABLE_ID if self.rows else _EMPTY)
        return None

    def _unreadable(self, detail: str) -> CatalogTrouble:
        return CatalogTrouble(Cause.CATALOG_UNREADABLE, detail, self.http_status)

    async def _next(self, page: Page) -> Page:
        """Return the page that follows; where there are several addresses, the first that moves the list."""
        *others, last = page.following
        for url in others:
            with suppress(_Refused):
                # the same page again: the parameter was ignored
                if (moved := await self._fetch(url, is_guess=True)).ids != page.ids:
                    return moved
        moved = await self._fetch(last)
        if others and moved.ids == page.ids:
            raise Unreadable(_CIRCLES)
        return moved

    async def _fetch(self, url: str, *, is_guess: bool = False) -> Page:
        """Fetch one page; raises _Refused where the address was a guess and the server does not take it."""
        self._visit(url)
        await self.pacer.acquire()
        self.requests += 1
        left = max(self.limits.bytes - self.bytes, 1)
        answer = await exchange(self.client, "GET", url, timeout_s=self.limits.page_timeout_s, cap_bytes=left)
        self.http_status = answer.http_status
        if is_guess and answer.http_status in _REFUSED_CURSOR:
            raise _Refused
        if trouble := _trouble(answer):
            raise _Stop(trouble)
        self.bytes += len(answer.body.encode())
        if answer.truncated:
            raise Unreadable(f"the catalog is larger than {self.limits.bytes:,} bytes")
        return _without_secrets(await _parse(answer, url, self.traits), self.secrets)

    def _visit(self, url: str) -> None:
        if url in self.visited:  # a cursor that returns would use up the limit of pages
            raise Unreadable(_CIRCLES)
        if len(self.visited) >= self.limits.pages:
            raise Unreadable(f"the catalog has more than {self.limits.pages:,} pages")
        self.visited.add(url)

    def _add(self, page: Page) -> None:
        self.is_litellm = self.is_litellm and page.is_litellm
        self.entries.update((name, entry) for name, entry in page.entries.items() if name not in self.ids)
        self.ids.update(dict.fromkeys(page.ids))
        self.rows += page.rows
        self.rejected += page.rejected
        if self.rows > self.limits.rows:
            raise Unreadable(f"the catalog has more than {self.limits.rows:,} rows")

    def reading(self, trouble: CatalogTrouble | None) -> CatalogReading:
        return CatalogReading(
            ids=() if trouble else tuple(self.ids),
            duplicates=self.rows - self.rejected - len(self.ids),
            rejected=self.rejected,
            requests=self.requests,
            trouble=trouble,
            entries={} if trouble else self.entries,
            is_litellm=self.is_litellm,
        )


async def _parse(answer: Exchange, url: str, traits: ProviderTraits) -> Page:
    """Parse large pages in a thread, so that the loop keeps breathing."""
    read = partial(read_page, answer.body, url=url, link=answer.headers.get("link", ""), traits=traits)
    return read() if len(answer.body) < _PARSE_HERE_CHARS else await asyncio.to_thread(read)


def _without_secrets(page: Page, secrets: tuple[str, ...]) -> Page:
    """Reject ids that hold a secret, and leave out owners that do: a list may echo what it was asked with."""
    owners = (entry.owned_by or "" for entry in page.entries.values())
    if not holds_secret(" ".join((*page.ids, *owners)), secrets):  # at once: a list has hundreds of ids
        return page
    ids = tuple(name for name in page.ids if not holds_secret(name, secrets))
    entries = {
        name: replace(entry, owned_by=None) if holds_secret(entry.owned_by or "", secrets) else entry
        for name, entry in page.entries.items()
        if name in ids
    }
    return replace(page, ids=ids, rejected=page.rejected + len(page.ids) - len(ids), entries=entries)


def _trouble(answer: Exchange) -> CatalogTrouble | None:
    """Return what is wrong with an answer before its body is looked at."""
    if answer.failure:
        return CatalogTrouble(_failure_cause(answer.failure), failure_words(answer), answer.http_status)
    if answer.http_status == _OK:
        return None
    sentence = _sentence(answer)
    return CatalogTrouble(
        _cause(answer), f"HTTP {answer.http_status}: {sentence}".strip(": "), answer.http_status
    )


def _failure_cause(failure: Failure) -> Cause:
    if failure is Failure.TLS_EXPIRED:  # for everyone, wherever they are (rules.md 9)
        return Cause.PROVIDER_OUTAGE
    return Cause.OUR_NETWORK if failure in CONNECTION_LEVEL else Cause.CATALOG_UNREADABLE


def _sentence(answer: Exchange) -> str:
    if answer.http_status in _REDIRECTS:
        return (
            "redirects are not followed; base_url must be the address they lead to, "
            f"unless a network's log-in page answers in place of {answer.host}"
        )
    sentence = Body(answer.body).sentence()
    return f"a web page: {sentence}" if is_page(answer.body) else sentence


def _cause(answer: Exchange) -> Cause:
    """Return whose trouble a refusal is.

    A web page is no API's word: a firewall's says 403, a site's own "not found" speaks of API keys in its
    menu (rules.md 8; provider facts 4, row 7). Only 401, 402 and 407 mean what HTTP says, page or not.
    """
    status = answer.http_status or 0
    if is_page(answer.body):
        return _PAGE_CAUSES.get(status, Cause.CATALOG_UNREADABLE)
    return _STATUS_CAUSES.get(status) or _cause_in_words(answer)


def _cause_in_words(answer: Exchange) -> Cause:
    """Return what an answer's words say where its status does not: some reject a key with a 400."""
    text = Body(answer.body).words() if answer.http_status in _REFUSED else ""
    if money.NO_MONEY.are_in(text) or money.PLAN.are_in(text):
        return Cause.QUOTA
    return Cause.CREDENTIAL if account.KEY.are_in(text) else Cause.CATALOG_UNREADABLE


def _worded(trouble: CatalogTrouble, pages: _Pages, endpoint: Endpoint) -> CatalogTrouble:
    """Redact the detail, say how far the reading came, and what to do where there is no list."""
    detail = redact(trouble.detail, secrets=endpoint.secrets)
    # A refusal that speaks neither of key nor money says that there is nothing at the address.
    is_nothing = trouble.cause is Cause.CATALOG_UNREADABLE and trouble.http_status in _NOTHING_THERE
    if pages.requests == 1 and is_nothing:  # later pages are missing for other reasons
        place = redact(endpoint.catalog, secrets=endpoint.secrets)
        return replace(trouble, detail=f"{detail} ({place}): {_NO_LIST}", lists_nothing=True)
    if trouble.detail == _EMPTY:
        return replace(trouble, detail=f"{detail}: {_NAME_THEM}", lists_nothing=True)
    so_far = f" (after {len(pages.ids):,} ids)" if pages.ids else ""
    host, proxy = host_of(endpoint.catalog), pages.client.proxy_host
    is_forwarded = proxy and endpoint.catalog.startswith("http://")
    if is_forwarded and _PAGE in detail and trouble.cause is Cause.CATALOG_UNREADABLE:
        # an API has no pages, and over TLS no proxy could have said it
        return replace(
            trouble, cause=Cause.OUR_NETWORK, detail=f"{detail} ({proxy}): the proxy's; check proxy"
        )
    if trouble.detail == WEB_PAGE:
        return replace(trouble, detail=f"{detail}{so_far}{ANOTHERS_PAGE} ({host})")
    remedy = _OF_NETWORK.get(trouble.http_status or 0)
    return replace(trouble, detail=detail + so_far + (f" ({host}): {remedy}" if remedy else ""))
