"""`monitor config check --strict` and `--live`: what is not set, and what each provider says right now."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from monitor.demo.stories import steady
from tests.support import gateway as g
from tests.support.command import KEY, KEY_VARIABLE, Done, config_file, environment, monitor, run

PAGE = b"<!doctype html><html><title>Log in to the network</title></html>"
LIST = b'{"object": "list", "data": [{"id": "a/one"}, {"id": "b/two"}]}'
WRONG = "nvapi-wrong-Zq8-never-shown"


def checked(
    directory: Path, base_url: str, *options: str, key: str | None = KEY, **provider: list[str]
) -> Done:
    config = config_file(directory, base_url, "sqlite:///monitor.db", **dict[str, Any](provider))
    done = monitor(config, "config", "check", *options, key=key)
    assert KEY not in done.stdout + done.stderr
    assert WRONG not in done.stdout + done.stderr
    assert [path.name for path in directory.iterdir()] == ["config.toml"]
    return done


def said(done: Done) -> str:
    """Return what is said of the one provider."""
    lines = [line for line in done.stdout.splitlines() if line.startswith("nvidia: ")]
    return lines[1].removeprefix("nvidia: ")  # after what a day costs


@contextmanager
def server(
    status: int = 200,
    body: bytes = LIST,
    *,
    key: str | None = None,
    path: str = "/v1/models",
) -> Iterator[str]:
    """Serve one answer at one path, to all or to those with the key; what else is asked for is not there."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            has_key = key is None or self.headers.get("Authorization") == f"Bearer {key}"
            place = self.path.partition("?")[0]
            self._answer(404 if place != path else status if has_key else 401, body if has_key else b"{}")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._answer(404, b"{}")

        def _answer(self, number: int, text: bytes) -> None:
            self.send_response(number)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_words: object) -> None:
            return

    running = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}/v1"
    finally:
        running.shutdown()
        running.server_close()
        thread.join(10)


# ---- --strict ----


def test_a_missing_secret_is_noted_with_its_place_and_refused_by_a_strict_check(
    tmp_path: Path,
) -> None:
    config = config_file(tmp_path, "http://127.0.0.1:1/v1", "sqlite:///monitor.db")
    with config.open("a", encoding="utf-8") as file:
        file.write('headers = { X-Team = "env:TEAM_TOKEN" }\n')
        file.write('[[notify]]\nurl = "env:CHAT"\n[heartbeat]\nurl = "env:PING"\n')
    places = (
        "12: providers[0].api_key_env",
        "17: providers[0].headers",
        "19: notify[0].url",
        "21: heartbeat.url",
    )
    for options, code in (((), 0), (("--strict",), 2)):
        done = monitor(config, "config", "check", *options, key=None)
        assert done.returncode == code
        lines = done.stderr.replace(f"{tmp_path}/", "").splitlines()
        assert [line.split(": ", 3)[1:3] for line in lines[:4]] == [
            f"config.toml:{place}".split(": ") for place in places
        ]
        for name, line in zip((KEY_VARIABLE, "TEAM_TOKEN", "CHAT", "PING"), lines, strict=False):
            assert f"set the environment variable {name}," in line
        assert (": ok (" in done.stdout) is (code == 0)
    assert lines[4] == "monitor: config.toml: 4 secrets missing, 0 warnings (--strict)"


def test_a_strict_check_accepts_what_is_whole_and_refuses_a_warning(tmp_path: Path) -> None:
    assert checked(tmp_path, "http://127.0.0.1:1/v1", "--strict").returncode == 0
    config = tmp_path / "config.toml"
    with config.open("a", encoding="utf-8") as file:
        file.write('[[notify]]\nurl = "json://127.0.0.1"\nproviders = ["nvida"]\n')
    done = monitor(config, "config", "check", "--strict")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("0 secrets missing, 1 warning (--strict)")


def test_a_retention_too_short_for_the_summary_of_yesterday_is_a_warning(tmp_path: Path) -> None:
    config = config_file(tmp_path, "http://127.0.0.1:1/v1", "sqlite:///monitor.db")
    text = config.read_text("utf-8")
    for length, warnings in (("3d", 0), ("2d", 1)):
        config.write_text(f'{text}[retention]\nobservations = "{length}"\n', "utf-8")
        done = monitor(config, "config", "check")
        assert done.returncode == 0
        assert done.stderr.count("18: retention.observations: is shorter than 3d") == warnings


# ---- --live ----


def test_a_key_that_the_catalog_wants_is_accepted_or_rejected_by_it(tmp_path: Path) -> None:
    with server(key=KEY) as base_url:
        right = checked(tmp_path, base_url, "--live")
        wrong = checked(tmp_path, base_url, "--live", key=WRONG)
        none = checked(tmp_path, base_url, "--live", key=None)
    assert (right.returncode, said(right)) == (0, "reached, 2 models, key accepted")
    assert wrong.returncode == 2
    assert said(wrong).startswith("reached, key rejected: HTTP 401")
    assert said(wrong).endswith(f"put a valid key in {KEY_VARIABLE}")
    assert none.returncode == 2
    assert said(none).startswith("not asked: provider nvidia needs its key")


def test_where_the_catalog_is_open_a_request_without_a_model_proves_the_key(tmp_path: Path) -> None:
    with g.gateway(steady(6)) as there:
        right = checked(tmp_path, there.base_url, "--live")
        wrong = checked(tmp_path, there.base_url, "--live", key=WRONG)
        assert {each.model for each in there.probes} <= {None, ""}
    assert (right.returncode, said(right)) == (0, "reached, 6 models, key accepted")
    assert wrong.returncode == 2
    assert said(wrong).startswith("reached, 6 models, key rejected; the catalog answers without a key")


def test_a_key_that_nothing_asks_for_is_not_called_accepted(tmp_path: Path) -> None:
    with server() as base_url:
        done = checked(tmp_path, base_url, "--live")
    assert done.returncode == 0
    words = "reached, 2 models, key not proven by the catalog, which answers without it too"
    assert said(done).startswith(words)


def test_a_server_that_wants_no_key_is_not_said_to_have_accepted_one(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    with server() as base_url:
        config.write_text(f'[[providers]]\nname = "nvidia"\nbase_url = "{base_url}"\n', encoding="utf-8")
        done = monitor(config, "config", "check", "--live")
    assert (done.returncode, said(done)) == (0, "reached, 2 models, no key configured")


@pytest.mark.parametrize(
    ("status", "body", "code", "words"),
    [
        (404, b"{}", 2, "reached, no model list: HTTP 404"),
        (301, b"", 2, "reached, no model list: HTTP 301: redirects are not followed"),
        (
            200,
            PAGE,
            3,
            "reached, no model list: the answer is a web page, not JSON: base_url is a website's, or a ",
        ),
        (200, b"hello", 3, "reached, no model list: the answer is not JSON"),
        (200, b'{"data": []}', 3, "reached, no model list: the catalog is empty"),
        (503, b'{"error": "busy"}', 3, "reached, no model list: HTTP 503: busy"),
        (403, b'{"error": "Forbidden: invalid API key"}', 2, "reached, key rejected: HTTP 403"),
        (402, b'{"error": "no credit"}', 3, "reached, no model list: HTTP 402"),
    ],
)
def test_what_keeps_a_catalog_from_being_read_is_said_with_the_exit_code_of_its_remedy(
    status: int, body: bytes, code: int, words: str, tmp_path: Path
) -> None:
    with server(status, body) as base_url:
        done = checked(tmp_path, base_url, "--live")
    assert (done.returncode, said(done)[: len(words)]) == (code, words)
    assert done.stderr.startswith("monitor: a sweep would have no verdict")


def test_a_provider_that_cannot_be_reached_is_exit_3_with_the_cause(tmp_path: Path) -> None:
    refused = checked(tmp_path, f"http://127.0.0.1:{g.closed_port()}/v1", "--live")
    unknown = checked(tmp_path, "http://no-such-host.invalid/v1", "--live")
    assert (refused.returncode, unknown.returncode) == (3, 3)
    assert said(refused).startswith("not reached: no connection (127.0.0.1:")
    assert said(unknown).startswith("not reached: the host name cannot be resolved (no-such-host.invalid)")


def test_a_server_that_speaks_no_tls_is_not_reached_by_https(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:
        port = plain.getsockname()[1]

        def answer() -> None:
            connection, _ = plain.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        done = checked(tmp_path, f"https://127.0.0.1:{port}/v1", "--live")
        thread.join(30)
    assert done.returncode == 3
    assert said(done).startswith("not reached: no secure connection")


@pytest.mark.parametrize("path", ["/v1/models", "/api/v1/models", "/openai/v1/models"])
def test_a_list_at_another_usual_address_of_the_server_is_found(path: str, tmp_path: Path) -> None:
    with server(path=path) as base_url:
        origin = base_url.removesuffix("/v1")
        done = checked(tmp_path, f"{origin}/wrong", "--live")
    address = origin + path.removesuffix("/models")
    assert done.returncode == 2
    assert said(done).endswith(f'there is one at {address}/models: write base_url = "{address}"')


def test_a_provider_without_a_list_is_reached_or_not_all_the_same(tmp_path: Path) -> None:
    named: dict[str, Any] = {"catalog": False, "models": ["x/one", "x/two"]}
    with g.gateway(steady(1)) as there:
        config = config_file(tmp_path, there.base_url, "sqlite:///monitor.db", **named)
        right = monitor(config, "config", "check", "--live")
        wrong = monitor(config, "config", "check", "--live", key=WRONG)
    config = config_file(tmp_path, f"http://127.0.0.1:{g.closed_port()}/v1", "sqlite:///monitor.db", **named)
    away = monitor(config, "config", "check", "--live")
    assert (right.returncode, said(right)) == (0, "reached, 2 models, key accepted")
    assert (wrong.returncode, said(wrong).startswith("reached, 2 models, key rejected")) == (2, True)
    assert (away.returncode, said(away).startswith("not reached: no connection")) == (3, True)


def test_patterns_are_compared_with_the_catalog_of_now(tmp_path: Path) -> None:
    with server(key=KEY) as base_url:
        some = checked(tmp_path, base_url, "--live", include=["a/*", "c/*"])
        none = checked(tmp_path, base_url, "--live", "--strict", exclude=["*"])
    assert (some.returncode, said(some)) == (0, "reached, 2 models, key accepted; 1 of them watched")
    assert 'providers[0].include[1]: "c/*" matches no model in the last catalog of nvidia' in some.stderr
    assert none.returncode == 2
    assert said(none).endswith('0 of them watched; exclude = ["*"] leaves none of 2 listed models')
    assert "providers[0].exclude: leaves no model" in none.stderr


def test_as_json_it_says_the_same(tmp_path: Path) -> None:
    with server(key=KEY) as base_url:
        done = checked(tmp_path, base_url, "--live", "--json")
        failed = checked(tmp_path, base_url, "--live", "--json", key=WRONG)
    document = json.loads(done.stdout)
    assert (document["missing_secrets"], document["warnings"]) == ([], [])
    assert document["providers"] == [
        {
            "provider": "nvidia",
            "address": f"{base_url}/models",
            "reached": True,
            "models": 2,
            "watched": 2,
            "key": "accepted",
            "catalog_is_open": False,
            "problem": None,
        }
    ]
    assert failed.returncode == 2
    assert json.loads(failed.stdout)["providers"][0]["key"] == "rejected"


def test_a_start_of_the_daemon_warns_of_patterns_that_match_nothing(sqlite_url: str, tmp_path: Path) -> None:
    with g.gateway(steady(6)) as there:
        config = config_file(tmp_path, there.base_url, sqlite_url, include=["no/such-*"])
        monitor(config, "sweep")
        with config.open("a", encoding="utf-8") as file:
            file.write('[[maintenance]]\ncron = "0 22 * * sun"\nduration = "4h"\nprovider = "nvida"\n')
        done = monitor(config, "run", key=None)  # which ends at once
    assert done.returncode == 2
    assert " INFO " not in done.stderr  # a closed connection is no event
    warnings = [line for line in done.stderr.splitlines() if " WARNING pattern_without_match " in line]
    assert len(warnings) == 2
    assert 'config.toml:17: providers[0].include[0]: \\"no/such-*\\" matches no model' in warnings[0]
    assert 'config.toml:21: maintenance[0].provider: \\"nvida\\" matches no configured' in warnings[1]


def test_a_start_of_the_daemon_names_every_missing_secret_at_once(tmp_path: Path) -> None:
    config = config_file(tmp_path, "http://127.0.0.1:1/v1", "sqlite:///monitor.db")
    with config.open("a", encoding="utf-8") as file:
        file.write(
            '[[providers]]\nname = "other"\nbase_url = "http://127.0.0.1:1/v1"\napi_key_env = "OTHER"\n'
        )
        file.write('[heartbeat]\nurl = "env:PING"\n')
    done = monitor(config, "run", key=None)
    assert done.returncode == 2
    lines = done.stderr.replace(f"{tmp_path}/", "").splitlines()
    assert [line.split(": set the ")[0] for line in lines] == [
        "monitor: config.toml:12: providers[0].api_key_env: provider nvidia needs its key",
        "monitor: config.toml:20: providers[1].api_key_env: provider other needs its key",
        "monitor: config.toml:22: heartbeat.url: the [heartbeat] needs its address",
    ]


def test_a_start_without_a_file_names_the_key_alone(tmp_path: Path) -> None:
    done = run("run", directory=tmp_path, environ=environment(None))
    assert done.returncode == 2
    assert done.stderr.startswith("monitor: provider nvidia needs its key: set the environment variable")
