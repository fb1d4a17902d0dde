"""A process that begins while the database is away sweeps from what is known, and makes no new history."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.core.domain.sweep import ModelOrigin
from monitor.demo.stories import steady
from monitor.errors import StoreUnavailable
from monitor.store.admin import check
from monitor.store.connection.engine import sqlite_path
from monitor.sweep import recall, require_history, spooled_until
from monitor.sweep.keeping.memory_document import memory_document, read_memory
from tests.support import gateway as g
from tests.sweep.keeping.test_away import AWAY, MODELS, Process


@pytest.fixture
def there() -> Iterator[g.Gateway]:
    with g.gateway(steady(MODELS)) as there:
        yield there


def killed(engine: Engine, tmp_path: Path, there: g.Gateway) -> Process:
    """Return a process that is killed while the database is away, two sweeps after that began."""
    process = Process(engine, tmp_path, there.base_url)
    process.sweep(0)
    process.recorder.lost(AWAY)
    process.sweep(1)
    process.sweep(2)
    return process


def begin(engine: Engine, tmp_path: Path, there: g.Gateway) -> Process:
    """Return the process after it, which does not reach the database either."""
    process = Process(engine, tmp_path, there.base_url)
    process.recorder.lost(AWAY)
    return process


@g.ON_SQLITE
def test_it_goes_on_where_the_one_before_was_killed(engine: Engine, tmp_path: Path, there: g.Gateway) -> None:
    before = killed(engine, tmp_path, there)
    file, aside = sqlite_path(engine), tmp_path / "aside.db"
    engine.dispose()
    file.rename(aside)
    process = begin(engine, tmp_path, there)
    assert recall(process.recorder, process.target)
    name, at = process.target.provider, g.hours(3)
    assert process.recorder.memories[name].start_at(at, at) == before.recorder.memories[name].start_at(at, at)
    assert spooled_until(process.recorder, process.target) == g.hours(2)
    requests = len(there.probes)
    assert process.sweep(3).sweep_id is None
    assert len(there.probes) == requests + MODELS
    with pytest.raises(StoreUnavailable, match="does not exist, but sweeps wait for it in the spool"):
        require_history(engine, process.spool)
    aside.rename(file)
    process.come_back()
    assert [each.slot for each in g.finished(engine)] == [g.hours(hour) for hour in range(4)]
    assert check.check(engine) == []
    assert list(process.spool.directory.iterdir()) == []


@g.ON_SQLITE
def test_without_the_spools_memory_it_reads_the_history_where_that_can_be_read(
    engine: Engine, tmp_path: Path, there: g.Gateway
) -> None:
    Process(engine, tmp_path, there.base_url).sweep(0)
    process = begin(engine, tmp_path, there)  # a locked file can be read
    assert recall(process.recorder, process.target)
    assert process.sweep(1).sweep_id is None
    process.come_back()
    assert [each.available for each in g.finished(engine)] == [MODELS, MODELS]


@g.ON_SQLITE
def test_what_was_left_when_nothing_waits_any_more_is_not_believed(
    engine: Engine, tmp_path: Path, there: g.Gateway
) -> None:
    before = killed(engine, tmp_path, there)
    for file in before.spool.waiting():
        file.unlink()
    process = begin(engine, tmp_path, there)
    assert recall(process.recorder, process.target)
    assert process.recorder.memories != before.recorder.memories
    process.spool.settle()
    assert before.spool.memories.read(before.target.provider) is None


@g.ON_SQLITE
def test_nothing_is_known_where_nothing_can_be_read(engine: Engine, tmp_path: Path, there: g.Gateway) -> None:
    engine.dispose()
    sqlite_path(engine).unlink()
    process = begin(engine, tmp_path, there)
    assert not recall(process.recorder, process.target)
    require_history(engine, process.spool)  # the first start of all makes the database
    assert spooled_until(process.recorder, process.target) is None


@g.ON_SQLITE
def test_an_empty_file_is_no_place_for_a_new_history_either(
    engine: Engine, tmp_path: Path, there: g.Gateway
) -> None:
    before = killed(engine, tmp_path, there)
    engine.dispose()
    sqlite_path(engine).write_bytes(b"")
    with pytest.raises(StoreUnavailable, match=r"is empty, but .*`monitor db restore FILE`"):
        require_history(engine, before.spool)


@g.ON_SQLITE
def test_a_memory_reads_back_as_it_was(engine: Engine, tmp_path: Path, there: g.Gateway) -> None:
    before = killed(engine, tmp_path, there)
    (memory,) = before.recorder.memories.values()
    origins = {"a": ModelOrigin("a", "Ä", g.hours(0))}
    memory = replace(memory, start=replace(memory.start, origins=origins, spent_today=memory.spent))
    assert memory.start.state.models
    assert read_memory(memory_document(memory)) == memory


@pytest.mark.parametrize("spoil", ["", "{", "[]", '{"schema": "0001"}'])
def test_what_is_no_memory_of_this_version_is_none(spoil: str) -> None:
    assert read_memory(spoil) is None
