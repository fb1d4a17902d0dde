"""A month of a restless provider with a hundred models, as the summaries of its days."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, timedelta
from pathlib import Path

from monitor.core.domain.policy import Policy
from monitor.core.history.calendar import Span, span_of
from monitor.core.summary.values import Summary
from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import Engine, open_engine
from monitor.store.statistics.summaries import summarise_span
from monitor.store.write.import_export import add_sweeps
from tests.support.weeks import BEGIN, PROVIDER, two_weeks

DAYS = 30
MODELS = 100
SWEEPS_PER_DAY = 8

_DAY = timedelta(days=1)
_LATER = BEGIN + 40 * _DAY


@contextmanager
def restless_month(directory: Path, seed: int = 7) -> Iterator[Engine]:
    """Give a database that holds the month; the same for the same seed."""
    engine = open_engine(f"sqlite:///{directory}/restless-{seed}.db")
    prepare(engine)
    sweeps = two_weeks(seed, days=DAYS, sweeps_per_day=SWEEPS_PER_DAY, models=MODELS)
    add_sweeps(engine, sweeps, lambda _: Policy())
    yield engine
    engine.dispose()


def days() -> list[Span]:
    """Return the days of the month in UTC."""
    return [span_of(day, day, UTC) for day in map(_day, range(DAYS))]


def whole() -> Span:
    """Return the month as one span."""
    return span_of(_day(0), _day(DAYS - 1), UTC)


def summary_of(engine: Engine, span: Span) -> Summary:
    """Return the summary of some days, as it is read later."""
    return summarise_span(engine, span, watched=[PROVIDER], now=_LATER)


def _day(number: int) -> date:
    return BEGIN.date() + number * _DAY
