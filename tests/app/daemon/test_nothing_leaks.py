"""No secret is left in anything that a run leaves behind, whatever a hostile provider does with it.

The provider, which is its own proxy, receiver of messages and heartbeat, says all secrets back in every form:
in bodies, headers, names of models and owners, errors, redirects.
"""

import base64
import html
import json
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import quote, quote_plus

import httpx
import pytest

from monitor.config.values.auth import Auth
from tests.support.command import KEY, config_file, monitor
from tests.support.leaks import holds
from tests.support.process import WAIT_S, Process, wait_for

SECRETS = {
    "the key": KEY,
    "a header": "hdr-5F/q+zz==9secret",
    "the proxy": "pr0xy:pw/of+years",
    "a channel": "T0KEN/of-a%20channel",
    "a webhook": "whsec-Path0fTheHook",
    "a heartbeat": "5c1d7f0e-ping-only-me",
    "the signing key": "sign-me-4ever+/=",
}
VARIABLES = {"X_SECRET": SECRETS["a header"], "SIGNING_KEY": SECRETS["the signing key"]}


def standard(before: str) -> Callable[[str], str]:
    return lambda text: base64.b64encode((before + text).encode()).decode()


def url_safe(before: str) -> Callable[[str], str]:
    return lambda text: base64.urlsafe_b64encode((before + text + ":~?").encode()).decode().rstrip("=")


FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "bearer": "Authorization: Bearer {}".format,
    "address": lambda text: f"https://host/?key={quote(text, safe='')}",
    "address-twice": lambda text: f"next={quote(quote(text, safe=''), safe='')}",
    "form": quote_plus,
    "every-byte": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "some-bytes": lambda text: "".join(f"%{ord(x):02X}" if i % 3 else x for i, x in enumerate(text)),
    "html": html.escape,
    "decimal": lambda text: "".join(f"&#{ord(mark)};" for mark in text),
    "hexadecimal": lambda text: "".join(f"&#x{ord(mark):X};" for mark in text),
    "json": lambda text: "".join(f"\\u{ord(mark):04x}" for mark in text),
    "slashes": lambda text: json.dumps(text).replace("/", "\\/"),
    "repr": lambda text: repr(text.encode()),
    "hex": lambda text: text.encode().hex(),
    "hex-capitals": lambda text: text.encode().hex().upper(),
    "html-of-address": lambda text: html.escape(quote(f"<{text}&", safe="")),
    **{f"base64-{len(before)}": standard(before) for before in ("", "u", "u:", "user:")},
    **{f"urlsafe-{len(before)}": url_safe(before) for before in ("", "é", "???")},
    "blob": lambda text: base64.b64encode(json.dumps({"key": text}).replace("/", "\\/").encode()).decode(),
}
ECHOED = [*SECRETS.values()]
SENT = 3  # of them, to the provider
OK = ("maker/fine", "maker/also-fine")
PAGES: tuple[str, ...] = (
    "/",
    "/changes",
    "/feed.atom",
    "/api/v1/models",
    "/api/v1/events",
    "/api/v1/sweeps",
    "/v1/models",
)
PAGES += ("/metrics", "/readyz", "/healthz", "/openapi.json", "/models/nvidia/maker/plain.0")


class Hostile(BaseHTTPRequestHandler):
    """Says every secret, to models in the form that they are named after."""

    def do_GET(self) -> None:
        names = [*(f"maker/{form}.{place}" for form in FORMS for place in range(SENT)), *OK]
        echoes = [form(secret) for secret in ECHOED for form in FORMS.values()]
        rows = [{"id": name, "owned_by": echo} for name, echo in zip(names, echoes, strict=False)]
        rows += [{"id": name, "owned_by": "maker"} for name in OK]
        rows += [{"id": f"maker/{echo}", "owned_by": echo} for echo in echoes]
        self._say(200, json.dumps({"data": rows, "note": echoes}), KEY)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        document = json.loads(body) if body.startswith(b"{") else {}
        name, _, place = str(document.get("model", "")).removeprefix("maker/").rpartition(".")
        if document.get("model") in OK:
            self._say(200, json.dumps({"choices": [{"message": {"content": "hi"}}], "model": KEY}), KEY)
            return
        echo = FORMS.get(name, str)(ECHOED[int(place or 0)])
        status = 302 if name == "form" else 400 + len(name) if name in FORMS else 500
        words = f"not for {echo} at all"
        self._say(status, json.dumps({"error": {"message": words, "param": words}, "detail": words}), echo)

    def _say(self, status: int, text: str, secret: str) -> None:
        body, echo = text.encode(), quote(secret, safe="")
        self.close_connection = True
        self.send_response(status, f"key {echo}")
        headers = {"Location": f"https://elsewhere.test/?key={echo}", "X-Key": echo, "Retry-After": echo}
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(BrokenPipeError):  # the daemon was stopped meanwhile
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def hostile() -> Iterator[str]:
    """Serve on loopback, and give host and port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Hostile) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(WAIT_S)


def configured(tmp_path: Path, place: str, database_url: str, auth: Auth) -> Path:
    """Write a configuration that has every kind of secret."""
    proxy = f"http://user:{quote(SECRETS['the proxy'], safe='')}@{place}"
    config = config_file(
        tmp_path,
        "http://provider.test/v1",
        database_url,
        interval="1h",
        grace="5s",
        auth=auth.value,
        proxy=proxy,
        **{"headers.X-Secret": "env:X_SECRET"},
        heartbeat=f"http://{place}/{SECRETS['a heartbeat']}",
    )
    notify = [
        {"name": "hook", "type": "webhook", "url": f"http://{place}/{SECRETS['a webhook']}"},
        {"name": "people", "url": f"json://{place}/{quote(SECRETS['a channel'], safe='')}"},
    ]
    notify[0]["secret"] = "env:SIGNING_KEY"  # noqa: S105 - a reference
    tables = [f"[[notify]]\n{lines(table)}" for table in notify]
    config.write_text("\n".join((config.read_text(), *tables, f'[heartbeat]\nurl = "http://{place}/hb"')))
    return config


def lines(table: Mapping[str, object]) -> str:
    everything = json.dumps(["appeared", "became_unavailable", "credential_rejected", "provider_down"])
    return "\n".join(
        (*(f"{name} = {json.dumps(value)}" for name, value in table.items()), f"on = {everything}")
    )


@pytest.mark.parametrize("auth", [Auth.BEARER, Auth.QUERY, Auth.X_API_KEY])
def test_no_secret_is_left_in_anything_that_a_run_leaves_behind(
    auth: Auth, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hostile() as place:
        config = configured(tmp_path, place, sqlite_url, auth)
        with Process(config, "--log-level", "debug", "run", variables=VARIABLES) as daemon:
            page = daemon.page
            wait_for(lambda: "sweep_finished" in daemon.err, daemon)
            wait_for(lambda: daemon.err.count("heartbeat_failed") >= 4, daemon)
            left = {path: httpx.get(page + path, trust_env=False, timeout=WAIT_S).content for path in PAGES}
            daemon.send(signal.SIGTERM)
            assert daemon.wait() == 0, daemon.err
        left |= said_by_commands(config, monkeypatch)
    left |= {str(path): path.read_bytes() for path in tmp_path.rglob("*") if is_left(path)}
    assert [
        (name, path) for name, secret in SECRETS.items() for path in left if holds(left[path], secret)
    ] == []
    assert b"maker/plain.0" in left["/"], "the hostile provider was not watched"
    assert b"***" in left["observations"]
    assert left["notify"].count(b"HTTP 500") >= 1, left["notify"]


def said_by_commands(config: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    commands = {
        "events": ("events", "--json"),
        "status": ("status", "--json"),
        "observations": ("export", "--format", "jsonl", "-"),
        "sweeps": ("export", "--format", "sweeps", "-"),
        "config": ("config", "show"),
        "live": ("config", "check", "--live", "--json"),
        "check": ("check", "maker/plain.0", "--live", "--json"),
        "notify": ("notify", "test"),
        "sweep": ("--log-format", "json", "sweep", "--output-dir", "results"),
        "backup": ("db", "backup", "copy.db"),
    }
    monkeypatch.setattr("tests.support.command.environment", with_variables)
    done = {name: monitor(config, *words) for name, words in commands.items()}
    assert all(result.returncode in {0, 1, 2, 3} for result in done.values())
    return {name: result.out + result.err for name, result in done.items()}


def with_variables(_key: str | None = None) -> Mapping[str, str]:
    return {"PATH": "/usr/bin:/bin", "PYTHONUTF8": "1", "TEST_PROVIDER_KEY": KEY, **VARIABLES}


def is_left(path: Path) -> bool:
    return path.is_file() and path.suffix != ".toml"


def test_what_looks_for_secrets_finds_them_in_every_form() -> None:
    for secret in SECRETS.values():
        for name, form in FORMS.items():
            assert holds(f"said {form(secret)} here".encode(), secret), (name, secret)
    assert not holds(b"nothing %41 &amp; \\u0041 bm90aGluZw==", KEY)
