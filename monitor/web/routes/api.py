"""/api/v1: the history as JSON."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from monitor.core.domain.vocabulary import Status
from monitor.core.history.staleness import max_age
from monitor.web.context import WebContext
from monitor.web.queries import Freshness, chosen_kinds, chosen_providers, freshness, models_of
from monitor.web.schemas import ModelsBody, ProviderBody


class ModelsQuery(BaseModel):
    """Filters, each repeatable: any of the values named."""

    model_config = ConfigDict(extra="forbid")

    provider: list[str] = Field(default=[], description="only these providers")
    status: list[Status] = Field(default=[], description="only models of these statuses")
    kind: list[str] = Field(default=[], description="only models of these kinds")


def api_routes(context: WebContext) -> APIRouter:
    """Return these routes."""
    routes = APIRouter(prefix="/api/v1", tags=["history"])

    @routes.get("/models")
    def models(query: Annotated[ModelsQuery, Query()]) -> ModelsBody:
        """Every model with its status, and how fresh the knowledge of each provider is."""
        names = chosen_providers(context, query.provider)
        rows = models_of(context, names)
        kinds = chosen_kinds(rows, query.kind)
        statuses = frozenset(query.status or Status)
        return ModelsBody(
            at=context.now(),
            providers=[_provider_body(context, fresh) for fresh in freshness(context, names)],
            models=[row for row in rows if row.status in statuses and row.kind in kinds],
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
