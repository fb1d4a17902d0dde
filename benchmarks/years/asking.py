"""What readers ask of a history, and the same asked of the naive table where it can answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import text

from benchmarks.years import naively
from benchmarks.years.filling import PROVIDER, Filled
from monitor.store import query
from monitor.store.connection.engine import Engine, one_moment, reading
from monitor.store.statistics.counts import read_counts

Ask = Callable[[Engine, Filled], object]
_SHOWN, _STATUS_PAGE_EVENTS, _STATUS_PAGE_SWEEPS = 50, 400, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, how long it may take, and how much longer the naive table must take on SQLite."""

    name: str
    ours: Ask
    naive: Ask | None = None
    at_most_ms: float | None = None
    at_least: float | None = None


def _counts(engine: Engine, begins_at: datetime, ends_at: datetime, model: str) -> object:
    with reading(engine) as connection:
        return read_counts(connection, begins_at, ends_at, PROVIDER, model)


def _rows(engine: Engine, statement: str, **values: object) -> Sequence[Any]:
    with reading(engine) as connection:
        return connection.execute(text(statement), values).all()


def _before(filled: Filled, days: int) -> datetime:
    return filled.end - timedelta(days=days)


def _uptime(engine: Engine, _filled: Filled, *, days: int) -> object:
    return query.uptime(engine, days)


def _heat_map(engine: Engine, filled: Filled) -> object:
    statement = "SELECT provider, model, day, uptime_percent FROM uptime_daily WHERE day >= :since"
    return _rows(engine, statement, since=_before(filled, 90).date())


def _outages(engine: Engine, filled: Filled) -> object:
    statement = "SELECT * FROM outage_history WHERE began_at >= :since ORDER BY duration_s DESC LIMIT :most"
    return _rows(engine, statement, since=_moment(engine, _before(filled, 90)), most=_SHOWN)


def _moment(engine: Engine, moment: datetime) -> object:
    """Return a moment as the views show it."""
    return f"{moment:%Y-%m-%d %H:%M:%S}" if engine.dialect.name == "sqlite" else moment


def _story(engine: Engine, filled: Filled) -> object:
    model, begin = filled.models[0], _before(filled, 7)
    days = "SELECT * FROM uptime_daily WHERE provider = :provider AND model = :model AND day >= :since"
    return (
        query.current_models(engine, PROVIDER, model=model),
        _rows(engine, days, provider=PROVIDER, model=model, since=_before(filled, 90).date()),
        _counts(engine, begin, filled.end, model),
        query.events(engine, provider=PROVIDER, model=model, newest_first=True, limit=_SHOWN),
    )


def _status(engine: Engine, _filled: Filled) -> object:
    return _rows(engine, "SELECT * FROM model_status")


def _status_page(engine: Engine, _filled: Filled) -> object:
    """Ask what web/routes/pages.py asks for `/`."""
    with one_moment(engine):
        return [
            (query.last_conclusive_at(engine, name), query.sweeps(engine, name, limit=_STATUS_PAGE_SWEEPS))
            for name in query.providers(engine)
        ], (
            query.current_models(engine),
            query.events(engine, limit=_STATUS_PAGE_EVENTS, newest_first=True),
        )


QUESTIONS = (
    Question(
        name="uptime of all models, 30 days",
        ours=partial(_uptime, days=30),
        naive=partial(naively.uptime, days=30),
        at_most_ms=3,
        at_least=200,
    ),
    Question(
        name="uptime of all models, 365 days",
        ours=partial(_uptime, days=365),
        naive=partial(naively.uptime, days=365),
        at_most_ms=12,
        at_least=700,
    ),
    Question(name="heat map of 90 days, all models", ours=_heat_map, naive=naively.heat_map, at_most_ms=15),
    Question(name="50 longest outages of 90 days", ours=_outages, naive=naively.outages, at_most_ms=12),
    Question(name="one model's story", ours=_story, naive=naively.story, at_most_ms=5),
    Question(name="all of the view model_status", ours=_status, naive=naively.status, at_most_ms=5),
    Question(name="what the status page asks", ours=_status_page, at_most_ms=25),
)
