"""/healthz and /readyz, and what every route says when the database is gone."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import httpx
import pytest
from sqlalchemy import Engine, make_url

from monitor.core.notification.maintenance import RunningWindow
from monitor.store.connection.engine import open_engine
from monitor.web.app import create_app
from tests.support.process import WAIT_S
from tests.web.history import INTERVAL, START, UP, after, live, sweep
from tests.web.served import browsing, served

LATE = "provider nvidia has had no sweep for more than 45 min"


class Watch:
    """A clock that a test sets."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


@contextmanager
def running_since(
    engine: Engine, watch: Watch, swept_at: Mapping[str, datetime] = MappingProxyType({})
) -> Iterator[httpx.Client]:
    app = create_app(engine, watched={"nvidia": INTERVAL}, now=watch, swept_at=swept_at.get)
    with served(app) as url, httpx.Client(base_url=url, trust_env=False, timeout=WAIT_S) as client:
        yield client


def readiness(client: httpx.Client) -> tuple[int, list[str]]:
    answer = client.get("/readyz")
    return answer.status_code, answer.json()["reasons"]


def test_healthz_asks_nobody(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/missing/monitor.db")
    with browsing(engine, START) as client:
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_while_the_last_sweep_is_younger_than_three_intervals(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP})])
    watch = Watch(START)
    with running_since(engine, watch) as client:
        watch.at = START + 3 * INTERVAL
        assert readiness(client) == (200, [])
        watch.at += timedelta(milliseconds=1)
        assert readiness(client) == (503, [LATE])


def test_a_sweep_that_waits_for_the_database_was_made_all_the_same(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP})])
    watch = Watch(START)
    with running_since(engine, watch, {"nvidia": after(60)}) as client:
        watch.at = after(60) + 3 * INTERVAL
        assert readiness(client) == (200, [])
        watch.at += timedelta(milliseconds=1)
        assert readiness(client) == (503, [LATE])


def test_a_start_gives_three_intervals_for_the_first_sweep(engine: Engine) -> None:
    watch = Watch(START)
    with running_since(engine, watch) as client:
        watch.at = START + 3 * INTERVAL
        assert readiness(client) == (200, [])
        watch.at += timedelta(seconds=1)
        assert readiness(client) == (503, [LATE])


def test_a_start_after_a_long_pause_is_given_the_same_time(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP})])
    watch = Watch(after(1000))
    with running_since(engine, watch) as client:
        assert readiness(client) == (200, [])
        watch.at += 3 * INTERVAL + timedelta(seconds=1)
        assert readiness(client) == (503, [LATE])


def test_a_missing_database_is_not_ready(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/missing/monitor.db")
    with browsing(engine, START) as client:
        assert readiness(client) == (
            503,
            ["the database cannot be read at the moment: the monitor's log says why"],
        )


def test_what_is_asked_for_again_and_again_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/missing/monitor.db")
    with browsing(engine, START) as client:
        for _ in range(3):
            assert client.get("/readyz").status_code == 503
    assert sum(record.getMessage() == "page_failed" for record in caplog.records) == 1


def test_a_schema_of_another_version_is_not_ready(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE schema_version SET version_num = '0001'")
    with browsing(engine, START) as client:
        assert readiness(client) == (
            503,
            ["the database has the schema of another version: run `monitor db upgrade`"],
        )


AWAY = "the database cannot be read at the moment: the monitor's log says why"
ERROR = {"error": {"message": AWAY, "type": "unavailable_error"}}
PROBLEM = {"type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": AWAY, **ERROR}


@pytest.mark.parametrize(
    ("path", "kind", "body"),
    [
        *(
            (path, "application/problem+json", PROBLEM)
            for path in ("/", *(f"/api/v1/{name}" for name in ("models", "events", "sweeps", "uptime")))
        ),
        ("/v1/models", "application/json", ERROR),  # as OpenAI's clients read it
    ],
)
def test_without_its_database_a_route_says_so_and_no_more(
    engine: Engine, path: str, kind: str, body: dict[str, object]
) -> None:
    broken = open_engine(_elsewhere(engine))
    with browsing(broken, START) as client:
        answer = client.get(path)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "30"
    assert answer.headers["content-type"] == kind
    assert answer.json() == body
    broken.dispose()


def test_a_browser_gets_a_page_when_the_database_is_gone(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/missing/monitor.db")
    with browsing(engine, START) as client:
        answer = client.get("/", headers={"Accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "the database cannot be read at the moment" in answer.text
    assert str(tmp_path) not in answer.text
    assert "Traceback" not in answer.text


def _elsewhere(engine: Engine) -> str:
    """Return the address of a database that does not exist beside this one."""
    address = make_url(engine.url.render_as_string(hide_password=False))
    return address.set(database=f"{address.database}_none").render_as_string(hide_password=False)


def test_a_running_maintenance_window_is_shown_and_is_no_fault(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP})])
    window = RunningWindow(provider="nv*", models=("*",), began_at=START, ends_at=START + 8 * INTERVAL)
    with browsing(engine, after(1), windows_at=lambda moment: [window] * (moment >= START)) as client:
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert answer.json()["maintenance"] == [
        {
            "provider": "nv*",
            "models": ["*"],
            "began_at": "2026-04-06T12:00:00.000Z",
            "ends_at": "2026-04-06T14:00:00.000Z",
        }
    ]
