"""Looks every few seconds whether the SQLite file is still the one that the daemon has open."""

import asyncio
import logging
from asyncio import to_thread
from collections.abc import Sequence
from typing import Final

from monitor.app.periodic import every
from monitor.errors import FileReplaced, StoreUnavailable
from monitor.logs import event
from monitor.store.admin.network_disk import network_disk
from monitor.store.connection.engine import Engine, is_sqlite, sqlite_path
from monitor.store.connection.errors import database_name
from monitor.store.connection.file_change import require_same_file
from monitor.store.connection.open_file import FileId, open_file
from monitor.store.connection.sqlite_file import ensure_mode, is_missing
from monitor.web.notices import Notice

log = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 2.0


class FileWatch:
    """Says once that the file was deleted or replaced, and once that a history is open again."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._file: FileId | None = None
        self._trouble = ""
        self._is_expected = False

    async def run(self, stop: asyncio.Event) -> None:
        """Look until asked to stop. On Postgres there is nothing to look at."""
        if is_sqlite(self._engine):
            self._warn_of_network_disk()
            await every(_LOOK_SECONDS, self.look, stop, "file_check")

    def remember(self) -> None:
        """Remember, standing by, that there is a file which another process leads."""
        self._is_expected = is_sqlite(self._engine) and not is_missing(self._engine)

    def require_remembered(self) -> None:
        """Raise StoreUnavailable where that file is gone: a new one must not take its place."""
        if self._is_expected and is_missing(self._engine):
            raise StoreUnavailable(
                f"database {database_name(self._engine)} was deleted while this process stood by: put the "
                "file back, or run `monitor db restore FILE`"
            )

    def _warn_of_network_disk(self) -> None:
        if kind := network_disk(sqlite_path(self._engine)):
            why = "locks do not work there: use a local disk or Postgres"
            event(log, logging.WARNING, "database_on_network_disk", type=kind, why=why)

    async def look(self) -> None:
        """Look once; what stands at the path is opened if it is a history of this version."""
        try:
            await to_thread(self._look)
        except FileReplaced as error:
            if not self._trouble:
                event(log, logging.ERROR, "database_file_replaced", error=str(error))
            self._trouble = error.brief

    def _look(self) -> None:
        path = sqlite_path(self._engine)
        require_same_file(self._engine)
        file, before, trouble = open_file(path), self._file, self._trouble
        self._file, self._trouble = file.id if file else before, ""
        if before and self._file != before:
            ensure_mode(self._engine)
        if trouble or (before and self._file != before):
            event(log, logging.WARNING, "database_file_opened", database=database_name(self._engine))

    def notices(self) -> Sequence[Notice]:
        """Return what the page and /readyz say of it."""
        return [Notice(words=self._trouble, is_trouble=True)] if self._trouble else []
