"""`monitor doctor`: one line for each cause, in the order of dependence, and nothing is changed."""

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from monitor.clock import utc_now
from monitor.demo.stories import steady
from tests.support import gateway as g
from tests.support.command import Done, config_file, monitor
from tests.support.process import Process, wait_for


def lines_of(done: Done) -> dict[str, list[dict[str, str]]]:
    """Return what the command printed as JSON, by the check's name."""
    lines: list[dict[str, str]] = json.loads(done.stdout)
    return {line["name"]: [other for other in lines if other["name"] == line["name"]] for line in lines}


def test_a_sound_set_up_has_no_fault_and_nothing_is_created(sqlite_url: str, tmp_path: Path) -> None:
    with g.gateway(steady(3)) as there:
        config = config_file(tmp_path, there.base_url, sqlite_url)
        before = {path.name for path in tmp_path.rglob("*")}
        done = monitor(config, "doctor")
    assert done.returncode == 0, done.stdout
    assert "fault " not in done.stdout
    assert "ok      catalog nvidia: 3 models, 3 of them watched" in done.stdout
    assert "there is no history yet; monitor run" in done.stdout
    assert {path.name for path in tmp_path.rglob("*")} == before


def test_a_name_that_does_not_resolve_is_one_line(sqlite_url: str, tmp_path: Path) -> None:
    config = config_file(tmp_path, "https://nothing.invalid/v1", sqlite_url)
    done = monitor(config, "doctor", "--json")
    lines = lines_of(done)
    assert done.returncode == 1
    assert [line["state"] for line in lines["dns"]] == ["fault"]
    assert not {"tcp", "tls", "catalog", "key", "clock"} & {*lines}
    assert [*lines["dns"][0]] == ["name", "subject", "state", "detail", "advice"]


def test_a_closed_port_and_a_wrong_key_are_named(sqlite_url: str, tmp_path: Path) -> None:
    closed = config_file(tmp_path, f"http://127.0.0.1:{g.closed_port()}/v1", sqlite_url)
    lines = lines_of(monitor(closed, "doctor", "--json"))
    assert lines["tcp"][0]["detail"] == "the connection is refused"
    missing = monitor(closed, "doctor", "--json", key=None)
    assert lines_of(missing)["secrets"][0]["state"] == "fault"
    assert "tcp" not in lines_of(missing)


class Old(BaseHTTPRequestHandler):
    """A provider whose clock is an hour behind."""

    def do_GET(self) -> None:
        body = json.dumps({"data": [{"id": "maker/one"}]}).encode()
        self.send_response_only(200)
        self.send_header("Date", format_datetime(utc_now() - timedelta(hours=1), usegmt=True))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def old_server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Old) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


def test_a_clock_that_is_far_from_the_providers_is_a_fault(sqlite_url: str, tmp_path: Path) -> None:
    with old_server() as base_url:
        lines = lines_of(monitor(config_file(tmp_path, base_url, sqlite_url), "doctor", "--json"))
    (clock,) = lines["clock"]
    assert clock["state"] == "fault"
    assert "ahead of the provider's" in clock["detail"]


def test_a_leading_daemon_is_named_and_a_stopped_one_is_a_fault(sqlite_url: str, tmp_path: Path) -> None:
    with g.gateway(steady(2)) as there:
        config = config_file(tmp_path, there.base_url, sqlite_url, interval="1h")
        with Process(config, "run") as daemon:
            wait_for(lambda: "sweep_finished" in daemon.err, daemon)
            (leads,) = lines_of(monitor(config, "doctor", "--json"))["leader"]
            daemon.send(signal.SIGSTOP)
            (stopped,) = lines_of(monitor(config, "doctor", "--json"))["leader"]
            daemon.send(signal.SIGCONT)
    assert (leads["state"], stopped["state"]) == ("ok", "fault")
    assert f"process {daemon.pid} " in leads["detail"]
    assert stopped["advice"] == f"kill -CONT {daemon.pid} lets it go on"


def test_a_wrong_configuration_is_a_line_and_exit_code_2(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[[providers]]\nnme = 3\n")
    done = monitor(config, "doctor", "--json")
    lines = lines_of(done)
    assert done.returncode == 2
    assert lines["configuration"][0]["state"] == "fault"
    assert "python" in lines


def test_an_unreachable_postgres_and_a_port_of_others_are_faults(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        url = f"postgresql://me:pass-word@127.0.0.1:{g.closed_port()}/monitor"
        config = config_file(tmp_path, "https://nothing.invalid/v1", url, listen=listen)
        done = monitor(config, "doctor", "--json")
    lines = lines_of(done)
    assert lines["database"][0]["state"] == "fault"
    assert "pass-word" not in done.stdout
    assert lines["web"][0]["state"] == "fault"


def test_a_sweep_that_does_not_fit_its_interval_is_a_warning(sqlite_url: str, tmp_path: Path) -> None:
    with g.gateway(steady(40)) as there:
        config = config_file(tmp_path, there.base_url, sqlite_url, interval="1m", requests_per_minute=10)
        lines = lines_of(monitor(config, "doctor", "--json"))
    assert lines["schedule"][0]["state"] == "warning"
    assert "40 models at 10 requests a minute" in lines["schedule"][0]["detail"]


def test_a_channel_that_refuses_is_a_fault_with_send_alone(sqlite_url: str, tmp_path: Path) -> None:
    config = config_file(tmp_path, "https://nothing.invalid/v1", sqlite_url)
    table = f'[[notify]]\ntype = "webhook"\nurl = "http://127.0.0.1:{g.closed_port()}/hook"\n'
    config.write_text(f"{config.read_text()}\n{table}")
    assert lines_of(monitor(config, "doctor", "--json"))["channel"][0]["state"] == "ok"
    assert lines_of(monitor(config, "doctor", "--json", "--send"))["channel"][0]["state"] == "fault"
