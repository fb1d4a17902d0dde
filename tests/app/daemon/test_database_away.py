"""A database that goes away and comes back: nobody has to lend a hand."""

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from monitor.demo.stories import steady
from monitor.store.connection.engine import open_engine
from tests.support import gateway as g
from tests.support.command import config_file
from tests.support.own_postgres import OwnPostgres, own_postgres
from tests.support.process import WAIT_S, Process, wait_for


@pytest.fixture
def postgres() -> Iterator[OwnPostgres]:
    with own_postgres() as server:
        yield server


def status_of(page: str, path: str) -> int:
    return httpx.get(f"{page}{path}", trust_env=False, timeout=WAIT_S).status_code


def test_leader_and_standby_outlive_a_restart_of_the_database(postgres: OwnPostgres, tmp_path: Path) -> None:
    """The leader's page stays and says so; afterwards one leads and sweeps, the other stands by."""
    with g.gateway(steady(5)) as there:
        config = config_file(tmp_path, there.base_url, postgres.url, interval="10s")
        with Process(config, "run") as leader:
            page = leader.page
            assert status_of(page, "/") == 200
            with Process(config, "run") as standby:
                wait_for(lambda: "standby" in standby.out, standby)
                postgres.stop()
                wait_for(
                    lambda: "database_unreachable" in leader.err and "database_unreachable" in standby.err,
                    leader,
                )
                assert status_of(page, "/healthz") == 200
                assert status_of(page, "/readyz") == 503
                assert "What is shown is as of" in httpx.get(page, trust_env=False, timeout=WAIT_S).text
                postgres.start()
                probes = len(there.probes)
                wait_for(lambda: len(there.probes) > probes + 5, leader)
                assert (leader.is_alive, standby.is_alive) == (True, True)
                assert leader.err.count("database_unreachable") == 1
                for process in (leader, standby):
                    process.send(signal.SIGTERM)
                    assert process.wait() == 0, process.err
    history = open_engine(postgres.url)
    assert g.model_events(history) == 5
    history.dispose()
