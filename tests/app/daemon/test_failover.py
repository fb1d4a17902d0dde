"""Postgres with more than one server: a standby is refused for writing, and a failover costs no sweep."""

import signal
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from monitor.demo.stories import steady
from tests.support import gateway as g
from tests.support.command import config_file, monitor
from tests.support.own_postgres import OwnPostgres, own_postgres
from tests.support.process import Process, wait_for

MODELS = 8


def sweeps_in(server: OwnPostgres) -> list[tuple[str, int]]:
    """Return verdict and number of answers of each finished sweep, the oldest first."""
    query = "SELECT verdict, available FROM sweep_history WHERE finished_at IS NOT NULL ORDER BY started_at"
    with psycopg.connect(server.url) as connection:
        return list(connection.execute(query).fetchall())


def both(one: OwnPostgres, two: OwnPostgres) -> str:
    """Return the address of whichever of two servers writes."""
    first, second = (make_url(server.url) for server in (one, two))
    query = {
        "host": f"{first.query['host']},{second.query['host']}",
        "target_session_attrs": "read-write",
    }
    return first.set(query=query).render_as_string(hide_password=False)


def test_a_read_only_standby_is_refused_by_the_daemon_and_read_by_commands(tmp_path: Path) -> None:
    with own_postgres() as server, g.gateway(steady(MODELS)) as there:
        config = config_file(tmp_path, there.base_url, server.url)
        assert monitor(config, "sweep").returncode == 0
        server.become_standby_of_nobody()
        done = monitor(config, "run")
        assert done.returncode == 4, done.stderr
        assert "is a read-only standby: name the primary server" in done.stderr
        assert "Traceback" not in done.stderr
        listed = monitor(config, "list")
        assert (listed.returncode, len(listed.stdout.split())) == (0, MODELS)


def test_a_failover_in_mid_sweep_costs_no_answer(tmp_path: Path) -> None:
    """The second server has what the first held at the start: what was written since is made good."""
    with own_postgres() as first, g.gateway(steady(MODELS), latency_s=0.5) as there:
        config = config_file(tmp_path, there.base_url, first.url, interval="24h", concurrency=1)
        assert monitor(config, "db", "upgrade").returncode == 0
        with own_postgres(like=first) as second:
            second.become_standby_of_nobody()
            text = config.read_text("utf-8").replace(first.url, both(first, second))
            config.write_text(text, "utf-8")
            with Process(config, "run") as daemon:
                wait_for(lambda: len(there.probes) >= 2, daemon)
                there.server.latency_s = 15.0  # a model that is asked now answers after the failover
                probes = len(there.probes)
                wait_for(lambda: len(there.probes) > probes, daemon)
                first.stop()
                second.promote()
                there.server.latency_s = 0.0
                wait_for(lambda: sweeps_in(second), daemon)
                daemon.send(signal.SIGTERM)
                assert daemon.wait() == 0, daemon.err
            assert sweeps_in(second) == [("conclusive", MODELS)]
            assert len(there.probes) == MODELS
