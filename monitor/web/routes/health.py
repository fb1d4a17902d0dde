"""/healthz and /readyz: whether the process is alive, and whether it works."""

from datetime import datetime

from fastapi import APIRouter, Response

from monitor.core.history.staleness import max_age
from monitor.errors import StoreError
from monitor.report.words.times import coarse_duration
from monitor.store.admin.migrate import require_current
from monitor.store.query import sweeps
from monitor.web.context import WebContext
from monitor.web.errors import note_store_error, store_words
from monitor.web.schemas import HealthBody, ReadyBody, WindowBody


def health_routes(context: WebContext) -> APIRouter:
    """Return these routes."""
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz", responses={503: {"model": HealthBody, "description": "The daemon stands still"}})
    async def healthz(response: Response) -> HealthBody:
        """Report that the process works; a failing database is no reason to restart it."""
        response.status_code = 503 if context.liveness.is_stuck else 200
        return HealthBody(status="stuck" if context.liveness.is_stuck else "ok")

    @routes.get("/readyz", responses={503: {"model": ReadyBody, "description": "Not ready, and why"}})
    async def readyz(response: Response) -> ReadyBody:
        """Return whether the database is readable and current, and every watched provider swept in time."""
        try:
            reasons = await context.answers.read("/readyz", overdue)
        except StoreError as error:
            note_store_error(error)
            reasons = [store_words(error)]
        notices = context.notices()
        reasons = [*reasons, *(notice.words for notice in notices if notice.is_trouble)]
        response.status_code = 503 if reasons else 200
        windows = [WindowBody.model_validate(window) for window in context.windows_at(context.now())]
        return ReadyBody(
            status="not ready" if reasons else "ready",
            reasons=list(dict.fromkeys(reasons)),  # the store's error may be a notice, too
            notices=[notice.words for notice in notices if not notice.is_trouble],
            maintenance=windows,
        )

    def overdue() -> list[str]:
        require_current(context.engine)
        return [
            f"provider {provider} has had no sweep for more than {coarse_duration(max_age(interval))}"
            for provider, interval in context.watched.items()
            if context.is_overdue(provider, _last_started_at(context, provider))
        ]

    return routes


def _last_started_at(context: WebContext, provider: str) -> datetime | None:
    latest = sweeps(context.engine, provider=provider, limit=1)
    return latest[0].started_at if latest else None
