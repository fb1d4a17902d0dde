"""`monitor doctor`: one line for each cause, in the order of dependence, and nothing is changed."""

import asyncio
import json
import os
import signal
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Final

import pytest
from sqlalchemy import make_url, text

from monitor.app.daemon.leadership import Leadership
from monitor.app.doctor import database
from monitor.clock import utc_now
from monitor.core.domain.policy import Policy
from monitor.demo.stories import steady
from monitor.process.file_writer import process_words
from monitor.spool.directory import Spool
from monitor.spool.record import SpoolRecord
from monitor.store.admin.migrate import prepare
from monitor.store.connection.closing import close_all
from monitor.store.connection.engine import open_engine, writing
from monitor.store.connection.locks import leader_lock
from monitor.store.write.replay import LateSweep
from tests.store import histories
from tests.support import gateway as g
from tests.support.command import Done, config_file, monitor
from tests.support.pooler import TransactionPooler
from tests.support.process import Process, wait_for

_NO_RIGHTS: Final = 65534  # nobody's number


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
    assert lines["tcp"][0]["advice"] == "check host, port, http or https, and firewalls"
    missing = monitor(closed, "doctor", "--json", key=None)
    assert lines_of(missing)["secrets"][0]["state"] == "fault"
    assert "tcp" not in lines_of(missing)


class Old(BaseHTTPRequestHandler):
    """A provider whose clock is behind, an hour unless it is said."""

    behind = timedelta(hours=1)

    def do_GET(self) -> None:
        body = json.dumps({"data": [{"id": "maker/one"}]}).encode()
        self.send_response_only(200)
        self.send_header("Date", format_datetime(utc_now() - self.behind, usegmt=True))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class FewMinutes(Old):
    """As `Old`, a few minutes."""

    behind = timedelta(minutes=4)


@contextmanager
def old_server(answers: type[Old]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), answers) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("answers", "state"), [(Old, "fault"), (FewMinutes, "warning")])
def test_a_clock_that_is_off_is_a_warning_and_one_that_is_far_off_a_fault(
    answers: type[Old], state: str, sqlite_url: str, tmp_path: Path
) -> None:
    with old_server(answers) as base_url:
        lines = lines_of(monitor(config_file(tmp_path, base_url, sqlite_url), "doctor", "--json"))
    (clock,) = lines["clock"]
    assert clock["state"] == state
    assert "ahead of the provider's" in clock["detail"]
    assert clock["advice"].startswith("set the clock")


def test_a_leading_daemon_and_its_page_are_named_and_a_stopped_one_is_a_fault(
    sqlite_url: str, tmp_path: Path
) -> None:
    """The standby says the same of the holder of the file's lock: what it is and what it does."""
    with g.gateway(steady(2)) as there:
        listen = f"127.0.0.1:{g.closed_port()}"
        config = config_file(tmp_path, there.base_url, sqlite_url, interval="1h", listen=listen)
        with Process(config, "run") as daemon:
            wait_for(lambda: "sweep_finished" in daemon.err, daemon)
            runs = lines_of(monitor(config, "doctor", "--json"))
            daemon.send(signal.SIGSTOP)
            engine = open_engine(sqlite_url)
            wait_for(lambda: "stopped" in leader_lock(engine).holder(), daemon)
            (stopped,) = lines_of(monitor(config, "doctor", "--json"))["leader"]
            said = list[str]()
            standby = Leadership(leader_lock(engine), said.append, lambda _error: None)
            asyncio.run(standby.stand_by())
            daemon.send(signal.SIGCONT)
            engine.dispose()
    assert (runs["leader"][0]["state"], runs["web"][0]["state"], stopped["state"]) == ("ok", "ok", "fault")
    assert runs["web"][0]["detail"] == "a running daemon answers, and is healthy"
    assert f"process {daemon.pid} " in runs["leader"][0]["detail"]
    assert f"process {daemon.pid} " in stopped["detail"]
    assert stopped["advice"] == f"kill -CONT {daemon.pid} lets it go on"
    (line,) = said
    assert line.startswith(f"standby: process {daemon.pid} on ")
    assert "(stopped: `kill -CONT` lets it go on, `kill -KILL` ends it)" in line
    assert line.endswith("leads this database; taking over when it ends")


def test_a_daemon_whose_file_is_gone_says_so_to_who_sees_only_that_there_is_none(
    sqlite_url: str, tmp_path: Path
) -> None:
    with g.gateway(steady(2)) as there:
        port = g.closed_port()
        config = config_file(tmp_path, there.base_url, sqlite_url, interval="2s", listen=f"127.0.0.1:{port}")
        file = Path(sqlite_url.removeprefix("sqlite:///"))
        with Process(config, "run") as daemon:
            wait_for(lambda: "sweep_finished" in daemon.err, daemon)
            file.rename(tmp_path / "aside.db")
            wait_for(lambda: "sweep_id=null" in daemon.err, daemon)
            done = monitor(config, "doctor", "--json")
    lines = lines_of(done)
    assert done.returncode == 1
    assert lines["database"][0]["state"] == "fault"
    assert "does not exist, but sweeps wait for it" in lines["database"][0]["detail"]
    assert lines["web"][0]["state"] == "fault"
    assert "was deleted or moved away while it was open" in lines["web"][0]["detail"]


def test_a_wrong_configuration_is_a_line_and_exit_code_2(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[[providers]]\nnme = 3\n")
    done = monitor(config, "doctor", "--json")
    lines = lines_of(done)
    assert done.returncode == 2
    assert lines["configuration"][0]["state"] == "fault"
    assert "python" in lines


def test_a_role_that_may_only_read_is_a_fault_of_the_database(postgres_url: str, tmp_path: Path) -> None:
    owner = open_engine(postgres_url)
    prepare(owner)
    role = f"reader_{tmp_path.name}".lower()[:60]
    with writing(owner) as connection:
        connection.execute(text(f'CREATE ROLE "{role}" LOGIN'))
        connection.execute(text(f'GRANT USAGE ON SCHEMA public TO "{role}"'))
        connection.execute(text(f'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{role}"'))
    url = make_url(postgres_url).set(username=role).render_as_string(hide_password=False)
    config = config_file(tmp_path, f"http://127.0.0.1:{g.closed_port()}/v1", url)
    faults = [line["detail"] for line in lines_of(monitor(config, "doctor", "--json"))["database"]]
    assert "its schema is this version's" in faults
    assert any(
        line.startswith("this role may not write ") and line.endswith("so no sweep is recorded")
        for line in faults
    ), faults
    with writing(owner) as connection:
        connection.execute(text(f'DROP OWNED BY "{role}"'))
        connection.execute(text(f'DROP ROLE "{role}"'))
    owner.dispose()


def test_a_pooler_in_transaction_mode_is_a_fault_of_the_database(postgres_url: str, tmp_path: Path) -> None:
    owner = open_engine(postgres_url)
    prepare(owner)
    with TransactionPooler(postgres_url) as pooler:
        config = config_file(tmp_path, f"http://127.0.0.1:{g.closed_port()}/v1", pooler.url)
        lines = lines_of(monitor(config, "doctor", "--json"))["database"]
    assert [line["state"] for line in lines][-1] == "fault"
    assert "reached through a pooler in transaction mode" in lines[-1]["detail"]
    owner.dispose()


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


def test_a_rejected_key_is_a_fault_and_is_not_shown(sqlite_url: str, tmp_path: Path) -> None:
    with g.gateway(steady(2)) as there:
        done = monitor(
            config_file(tmp_path, there.base_url, sqlite_url), "doctor", "--json", key="nvapi-wrong-one"
        )
    (key,) = lines_of(done)["key"]
    assert (done.returncode, key["state"]) == (1, "fault")
    assert "put a valid key in its place" in key["advice"]
    assert "nvapi-wrong-one" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("mode", "state", "advice"),
    [(0o600, "ok", ""), (0o644, "warning", "chmod 600"), (0o666, "fault", "chmod o-w")],
)
def test_a_configuration_with_a_secret_is_for_its_owner(
    mode: int, state: str, advice: str, sqlite_url: str, tmp_path: Path
) -> None:
    config = config_file(tmp_path, "https://nothing.invalid/v1", sqlite_url)
    table = '[[notify]]\ntype = "webhook"\nurl = "http://127.0.0.1:1/hook-s3cret-path"\n'
    config.write_text(f"{config.read_text()}\n{table}")
    config.chmod(mode)
    done = monitor(config, "doctor", "--json")
    (files,) = lines_of(done)["files"]
    assert files["state"] == state
    assert files["advice"].startswith(advice)
    assert "s3cret" not in done.stdout


@pytest.mark.skipif(os.getuid() != 0, reason="only root becomes another user")
def test_a_data_directory_that_its_user_may_not_write_is_a_fault() -> None:
    with TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        config = config_file(place, "https://nothing.invalid/v1", f"sqlite:///{place}/data/monitor.db")
        engine = open_engine(f"sqlite:///{place}/data/monitor.db")
        prepare(engine)
        close_all([engine])
        for each in (config, place / "data", place / "data/monitor.db"):
            each.chmod(0o755 if each.is_dir() else 0o644)
        os.setresuid(_NO_RIGHTS, _NO_RIGHTS, 0)
        try:
            lines = lines_of(monitor(config, "doctor", "--json"))
        finally:
            os.setresuid(0, 0, 0)
    (line,) = lines["database"]
    assert line["state"] == "fault"
    assert "without the right to write its directory" in line["detail"]


def test_sweeps_that_wait_and_a_lock_that_is_held_are_warnings(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_LOCK_S", 0.1)
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    engine = open_engine(sqlite_url)
    prepare(engine)
    spool = Spool(file.parent / "spool", f"../{file.name}", max_size=10**6)
    sweep = histories.sweep(histories.START, {"m/a": histories.UP})
    late = LateSweep(sweep=sweep, policy=Policy(), token="ab")  # noqa: S106 - no secret
    spool.keep(SpoolRecord(late=late, database=spool.database))
    config = config_file(tmp_path, "https://nothing.invalid/v1", sqlite_url)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        held = lines_of(monitor(config, "doctor", "--json"))
        other.execute("ROLLBACK")
    free = lines_of(monitor(config, "doctor", "--json"))
    close_all([engine])
    assert (held["spool"][0]["state"], held["spool"][0]["detail"][:15]) == ("warning", "1 sweep waits f")
    locked = [line for line in held["database"] if "held its write lock" in line["detail"]]
    assert [line["state"] for line in locked] == ["warning"]
    assert process_words(os.getpid()) in locked[0]["advice"]
    assert not any("write lock" in line["detail"] for line in free["database"])
