"""/feed.atom and /summaries.atom: changes for feed readers; cheap to poll while nothing changes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from threading import Lock
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from monitor.core.domain.vocabulary import EventKind
from monitor.core.history.calendar import day_of, span_of
from monitor.report.formats.atom import (
    Address,
    Entry,
    Feed,
    atom,
    event_entry,
    first_seen_entry,
    owner_of,
    summary_entry,
)
from monitor.report.words.codes import shown_id
from monitor.store.query import sweeps
from monitor.store.query.changes import FeedItem, change_feed, rewritten, running_since, version_of
from monitor.store.statistics.summaries import spans_with_sweeps
from monitor.web.cache.kept_answer import KeptAnswer
from monitor.web.context import WebContext
from monitor.web.queries import chosen_providers

SummaryOf = Callable[[date], tuple[str, str, datetime]]  # a day's title, HTML, and when it was written

_MOST_EVENTS: Final = 100
_MOST_DAYS: Final = 30
_ATOM: Final = "application/atom+xml; charset=utf-8"
_MAX_AGE_S: Final = 60  # seconds; sweeps take minutes


class FeedQuery(BaseModel):
    """Filters of /feed.atom, each repeatable: any of the values named."""

    model_config = ConfigDict(extra="forbid")

    provider: list[str] = []
    kind: list[EventKind] = []


class NoQuery(BaseModel):
    """There is nothing to ask for."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySummaries:
    """The summaries of past days, kept until the past is rewritten or a late sweep ends."""

    context: WebContext
    zone: tzinfo
    summary_of: SummaryOf
    kept: dict[date, tuple[object, Entry]] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def entries(self) -> list[Entry]:
        """Return the latest days, newest first, those without a sweep left out."""
        with self.lock:  # feeds for two addresses may be made at one moment
            return self._latest()

    def _latest(self) -> list[Entry]:
        latest = sweeps(self.context.engine, limit=1)
        if not latest:
            return []
        rewrites, running = rewritten(self.context.engine), running_since(self.context.engine)
        yesterday = day_of(self.context.now(), self.zone) - timedelta(days=1)
        last = min(yesterday, day_of(latest[0].started_at, self.zone))
        days = [last - timedelta(days=back) for back in range(_MOST_DAYS)]
        spans = spans_with_sweeps(self.context.engine, [span_of(day, day, self.zone) for day in days])
        sources = {span.first: (rewrites, sum(start < span.ends_at for start in running)) for span in spans}
        entries = [self._entry(day, source) for day, source in sources.items()]
        for day in self.kept.keys() - sources.keys():  # days that fell out of the feed
            del self.kept[day]
        return entries

    def _entry(self, day: date, source: object) -> Entry:
        cached = self.kept.get(day)
        if cached is None or cached[0] != source:
            cached = self.kept[day] = (source, summary_entry(day, *self.summary_of(day)))
        return cached[1]


def feed_routes(
    context: WebContext,
    *,
    zone: tzinfo = UTC,
    public_url: str | None = None,
    summary_of: SummaryOf | None = None,
) -> APIRouter:
    """Return these routes.

    Links begin with `public_url`, else with the requested address. `summary_of` summarises a past day
    of `zone`; without it the feed of summaries is empty.
    """
    routes = APIRouter(include_in_schema=False)
    days = DaySummaries(context=context, zone=zone, summary_of=summary_of) if summary_of else None

    @routes.get("/feed.atom")
    async def events(request: Request, query: Annotated[FeedQuery, Query()]) -> Response:
        kinds, address = _kinds(query), _address(request, public_url, zone)

        def build() -> KeptAnswer:
            names = chosen_providers(context, context.selection(query.provider)) if query.provider else []
            items = change_feed(context.engine, providers=names, kinds=kinds, limit=_MOST_EVENTS)
            return _body(_events_feed(items, names, kinds, address), address)

        key = ("/feed.atom", address, tuple(sorted(query.provider)), tuple(kinds))
        return await context.answers.answer(request, key, lambda: version_of(context.engine), build)

    @routes.get("/summaries.atom")
    async def summaries(request: Request, _query: Annotated[NoQuery, Query()]) -> Response:
        address = _address(request, public_url, zone)

        def build() -> KeptAnswer:
            return _body(_summaries_feed(days.entries() if days else []), address)

        return await context.answers.answer(request, ("/summaries.atom", address), state, build)

    def state() -> object:
        return version_of(context.engine), day_of(context.now(), zone)

    return routes


def _kinds(query: FeedQuery) -> list[str]:
    return [kind.value for kind in EventKind if kind in query.kind]


def _body(feed: Feed, address: Address) -> KeptAnswer:
    return KeptAnswer(
        content=atom(feed, address),
        media_type=_ATOM,
        updated=feed.updated,
        headers={"Cache-Control": f"max-age={_MAX_AGE_S}"},
    )


def _address(request: Request, public_url: str | None, zone: tzinfo) -> Address:
    base = public_url or str(request.base_url).rstrip("/")
    return Address(base=base, owner=owner_of(public_url), zone=zone)


def _events_feed(
    items: Sequence[FeedItem], providers: Sequence[str], kinds: Sequence[str], address: Address
) -> Feed:
    query = urlencode([*(("provider", name) for name in providers), *(("kind", kind) for kind in kinds)])
    of = f" of {', '.join(map(shown_id, providers))}" if providers else ""
    return Feed(
        title=f"monitor: changes{of}",
        subtitle="Which models of hosted catalogs appeared, went away, broke and came back",
        path=f"/feed.atom?{query}" if query else "/feed.atom",
        entries=[_entry(item, address) for item in items],
    )


def _entry(item: FeedItem, address: Address) -> Entry:
    if item.event is not None:
        return event_entry(item.event, item.told_at, address)
    return first_seen_entry(item.provider, item.sweep_id, item.first_seen, item.told_at, address)


def _summaries_feed(entries: Sequence[Entry]) -> Feed:
    return Feed(
        title="monitor: daily summaries",
        subtitle="Each day of the watched catalogs, published when it is over",
        path="/summaries.atom",
        entries=entries,
    )
