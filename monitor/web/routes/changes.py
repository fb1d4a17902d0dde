"""/changes: the days on which something changed, and the summary of each."""

from datetime import UTC, date, timedelta, tzinfo
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse

from monitor.core.history.calendar import Span, begin_of, day_of, span_of
from monitor.store.query.changes import rewritten, running_since, version_of
from monitor.store.statistics.summaries import changes_by_day, history_began_at, summarise_span
from monitor.web.context import WebContext
from monitor.web.render import Pages

LISTED_DAYS: Final = 90
_KEPT_DAYS: Final = 32
_DAY: Final = timedelta(days=1)


def changes_routes(context: WebContext, pages: Pages, *, zone: tzinfo = UTC) -> APIRouter:
    """Return these routes; days are those of `zone`."""
    routes = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    headers = {"Content-Security-Policy": pages.policy}

    @lru_cache(_KEPT_DAYS)  # by its source: the same day is rendered again only where that differs
    def written(span: Span, before: date | None, after: date | None, _source: object) -> str:
        summary = summarise_span(
            context.engine,
            span,
            watched=[*context.watched],
            now=context.now(),
            favourites=context.favourites,
        )
        return pages.day(summary, before, after)

    @routes.get("/changes")
    def days() -> HTMLResponse:
        first = day_of(context.now(), zone) - (LISTED_DAYS - 1) * _DAY
        counts = changes_by_day(context.engine, begin_of(first, zone), zone)
        return HTMLResponse(pages.days(counts, str(zone), LISTED_DAYS), headers=headers)

    @routes.get("/changes/{day}")
    def one_day(day: str) -> HTMLResponse:
        chosen, began_at, today = _parsed(day), history_began_at(context.engine), day_of(context.now(), zone)
        first = day_of(began_at, zone) if began_at else None
        if chosen is None or first is None or not first <= chosen <= today:
            raise HTTPException(HTTPStatus.NOT_FOUND, "the history has no such day; /changes lists its days")
        span = span_of(chosen, chosen, zone)
        before = chosen - _DAY if chosen > first else None
        after = chosen + _DAY if chosen < today else None
        return HTMLResponse(written(span, before, after, _source(context, span)), headers=headers)

    return routes


def _source(context: WebContext, span: Span) -> object:
    """Return what differs whenever the summary of a day may: for one that is over, that is rare."""
    if context.now() < span.ends_at:
        # to the minute: "so far" need not be truer
        return version_of(context.engine), context.now().replace(second=0, microsecond=0)
    is_open = any(begin < span.ends_at for begin in running_since(context.engine))
    return rewritten(context.engine), version_of(context.engine) if is_open else None


def _parsed(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None  # fromisoformat takes 20260406, too
