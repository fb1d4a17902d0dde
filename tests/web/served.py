"""Serves an application on loopback as the daemon does, in a thread with a loop of its own."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from queue import Queue

import httpx
from sqlalchemy import Engine
from starlette.types import ASGIApp

from monitor.web.app import create_app
from monitor.web.context import WindowsAt, no_windows
from monitor.web.server.server import serve
from tests.support.process import WAIT_S
from tests.web.history import INTERVAL


@contextmanager
def served(app: ASGIApp) -> Iterator[str]:
    """Give the URL of the served application, with its last slash."""
    said: Queue[str | BaseException] = Queue()
    stops: Queue[Callable[[], object]] = Queue()
    thread = threading.Thread(target=_run, args=(app, said, stops), daemon=True)
    thread.start()
    url = said.get(timeout=WAIT_S)
    if isinstance(url, BaseException):
        raise url
    try:
        yield url
    finally:
        stops.get(timeout=WAIT_S)()
        thread.join(WAIT_S)
        assert not thread.is_alive(), "the server did not end"


def ask_served(app: ASGIApp, path: str) -> httpx.Response:
    """Serve the application for one request, and return its answer."""
    with served(app) as url, httpx.Client(base_url=url, trust_env=False, timeout=WAIT_S) as client:
        return client.get(path)


@contextmanager
def browsing(
    engine: Engine,
    now: datetime,
    watched: dict[str, timedelta] | None = None,
    windows_at: WindowsAt = no_windows,
) -> Iterator[httpx.Client]:
    """Give a client of the face of this history, as it is at that moment."""
    providers = {"nvidia": INTERVAL} if watched is None else watched
    app = create_app(engine, watched=providers, now=lambda: now, windows_at=windows_at)
    with served(app) as url, httpx.Client(base_url=url, trust_env=False, timeout=WAIT_S) as client:
        yield client


def _run(app: ASGIApp, said: "Queue[str | BaseException]", stops: "Queue[Callable[[], object]]") -> None:
    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        stops.put(partial(loop.call_soon_threadsafe, stop.set))
        await serve(app, host="127.0.0.1", port=0, ready=said.put, stop=stop)

    try:
        asyncio.run(run())
    except BaseException as error:  # noqa: BLE001 - the test must learn of it
        said.put(error)
