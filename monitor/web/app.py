"""The application: every route, error and header of the web interface, around one history."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, timedelta, tzinfo
from functools import partial
from typing import Final

from fastapi import APIRouter, FastAPI, Request, Response

from monitor import __version__
from monitor.clock import Clock
from monitor.core.domain.policy import Policy
from monitor.store.connection.engine import Engine, one_moment
from monitor.web.cache.answers import AnswerCache
from monitor.web.cache.kept_answer import KeptAnswer
from monitor.web.context import SweptAt, WebContext, WindowsAt, no_sweep, no_windows
from monitor.web.errors import answer_errors
from monitor.web.headers import Guarded
from monitor.web.liveness import Liveness
from monitor.web.notices import NoticesNow, no_notices
from monitor.web.outdated import why_old
from monitor.web.render import Pages, load_pages
from monitor.web.routes.api import api_routes
from monitor.web.routes.changes import changes_routes
from monitor.web.routes.feeds import SummaryOf, feed_routes
from monitor.web.routes.health import health_routes
from monitor.web.routes.lists import list_routes
from monitor.web.routes.openai import openai_routes
from monitor.web.routes.pages import page_routes
from monitor.web.routes.selection import select_routes
from monitor.web.routes.story import story_routes
from monitor.web.schemas import ProblemBody

_DEFAULT_POLICIES: Final[Mapping[str, Policy]] = {}
_FOR_PROGRAMS: Final = (health_routes, api_routes, list_routes, select_routes, openai_routes)


def create_app(
    engine: Engine,
    *,
    watched: Mapping[str, timedelta],
    policies: Mapping[str, Policy] = _DEFAULT_POLICIES,
    now: Clock,
    zone: tzinfo = UTC,
    public_url: str | None = None,
    summary_of: SummaryOf | None = None,
    windows_at: WindowsAt = no_windows,
    notices: NoticesNow = no_notices,
    note: str = "",
    favourites: Sequence[str] = (),
    swept_at: SweptAt = no_sweep,
    liveness: Liveness | None = None,
) -> FastAPI:
    """Return the application that shows a history, which it only reads.

    `watched` maps each provider of the configuration to its interval: knowledge older than 3 of them is
    stale, a sweep that late is overdue unless `swept_at` knows of one. Models that its policy's patterns
    exclude are left out. Give it an engine of its own: readers then take no connection of the sweeps. Days
    are those of `zone`. Feeds link to `public_url`, their summaries are of `summary_of`. `windows_at` gives
    the maintenance windows of a moment; models that fit `favourites` lead the page of a day. Each page begins
    with `note` and the moment's `notices`, as does /readyz. /healthz knows by `liveness` if the loop stands.
    """
    context = WebContext(
        engine=engine,
        watched=watched,
        policies=policies,
        now=now,
        started_at=now(),
        windows_at=windows_at,
        notices=notices,
        favourites=favourites,
        swept_at=swept_at,
        liveness=liveness or Liveness(),
        answers=_answers(engine, now, notices),
    )
    feeds = feed_routes(context, zone=zone, public_url=public_url, summary_of=summary_of)
    return _with_routes(context, load_pages(note, notices), feeds, zone, public_url)


def _answers(engine: Engine, now: Clock, notices: NoticesNow) -> AnswerCache:
    within = partial(one_moment, engine)  # what an answer says must agree
    return AnswerCache(now=now, why_old=partial(why_old, now=now, notices=notices), within=within)


def _with_routes(
    context: WebContext, pages: Pages, feeds: APIRouter, zone: tzinfo, public_url: str | None
) -> FastAPI:
    app = _without_routes(context.answers)
    answer_errors(app, pages)

    @app.get("/openapi.json", include_in_schema=False)
    async def description(request: Request) -> Response:
        return await context.answers.answer(request, "/openapi.json", lambda: None, lambda: _described(app))

    own = (routes_of(context) for routes_of in _FOR_PROGRAMS)
    days = changes_routes(context, pages, zone=zone)
    stories = story_routes(context, zone=zone, public_url=public_url)
    for routes in (page_routes(context, pages), days, feeds, stories, *own):
        app.include_router(routes)
    return app


def _described(app: FastAPI) -> KeptAnswer:
    return KeptAnswer(content=json.dumps(app.openapi()).encode(), media_type="application/json")


def _without_routes(answers: AnswerCache) -> FastAPI:
    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await answers.settle()

    app = FastAPI(
        lifespan=life,
        openapi_url=None,  # FastAPI's own would be written again for each request
        title="monitor",
        version=__version__,
        summary="Which models of a hosted catalog answer",
        docs_url=None,  # FastAPI's two documentation pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        responses={422: {"model": ProblemBody}, 503: {"model": ProblemBody}},
    )
    app.add_middleware(Guarded)
    return app
