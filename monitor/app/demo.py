"""`monitor demo`: the real daemon against a simulated provider on loopback, in accelerated time.

Everything but the provider is the real thing: the configuration, the sweeps, the database, the status page.
"""

import asyncio
import shlex
import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Final

from monitor.app.daemon.daemon import Daemon
from monitor.app.wiring.application import App
from monitor.config import DEMO_DATABASE, Settings, parse_settings
from monitor.config.values.urls import without_password
from monitor.core.domain.event import Event
from monitor.core.lifecycle.rules import BASELINE
from monitor.demo.server import DemoServer
from monitor.demo.stories import demo_story
from monitor.errors import ConfigError, StoreError, UsageError
from monitor.process.stop import Stop
from monitor.report.formats.sweep_documents import sweep_words
from monitor.report.words.codes import change_words
from monitor.store import query
from monitor.store.connection.errors import database_name
from monitor.store.connection.locks import leader_lock
from monitor.sweep import Swept
from monitor.web.server.listener import open_listener

_PROVIDER: Final = "demo"
_KEY_VARIABLE: Final = "MONITOR_DEMO_KEY"
_USUAL_PORT: Final = 8080
_LATENCY_S: Final = 0.03  # seconds; the story's sweeps are 3 s apart
GRACE: Final = timedelta(seconds=5)  # for a sweep under way
_SPOOL: Final = "data/demo-spool"
_TIMEOUT: Final = "1s"  # hanging models must end within a sweep
_MOST_EVENTS: Final = 12
_NOTE: Final = "This is the demo: a simulated provider, in fast motion. Its models are not watched anywhere."

_SETTINGS: Final = """
[database]
url = "{database}"
[schedule]
interval = "{interval}"
[web]
listen = "{listen}"
public_url = "http://{listen}"
[summary]
directory = "data/demo-summaries"
[daemon]
grace = "{grace}"
[spool]
directory = "{spool}"
[[providers]]
name = "{provider}"
base_url = "{base_url}"
api_key_env = "{key_variable}"
concurrency = 32
timeout = "{timeout}"
"""

Show = Callable[[str], None]
ShowTable = Callable[[App], None]


async def run_demo(
    stop: Stop,
    *,
    listen: str | None,
    database: str,
    duration: timedelta,
    interval: str,
    show: Show,
    show_table: ShowTable,
    at_end: ExitStack,
) -> None:
    """Run the demo until it is asked to stop, or until `duration` is over.

    `show` prints a line, `show_table` the current status after the first and the last sweep of the story.
    `at_end` closes the database: after the loop, when no page is under way any more.
    """
    story = demo_story()
    key = "demo-key-of-no-worth"  # no real key: it stands in the source
    async with DemoServer(
        story, latency_s=_LATENCY_S, is_uneven=True, moves_itself=True, api_key=key
    ) as server:
        text = _SETTINGS.format(
            database=database,
            interval=interval,
            listen=listen or _free_address(),
            provider=_PROVIDER,
            base_url=server.base_url,
            key_variable=_KEY_VARIABLE,
            timeout=_TIMEOUT,
            spool=_SPOOL,
            grace=f"{GRACE.seconds}s",
        )
        app = _app(parse_settings(text, "the demo's options"), {_KEY_VARIABLE: key})
        at_end.callback(app.close)
        reporter = _SweepReporter(app, story.last_step, show, show_table)
        show(f"simulated provider: {server.base_url}")
        show(f"database: {database_name(app.open_store())}")
        asyncio.get_running_loop().call_later(duration.total_seconds(), stop.ask)
        await Daemon(app, show, reporter.report, note=_NOTE).run(stop)
    show("the demo has ended")


def _app(settings: Settings, environ: Mapping[str, str]) -> App:
    app = App(settings, environ)
    _refuse_real_history(app)
    if settings.database.url == DEMO_DATABASE:
        _forget_last_demo(app)
    return app


def _refuse_real_history(app: App) -> None:
    """Raise UsageError where the database has watched real providers: nothing takes a demo out again."""
    try:
        engine = app.history()
    except StoreError:
        return  # there is none to be spoilt, or the daemon says what is wrong with it
    others = [name for name in query.providers(engine) if name != _PROVIDER]
    engine.dispose()  # SQLite would keep the file open while it is deleted below
    if others:
        raise UsageError(
            f"{database_name(engine)} holds the history of {', '.join(others)}; a demo would be mixed "
            "with it: choose another --database"
        )


def _forget_last_demo(app: App) -> None:
    """Start with an empty history; never under a demo that still runs. Raises UsageError."""
    lock = leader_lock(app.open_store())
    if not lock.try_acquire():
        raise UsageError(f"another demo is running ({lock.holder()}); stop it, or choose another --database")
    file = Path(DEMO_DATABASE.removeprefix("sqlite:///"))
    for suffix in ("", "-wal", "-shm"):  # -wal too: SQLite would play an old log into the new file
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    shutil.rmtree(_SPOOL, ignore_errors=True)  # what waits there is of the last demo
    lock.release()


def _free_address() -> str:
    """Return the usual address of the status page, or a free port where that is taken."""
    try:
        listener = open_listener("127.0.0.1", _USUAL_PORT)
    except ConfigError:
        listener = open_listener("127.0.0.1", 0)
    port = listener.getsockname()[1]
    listener.close()  # another process may take it in between; then the daemon says so
    return f"127.0.0.1:{port}"


class _SweepReporter:
    """Prints what each sweep found, and the table after the baseline and at the end of the story."""

    def __init__(self, app: App, last_step: int, show: Show, show_table: ShowTable) -> None:
        self._app, self._last, self._show, self._show_table = app, last_step, show, show_table
        self._sweeps = 0

    def report(self, swept: Swept) -> None:
        """Report one sweep."""
        self._sweeps += 1
        self._show(f"\nsweep {self._sweeps}, {sweep_words(swept.sweep, swept.decision)}")
        changes = [change for change in swept.decision.events if change.detail != BASELINE]
        for change in changes[:_MOST_EVENTS]:
            self._show(f"  {_change_line(change)}")
        if len(changes) > _MOST_EVENTS:
            self._show(f"  and {len(changes) - _MOST_EVENTS} more events")
        if self._sweeps in {1, self._last + 1}:
            self._show_table(self._app)
        if self._sweeps == self._last + 1:
            self._show(_afterword(without_password(self._app.settings.database.url)))


def _change_line(change: Event) -> str:
    words = change_words(change.kind, to_status=change.to_status, reason=change.reason, detail=change.detail)
    return f"{change.model or 'the provider'}: {words}"


def _afterword(database: str) -> str:
    prefix = "" if database == DEMO_DATABASE else f"env MONITOR_DATABASE_URL={shlex.quote(database)} "
    return _AFTERWORD.format(prefix=prefix)


# `env` and not `export`: every shell has it
_AFTERWORD: Final = """
The simulation is over; the daemon keeps running until Ctrl-C. In another terminal, from this directory:
  {prefix}.venv/bin/monitor status
  {prefix}.venv/bin/monitor events
and any SQL client shows the views, e.g. SELECT * FROM outage_history (docs/sql.md).
"""
