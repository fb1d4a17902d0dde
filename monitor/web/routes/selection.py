"""/api/v1/select: which models to call, the first choice first, and why."""

from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from monitor.core.domain.percentages import percent_words
from monitor.core.domain.vocabulary import Kind, Status
from monitor.core.history.rows import ModelRow, StatusAt
from monitor.core.summary.recommend import Recommended, recommend
from monitor.report.words.times import iso_millis
from monitor.store.connection.engine import reading
from monitor.store.query import current_models
from monitor.store.statistics.choice import read_candidates_now
from monitor.web.cache.kept_answer import KeptAnswer
from monitor.web.context import WebContext
from monitor.web.queries import chosen_kinds, chosen_providers, freshness, shown_state
from monitor.web.schemas import PassedOverBody, SelectBody, SelectedBody, json_body

_MOST_DAYS: Final = 90
_FULL: Final = 100.0


class SelectQuery(BaseModel):
    """What the models must be."""

    model_config = ConfigDict(extra="forbid")

    kind: list[str] = Field(default=[Kind.CHAT], description="models of these kinds, the first of each first")
    provider: list[str] = Field(default=[], description="only of these providers")
    days: int = Field(default=30, ge=1, le=_MOST_DAYS, description="the window of all figures, in days")
    min_uptime: float = Field(default=0.0, ge=0, le=_FULL, description="uptime of the window in percent")
    limit: int = Field(default=5, ge=1, le=20, description="how many models at most")


def select_routes(context: WebContext) -> APIRouter:
    """Return these routes."""
    routes = APIRouter(prefix="/api/v1", tags=["what answers"])

    @routes.get("/select", response_model=SelectBody)
    async def select(request: Request, query: Annotated[SelectQuery, Query()]) -> Response:
        """Choose models that are available, stay and do not flap: by what they answered, then by latency."""
        key = ("/api/v1/select", query.model_dump_json())
        return await context.answers.answer(
            request, key, lambda: shown_state(context, has_ages=False), partial(_selected, context, query)
        )

    return routes


def _selected(context: WebContext, query: SelectQuery) -> KeptAnswer:
    selection = context.selection(query.provider)
    names = chosen_providers(context, selection)
    rows = [row for row in current_models(context.engine) if selection.covers(row.provider, row.model)]
    kinds = chosen_kinds(rows, query.kind)
    ranked = _ranked(context, query, names, rows, kinds)
    chosen = [row for row in ranked if row.best.uptime_percent >= query.min_uptime][: query.limit]
    fresh = freshness(context, names)
    return json_body(
        SelectBody(
            models=[_selected_body(row, query.days) for row in chosen],
            passed_over=[
                PassedOverBody(provider=row.provider, model=row.model, reason=why)
                for row in rows
                if row.kind in kinds and (why := _why_not(row))
            ],
            stale=any(one.is_stale for one in fresh),
            stale_providers=[one.provider for one in fresh if one.is_stale],
        )
    )


def _ranked(
    context: WebContext,
    query: SelectQuery,
    names: Sequence[str],
    rows: Sequence[ModelRow],
    kinds: frozenset[str],
) -> list[Recommended]:
    with reading(context.engine) as connection:
        candidates = {
            name: read_candidates_now(
                connection,
                name,
                query.days,
                context.now(),
                [_status(row) for row in rows if row.provider == name],
            )
            for name in names
        }
    return recommend(candidates, kinds)


def _status(row: ModelRow) -> StatusAt:
    return StatusAt(**{field.name: getattr(row, field.name) for field in fields(StatusAt)})


def _selected_body(row: Recommended, days: int) -> SelectedBody:
    best = row.best
    latency = (
        "no latency is known" if best.latency_p50_ms is None else f"median latency {best.latency_p50_ms} ms"
    )
    age = "" if row.is_proven else ": too few, or of less than 7 days, to rely on"
    return SelectedBody(
        provider=row.provider,
        model=best.model,
        kind=best.kind,
        uptime_percent=best.uptime_percent,
        coverage_percent=best.coverage_percent,
        latency_p50_ms=best.latency_p50_ms,
        checks=best.checks,
        proven=row.is_proven,
        reasons=[
            "available, not flapping, and no retirement is announced",
            f"uptime of the last {days} days: {percent_words(best.uptime_percent)}",
            latency,
            f"{best.checks} checks{age}",
        ],
    )


def _why_not(row: ModelRow) -> str | None:
    """Return why an available model is no candidate; None where it is one, or where it is not available."""
    if row.status != Status.AVAILABLE:
        return None
    if row.flapping:
        return "it flaps: it answers at times"
    if row.retires_at is not None:
        return f"its retirement is announced for {iso_millis(row.retires_at)}"
    return None if row.listed else "its provider does not list it any more"
