"""/api/v1/events, sweeps and uptime: the history in pages, with the columns of the SQL views."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Annotated, Final, Literal, TypeVar

from fastapi import APIRouter, Query, Request, Response
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationInfo,
    field_validator,
)

from monitor.clock import to_millis
from monitor.core.domain.vocabulary import Cause, EventKind, Verdict
from monitor.core.history.model_names import Key
from monitor.core.history.views import VIEWS
from monitor.store.query import events, sweeps
from monitor.store.query.changes import standing_of
from monitor.store.query.days import uptime_days
from monitor.store.query.sweeps import Place
from monitor.web.cache.kept_answer import KeptAnswer
from monitor.web.context import WebContext
from monitor.web.cursors import read_cursor, write_cursor
from monitor.web.history_schemas import DayBody, EventBody, EventsBody, SweepBody, SweepsBody, UptimeBody
from monitor.web.queries import chosen_providers, selected_models
from monitor.web.schemas import json_body

_PLACE: Final = TypeAdapter(Place)
_EVENT: Final = TypeAdapter(tuple[int])
_DAY: Final = TypeAdapter(tuple[str, str, date])
_DAYS: Final = [column.name for column in VIEWS["uptime_daily"].columns]

Moment = TypeVar("Moment", date, datetime)
When = Annotated[
    datetime, AfterValidator(lambda moment: moment if moment.tzinfo else moment.replace(tzinfo=UTC))
]
"""A moment in ISO 8601, UTC where it names no zone; a day is its begin."""


def _later(until: Moment, info: ValidationInfo) -> Moment:
    since = info.data.get("since")
    if since is not None and since >= until:
        raise ValueError("must be later than since")
    return until


class _PageQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    provider: list[str] = Field(
        default=[], description="only these providers; without it, all that are watched"
    )
    is_all: bool = Field(default=False, alias="all", description="also what is not watched")
    limit: int = Field(default=100, ge=1, le=1000, description="how many rows at most")
    cursor: str | None = Field(default=None, max_length=4000, description="`next` of the page before")


class _SpanQuery(_PageQuery):
    since: When | None = Field(default=None, description="from this moment on; UTC where it names no zone")
    until: When | None = Field(default=None, description="before this moment")

    _in_order = field_validator("until")(_later)


class EventsQuery(_SpanQuery):
    """Filters, each repeatable: any of the values named."""

    model: list[str] = Field(default=[], description="only these models, each by its id or as provider/id")
    kind: list[EventKind] = Field(default=[], description="only changes of these kinds")
    order: Literal["newest", "oldest"] = Field(default="newest", description="which come first")


class SweepsQuery(_SpanQuery):
    """Filters, each repeatable: any of the values named."""

    verdict: list[Verdict] = Field(default=[], description="only sweeps of these verdicts")
    cause: list[Cause] = Field(default=[], description="only sweeps with these causes")


class UptimeQuery(_PageQuery):
    """Filters, each repeatable: any of the values named."""

    model: list[str] = Field(default=[], description="only these models, each by its id or as provider/id")
    since: date | None = Field(default=None, description="from this UTC day on")
    until: date | None = Field(default=None, description="before this UTC day")

    _in_order = field_validator("until")(_later)


def list_routes(context: WebContext) -> APIRouter:
    """Return these routes."""
    routes = APIRouter(prefix="/api/v1", tags=["history"])

    async def answer(
        request: Request, name: str, query: _PageQuery, make: Callable[[], KeptAnswer]
    ) -> Response:
        key = (name, query.model_dump_json())
        return await context.answers.answer(request, key, lambda: standing_of(context.engine), make)

    @routes.get("/events", response_model=EventsBody)
    async def list_events(request: Request, query: Annotated[EventsQuery, Query()]) -> Response:
        """List what changed: events of models and providers."""
        return await answer(request, "/api/v1/events", query, partial(_events, context, query))

    @routes.get("/sweeps", response_model=SweepsBody)
    async def list_sweeps(request: Request, query: Annotated[SweepsQuery, Query()]) -> Response:
        """List sweeps with their verdicts and counts, the newest first."""
        return await answer(request, "/api/v1/sweeps", query, partial(_sweeps, context, query))

    @routes.get("/uptime", response_model=UptimeBody)
    async def list_uptime(request: Request, query: Annotated[UptimeQuery, Query()]) -> Response:
        """List each model's UTC days: checks, uptime and latencies."""
        return await answer(request, "/api/v1/uptime", query, partial(_uptime, context, query))

    return routes


def _events(context: WebContext, query: EventsQuery) -> KeptAnswer:
    rows = events(
        context.engine,
        since=query.since,
        until=query.until,
        kinds=query.kind,
        providers=_providers(context, query),
        models=_keys(context, query, query.model) if query.model else (),
        after_id=read_cursor(query.cursor, _EVENT)[0] if query.cursor else None,
        newest_first=query.order == "newest",
        limit=query.limit + 1,
    )
    page = rows[: query.limit]
    more = write_cursor([page[-1].event_id]) if len(rows) > len(page) else None
    return json_body(EventsBody(events=[EventBody.model_validate(row) for row in page], next=more))


def _sweeps(context: WebContext, query: SweepsQuery) -> KeptAnswer:
    rows = sweeps(
        context.engine,
        since=query.since,
        until=query.until,
        providers=_providers(context, query),
        verdicts=query.verdict,
        causes=query.cause,
        after=read_cursor(query.cursor, _PLACE) if query.cursor else None,
        limit=query.limit + 1,
    )
    page = rows[: query.limit]
    is_last = len(rows) == len(page)
    more = None if is_last else write_cursor([to_millis(page[-1].started_at), page[-1].sweep_id])
    return json_body(SweepsBody(sweeps=[SweepBody.model_validate(row) for row in page], next=more))


def _uptime(context: WebContext, query: UptimeQuery) -> KeptAnswer:
    rows = uptime_days(
        context.engine,
        _keys(context, query, query.model),
        since=query.since,
        until=query.until,
        after=read_cursor(query.cursor, _DAY) if query.cursor else None,
        limit=query.limit + 1,
    )
    page = rows[: query.limit]
    more = write_cursor(page[-1][:3]) if len(rows) > len(page) else None
    days = [DayBody.model_validate(dict(zip(_DAYS, row, strict=True))) for row in page]
    return json_body(UptimeBody(uptime=days, next=more))


def _providers(context: WebContext, query: _PageQuery) -> list[str]:
    return chosen_providers(context, context.selection(query.provider, is_all=query.is_all))


def _keys(context: WebContext, query: _PageQuery, names: Sequence[str]) -> list[Key]:
    selection = context.selection(query.provider, is_all=query.is_all)
    chosen_providers(context, selection)  # an unknown one is an error
    return [(row.provider, row.model) for row in selected_models(context, selection, names)]
