"""Whatever the history, the numbers of its summaries add up: those of a day, and of one day to the next."""

import re
from dataclasses import replace
from datetime import UTC, timedelta
from itertools import count, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from monitor.core.history.calendar import Span, day_of, span_of
from monitor.core.summary.values import ProviderSummary
from monitor.report.summary.standing import standing_words
from monitor.store.statistics.summaries import summarise_provider
from monitor.store.write.import_export import add_sweeps
from tests.core.strategies import Past, quiet_pasts, restless_pasts, stormy_pasts, stubborn_pasts

DAY = timedelta(days=1)

_numbers = count()
_relaxed = settings(
    max_examples=8, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


def spans_of(past: Past, *, most: int = 6) -> list[Span]:
    """Return the days of a history that have sweeps, none twice, each followed by the days up to the next."""
    days = sorted({day_of(sweep.started_at, UTC) for sweep in past.sweeps})[:most]
    lasts = [later - DAY for later in days[1:]] + [days[-1]]
    return [span_of(first, last, UTC) for first, last in zip(days, lasts, strict=True)]


def down_now(part: ProviderSummary) -> int:
    lasting = [outage for outage in part.outages if outage.ended_at is None]
    return len({outage.model for outage in (*lasting, *part.still_down)})


@pytest.mark.parametrize(
    "pasts",
    [quiet_pasts(), stormy_pasts(), stubborn_pasts(), restless_pasts()],
    ids=["quiet", "stormy", "stubborn", "restless"],
)
@_relaxed
@given(data=st.data())
def test_the_numbers_of_any_history_add_up(
    engine: Engine, pasts: st.SearchStrategy[Past], data: st.DataObject
) -> None:
    past = data.draw(pasts)
    provider = f"p{next(_numbers)}"
    add_sweeps(
        engine, [replace(sweep, provider=provider) for sweep in past.sweeps], lambda _: past.policies[0]
    )
    spans = spans_of(past)
    later = spans[-1].ends_at + DAY
    parts = [summarise_provider(engine, span, provider, now=later) for span in spans]
    for span, part in zip(spans, parts, strict=True):
        totals = part.outage_totals(span.ends_at)
        assert part.standing.down == down_now(part)
        numbers = [int(number) for number in re.findall(r"\d+", standing_words(part))]
        assert not numbers or sum(numbers[:-1]) == numbers[-1]
        assert sum(row.outages for row in part.by_model) == totals.began
        assert sum(row.outages > 0 for row in part.by_model) == totals.models
        assert {row.model for row in part.by_model} == {
            row.model for row in (*part.outages, *part.still_down)
        }
        assert all(
            0 <= row.down_s <= (span.ends_at - span.begins_at).total_seconds() for row in part.by_model
        )
    for (_, before), (span, after) in pairwise(zip(spans, parts, strict=True)):
        totals = after.outage_totals(span.ends_at)
        assert before.standing.down + totals.began - totals.ended == after.standing.down
    whole = summarise_provider(engine, span_of(spans[0].first, spans[-1].last, UTC), provider, now=later)
    totals = whole.outage_totals(later)
    assert totals.began - totals.ended == whole.standing.down == parts[-1].standing.down
    assert totals.began == sum(part.outage_totals(later).began for part in parts)
    assert totals.ended == sum(part.outage_totals(later).ended for part in parts)
