"""/v1/models: the models available now, in the format of the OpenAI API."""

from collections.abc import Iterable
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from monitor.core.domain.vocabulary import Status
from monitor.core.history.rows import ModelRow
from monitor.web.cache.kept_answer import KeptAnswer
from monitor.web.context import WebContext
from monitor.web.queries import chosen_kinds, chosen_providers, freshness, selected_models, shown_state
from monitor.web.schemas import AnsweringBody, AnsweringModel, ProblemBody, json_body


class AnsweringQuery(BaseModel):
    """Filters, each repeatable. Other parameters are ignored: clients of other makes send their own."""

    model: list[str] = Field(default=[], description="only these models, each by its id or as provider/id")
    provider: list[str] = Field(
        default=[], description="only these providers; without it, all that are watched"
    )
    kind: list[str] = Field(default=[], description="only models of these kinds")
    is_all: bool = Field(default=False, alias="all", description="also models that are not watched")
    strict: bool = Field(default=False, description="answer 503 where the list may be out of date")


def openai_routes(context: WebContext) -> APIRouter:
    """Return these routes."""
    routes = APIRouter(prefix="/v1", tags=["what answers"])
    others: dict[int | str, dict[str, Any]] = {
        404: {"model": ProblemBody, "description": "No such model"},
        503: {
            "model": AnsweringBody,
            "description": "`strict`, and the list may be out of date",
        },
    }

    @routes.get("/models", response_model=AnsweringBody, responses=others)
    async def models(request: Request, query: Annotated[AnsweringQuery, Query()]) -> Response:
        """List the models available now. An id stands once, as its providers spell it."""
        key = ("/v1/models", query.model_dump_json())
        return await context.answers.answer(
            request, key, lambda: shown_state(context, has_ages=False), lambda: answering(query)
        )

    def answering(query: AnsweringQuery) -> KeptAnswer:
        selection = context.selection(query.provider, is_all=query.is_all)
        names = chosen_providers(context, selection)
        rows = selected_models(context, selection, query.model)
        kinds = chosen_kinds(rows, query.kind)
        available = [row for row in rows if row.status == Status.AVAILABLE and row.kind in kinds]
        outdated = [fresh.provider for fresh in freshness(context, names, rows) if fresh.is_stale]
        body = AnsweringBody(data=_listed(available), stale=bool(outdated), stale_providers=outdated)
        return json_body(
            body, 503 if query.strict and outdated else 200, old_status=503 if query.strict else 200
        )

    return routes


def _listed(rows: Iterable[ModelRow]) -> list[AnsweringModel]:
    by_id = sorted(rows, key=lambda row: (row.model, row.provider))
    return [_merged(name, list(same)) for name, same in groupby(by_id, key=lambda row: row.model)]


def _merged(name: str, rows: list[ModelRow]) -> AnsweringModel:
    owners = [row.provider for row in rows]
    since = min(row.since for row in rows)
    return AnsweringModel(id=name, created=int(since.timestamp()), owned_by=owners[0], providers=owners)
