"""What the page says of waiting sweeps: how many, since when and why, and nothing of addresses."""

from dataclasses import replace
from pathlib import Path

from monitor.app.daemon.spooling import waiting_notices
from monitor.core.domain.policy import Policy
from monitor.errors import NotSpooled, StoreUnavailable
from monitor.spool.directory import Spool
from monitor.spool.record import SpoolRecord
from monitor.store.connection.engine import open_engine
from monitor.store.write.replay import LateSweep
from monitor.sweep import Recorder
from tests.store import histories

WHY = (
    "database postgresql://u@db.internal:5432/history cannot be reached: check that the server runs "
    '(connection to server at "10.0.0.7" failed)'
)


def recorder_in(directory: Path) -> Recorder:
    spool = Spool(directory / "spool", "x", max_size=10**6)
    return Recorder(
        engine=open_engine("postgresql://u@db.internal:5432/history"),
        spool=spool,
        now=lambda: histories.START,
    )


def words(recorder: Recorder) -> list[str]:
    notices = waiting_notices(recorder)
    assert all(notice.is_trouble for notice in notices)
    return [notice.words for notice in notices]


def test_nothing_is_said_while_nothing_waits(tmp_path: Path) -> None:
    assert words(recorder_in(tmp_path)) == []


def test_it_says_that_the_database_is_away_before_anything_waits(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path)
    recorder.lost(StoreUnavailable(WHY))
    assert words(recorder) == [
        "the database is away since 2026-04-06 12:00:00 UTC: it cannot be reached: check that the server runs"
    ]


def test_it_counts_what_waits_and_names_no_address(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path)
    assert recorder.spool
    recorder.lost(StoreUnavailable(WHY))
    sweep = histories.sweep(histories.START, {"m/a": histories.UP})
    for provider in ("a", "b"):
        late = LateSweep(sweep=replace(sweep, provider=provider), policy=Policy(), token="0")  # noqa: S106
        recorder.spool.keep(SpoolRecord(late=late, database="x"))
    (said,) = words(recorder)
    assert said.startswith(
        "2 sweeps wait for the database since 2026-04-06 12:00:00 UTC: it cannot be reached:"
    )
    assert "db.internal" not in said
    assert "10.0.0.7" not in said


def test_it_says_why_no_sweep_can_be_kept_without_the_directory(tmp_path: Path) -> None:
    recorder = recorder_in(tmp_path)
    assert recorder.spool
    recorder.refused("a", NotSpooled(f"{recorder.spool.directory} is full: 9 of 9 bytes are taken"))
    assert words(recorder) == ["no sweep can be kept meanwhile: the spool is full: 9 of 9 bytes are taken"]
