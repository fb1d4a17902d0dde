"""Records made from columns are those that are made from the sweeps themselves, letter by letter."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from monitor.core.domain.sweep import ModelOrigin
from monitor.core.domain.vocabulary import Verdict
from monitor.report.formats.record_lines import format_batches
from monitor.report.formats.records import format_record
from monitor.store.write import export
from monitor.store.write.export import read_batches
from monitor.store.write.import_export import add_sweeps, read_sweeps
from monitor.store.write.record import add_observations, close_interrupted, open_sweep
from monitor.store.write.void import void
from tests.store import histories
from tests.support.lives import Lives

HOUR = timedelta(hours=1)


def compare(engine: Engine, *, providers: tuple[str, ...] = (), **span: datetime) -> int:
    """Compare the lines of both ways; returns how many there are."""
    lines = list(format_batches(read_batches(engine, providers=providers, **span)))
    assert lines == [format_record(sweep) for sweep in read_sweeps(engine, providers=providers, **span)]
    return len(lines)


def test_a_history_with_everything_that_can_go_wrong(
    engine: Engine, lives: Lives, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives.through(engine, (41, 26), (42, 6, "other"))
    monkeypatch.setattr(export, "_SWEEPS_AT_ONCE", 7)
    monkeypatch.setattr(export, "_MOST_PROTOTYPES", 5)  # they are forgotten again and again
    assert compare(engine) > 30
    (first, *_) = read_sweeps(engine)
    middle = first.started_at + 8 * HOUR
    assert compare(engine, since=middle, providers=("other", "no\0body")) < compare(engine, until=middle)
    assert compare(engine, providers=("nobody",)) == 0


def test_a_sweep_that_was_cut_short_before_its_catalog_lists_what_it_observed(engine: Engine) -> None:
    answers = {"b": histories.UP, "a": histories.DOWN, "c": histories.BUSY}
    sweep = histories.sweep(histories.START, answers)
    opened = open_sweep(
        engine,
        provider=sweep.provider,
        vantage=sweep.vantage,
        slot=None,
        started_at=sweep.started_at,
        policy=histories.POLICY,
    )
    assert opened is not None
    moments = (900, 10_000, 10_000)
    cut = [replace(each, at_ms=at) for each, at in zip(sweep.observations, moments, strict=True)]
    add_observations(engine, opened, cut)
    close_interrupted(engine, sweep.provider, sweep.vantage)
    (read,) = read_sweeps(engine)
    assert read.listed == ("b", "a", "c")
    assert compare(engine) == 1


def test_voided_and_imported_sweeps_and_origins(engine: Engine) -> None:
    created = datetime(2025, 5, 1, tzinfo=UTC)
    answers = {"a/x": histories.UP, 'b/"ü': histories.DOWN}
    first = replace(histories.sweep(histories.START, answers), slot=None)
    origins = (ModelOrigin("a/x", "owner", created),)
    histories.live(engine, replace(first, origins=origins))
    histories.live(
        engine, replace(first, started_at=first.started_at + HOUR, finished_at=first.finished_at + HOUR)
    )
    start = first.started_at + 2 * HOUR
    told = replace(first, started_at=start, finished_at=start + HOUR, cause="network", detail="no route")
    add_sweeps(engine, [replace(told, verdict=Verdict.INCONCLUSIVE)], lambda _name: histories.POLICY)
    assert compare(engine) == 3
    (batch,) = read_batches(engine)
    void(engine, batch.sweeps[0].id, "a mistake")
    assert compare(engine) == 3
    assert compare(engine, since=start) == 1
