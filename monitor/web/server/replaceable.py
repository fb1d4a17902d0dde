"""An application whose place another one takes while the server runs."""

from fastapi.dependencies import models
from starlette.types import ASGIApp, Receive, Scope, Send


class Replaceable:
    """Hands each request to the application of the moment; those under way end as they began."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def replace(self, app: ASGIApp) -> None:
        """Answer with another application from the next request on, and let the one before go."""
        self._app = app
        forget_routes()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._app(scope, receive, send)


def forget_routes() -> None:
    """Empty FastAPI's caches of functions: the routes there keep the pages of an application that is gone."""
    for value in vars(models).values():
        if clear := getattr(value, "cache_clear", None):
            clear()
