"""A pooler that shares sessions among clients is refused where a lock is needed."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.demo.stories import steady
from monitor.errors import StoreError
from monitor.store.connection.engine import open_engine
from monitor.store.connection.locks import leader_lock
from tests.support import gateway as g
from tests.support.command import config_file, monitor
from tests.support.pooler import TransactionPooler


@g.ON_POSTGRES
def test_a_pooler_in_transaction_mode_can_carry_no_lock(engine: Engine, database_url: str) -> None:
    with TransactionPooler(database_url) as pooler:
        pooled = open_engine(pooler.url)
        with pytest.raises(StoreError, match="through a pooler in transaction mode"):
            leader_lock(pooled).try_acquire()
        pooled.dispose()
    direct = leader_lock(engine)
    assert direct.try_acquire()
    direct.release()


@g.ON_POSTGRES
@pytest.mark.parametrize("command", ["run", "sweep"])
def test_the_daemon_and_a_sweep_say_what_to_name_instead(
    command: str, database_url: str, tmp_path: Path
) -> None:
    with g.gateway(steady(2)) as there:
        direct = config_file(tmp_path, there.base_url, database_url, name="direct.toml")
        assert monitor(direct, "db", "upgrade").returncode == 0
        with TransactionPooler(database_url) as pooler:
            done = monitor(config_file(tmp_path, there.base_url, pooler.url), command)
        assert done.returncode == 4, done.stderr
        assert "name the server itself, or a pool with pool_mode=session" in done.stderr
        assert not there.requests
