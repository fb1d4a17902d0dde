"""The audit of the locks: what fails it, what is accepted, and what it says where no feed answers.

pip-audit is real and asks a server on loopback that answers like the feed osv.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.support import gateway as g
from tests.tools.audit import ROOT, AuditFailed, Vulnerability, complaints, main, read_accepted, read_pins

LOCK = "safe==1.0 \\\n    --hash=sha256:00\nholed==1.0 ; sys_platform == 'win32' \\\n    --hash=sha256:00\n"
RECORD = {
    "id": "GHSA-1111",
    "aliases": ["CVE-2026-1"],
    "summary": "Reads what it should not",
    "affected": [
        {
            "package": {"name": "holed", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}],
        }
    ],
}
HOLED = {("holed", "1.0"): {"vulns": [RECORD]}}
COMPLAINT = "holed 1.0 (some.lock): CVE-2026-1, GHSA-1111; fixed in 1.1: Reads what it should not"

Pin = tuple[str, str]


@contextmanager
def osv(answers: Mapping[Pin, object], *, status: int = 200) -> Iterator[tuple[str, list[Pin]]]:
    """Serve the feed on loopback; gives its address and the versions it is asked about."""
    requests: list[Pin] = []

    class Feed(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            pin = query["package"]["name"], query["version"]
            requests.append(pin)
            body = json.dumps(answers.get(pin, {})).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Keep the log out of the tests' output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Feed) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/query", requests
        finally:
            server.shutdown()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    file = tmp_path / "some.lock"
    file.write_text(LOCK, "utf-8")
    return file


@pytest.fixture
def project(tmp_path: Path) -> Path:
    file = tmp_path / "pyproject.toml"
    file.write_text("[tool.audit.accepted]\n", "utf-8")
    return file


def test_a_vulnerability_fails_with_what_to_do_about_it(
    lock: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with osv(HOLED) as (url, _):
        assert main([str(lock), "--osv-url", url, "--project", str(project)]) == 1
    assert capsys.readouterr().out == f"2 of 2 pinned versions audited by osv\n{COMPLAINT}\n"


def test_every_version_is_audited_for_every_platform(
    lock: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = lock.with_name("other.lock")
    other.write_text("safe==2.0\nholed==1.0\n", "utf-8")
    with osv({}) as (url, requests):
        assert main([str(lock), str(other), "--osv-url", url, "--project", str(project)]) == 0
    assert set(requests) == {("safe", "1.0"), ("safe", "2.0"), ("holed", "1.0")}
    assert capsys.readouterr().out == "3 of 3 pinned versions audited by osv\n"


@pytest.mark.parametrize("status", [404, 503])
def test_a_feed_that_does_not_answer_is_said_and_fails_nothing(
    lock: Path, project: Path, capsys: pytest.CaptureFixture[str], status: int
) -> None:
    with osv(HOLED, status=status) as (url, requests):
        assert main([str(lock), "--osv-url", url, "--project", str(project)]) == 0
    assert len(requests) == 1
    assert capsys.readouterr().out == "not audited: no vulnerability feed can be reached (osv)\n"


def test_nor_does_a_feed_that_is_not_there(
    lock: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"http://127.0.0.1:{g.closed_port()}/v1/query"
    assert main([str(lock), "--osv-url", url, "--project", str(project)]) == 0
    assert capsys.readouterr().out == "not audited: no vulnerability feed can be reached (osv)\n"


@pytest.mark.parametrize("name", ["GHSA-1111", "CVE-2026-1"])
def test_what_is_accepted_by_one_of_its_ids_is_no_complaint(name: str) -> None:
    entry = Vulnerability(("holed", "1.0"), ("CVE-2026-1", "GHSA-1111"), ("1.1",), "Reads what it should not")
    pins = {entry.pin: ["some.lock"]}
    assert complaints([entry], {}, pins) == [COMPLAINT]
    assert complaints([entry], {name: "we never call that function"}, pins) == []


def test_what_is_accepted_and_not_there_is_one() -> None:
    assert complaints([], {"GHSA-2222": "once"}, {}) == [
        "GHSA-2222 is accepted in pyproject.toml, but no pinned version has it"
    ]


@pytest.mark.parametrize("reason", ['""', '"  "', "true"])
def test_nothing_is_accepted_without_a_reason(lock: Path, project: Path, reason: str) -> None:
    project.write_text(f"[tool.audit.accepted]\nGHSA-1111 = {reason}\n", "utf-8")
    with pytest.raises(AuditFailed, match=re.escape('"GHSA-1111" needs a reason')):
        read_accepted(project)
    assert main([str(lock), "--project", str(project)]) == 1


def test_a_lock_that_pins_nothing_fails(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(project), "--project", str(project)]) == 1
    assert capsys.readouterr().out == f"not audited: {project} pins nothing\n"


def test_every_pin_of_our_own_locks_is_read() -> None:
    locks = [*ROOT.glob("*.lock"), *ROOT.glob("tests/*/*.lock")]
    assert {lock.name for lock in locks} >= {"requirements.lock", "requirements-tools.lock", "litellm.lock"}
    lines = {line for lock in locks for line in lock.read_text("utf-8").splitlines() if line[:1].isalnum()}
    pins = {re.sub(r"\[.*\]| .*", "", line) for line in lines}
    assert {"==".join(pin) for pin in read_pins(locks)} == pins
