"""An application whose place another one takes while the server runs."""

from starlette.types import ASGIApp, Receive, Scope, Send


class Replaceable:
    """Hands each request to the application of the moment; those under way end as they began."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def replace(self, app: ASGIApp) -> None:
        """Answer with another application from the next request on."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._app(scope, receive, send)
