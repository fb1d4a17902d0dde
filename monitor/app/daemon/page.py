"""The daemon's web server: it shows the history of one configuration, and of the next after a reload."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from fastapi import FastAPI

from monitor.app.notifications.announcer import day_entries
from monitor.app.notifications.maintenance import running_windows
from monitor.app.notifications.summaries import summaries_of
from monitor.clock import utc_now
from monitor.config import Settings
from monitor.store.connection.engine import Engine
from monitor.sweep import Target
from monitor.web.app import create_app
from monitor.web.context import SweptAt
from monitor.web.liveness import Liveness
from monitor.web.notices import Notice, NoticesNow
from monitor.web.server.replaceable import Replaceable
from monitor.web.server.server import serve


class ServedPage:
    """What the daemon serves. `notices` are what its parts have to say, `note` begins each page."""

    def __init__(
        self, readers: Engine, notices: Sequence[NoticesNow], *, note: str, swept_at: SweptAt
    ) -> None:
        """Read by `readers` alone: a slow page takes no connection of a sweep."""
        self._readers, self._notices_now, self._note = readers, notices, note
        self._swept_at = swept_at
        self._liveness = Liveness()
        self._shown: Replaceable | None = None

    def show(self, settings: Settings, targets: Mapping[str, Target]) -> None:
        """Show the providers of a configuration from the next request on."""
        app = self._app(settings, targets)
        if self._shown is None:
            self._shown = Replaceable(app)
        else:
            self._shown.replace(app)

    async def serve(self, settings: Settings, *, ready: Callable[[str], None], stop: asyncio.Event) -> None:
        """Serve what is shown at the address of `settings` until `stop`; `ready` gets the page's address.

        Raises ConfigError where the address is taken.
        """
        assert self._shown  # noqa: S101 - `show` comes first
        web = settings.web
        await serve(
            self._shown, host=web.host, port=web.port, ready=ready, stop=stop, liveness=self._liveness
        )

    def _app(self, settings: Settings, targets: Mapping[str, Target]) -> FastAPI:
        return create_app(
            self._readers,
            watched={name: target.interval for name, target in targets.items()},
            policies={name: target.policy for name, target in targets.items()},
            now=utc_now,
            zone=settings.schedule.timezone,
            public_url=settings.web.public_url,
            windows_at=running_windows(settings),
            notices=self._notices,
            summary_of=day_entries(summaries_of(settings, self._readers)),
            note=self._note,
            favourites=settings.summary.favourites,
            swept_at=self._swept_at,
            liveness=self._liveness,
        )

    def _notices(self) -> Sequence[Notice]:
        return [notice for notices_now in self._notices_now for notice in notices_now()]
