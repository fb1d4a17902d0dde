"""`db check` finds rows that contradict one another, without deriving anything."""

import pytest
from sqlalchemy import Engine, text

from monitor.errors import StoreError
from monitor.store.admin.check import check
from monitor.store.connection.engine import writing
from monitor.store.derived.compare import compare
from monitor.store.derived.rebuild import rebuild
from tests.support import gateway as g
from tests.support.lives import Lives


@pytest.fixture
def lived(engine: Engine, lives: Lives) -> Engine:
    lives.through(engine, (31, 60))
    assert check(engine) == []
    return engine


@pytest.mark.parametrize(
    ("tampered", "words"),
    [
        ("DELETE FROM period", "began no period"),
        ("DELETE FROM event WHERE kind = 'became_unavailable'", "goes on from"),
        ("UPDATE event SET kind = 'nonsense' WHERE kind = 'became_available'", "unknown kind 'nonsense'"),
        ("UPDATE event SET id = id + 1048576000", "cannot be one of sweep"),
        ("DELETE FROM event WHERE kind IN ('became_available', 'became_unavailable')", "does not stand"),
        ("UPDATE daily SET checks = checks + 1", "does not add up"),
    ],
)
def test_rows_that_contradict_one_another_are_faults_with_a_remedy(
    lived: Engine, tampered: str, words: str
) -> None:
    with writing(lived) as connection:
        connection.execute(text(tampered))
    faults = check(lived)
    assert any(words in fault for fault in faults), faults


@g.ON_SQLITE
@pytest.mark.parametrize(
    ("tampered", "column"),
    [
        ("UPDATE event SET began_at = 'noon' WHERE kind = 'appeared'", "event.began_at"),
        ("UPDATE period SET ended_at = 'noon' WHERE ended_at IS NOT NULL", "period.ended_at"),
        ("UPDATE model_state SET since = 'noon'", "model_state.since"),
        ("UPDATE daily SET answered = 'many', checks = 'many'", "daily.answered"),
        ("UPDATE sweep SET observed_until = 'noon'", "sweep.observed_until"),
    ],
)
def test_what_is_no_number_where_numbers_stand_is_a_fault(lived: Engine, tampered: str, column: str) -> None:
    with writing(lived) as connection:
        connection.execute(text(tampered))
    assert any(f"of the values of {column} are no numbers" in fault for fault in check(lived))


@g.ON_SQLITE
def test_a_comparison_refuses_derived_rows_of_wrong_types_and_a_rebuild_without_them_goes_on(
    lived: Engine,
) -> None:
    with writing(lived) as connection:
        connection.execute(text("UPDATE event SET began_at = 'noon' WHERE kind = 'appeared'"))
    with pytest.raises(StoreError, match="delete their rows, then run `monitor db rebuild --write`"):
        compare(lived, "nvidia")
    with writing(lived) as connection:
        connection.execute(text("DELETE FROM event WHERE typeof(began_at) = 'text'"))
    rebuild(lived, "nvidia")
    assert check(lived) == []
