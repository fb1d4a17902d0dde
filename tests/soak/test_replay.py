"""Random lives, a hundred and thousands: what was written step by step is what a rebuild gives.

Each life has its seed, so the hundred are the same in each run. New ones, on both databases, are made by
tests/store/test_history_machine.py in each run, and ten thousand here by `make soak`.
"""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import open_engine
from tests.soak.lives import live
from tests.store.invariants import assert_sound, forget

SLICE = 100
ALL = 10_000
ACTS = 8


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Give one SQLite file for all lives, each of them of a provider of its own."""
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('soak') / 'monitor.db'}")
    prepare(engine)
    yield engine
    engine.dispose()


def _live_through(engine: Engine, seeds: range) -> None:
    for seed in seeds:
        provider = f"life-{seed}"
        live(engine, provider, seed, ACTS)
        try:
            assert_sound(engine, provider)
        except AssertionError as error:
            raise AssertionError(f"life {seed}: {error}") from error
        forget(engine, provider)


@pytest.mark.parametrize("seeds", [range(first, first + 10) for first in range(0, SLICE, 10)], ids=str)
def test_incremental_rows_are_the_rebuilt_ones(lasting: Engine, seeds: range) -> None:
    _live_through(lasting, seeds)


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
def test_incremental_rows_are_the_rebuilt_ones_ten_thousand_times(lasting: Engine) -> None:
    _live_through(lasting, range(SLICE, SLICE + ALL))
