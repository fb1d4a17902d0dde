"""Lets a provider's history go, after an export of it, while nothing sweeps it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from monitor.app.tasks.import_files import write_lines
from monitor.app.wiring.application import App
from monitor.clock import utc_now
from monitor.core.domain.sweep import Sweep
from monitor.errors import NoVerdict, UsageError
from monitor.report.formats.records import format_record
from monitor.store.admin import prune
from monitor.store.connection.engine import Engine, is_sqlite, sqlite_path
from monitor.store.connection.locks import leader_lock
from monitor.store.connection.sqlite_file import is_own
from monitor.store.write.import_export import read_sweeps
from monitor.store.write.remove import Extent, remove_provider, without_sweeps_of

Watch = Callable[[Iterator[Sweep]], Iterator[Sweep]]


def remove_history(
    app: App, engine: Engine, extent: Extent, export: Path | None, watch: Watch = lambda sweeps: sweeps
) -> int:
    """Export a provider's history, unless `export` is None, and remove it; returns the exported sweeps.

    `watch` passes the sweeps of the export on. Raises NoVerdict while a daemon watches the provider or a
    sweep of it runs, UsageError for a file that cannot be written; nothing is removed then.
    """
    with (
        not_watched(app, engine, extent.name),
        without_sweeps_of(engine, extent, [app.settings.schedule.vantage]),
    ):
        exported = _export(engine, extent.name, export, watch) if export else 0
        remove_provider(engine, extent)
        prune.remove_findings(engine, prune.unused_findings(engine, utc_now()))
        while prune.give_back(engine):
            pass
    return exported


def _export(engine: Engine, name: str, file: Path, watch: Watch) -> int:
    return write_lines(map(format_record, watch(read_sweeps(engine, providers=[name]))), file)


@contextmanager
def not_watched(app: App, engine: Engine, name: str) -> Iterator[None]:
    """Keep a daemon from beginning meanwhile. Raises NoVerdict where one leads that watches the provider.

    One whose configuration has no such provider goes on: it sweeps others only.
    """
    lock = leader_lock(engine)
    if lock.try_acquire():
        try:
            yield
        finally:
            lock.release()
        return
    if app.settings.provider(name) is not None:
        raise NoVerdict(
            f"a daemon watches {name} ({lock.holder()}): stop it, or take the [[providers]] table of {name} "
            "out of the configuration and restart it; then remove the history"
        )
    yield


def default_export(engine: Engine, name: str, now: datetime) -> Path:
    """Return where the export goes unless a file is named: beside a SQLite database, else the directory."""
    directory = sqlite_path(engine).parent if is_sqlite(engine) else Path.cwd()
    return directory / f"{name}-removed-{now:%Y%m%dT%H%M%SZ}.jsonl.gz"


def require_free(engine: Engine, file: Path) -> None:
    """Raise UsageError for a file that an export must not replace."""
    with suppress(OSError, RuntimeError):  # a name that cannot be written is refused when it is opened
        if is_own(engine, file):
            raise UsageError(f"{file} is part of the database: name another file")
        if file.exists():
            raise UsageError(f"{file} exists: name another file with --export")
