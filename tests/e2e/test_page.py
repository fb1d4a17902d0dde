"""The status page in a real browser: Debian's Chromium, headless."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from monitor.core.domain.vocabulary import Cause, Kind
from monitor.store.connection.engine import open_engine
from monitor.web.app import create_app
from monitor.web.headers import STRICTEST
from tests.support.process import WAIT_S
from tests.web.history import DOWN, ENDED, HOSTILE, INTERVAL, START, UNCLEAR, UP, after, live, sweep
from tests.web.markup import read
from tests.web.served import served

pytestmark = pytest.mark.e2e

QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-extensions",
    "--hide-scrollbars", "--force-device-scale-factor=1", "--enable-logging=stderr",
)  # fmt: skip
CATALOG = {
    "meta/llama-3.3-70b-instruct": UP,
    "nvidia/nv-embed-v1": UP,
    "old/for-others": DOWN,
    "old/ended": ENDED,
    "slow/one": UNCLEAR,
}
MEASURE = """<script>
const root = document.documentElement;
document.body.innerHTML = `<p>${root.scrollWidth} of ${innerWidth}</p>`;
</script>"""


@pytest.fixture
def browser(tmp_path: Path) -> list[str]:
    """Give the command that starts the browser with a profile of its own."""
    found = shutil.which("chromium")
    assert found is not None, "no chromium: make test-e2e installs it"
    return [found, *QUIET, f"--user-data-dir={tmp_path / 'profile'}"]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Give the address at which the page of a short history is served."""
    engine = open_engine(f"sqlite:///{tmp_path}/monitor.db")
    catalog = {**CATALOG, **dict.fromkeys(HOSTILE, UP)}
    live(
        engine,
        [
            sweep(0, catalog, kinds={"nvidia/nv-embed-v1": Kind.EMBEDDINGS}),
            sweep(
                1, {**catalog, "brand/new": UP}, retires_at={"nvidia/nv-embed-v1": START + timedelta(days=9)}
            ),
            sweep(2, catalog, cause=Cause.CREDENTIAL),
        ],
    )
    app = create_app(engine, watched={"nvidia": INTERVAL}, now=lambda: after(3))
    with served(app) as url:
        yield url
    engine.dispose()


def run(command: list[str], *more: str) -> tuple[str, str]:
    """Run the browser; returns what it wrote (the document, its log)."""
    done = subprocess.run([*command, *more], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout, done.stderr


def test_a_browser_shows_every_row_and_complains_of_nothing(browser: list[str], address: str) -> None:
    document, log = run(browser, "--dump-dom", address)
    seen = read(document.strip().removeprefix("<!DOCTYPE html>"))
    rows = {row[0]: row[1:5] for row in seen.tables["Models of nvidia"][1:]}
    assert len(rows) == len(CATALOG) - 1 + len(HOSTILE) + 1
    assert rows["meta/llama-3.3-70b-instruct"] == ["available", "34 min", "answers", "chat"]
    assert rows["old/for-others"][0] == "unavailable"
    assert rows["slow/one"][0] == "new"
    assert seen.tables["Retired models of nvidia"][1][0] == "old/ended"
    assert "nvidia rejects our key" in seen.text
    assert not {"script", "img"} & set(seen.tags)
    assert _complaints(log) == []


@pytest.mark.parametrize("width", [1400, 1000, 500])
def test_no_id_makes_the_page_wider_than_the_window(
    browser: list[str], address: str, tmp_path: Path, width: int
) -> None:
    # The page itself allows no script, so a copy of it is measured.
    copy = tmp_path / "copy.html"
    with httpx.Client(trust_env=False, timeout=WAIT_S) as client:
        copy.write_text(client.get(address).text + MEASURE)
    document, _ = run(browser, f"--window-size={width},900", "--dump-dom", copy.as_uri())
    assert f"<p>{width} of {width}</p>" in document


def test_what_a_page_is_not_allowed_is_noticed(browser: list[str]) -> None:
    async def careless(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/html"), (b"content-security-policy", STRICTEST.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"<p style='color: red'>careless"})

    with served(careless) as url:
        _, log = run(browser, "--dump-dom", url)
    assert len(_complaints(log)) > 0


def test_a_browser_shows_a_page_when_the_database_is_gone(browser: list[str], tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/missing/monitor.db")
    with served(create_app(engine, watched={}, now=lambda: START)) as url:
        document, log = run(browser, "--dump-dom", url)
    assert "the database cannot be read at the moment" in document
    assert _complaints(log) == []


def _complaints(log: str) -> list[str]:
    """Lines of the page's console, except that a 503 is noted there by the browser itself."""
    lines = [line for line in log.splitlines() if re.search(r":CONSOLE|Content.Security.Policy", line)]
    return [line for line in lines if "503 (Service Unavailable)" not in line]
