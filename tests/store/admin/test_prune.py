"""Old observations go in small steps; what was derived of them stays, and later sweeps go on from there."""

from datetime import UTC, date, timedelta
from pathlib import Path
from shutil import copy2

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select, update

from monitor.core.domain.policy import Policy
from monitor.core.history.calendar import begin_of
from monitor.errors import StoreError, UsageError
from monitor.report.words.rebuild_report import difference_lines
from monitor.store import schema as t
from monitor.store.admin import prune as retention
from monitor.store.admin.check import check
from monitor.store.admin.migrate import prepare
from monitor.store.admin.prune import give_back, prunable, prune, remove_findings, unused_findings
from monitor.store.connection.engine import open_engine, reading, sqlite_path, writing
from monitor.store.derived.compare import compare
from monitor.store.derived.horizon import Horizon
from monitor.store.derived.rebuild import rebuild
from monitor.store.write.import_export import _add, add_sweeps, read_sweeps
from monitor.store.write.slots import record_missed_slots
from monitor.store.write.void import void
from tests.store import histories, views
from tests.store.figures import model_counts
from tests.store.invariants import derived, everything
from tests.support.gateway import ON_SQLITE
from tests.support.lives import Lives

LENGTH = 64
NAME = "nvidia"
FIRST_DAY = histories.START.date()
DAY = timedelta(days=1)


def day_after(days: int) -> date:
    """Return a day of the history by its place, the first being 0."""
    return FIRST_DAY + days * DAY


def days(engine: Engine) -> int:
    """Return how many days a history lasts."""
    with reading(engine) as connection:
        last = connection.scalar(select(func.max(t.daily.c.day)))
    assert isinstance(last, date)
    return (last - FIRST_DAY).days


def observations(engine: Engine) -> int:
    """Return how many observations there are."""
    with reading(engine) as connection:
        return int(connection.scalar(select(func.count()).select_from(t.observation)) or 0)


def assert_rebuildable(engine: Engine) -> None:
    """Assert that a rebuild finds nothing to change."""
    found = compare(engine, "nvidia")
    assert not found.differs, "\n".join(difference_lines(found))
    assert check(engine) == []


@pytest.fixture
def lived(engine: Engine, lives: Lives) -> Engine:
    """Return a database with weeks of an eventful history."""
    lives.through(engine, (61, LENGTH))
    return engine


def test_what_was_derived_stays_and_observations_of_old_days_go(lived: Engine) -> None:
    before, all_of_them = derived(lived, NAME), observations(lived)
    middle = day_after(days(lived) // 2)
    foretold = prunable(lived, "nvidia", middle)
    done = prune(lived, "nvidia", middle)
    assert done == foretold
    assert observations(lived) == all_of_them - done.observations
    assert 0 < done.observations < all_of_them
    assert derived(lived, NAME) == before
    assert_rebuildable(lived)
    first = min(row["observed_at"] for row in views.told(lived, "observation_history"))
    assert first >= str(histories.START + (middle - DAY - FIRST_DAY))[:10]


def test_a_window_leaves_out_the_rest_of_a_pruned_day_with_what_was_missed_on_it(lived: Engine) -> None:
    """Else coverage fell by what was due in observations that nobody can count any more."""
    last = day_after(days(lived))
    end = begin_of(last + DAY, UTC)
    midnights = [begin_of(day_after(place), UTC) for place in range(1, days(lived))]
    record_missed_slots(lived, NAME, "default", [each - timedelta(minutes=7) for each in midnights])
    whole = [model_counts(lived, each, end) for each in midnights]
    prune(lived, "nvidia", last)
    assert whole
    assert [model_counts(lived, each, end) for each in midnights] == whole
    assert [model_counts(lived, each - timedelta(hours=9), end) for each in midnights] == whole
    assert model_counts(lived, midnights[0] - timedelta(hours=9), midnights[0] - timedelta(hours=1)) == []


def test_pruning_again_removes_nothing_and_a_longer_retention_changes_nothing(lived: Engine) -> None:
    middle = day_after(days(lived) // 2)
    prune(lived, "nvidia", middle)
    assert prune(lived, "nvidia", middle).sweeps == 0
    earlier = prune(lived, "nvidia", middle - 3 * DAY)
    assert (earlier.sweeps, earlier.day) == (0, middle)


def test_a_rebuild_after_pruning_writes_the_same(lived: Engine) -> None:
    prune(lived, "nvidia", day_after(days(lived) // 2))
    before = everything(lived, "nvidia")
    rebuild(lived, "nvidia", histories.POLICY)  # the same rules for the kept sweeps
    rebuild(lived, "nvidia", Policy(confirm_down=3))
    assert not compare(lived, "nvidia").differs
    kept = {name: len(rows) for name, rows in before.items() if name == "sweeps"}
    assert kept == {"sweeps": len(everything(lived, "nvidia")["sweeps"])}


@pytest.mark.parametrize("seed", range(3))
def test_a_pruned_history_goes_on_as_one_that_never_was(seed: int, sqlite_url: str) -> None:
    history = histories.history(seed, 90)
    pruned, whole = engines = [open_engine(f"{sqlite_url}{number}") for number in range(2)]
    prepare(whole)
    histories.live_all(whole, history[:60])
    whole.dispose()
    copy2(sqlite_path(whole), sqlite_path(pruned))
    for share in (3, 2):
        prune(pruned, "nvidia", day_after(days(pruned) // share))
    for engine in engines:
        histories.live_all(engine, history[60:])
    prune(pruned, "nvidia", day_after(days(pruned) // 2))
    assert derived(pruned, NAME) == derived(whole, NAME)
    assert_rebuildable(pruned)
    for engine in engines:
        engine.dispose()


@pytest.mark.parametrize("shortest", range(1, 60, 15))
@settings(max_examples=2)
@given(
    seed=st.integers(0, 10_000),
    cuts=st.lists(st.integers(0, 40), min_size=1, max_size=3),
    data=st.data(),
)
def test_pruned_anywhere_it_is_what_a_rebuild_gives(
    sqlite_template: Path,
    tmp_path_factory: pytest.TempPathFactory,
    *,
    shortest: int,
    seed: int,
    cuts: list[int],
    data: st.DataObject,
) -> None:
    engine = open_engine(f"sqlite:///{copy2(sqlite_template, tmp_path_factory.mktemp('pruned'))}")
    histories.live_all(engine, histories.history(seed, data.draw(st.integers(shortest, shortest + 14))))
    before = derived(engine, NAME)
    for cut in cuts:
        prune(engine, "nvidia", day_after(cut))
        assert derived(engine, NAME) == before
        assert_rebuildable(engine)
    engine.dispose()


def test_a_step_that_was_the_last_leaves_a_sound_history(
    lived: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_SWEEPS_PER_STEP", 5)
    before = derived(lived, NAME)
    done = prune(lived, "nvidia", day_after(days(lived)), most_steps=2)
    assert 10 <= done.sweeps < 20
    assert derived(lived, NAME) == before
    assert_rebuildable(lived)


def test_sweeps_from_before_the_horizon_are_refused_and_known_ones_are_there(lived: Engine) -> None:
    """Rule 30."""
    records = list(read_sweeps(lived))
    middle = day_after(days(lived) // 2)
    prune(lived, "nvidia", middle)
    again = add_sweeps(lived, records, lambda _: histories.POLICY)
    assert (again.added, again.already_there, again.refused) == (0, len(records), 0)
    old = histories.sweep(histories.START - timedelta(days=1), {"m": histories.UP})
    new = histories.sweep(histories.START + timedelta(days=4000), {"m": histories.UP})
    mixed = add_sweeps(lived, [old, new], lambda _: histories.POLICY)
    assert (mixed.added, mixed.refused) == (1, 1)
    assert mixed.first_days == (("nvidia", middle),)
    assert_rebuildable(lived)


def test_a_late_sweep_after_the_horizon_rewrites_from_there(lived: Engine) -> None:
    middle = day_after(days(lived) // 2)
    prune(lived, "nvidia", middle)
    late = histories.sweep(
        histories.START + (middle + DAY - FIRST_DAY) + timedelta(minutes=7), {"late/model": histories.UP}
    )
    assert add_sweeps(lived, [late], lambda _: histories.POLICY).added == 1
    assert_rebuildable(lived)


def test_a_sweep_that_is_imported_during_a_step_is_not_lost(
    lived: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in no step that was read before it came, and no horizon may pass it by."""
    late, fold_step = (
        histories.sweep(histories.START + timedelta(minutes=7), {"late/model": histories.UP}),
        retention._moved,
    )

    def import_meanwhile(step: retention._Step) -> Horizon:
        with writing(lived) as connection:
            _add(connection, late, histories.POLICY)
        monkeypatch.setattr(retention, "_moved", fold_step)
        return fold_step(step)

    monkeypatch.setattr(retention, "_moved", import_meanwhile)
    assert prune(lived, NAME, day_after(1)).sweeps == 1  # the one before it; the import goes on to derive
    assert add_sweeps(lived, [late], lambda _: histories.POLICY).already_there == 1
    assert_rebuildable(lived)
    assert prune(lived, NAME, day_after(1)).sweeps > 1
    assert_rebuildable(lived)


def test_no_sweep_begins_before_the_horizon(lived: Engine) -> None:
    """The clock of the machine is wrong: nothing could be derived from such a sweep."""
    prune(lived, NAME, day_after(1))
    with pytest.raises(StoreError, match=r"cannot begin on 2024-04-05: .* those of 2026-04-07 were pruned"):
        histories.live(lived, histories.sweep(histories.START - timedelta(days=731), {"m": histories.UP}))


def test_a_pruned_sweep_cannot_be_voided(lived: Engine) -> None:
    with reading(lived) as connection:
        query = select(t.sweep.c.id).where(t.sweep.c.verdict == "conclusive").order_by(t.sweep.c.started_at)
        first = connection.scalar(query.limit(1))
    prune(lived, "nvidia", day_after(days(lived) // 2))
    with pytest.raises(UsageError, match="before the first day whose observations are all kept"):
        void(lived, int(first or 0), "too late")


def test_an_export_begins_at_the_horizon(lived: Engine) -> None:
    everything_before = len(list(read_sweeps(lived)))
    done = prune(lived, "nvidia", day_after(days(lived) // 2))
    assert len(list(read_sweeps(lived))) == everything_before - done.sweeps


@ON_SQLITE
def test_a_new_file_gives_pruned_pages_back(lived: Engine) -> None:
    def told(pragma: str) -> int:
        with reading(lived) as connection:
            return int(connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one())

    prune(lived, "nvidia", day_after(days(lived)))
    assert told("freelist_count") > 0
    while give_back(lived):
        pass
    assert (told("auto_vacuum"), told("freelist_count")) == (2, 0)


def test_findings_that_nothing_points_to_go_once_nobody_can_be_writing_them(lived: Engine) -> None:
    def findings() -> int:
        with reading(lived) as connection:
            return int(connection.scalar(select(func.count()).select_from(t.finding)) or 0)

    all_of_them, later = findings(), histories.START + timedelta(minutes=61)
    prune(lived, NAME, day_after(days(lived) + 1))
    assert unused_findings(lived, histories.START) == []
    assert unused_findings(lived, histories.START + timedelta(minutes=59)) == []
    histories.live(
        lived, histories.sweep(histories.START + timedelta(days=9), {"m": histories.UP})
    )  # finds none of the unused
    unused = unused_findings(lived, later)
    assert unused
    remove_findings(lived, unused)
    assert findings() <= all_of_them + 1 - len(unused)
    assert unused_findings(lived, later) == []
    assert_rebuildable(lived)


def test_a_finding_that_was_taken_as_it_was_put_aside_stays(lived: Engine) -> None:
    with writing(lived) as connection:
        for number in connection.scalars(select(t.finding.c.id)).all():
            mark = update(t.finding).where(t.finding.c.id == number)
            connection.execute(mark.values(digest=b"unused since 0 %d" % number))
    assert unused_findings(lived, histories.START + timedelta(days=1)) == []
    histories.live(lived, histories.sweep(histories.START + timedelta(days=9), {"m": histories.UP}))
    assert_rebuildable(lived)


def test_a_provider_without_a_history_has_nothing_to_prune(engine: Engine) -> None:
    assert prune(engine, "nobody", FIRST_DAY).sweeps == prunable(engine, "nobody", FIRST_DAY).sweeps == 0
