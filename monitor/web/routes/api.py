"""/api/v1: the history as JSON."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from monitor.core.domain.vocabulary import Status
from monitor.core.history.staleness import max_age
from monitor.web.context import WebContext
from monitor.web.queries import (
    Freshness,
    chosen_kinds,
    chosen_providers,
    freshness,
    selected_models,
    shown_state,
)
from monitor.web.schemas import ModelsBody, ProblemBody, ProviderBody, json_body, model_body


class ModelsQuery(BaseModel):
    """Filters, each repeatable: any of the values named."""

    model_config = ConfigDict(extra="forbid")

    model: list[str] = Field(default=[], description="only these models, each by its id or as provider/id")
    provider: list[str] = Field(
        default=[], description="only these providers; without it, all that are watched"
    )
    status: list[Status] = Field(default=[], description="only models of these statuses")
    kind: list[str] = Field(default=[], description="only models of these kinds")
    is_all: bool = Field(default=False, alias="all", description="also models that are not watched")


def api_routes(context: WebContext) -> APIRouter:
    """Return these routes."""
    routes = APIRouter(prefix="/api/v1", tags=["history"])

    @routes.get(
        "/models",
        response_model=ModelsBody,
        responses={404: {"model": ProblemBody, "description": "No such model"}},
    )
    async def models(request: Request, query: Annotated[ModelsQuery, Query()]) -> Response:
        """Every watched model with its status, and how fresh the knowledge of each provider is."""
        key = ("/api/v1/models", query.model_dump_json())
        return await context.answers.answer(
            request, key, lambda: shown_state(context), lambda: json_body(listed(query))
        )

    def listed(query: ModelsQuery) -> ModelsBody:
        selection = context.selection(query.provider, is_all=query.is_all)
        names = chosen_providers(context, selection)
        rows = selected_models(context, selection, query.model)
        kinds = chosen_kinds(rows, query.kind)
        statuses = frozenset(query.status or Status)
        return ModelsBody(
            at=context.now(),
            providers=[_provider_body(context, fresh) for fresh in freshness(context, names, rows)],
            models=[
                model_body(row, is_watched=selection.watched.covers(row.provider, row.model))
                for row in rows
                if row.status in statuses and row.kind in kinds
            ],
        )

    return routes


def _provider_body(context: WebContext, fresh: Freshness) -> ProviderBody:
    interval = context.watched.get(fresh.provider)
    return ProviderBody(
        provider=fresh.provider,
        watched=fresh.is_watched,
        stale=fresh.is_stale,
        last_conclusive_at=fresh.last_conclusive_at,
        max_age_s=None if interval is None else max_age(interval).total_seconds(),
    )
