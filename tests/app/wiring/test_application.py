"""What commands are given: the database for writing, never a new one in the place of a history."""

from pathlib import Path

import pytest

from monitor.app.wiring.application import App
from monitor.app.wiring.spool import spool_of
from monitor.config import Settings
from monitor.core.domain.policy import Policy
from monitor.errors import StoreUnavailable
from monitor.spool.record import SpoolRecord
from monitor.store.write.replay import LateSweep
from tests.store import histories


def test_no_database_is_made_while_sweeps_wait_for_one(sqlite_url: str, tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"database": {"url": sqlite_url}, "spool": {"directory": str(tmp_path / "spool")}}
    )
    app = App(settings, {})
    spool = spool_of(settings, app.open_store())
    late = LateSweep(
        sweep=histories.sweep(histories.START, {"m/a": histories.UP}),
        policy=Policy(),
        token="0",  # noqa: S106
    )
    file = spool.keep(SpoolRecord(late=late, database=spool.database))
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    with pytest.raises(StoreUnavailable, match="does not exist, but sweeps wait for it in the spool"):
        app.prepared()
    assert not path.exists()
    file.unlink()
    app.prepared()
    assert path.exists()
    app.close()
