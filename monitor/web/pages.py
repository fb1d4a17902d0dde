"""/: the status page. Later issues add the pages of models and changes, badges, the feed and metrics here."""

from typing import Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from monitor.report.page import ProviderFacts, arrange
from monitor.store.query import current_models, events, sweeps
from monitor.web.knowledge import freshness, known_providers
from monitor.web.render import Pages
from monitor.web.site import Site

_SWEEPS: Final = 10
_EVENTS: Final = 400  # a first sweep's appearances are left out; what came after it must not drown in them


def page_routes(site: Site, pages: Pages) -> APIRouter:
    """Return the routes of a site."""
    routes = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    @routes.get("/")
    def status() -> HTMLResponse:
        names = known_providers(site)
        page = arrange(
            _facts(site, names), events(site.engine, limit=_EVENTS, newest_first=True), now=site.now()
        )
        return HTMLResponse(pages.status(page), headers={"Content-Security-Policy": pages.policy})

    return routes


def _facts(site: Site, names: list[str]) -> list[ProviderFacts]:
    rows = current_models(site.engine)
    return [
        ProviderFacts(
            name=fresh.provider,
            interval=site.watched.get(fresh.provider),
            is_stale=fresh.is_stale,
            last_conclusive_at=fresh.last_conclusive_at,
            models=[row for row in rows if row.provider == fresh.provider],
            sweeps=sweeps(site.engine, provider=fresh.provider, limit=_SWEEPS),
        )
        for fresh in freshness(site, names)
    ]
