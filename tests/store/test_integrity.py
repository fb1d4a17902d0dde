"""`db check` finds rows that contradict one another, without deriving anything."""

import pytest
from sqlalchemy import Engine, text

from monitor.store.engine import writing
from monitor.store.integrity import check
from tests.store import told


@pytest.fixture
def lived(engine: Engine) -> Engine:
    told.live_all(engine, told.history(31, 60))
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
