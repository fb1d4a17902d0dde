"""A hostile provider: what it lists and answers is stored safely or refused, and shown safely."""

import html
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE, Popen
from threading import Thread

import httpx
from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Verdict
from monitor.demo import Catalog, CatalogMode, World
from monitor.demo.stories import steady
from monitor.store.connection.engine import open_engine
from tests.support import gateway as g
from tests.support.command import KEY, config_file, environment, monitor
from tests.support.process import WAIT_S, Process, wait_for

REJECTED = (
    "line\nbreak",
    "carriage\rreturn",
    "nul\x00inside",
    "escape\x1b[31mred\x1b[0m",
    "bell\x07",
    "c1\x9bcontrol",
    "lone\ud800surrogate",
    "lone\udfffsurrogate",
    "",
    "x" * 10_000,
    "y" * 513,
    "ü" * 257,
)
STORED = (
    "'; DROP TABLE model; --",
    '" OR 1=1 --',
    "%s %(name)s :name ? {} $1 \\",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    "[bold]markup[/bold] :smile:",
    "{{ 7 * 7 }}",
    "../../etc/passwd",
    "模型/大型-七十",
    "emoji/🦙-70b",
    "rtl/\u202egnp.exe",
    "e\u0301-decomposed",
    "\u00e9-composed",
    "Case/Model",
    "case/model",
    " outer spaces ",
    "z" * 512,
)
HOSTILE = World(listed=(*REJECTED, *STORED, STORED[0]))


def test_hostile_ids_are_counted_or_stored_as_they_are(engine: Engine) -> None:
    with g.gateway(HOSTILE) as there:
        aim = g.target(there.base_url)
        for hour in (0, 1):
            swept = g.sweep(aim, engine, g.hours(hour))
            assert swept.decision.verdict is Verdict.CONCLUSIVE
        assert Counter(each.model for each in there.probes) == dict.fromkeys(STORED, 2)
    history = "SELECT listed, duplicates, rejected, probed, available FROM sweep_history"
    n = len(STORED)
    assert g.rows(engine, history) == [(n, 1, len(REJECTED), n, n)] * 2
    for view in ("model_status", "uptime_daily", "change_history"):
        assert {model for (model,) in g.rows(engine, f"SELECT model FROM {view}")} == set(STORED)  # noqa: S608
    assert len(g.rows(engine, "SELECT 1 FROM observation_history")) == 2 * n


@g.ON_SQLITE
def test_hostile_ids_are_shown_safely_by_every_command_and_page(database_url: str, tmp_path: Path) -> None:
    with g.gateway(HOSTILE) as there:
        config = config_file(tmp_path, there.base_url, database_url, interval="1h")
        with Process(config, "run") as daemon:
            page = daemon.page
            wait_for(lambda: "sweep_finished" in daemon.err, daemon)
            shown = httpx.get(f"{page}/", trust_env=False, timeout=WAIT_S)
            api = httpx.get(f"{page}/api/v1/models", trust_env=False, timeout=WAIT_S).json()
            openai = httpx.get(f"{page}/v1/models", trust_env=False, timeout=WAIT_S).json()
    assert {row["model"] for row in api["models"]} == set(STORED)
    assert {row["id"] for row in openai["data"]} == set(STORED)
    check_page(shown.text)
    listed = monitor(config, "list", key=None)
    assert (listed.returncode, set(listed.stdout.split("\n"))) == (0, {*STORED, ""})
    table = monitor(config, "status", key=None)
    assert table.returncode == 0, table.stderr
    assert all(id_ in table.stdout for id_ in STORED if id_.isprintable())
    assert f"{len(STORED)} models: {len(STORED)} available" in table.stdout


def check_page(text: str) -> None:
    """Check that no id became markup, and that each is there to be read."""
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "49" not in [line.strip() for line in text.splitlines()]
    readable = html.unescape(text)
    assert all(id_ in readable for id_ in STORED if id_.isprintable() and id_ == id_.strip())
    assert "\u202e" not in text


def test_an_endless_catalog_ends_at_the_cap_in_bounded_memory(sqlite_url: str, tmp_path: Path) -> None:
    with g.gateway(steady(8)) as there:
        config = config_file(tmp_path, there.base_url, sqlite_url)
        quiet_kb = peak_memory_kb(config)
        there.change(Catalog(CatalogMode.FLOOD))
        flooded_kb = peak_memory_kb(config)
        assert there.probes[8:] == []
    assert flooded_kb - quiet_kb < 200_000, "the cap is 32 MiB; a body of 500 MB came"
    history = open_engine(sqlite_url)
    assert g.provider_events(history) == [("provider_down", "catalog_unreadable")]
    history.dispose()


def peak_memory_kb(config: Path) -> int:
    """Run `monitor sweep` and return the most memory it had."""
    process = Popen(
        [sys.executable, "-m", "monitor", "--config", str(config), "sweep"],
        cwd=config.parent,
        env=environment(),
        stdout=PIPE,
        stderr=PIPE,
    )
    with process:
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = 0
    return used.ru_maxrss if sys.platform != "darwin" else used.ru_maxrss // 1024


def test_endless_answers_of_models_end_at_the_cap(engine: Engine) -> None:
    listed = ("maker/flood", "maker/ok")
    with g.gateway(World(listed=listed, behaviours={"maker/flood": "flood"})) as there:
        swept = g.sweep(g.target(there.base_url), engine, g.NOON)
    assert swept.sweep.finished_at - swept.sweep.started_at < timedelta(seconds=30)
    reasons = {each.model: each.outcome.value for each in swept.sweep.observations}
    assert reasons["maker/ok"] == "available"
    assert reasons["maker/flood"] in {"unavailable", "unknown"}


# ---- A provider that tells our own secrets back ----------------------------------------


class Echo(BaseHTTPRequestHandler):
    """Says the key wherever it can: in bodies, headers, reasons."""

    def do_GET(self) -> None:
        rows = [{"id": f"maker/model-{number}"} for number in range(6)]
        self._say(200, json.dumps({"data": rows, "note": self._key}))

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        place = int(asked["model"][-1])
        texts = {
            0: (401, f"Incorrect API key provided: {self._key}."),
            1: (400, f"header was Authorization: Bearer {self._key}"),
            2: (500, f"cannot serve https://x:{self._key}@inner/ for account '{g.ACCOUNT}'"),
            3: (404, f"Function 'f': Not found for account '{g.ACCOUNT}'"),
            4: (403, f"api_key={self._key}&account '{g.ACCOUNT}' not allowed to access model"),
        }
        if place in texts:
            status, words = texts[place]
            self._say(status, json.dumps({"error": {"message": words}, "detail": words}))
            return
        self._say(200, json.dumps({"choices": [{"message": {"content": self._key}}]}))

    @property
    def _key(self) -> str:
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def _say(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status, f"key {self._key}")
        for name, value in {
            "X-Key": self._key,
            "Content-Length": str(len(body)),
            "Retry-After": self._key,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def echo() -> Iterator[str]:
    """Serve on loopback, and give the address to configure."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join(WAIT_S)


@g.ON_SQLITE
def test_a_key_that_the_provider_tells_back_is_kept_nowhere(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    with echo() as base_url:
        config = config_file(tmp_path, base_url, database_url)
        out = str(tmp_path / "results")
        said = [
            monitor(config, "--log-level", "debug", "sweep", "--json", "--output-dir", out),
            monitor(config, "--log-format", "json", "--log-level", "debug", "sweep"),
            monitor(config, "check", "maker/model-2", "--live", "--json"),
        ]
    kept = [
        repr(g.rows(engine, "SELECT * FROM finding")),
        repr(g.rows(engine, "SELECT * FROM event")),
        repr(g.rows(engine, "SELECT * FROM observation_history")),
    ]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    for secret in (KEY, g.ACCOUNT):
        assert [each.args for each in said if secret in each.stdout + each.stderr] == []
        assert [text for text in kept if secret in text] == []
        assert [path for path in files if secret.encode() in path.read_bytes()] == []
    assert "unavailable" in "".join(kept)
    assert "Traceback" not in "".join(each.stderr for each in said)
