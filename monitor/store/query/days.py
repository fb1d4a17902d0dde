"""What `uptime_daily` has of some models, a page at a time."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from itertools import islice
from typing import Final

from sqlalchemy import Engine

from monitor.core.history.columns.view import Plain
from monitor.core.history.model_names import Key
from monitor.core.history.views import VIEWS, Row, Scope
from monitor.store.query.export import Snapshot, ViewPart, snapshot

_VIEW: Final = VIEWS["uptime_daily"]


def uptime_days(
    engine: Engine,
    keys: Sequence[Key],
    *,
    since: date | None = None,
    until: date | None = None,
    after: tuple[str, str, date] | None = None,
    limit: int,
) -> list[Row]:
    """Return the rows of these models by provider, model and day, days in [`since`, `until`).

    `after` is the key of the row that came last before them. A row has the columns of the view.
    """
    scope = Scope(since=_begin(since), until=_begin(until))
    with snapshot(engine, scope) as moment:
        rows = _rows(moment, sorted(key for key in keys if after is None or key >= after[:2]))
        return [*islice((row for row in rows if after is None or row[:3] > after), limit)]


def _rows(moment: Snapshot, keys: Sequence[Key]) -> Iterator[Row]:
    for provider, model in keys:
        part = ViewPart(model_id=0, provider=provider, model=model)  # by its names alone
        for columns in moment.columns(_VIEW, part):
            yield from zip(*(column.values for column in columns if isinstance(column, Plain)), strict=True)


def _begin(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)
