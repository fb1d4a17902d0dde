"""The subject of a summary: the date first, then what needs the reader, in at most 78 characters."""

from dataclasses import replace
from datetime import UTC, date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.history.calendar import span_of
from monitor.core.summary.standing_values import Favourite
from monitor.core.summary.values import Going, Retirement, Trouble
from monitor.report.summary.subject import LONGEST_SUBJECT, summary_subject
from tests.report.summary.test_summary import BUSY, QUIET, at, down, summary

OVER = Trouble(kind="provider_down", cause="provider_outage", began_at=at(1), ended_at=at(2))


def test_a_trouble_that_is_over_is_never_in_the_subject() -> None:
    busy = replace(QUIET, troubles=(OVER,), outages=(down("a", 22), down("b", 1, 2)))
    assert summary_subject(summary(busy)) == "2026-04-07 nvidia: 1 model went down, 1 came back"
    alone = replace(QUIET, troubles=(OVER,))
    assert summary_subject(summary(alone)).startswith("2026-04-07 nvidia: 101 available, 3 down, ")


def test_going_and_gone_come_first_and_what_does_not_fit_is_the_least_urgent() -> None:
    subject = summary_subject(summary(BUSY))
    assert subject == "2026-04-07 nvidia: 1 model will be retired, 1 was retired, and more"


def test_providers_with_something_to_do_come_before_others() -> None:
    gone = replace(QUIET, provider="b", retirements=(Retirement(model="x", at=at(3), reason="delisted"),))
    back = replace(QUIET, provider="a", outages=(down("y", 1, 2),))
    assert summary_subject(summary(back, gone)) == "2026-04-07 b: 1 model was retired; a: 1 model came back"


def test_a_favourite_is_named() -> None:
    favourite = Favourite(model="meta/llama", status="unavailable", reason="server_error")
    day = replace(QUIET, favourites=(favourite,), outages=(down("meta/llama", 22), down("x", 5)))
    assert summary_subject(summary(day)).startswith("2026-04-07 nvidia: meta/llama went down, 2 models went ")
    both = replace(day, favourites=(favourite, replace(favourite, model="x")))
    assert summary_subject(summary(both)).startswith("2026-04-07 nvidia: 2 favourites went down, ")


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        (date(2026, 4, 1), date(2026, 4, 30), "2026-04 nvidia: "),
        (date(2026, 2, 1), date(2026, 2, 28), "2026-02 nvidia: "),
        (date(2026, 4, 6), date(2026, 4, 12), "2026-04-06 to 2026-04-12 nvidia: "),
    ],
)
def test_a_whole_month_is_named_as_one(first: date, last: date, days: str) -> None:
    span = span_of(first, last, UTC)
    assert summary_subject(summary(replace(QUIET, outages=(down("a", 1, 2),)), span=span)).startswith(days)


@given(
    st.lists(st.text(min_size=1, max_size=90), max_size=5, unique=True),
    st.text(max_size=40),
    st.integers(0, 1_000_000),
)
def test_no_subject_is_longer_than_78(names: list[str], channel: str, number: int) -> None:
    going = Going(model="m" * 90, on=at(99), is_new=True)
    parts = [
        replace(
            BUSY,
            provider=name,
            going=(going,),
            favourites=(Favourite(model="m" * 90, status="available", reason=None),),
        )
        for name in names
    ]
    for undelivered in ({}, {channel: number}):
        subject = summary_subject(replace(summary(*parts), undelivered=undelivered))
        assert len(subject) <= LONGEST_SUBJECT
        assert subject.startswith("2026-04-07 ")
        assert "\n" not in subject
