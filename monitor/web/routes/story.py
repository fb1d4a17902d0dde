"""/api/v1/models/{provider}/{id} and /api/v1/summary: one model's story, and that of a span of days."""

from collections.abc import Sequence
from datetime import UTC, date, timedelta, tzinfo
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, HTTPException, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from monitor.core.history.calendar import Span, day_of, span_of
from monitor.errors import UsageError
from monitor.report.formats.outages import outage_document
from monitor.report.summary.forms import summary_json
from monitor.report.words.paths import Links
from monitor.store.query.changes import version_of
from monitor.store.statistics.summaries import history_began_at, summarise_span
from monitor.web.cache.kept_answer import KeptAnswer
from monitor.web.context import WebContext
from monitor.web.history_schemas import EventBody, OutageBody, StoryBody
from monitor.web.queries import chosen_providers, model_story_of, shown_state
from monitor.web.schemas import ProblemBody, json_body, model_body

_MOST_DAYS: Final = 31
_DAY: Final = timedelta(days=1)


class SummaryQuery(BaseModel):
    """Which days; without any, yesterday, or today where there is no yesterday."""

    model_config = ConfigDict(extra="forbid")

    day: date | None = Field(default=None, description="the only day, in the configured time zone")
    since: date | None = Field(default=None, description="the first day")
    until: date | None = Field(default=None, description="the last day; without it, yesterday")
    provider: list[str] = Field(default=[], description="only these providers")

    @field_validator("until", "since")
    @classmethod
    def _alone(cls, day: date, info: ValidationInfo) -> date:
        if info.data.get("day") is not None:
            raise ValueError("cannot stand beside day")
        return day


def story_routes(context: WebContext, *, zone: tzinfo = UTC, public_url: str | None = None) -> APIRouter:
    """Return these routes; days are those of `zone`, addresses in summaries begin with `public_url`."""
    links = Links(public_url) if public_url else None
    routes = APIRouter(prefix="/api/v1", tags=["history"])
    missing: dict[int | str, dict[str, Any]] = {
        404: {"model": ProblemBody, "description": "No such model, or no such day"}
    }

    @routes.get("/models/{provider}/{model:path}", response_model=StoryBody, responses=missing)
    async def story(request: Request, provider: str, model: str) -> Response:
        """Return one model: what is known now, its latest changes and outages."""
        key = ("/api/v1/models", provider, model)
        make = partial(_story, context, provider, model)
        return await context.answers.answer(request, key, partial(shown_state, context, has_ages=False), make)

    @routes.get("/summary", responses=missing)
    async def summary(request: Request, query: Annotated[SummaryQuery, Query()]) -> Response:
        """Return what changed on a day or on several: the document of `monitor summary --json`."""
        key = ("/api/v1/summary", query.model_dump_json())
        return await context.answers.answer(
            request, key, state, partial(_summary, context, query, zone, links)
        )

    def state() -> object:
        now = context.now().replace(second=0, microsecond=0)  # to the minute: a day under way grows older
        return version_of(context.engine), now

    return routes


def _story(context: WebContext, provider: str, model: str) -> KeptAnswer:
    story = model_story_of(context, provider, model)
    return json_body(
        StoryBody(
            model=model_body(story.now, is_watched=context.selection().covers(provider, model)),
            events=[EventBody.model_validate(event) for event in story.events],
            outages=[
                OutageBody.model_validate(outage_document(outage, context.now())) for outage in story.outages
            ],
        )
    )


def _span(context: WebContext, query: SummaryQuery, names: Sequence[str], zone: tzinfo) -> Span:
    """Return the days asked for. Raises HTTPException where the history has none of them."""
    began_at, today = history_began_at(context.engine, names), day_of(context.now(), zone)
    begin = day_of(began_at, zone) if began_at else today
    last = query.day or query.until or max(begin, today - _DAY)
    first = query.day or query.since or last
    if first > last:
        raise UsageError(f"since: {first} is later than the last day, {last}")
    if last - first >= _MOST_DAYS * _DAY:
        raise UsageError(f"since: at most {_MOST_DAYS} days at once")
    if began_at is None or not begin <= last <= today:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"the history has nothing of {last}")
    return span_of(first, last, zone)


def _summary(context: WebContext, query: SummaryQuery, zone: tzinfo, links: Links | None) -> KeptAnswer:
    names = chosen_providers(context, context.selection(query.provider)) if query.provider else []
    summary = summarise_span(
        context.engine,
        _span(context, query, names, zone),
        watched=[*context.watched],
        now=context.now(),
        providers=names,
        favourites=context.favourites,
    )
    return KeptAnswer(content=summary_json(summary, links).encode(), media_type="application/json")
