"""/v1/models: the models available now, in the format of the OpenAI API."""

from collections.abc import Iterable
from functools import partial
from http import HTTPStatus
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response
from pydantic import BaseModel, Field

from monitor.core.domain.vocabulary import Status
from monitor.core.history.rows import ModelRow
from monitor.report.words.codes import shown_id
from monitor.web.cache.kept_answer import KeptAnswer
from monitor.web.context import WebContext
from monitor.web.queries import chosen_kinds, chosen_providers, freshness, selected_models, shown_state
from monitor.web.schemas import AnsweringBody, AnsweringModel, ErrorBody, json_body


class AnsweringQuery(BaseModel):
    """Filters, each repeatable. Other parameters are ignored: clients of other makes send their own."""

    model: list[str] = Field(default=[], description="only these models, each by its id or as provider/id")
    provider: list[str] = Field(
        default=[], description="only these providers; without it, all that are watched"
    )
    kind: list[str] = Field(default=[], description="only models of these kinds")
    is_all: bool = Field(default=False, alias="all", description="also models that are not watched")
    min_uptime: float | None = Field(
        default=None, ge=0, le=100, description="uptime of the last 30 days, at least this in percent"
    )
    strict: bool = Field(default=False, description="answer 503 where the list may be out of date")


def openai_routes(context: WebContext) -> APIRouter:
    """Return these routes."""
    routes = APIRouter(prefix="/v1", tags=["what answers"])
    state = partial(shown_state, context, has_ages=False)
    others: dict[int | str, dict[str, Any]] = {
        404: {"model": ErrorBody, "description": "No such model"},
        503: {
            "model": AnsweringBody,
            "description": "`strict`, and the list may be out of date",
        },
    }

    @routes.get("/models", response_model=AnsweringBody, responses=others)
    async def models(request: Request, query: Annotated[AnsweringQuery, Query()]) -> Response:
        """List the models available now. An id stands once, as its providers spell it."""
        key = ("/v1/models", query.model_dump_json())
        return await context.answers.answer(request, key, state, partial(_all, context, query))

    @routes.get("/models/{model:path}", response_model=AnsweringModel, responses={404: others[404]})
    async def retrieve(request: Request, model: str) -> Response:
        """Return one model of the list above. A model that does not answer now is none."""
        return await context.answers.answer(
            request, ("/v1/models", model), state, partial(_one, context, model)
        )

    return routes


def _all(context: WebContext, query: AnsweringQuery) -> KeptAnswer:
    selection = context.selection(query.provider, is_all=query.is_all)
    names = chosen_providers(context, selection)
    rows = selected_models(context, selection, query.model)
    kinds = chosen_kinds(rows, query.kind)
    available = [
        row
        for row in rows
        if row.status == Status.AVAILABLE and row.kind in kinds and _has_uptime(row, query.min_uptime)
    ]
    outdated = [fresh.provider for fresh in freshness(context, names, rows) if fresh.is_stale]
    body = AnsweringBody(data=_listed(available), stale=bool(outdated), stale_providers=outdated)
    return json_body(body, 503 if query.strict and outdated else 200, old_status=503 if query.strict else 200)


def _one(context: WebContext, model: str) -> KeptAnswer:
    selection = context.selection()
    own = [row for row in selected_models(context, selection) if row.model == model]
    if not own:  # named with its provider, spelt wrong, or not watched
        own = selected_models(context, selection, [model])
    available = [row for row in own if row.status == Status.AVAILABLE]
    if not available:
        words = f"{shown_id(own[0].model)} does not answer now: {own[0].status}"
        raise HTTPException(HTTPStatus.NOT_FOUND, words)
    content = _listed(available)[0].model_dump_json().encode()
    return KeptAnswer(content=content, media_type="application/json")


def _listed(rows: Iterable[ModelRow]) -> list[AnsweringModel]:
    by_id = sorted(rows, key=lambda row: (row.model, row.provider))
    return [_merged(name, list(same)) for name, same in groupby(by_id, key=lambda row: row.model)]


def _merged(name: str, rows: list[ModelRow]) -> AnsweringModel:
    owners = [row.provider for row in rows]
    since = min(row.since for row in rows)
    return AnsweringModel(id=name, created=int(since.timestamp()), owned_by=owners[0], providers=owners)


def _has_uptime(row: ModelRow, least: float | None) -> bool:
    return least is None or (row.uptime_30d is not None and row.uptime_30d >= least)
