"""/changes: the days on which something changed, and the summary of each."""

from dataclasses import dataclass
from datetime import UTC, date, timedelta, tzinfo
from functools import partial
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, HTTPException, Request, Response

from monitor.core.history.calendar import Span, begin_of, day_of, span_of
from monitor.store.query.changes import rewritten, running_since, version_of
from monitor.store.statistics.summaries import changes_by_day, history_began_at, summarise_span
from monitor.web.cache.kept_answer import KeptAnswer
from monitor.web.context import WebContext
from monitor.web.render import Pages

LISTED_DAYS: Final = 90
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Days:
    """The pages of days of one time zone, and what they depend on."""

    context: WebContext
    pages: Pages
    zone: tzinfo

    @property
    def today(self) -> date:
        return day_of(self.context.now(), self.zone)

    def first(self) -> date | None:
        began_at = history_began_at(self.context.engine)
        return day_of(began_at, self.zone) if began_at else None

    def has(self, day: date) -> bool:
        first = self.first()
        return first is not None and first <= day <= self.today

    def list_state(self) -> object:
        return version_of(self.context.engine), self.today, self.context.notices()

    def list(self) -> KeptAnswer:
        first = self.today - (LISTED_DAYS - 1) * _DAY
        counts = changes_by_day(self.context.engine, begin_of(first, self.zone), self.zone)
        return self.pages.body(self.pages.days(counts, str(self.zone), LISTED_DAYS))

    def day_state(self, day: date) -> object:
        source = _source(self.context, span_of(day, day, self.zone)) if self.has(day) else None
        return self.first(), self.today, source, self.context.notices()

    def day(self, day: date) -> KeptAnswer:
        if not self.has(day):
            raise _no_such_day()
        summary = summarise_span(
            self.context.engine,
            span_of(day, day, self.zone),
            watched=[*self.context.watched],
            now=self.context.now(),
            favourites=self.context.favourites,
        )
        before = day - _DAY if day != self.first() else None
        return self.pages.body(self.pages.day(summary, before, day + _DAY if day < self.today else None))


def changes_routes(context: WebContext, pages: Pages, *, zone: tzinfo = UTC) -> APIRouter:
    """Return these routes; days are those of `zone`."""
    routes = APIRouter(include_in_schema=False)
    days = _Days(context=context, pages=pages, zone=zone)

    @routes.get("/changes")
    async def all_days(request: Request) -> Response:
        return await context.answers.answer(request, "/changes", days.list_state, days.list)

    @routes.get("/changes/{day}")
    async def one_day(request: Request, day: str) -> Response:
        chosen = _parsed(day)
        if chosen is None:
            raise _no_such_day()
        state, make = partial(days.day_state, chosen), partial(days.day, chosen)
        return await context.answers.answer(request, ("/changes", chosen), state, make)

    return routes


def _no_such_day() -> HTTPException:
    return HTTPException(HTTPStatus.NOT_FOUND, "the history has no such day; /changes lists its days")


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
