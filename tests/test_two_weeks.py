"""Two scripted weeks: the same views on both databases, by import, by export, and lived step by step."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.app.tasks.import_files import checked_records, write_lines
from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Sweep
from monitor.core.lifecycle.fold import fold
from monitor.report.formats.record_lines import format_batches
from monitor.report.formats.records import format_record
from monitor.store.admin import check
from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import Engine, open_engine
from monitor.store.derived.states import load_state
from monitor.store.write.export import read_batches
from monitor.store.write.import_export import Imported, add_sweeps, read_sweeps
from monitor.store.write.record import add_observations, close_sweep, open_sweep
from tests.store import views
from tests.support import gateway as g
from tests.support.command import config_file, monitor
from tests.support.postgres import PostgresServer
from tests.support.weeks import two_weeks

POLICY = Policy()
STORY = two_weeks(1, sweeps_per_day=8, models=24)


@pytest.fixture(scope="module")
def both(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer
) -> Iterator[tuple[Engine, Engine]]:
    """Give the two weeks, imported once into a SQLite file and once into Postgres."""
    place = tmp_path_factory.mktemp("weeks")
    postgres_url = postgres_server.create_database()
    engines = (open_engine(f"sqlite:///{place}/weeks.db"), open_engine(postgres_url))
    for each in engines:
        prepare(each)
        assert import_all(each, STORY) == Imported(len(STORY), 0)
    yield engines
    for each in engines:
        each.dispose()
    postgres_server.drop_database(postgres_url)


def import_all(engine: Engine, sweeps: tuple[Sweep, ...] | list[Sweep]) -> Imported:
    return add_sweeps(engine, sweeps, lambda _provider: POLICY)


def live(engine: Engine, told: Sweep) -> None:
    """Record one sweep as the daemon does."""
    opened = open_sweep(
        engine,
        provider=told.provider,
        vantage=told.vantage,
        slot=told.slot,
        started_at=told.started_at,
        policy=POLICY,
    )
    assert opened is not None
    add_observations(engine, opened, told.observations[: len(told.observations) // 2])
    close_sweep(engine, opened, told, fold(load_state(engine, told.provider), told, POLICY))


def test_the_story_has_everything_in_it_that_the_views_tell(both: tuple[Engine, Engine]) -> None:
    kinds = {row[3] for row in views.rows(both[0], "change_history")}
    assert kinds >= {
        "appeared",
        "reappeared",
        "became_available",
        "became_unavailable",
        "retired",
        "retirement_announced",
        "flapping_started",
        "flapping_stopped",
    }
    assert len({row[6] for row in views.rows(both[0], "sweep_history")}) >= 4, "causes, none among them"
    assert all(views.all_rows(both[0]).values()), "no view is empty"


@pytest.mark.parametrize("view", views.COLUMNS)
def test_both_databases_give_the_same_rows(both: tuple[Engine, Engine], view: str) -> None:
    assert views.rows(both[0], view) == views.rows(both[1], view)


def test_both_databases_give_the_same_types_of_columns(both: tuple[Engine, Engine]) -> None:
    for view in views.COLUMNS:
        shapes = [
            {tuple("null" if value is None else type(value).__name__ for value in row) for row in found}
            for found in (views.rows(both[0], view), views.rows(both[1], view))
        ]
        assert shapes[0] == shapes[1], view


def test_importing_again_changes_nothing(both: tuple[Engine, Engine]) -> None:
    for engine in both:
        before = views.all_rows(engine)
        assert import_all(engine, STORY) == Imported(0, len(STORY))
        assert views.all_rows(engine) == before


def test_the_databases_are_sound(both: tuple[Engine, Engine]) -> None:
    for engine in both:
        assert check.check(engine) == []


def test_what_is_exported_is_what_was_imported(both: tuple[Engine, Engine]) -> None:
    for engine in both:
        assert list(read_sweeps(engine)) == list(STORY)


def test_export_and_import_through_a_file_give_the_same_views(
    both: tuple[Engine, Engine], tmp_path: Path
) -> None:
    """The file of one database goes into an empty one of the other kind's making, packed."""
    file = tmp_path / "weeks.jsonl.gz"
    assert write_lines(format_batches(read_batches(both[1])), file) == len(STORY)
    fresh = open_engine(f"sqlite:///{tmp_path}/fresh.db")
    prepare(fresh)
    with checked_records([file]) as records:
        assert add_sweeps(fresh, records, lambda _: POLICY) == Imported(len(STORY), 0)
    assert views.all_rows(fresh) == views.all_rows(both[0])
    fresh.dispose()


def test_living_through_it_gives_the_rows_of_the_import(engine: Engine) -> None:
    story = two_weeks(7, sweeps_per_day=4, models=14)
    for told in story:
        live(engine, told)
    lived = views.all_rows(engine)
    exported = tuple(read_sweeps(engine))
    assert list(map(undecided, exported)) == list(map(undecided, story))
    assert imported(engine, story) == lived
    assert imported(engine, exported) == lived


def undecided(told: Sweep) -> Sweep:
    """Return what a sweep saw, without what was decided on it: a sweep made here is exported with that."""
    return replace(told, verdict=None, cause=None)


def imported(engine: Engine, story: tuple[Sweep, ...]) -> dict[str, list[tuple[object, ...]]]:
    """Return the views of the same story imported into the same database after it was emptied."""
    g.empty(engine)
    assert import_all(engine, story) == Imported(len(story), 0)
    return views.all_rows(engine)


def test_the_command_line_takes_the_weeks_in_and_gives_them_out_unchanged(tmp_path: Path) -> None:
    file, packed, back = (tmp_path / name for name in ("weeks.jsonl", "weeks.jsonl.gz", "back.jsonl"))
    story = two_weeks(3, days=2, models=12)
    write_lines(map(format_record, story), file)
    write_lines(map(format_record, story), packed)
    config = config_file(tmp_path, "http://127.0.0.1:9/v1", f"sqlite:///{tmp_path}/monitor.db")
    first = monitor(config, "import", str(packed), key=None)
    assert (first.returncode, first.stdout) == (0, f"{len(story)} sweeps imported, 0 already there\n")
    again = monitor(config, "import", str(file), key=None)
    assert (again.returncode, again.stdout) == (0, f"0 sweeps imported, {len(story)} already there\n")
    assert monitor(config, "export", "--format", "sweeps", str(back), key=None).returncode == 0
    assert back.read_bytes() == file.read_bytes()
