"""A fault of our own: the reader learns that there was one, and nothing of it."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from monitor.store.connection.engine import open_engine
from monitor.web.app import create_app
from tests.web.history import START


@pytest.mark.parametrize(
    ("accept", "kind"), [("*/*", "application/problem+json"), ("text/html", "text/html; charset=utf-8")]
)
def test_a_crash_shows_no_traceback(tmp_path: Path, accept: str, kind: str) -> None:
    app = create_app(open_engine(f"sqlite:///{tmp_path}/monitor.db"), watched={}, now=lambda: START)

    @app.get("/crash")
    def crash() -> None:
        raise ZeroDivisionError("hidden words")

    client = TestClient(app, raise_server_exceptions=False)
    answer = client.get("/crash", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (500, kind)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "the monitor failed; its log says why" in answer.text
    assert "hidden words" not in answer.text
    assert "ZeroDivisionError" not in answer.text
