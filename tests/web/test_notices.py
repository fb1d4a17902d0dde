"""What the operator should know now: on every page, also one without its database, and in /readyz."""

from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from monitor.store.connection.engine import open_engine
from monitor.web.app import create_app
from monitor.web.notices import Notice
from tests.support.process import WAIT_S
from tests.web.history import INTERVAL, UP, after, live, sweep
from tests.web.served import served

WAITING = Notice(words="12 sweeps wait for the database")
REPLACED = Notice(words="the database's file was replaced: restart the monitor", is_trouble=True)
HTML = {"Accept": "text/html"}


def answer_to(engine: Engine, path: str, *notices: Notice) -> httpx.Response:
    app = create_app(engine, watched={"nvidia": INTERVAL}, now=lambda: after(1), notices=lambda: notices)
    with (
        served(app) as url,
        httpx.Client(base_url=url, trust_env=False, timeout=WAIT_S, headers=HTML) as client,
    ):
        return client.get(path)


@pytest.mark.parametrize("path", ["/", "/models/nvidia/a", "/changes", "/changes/2026-04-06", "/nowhere"])
def test_every_page_begins_with_the_notices(engine: Engine, path: str) -> None:
    live(engine, [sweep(0, {"a": UP})])
    page = answer_to(engine, path, WAITING, Notice(words="<b>\u202e")).text
    assert page.index(WAITING.words) < page.index("<h1>")
    assert "&lt;b&gt;\\u{202e}" in page


def test_a_page_without_its_database_has_them_too(tmp_path: Path) -> None:
    missing = open_engine(f"sqlite:///{tmp_path}/missing/monitor.db")
    answer = answer_to(missing, "/", WAITING)
    assert answer.status_code == 503
    assert WAITING.words in answer.text


def test_a_notice_leaves_the_monitor_ready(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP})])
    answer = answer_to(engine, "/readyz", WAITING)
    assert (answer.status_code, answer.json()["reasons"]) == (200, [])
    assert answer.json()["notices"] == [WAITING.words]


def test_a_notice_of_trouble_is_a_reason_not_to_be_ready(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP})])
    answer = answer_to(engine, "/readyz", WAITING, REPLACED)
    assert (answer.status_code, answer.json()["reasons"]) == (503, [REPLACED.words])
    assert answer.json()["notices"] == [WAITING.words]
