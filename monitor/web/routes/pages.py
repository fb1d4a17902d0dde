"""/ and /models: the status page, and one page for each model."""

from datetime import timedelta
from functools import partial
from typing import Final

from fastapi import APIRouter, Request, Response

from monitor.report.words.maintenance import window_words
from monitor.report.words.missed import missed_lately
from monitor.store.query import busy_models, current_models, events, sweeps
from monitor.store.statistics.windows import sweep_counts
from monitor.web.cache.kept_answer import KeptAnswer
from monitor.web.context import WebContext
from monitor.web.queries import freshness, known_providers, model_story_of, shown_state
from monitor.web.render import Pages
from monitor.web.status_page import ProviderSection, arrange, worded

_SWEEPS: Final = 10
_LATELY: Final = timedelta(hours=24)
_EVENTS: Final = 400  # a first sweep's appearances are left out; what came after it must not drown in them


def page_routes(context: WebContext, pages: Pages) -> APIRouter:
    """Return these routes."""
    routes = APIRouter(include_in_schema=False)
    state = partial(shown_state, context)

    @routes.get("/")
    async def status(request: Request) -> Response:
        return await context.answers.answer(request, "/", state, partial(_all_models, context, pages))

    @routes.get("/models/{provider}/{model:path}")
    async def model(request: Request, provider: str, model: str) -> Response:
        key, make = ("/models", provider, model), partial(_one_model, context, pages, provider, model)
        return await context.answers.answer(request, key, state, make)

    return routes


def _all_models(context: WebContext, pages: Pages) -> KeptAnswer:
    newest = events(context.engine, limit=_EVENTS, newest_first=True)
    sections = _sections(context, known_providers(context))
    return pages.body(pages.status(arrange(sections, newest, now=context.now())))


def _one_model(context: WebContext, pages: Pages, provider: str, model: str) -> KeptAnswer:
    story = model_story_of(context, provider, model)
    changes = [worded(event) for event in story.events]
    page = pages.model(
        story,
        changes,
        context.now(),
        is_watched=context.selection().covers(provider, model),
        is_busy=bool(busy_models(context.engine, provider, model=model)),
        notices=[
            window_words(window)
            for window in context.windows_at(context.now())
            if window.covers(provider, model)
        ],
    )
    return pages.body(page)


def _sections(context: WebContext, names: list[str]) -> list[ProviderSection]:
    covers = context.selection().covers
    rows = [
        row
        for row in current_models(context.engine)
        if row.provider not in context.watched or covers(row.provider, row.model)
    ]
    busy = busy_models(context.engine)
    windows = context.windows_at(context.now())
    return [
        ProviderSection(
            name=fresh.provider,
            interval=context.watched.get(fresh.provider),
            is_stale=fresh.is_stale,
            last_conclusive_at=fresh.last_conclusive_at,
            models=[row for row in rows if row.provider == fresh.provider],
            missed=missed_lately(
                fresh.provider,
                sweep_counts(context.engine, context.now() - _LATELY, context.now(), provider=fresh.provider),
            ),
            maintenance=[window for window in windows if window.concerns(fresh.provider)],
            sweeps=sweeps(context.engine, provider=fresh.provider, limit=_SWEEPS),
            busy=busy,
        )
        for fresh in freshness(context, names)
    ]
