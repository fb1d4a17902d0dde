"""What the findings share, in Python's standard library: a provider that answers as told, and a client.

`kit.py serve PORT ANSWERS LOG` answers on loopback. ANSWERS is JSON: the end of a path, or that and a model's
name (`/chat/completions tiny`), to {"status", "headers", "body"}; whatever is not in it is a bare 404.
`kit.py wait PORT PID` waits until something answers there, while that process lives.
"""

import json
import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

_WAIT_S, _ASK_S = 240, 120
NOT_FOUND = {"status": 404, "body": {"detail": "Not Found"}}


@dataclass(frozen=True)
class Answer:
    """What came back; `headers` have lower-case names."""

    status: int
    headers: dict[str, str]
    text: str
    seconds: float

    @property
    def body(self) -> dict[str, object]:
        """The text as a JSON object."""
        body: dict[str, object] = json.loads(self.text)
        return body


def ask(port: int | str, path: str, body: object = None) -> Answer:
    """Send one request to loopback: a POST where there is a body."""
    connection = HTTPConnection("127.0.0.1", int(port), timeout=_ASK_S)
    began = time.monotonic()
    key = os.environ["LITELLM_MASTER_KEY"]  # noqa: TID251  # a setting of the run, not of monitor
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    content = None if body is None else json.dumps(body)
    connection.request("GET" if body is None else "POST", path, content, headers)
    response = connection.getresponse()
    text = response.read().decode("utf-8", "replace")
    connection.close()
    known = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, known, text, time.monotonic() - began)


def chat(port: int | str, model: str, **more: object) -> Answer:
    """Ask a model for a few words, as a probe would."""
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 16, **more}
    return ask(
        port, "/v1/chat/completions", {name: value for name, value in body.items() if value is not None}
    )


def embed(port: int | str, model: str, path: str = "/v1/embeddings") -> Answer:
    """Ask a model for a vector."""
    return ask(port, path, {"model": model, "input": ["hi"]})


def asked(port: int | str) -> list[dict[str, object]]:
    """Return what the provider of our own was asked so far: each time a path and a body."""
    return [json.loads(line) for line in Path(f"asked-{port}.jsonl").read_text("utf-8").splitlines()]


def expect(what: str, *, holds: bool) -> None:
    """Say what was seen, or end the script with an error."""
    print(f"{'seen' if holds else 'NOT SEEN ANY MORE'}: {what}", flush=True)  # noqa: T201
    if not holds:
        sys.exit(1)


class _Provider(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answers: ClassVar[dict[str, dict[str, object]]] = {}
    log: ClassVar = Path()

    def do_GET(self) -> None:
        self._answer(NOT_FOUND)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
        with self.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps({"path": self.path, "body": body}) + "\n")
        keys = (f"{self.path} {body.get('model')}", self.path)
        told = (answer for key in keys for end, answer in self.answers.items() if key.endswith(end))
        self._answer(next(told, NOT_FOUND))

    def _answer(self, answer: dict[str, object]) -> None:
        content = json.dumps(answer["body"]).encode()
        self.send_response(int(str(answer.get("status", 200))))
        headers = answer.get("headers")
        for name, value in (headers if isinstance(headers, dict) else {}).items():
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _serve(port: str, answers: str, log: str) -> None:
    _Provider.answers, _Provider.log = json.loads(answers), Path(log)
    _Provider.log.touch()
    ThreadingHTTPServer(("127.0.0.1", int(port)), _Provider).serve_forever()


def _wait(port: str, pid: str) -> None:
    ends = time.monotonic() + _WAIT_S
    while time.monotonic() < ends:
        with suppress(OSError):
            ask(port, "/")  # not /health: LiteLLM would ask every model for that
            return
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            sys.exit(f"the server for port {port} ended by itself")
        time.sleep(0.2)
    sys.exit(f"nothing answers on port {port}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", port, answers, log]:
            _serve(port, answers, log)
        case ["wait", port, pid]:
            _wait(port, pid)
