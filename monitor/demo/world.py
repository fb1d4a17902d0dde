"""The simulated provider at one moment, as a value: what is listed, how that is served, how models behave."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from types import MappingProxyType

from monitor.demo.answers import CREATED, HTML, PAGE_NOT_FOUND, PLAIN, CannedAnswer, WireFault, as_json
from monitor.demo.behaviours import BEHAVIOURS, CHAT, ENDPOINTS, Body, check_name, split_name


class CatalogMode(StrEnum):
    """How the whole list is served."""

    OK = "ok"
    EMPTY = "empty"
    HTML = "html"
    NOT_JSON = "not_json"
    ERROR = "error"
    UNAUTHORIZED = "unauthorized"
    REDIRECT = "redirect"
    HANG = "hang"
    RESET = "reset"
    CUT = "cut"
    FLOOD = "flood"


class PageStyle(StrEnum):
    """How the next page is named; `LOOP` always names the same one, `STRANGER` one of another host."""

    LAST_ID = "last_id"
    NEXT_PAGE_TOKEN = "next_page_token"  # noqa: S105 (a field's name)
    NEXT_PAGE_TOKEN_CAMEL = "nextPageToken"  # noqa: S105 (a field's name)
    LINKS = "links"
    LINK_HEADER = "link_header"
    LOOP = "loop"
    STRANGER = "stranger"


_CATALOG_ANSWERS: Mapping[CatalogMode, CannedAnswer] = MappingProxyType(
    {
        CatalogMode.EMPTY: as_json({"object": "list", "data": []}),
        CatalogMode.HTML: HTML,
        CatalogMode.NOT_JSON: CannedAnswer(200, '{"object": "list", "data": ['),
        CatalogMode.ERROR: CannedAnswer(500, "Internal Server Error", PLAIN),
        CatalogMode.UNAUTHORIZED: CannedAnswer(401, "Unauthorized access", PLAIN),
        CatalogMode.REDIRECT: CannedAnswer(302, headers={"Location": "https://login.example/"}),
        CatalogMode.HANG: CannedAnswer(fault=WireFault.HANG),
        CatalogMode.RESET: CannedAnswer(fault=WireFault.RESET),
        CatalogMode.CUT: CannedAnswer(200, '{"object": "list", "data": []}', fault=WireFault.CUT),
        CatalogMode.FLOOD: CannedAnswer(200, '{"object": "list", "data": [', fault=WireFault.FLOOD),
    }
)

_NEVER_LAST: Mapping[PageStyle, Mapping[str, object]] = MappingProxyType(
    {
        PageStyle.LOOP: {"next_page_token": "0"},  # the first page again
        PageStyle.STRANGER: {"links": {"next": "http://stranger.invalid/v1/models?offset=1"}},
    }
)


@dataclass(frozen=True, kw_only=True)
class World:
    """`listed` may repeat ids, as real catalogs do. A model without a behaviour answers `ok`.

    `everywhere` is a behaviour that all models show instead of their own; `rows` names the member that holds
    the rows of the list, None for a bare array.
    """

    listed: tuple[str, ...] = ()
    behaviours: Mapping[str, str] = field(default_factory=dict)
    everywhere: str | None = None
    catalog: CatalogMode = CatalogMode.OK
    rows: str | None = "data"
    page_size: int | None = None
    page_style: PageStyle = PageStyle.LAST_ID

    def __post_init__(self) -> None:
        for behaviour in {*self.behaviours.values(), self.everywhere or "ok"}:
            check_name(behaviour)

    def behaviour_of(self, model: str) -> str | None:
        """Return how a model behaves; None for one that is neither listed nor described."""
        if model not in self.behaviours and model not in self._known:
            return None
        return self.everywhere or self.behaviours.get(model, "ok")

    def probe(self, endpoint: str, model: str, body: Body, *, requests_before: int = 0) -> CannedAnswer:
        """Return what an endpoint answers for a model that got so many requests before."""
        behaviour = self.behaviour_of(model)
        if behaviour is None:
            return PAGE_NOT_FOUND
        name, argument = split_name(behaviour, requests_before)
        endpoint = CHAT if self.everywhere else endpoint
        return BEHAVIOURS[name].answer(endpoint, body).filled(model, argument)

    def metadata(self, model: str) -> CannedAnswer:
        """Return what `GET /models/{id}` answers."""
        if model not in self._known:
            return as_json({"status": 404, "detail": f"Model does not exist by the name of {model}"}, 404)
        name, argument = split_name(self.behaviours.get(model, "ok"), 0)
        return (BEHAVIOURS[name].metadata or as_json(_row(model))).filled(model, argument)

    def elsewhere(self, place: str) -> CannedAnswer:  # noqa: ARG002 - for worlds that have more than their list
        """Return what `GET /{place}` answers, where that is neither list, metadata nor status."""
        return PAGE_NOT_FOUND

    def serves(self, endpoint: str) -> bool:
        """Return whether there is such an endpoint."""
        return endpoint in ENDPOINTS

    def status(self, request: str) -> CannedAnswer:  # noqa: ARG002 - for worlds that queue requests
        """Return what `GET /status/{request}` answers: nothing is queued here for later."""
        return PAGE_NOT_FOUND

    def listing(self, base_url: str, query: Mapping[str, str]) -> CannedAnswer:
        """Return one page of the list; `query` holds the cursor of an earlier page's answer."""
        if self.catalog is not CatalogMode.OK:
            return _CATALOG_ANSWERS[self.catalog]
        if self.page_size is None:
            return self._page(self.listed, {})
        begin = self._begin(query)
        page = self.listed[begin : begin + self.page_size]
        end = begin + len(page)
        return self._with_next(page, end if end < len(self.listed) else None, base_url)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.listed)

    def _begin(self, query: Mapping[str, str]) -> int:
        if self.page_style is PageStyle.LAST_ID:
            # each provider has its own name for it
            last = query.get("after_id") or query.get("after") or query.get("last_id")
            pairs = enumerate(pairwise(self.listed), start=1)
            return next((place for place, (before, after) in pairs if before == last != after), 0)
        cursor = query.get("page_token") or query.get("pageToken") or query.get("offset") or "0"
        return int(cursor) if cursor.isascii() and cursor.isdigit() else 0

    def _with_next(self, page: tuple[str, ...], following: int | None, base_url: str) -> CannedAnswer:
        link = f"{base_url}/models?offset={following}"
        if self.page_style is PageStyle.LAST_ID:
            ends = {"first_id": page[0], "last_id": page[-1]} if page else {}
            return self._page(page, {"has_more": following is not None, **ends})
        if self.page_style in _NEVER_LAST:
            return self._page(page, _NEVER_LAST[self.page_style])
        if following is None:
            return self._page(page, {})
        if self.page_style is PageStyle.LINK_HEADER:
            return self._page(page, {}).with_headers(Link=f'<{link}>; rel="next"')
        if self.page_style is PageStyle.LINKS:
            return self._page(page, {"links": {"next": link}})
        return self._page(page, {self.page_style.value: str(following)})

    def _page(self, page: tuple[str, ...], more: Mapping[str, object]) -> CannedAnswer:
        rows = [_row(model) for model in page]
        if self.rows is None:
            return as_json(rows)
        return CannedAnswer(200, json.dumps({"object": "list", self.rows: rows, **more}))


def _row(model: str) -> dict[str, object]:
    return {"id": model, "object": "model", "created": CREATED, "owned_by": model.partition("/")[0]}
