"""The health check of a container: what counts as well."""

import socket
import socketserver
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from monitor.healthcheck import verdict


@contextmanager
def server_that_says(answer: bytes) -> Iterator[str]:
    """Answer every connection with the same bytes; yield the address to ask."""

    class Same(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(4096)
            self.request.sendall(answer)

    with socketserver.TCPServer(("127.0.0.1", 0), Same) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/healthz"
        finally:
            server.shutdown()
            thread.join(5)


@contextmanager
def silent_port(*, listening: bool) -> Iterator[str]:
    """Keep a port that nobody serves: one that accepts and is silent, or one that refuses."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        if listening:
            kept.listen()
        yield f"http://127.0.0.1:{kept.getsockname()[1]}/healthz"


@pytest.mark.parametrize(
    ("answer", "well", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True, "HTTP 200"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", False, "HTTP 204"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", False, "HTTP 302"),
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", False, "HTTP 503"),
        (b"SSH-2.0-something\r\n", False, "no answer: BadStatusLine"),
        (b"", False, "no answer: RemoteDisconnected"),
    ],
)
def test_only_status_200_is_well(answer: bytes, well: bool, reason: str) -> None:
    with server_that_says(answer) as url:
        assert verdict({"MONITOR_HEALTH_URL": url}) == (well, reason)


def test_a_daemon_that_accepts_but_never_answers_is_not_well() -> None:
    with silent_port(listening=True) as url:
        assert verdict({"MONITOR_HEALTH_URL": url}, timeout_s=0.1) == (False, "no answer: TimeoutError")


@pytest.mark.parametrize(("standby", "well"), [(None, False), ("", False), ("no", False), ("ok", True)])
def test_a_port_that_nobody_listens_at_is_well_only_for_a_standby(standby: str | None, well: bool) -> None:
    with silent_port(listening=False) as url:
        environment = {"MONITOR_HEALTH_URL": url}
        if standby is not None:
            environment["MONITOR_HEALTH_STANDBY"] = standby
        assert verdict(environment)[0] is well


@pytest.mark.parametrize("url", ["https://127.0.0.1/healthz", "127.0.0.1:8080", "http://", "http://h:x/"])
def test_an_address_that_is_no_http_url_is_named_as_the_fault(url: str) -> None:
    assert verdict({"MONITOR_HEALTH_URL": url}) == (False, "MONITOR_HEALTH_URL is not an http URL")


def test_the_check_ends_with_its_exit_code_and_loads_nothing_heavy() -> None:
    question = (
        "import sys, monitor.healthcheck as check\n"
        "heavy = {'pydantic', 'sqlalchemy', 'fastapi', 'httpx', 'click'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}') if heavy else check.main()\n"
    )
    with silent_port(listening=False) as url:
        done = subprocess.run(
            [sys.executable, "-c", question],
            env={"MONITOR_HEALTH_URL": url},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert (done.returncode, done.stdout) == (1, "nothing listens at the health address\n"), done.stderr
