"""What a reader of a restless month of a hundred models gets, day by day and of all of it."""

import re
from collections.abc import Iterator
from statistics import median

import pytest
from sqlalchemy import Engine

from monitor.core.summary.values import Summary
from monitor.report.summary import summary_markdown, summary_message, summary_text
from monitor.report.summary.content import summary_content
from monitor.report.summary.subject import LONGEST_SUBJECT
from tests.support.restless_month import MODELS, days, restless_month, summary_of, whole

LONGEST_MEDIAN_DAY = 35
OF_A_CALM_DAY = 3
Days = list[Summary]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Give a database that holds the month."""
    with restless_month(tmp_path_factory.mktemp("restless")) as engine:
        yield engine


@pytest.fixture(scope="module")
def month(lived: Engine) -> Summary:
    """Give the summary of the month."""
    return summary_of(lived, whole())


@pytest.fixture(scope="module")
def summaries(lived: Engine) -> Days:
    """Give the summaries of its days."""
    return [summary_of(lived, day) for day in days()]


def test_the_month_says_how_many_outages_it_had(month: Summary) -> None:
    totals = month.providers[0].outage_totals(month.until)
    assert (
        f"{totals.began} outages of {totals.models} models began, {totals.ended} ended; longest "
        in " ".join(summary_text(month).split())
    )
    assert totals.models > MODELS / 3


def test_the_outages_of_the_month_are_those_of_its_days(month: Summary, summaries: Days) -> None:
    parts = [summary.providers[0].outage_totals(month.until) for summary in summaries]
    assert month.providers[0].outage_totals(month.until).began == sum(day.began for day in parts)


def test_the_median_day_is_at_most_35_lines(summaries: Days) -> None:
    for form in (summary_text, summary_markdown):
        assert median(len(form(summary).splitlines()) for summary in summaries) <= LONGEST_MEDIAN_DAY
        for summary in summaries:
            lines = len(form(summary).splitlines())
            assert lines <= OF_A_CALM_DAY or summary.providers[0].needs_reader


def test_what_needs_the_reader_comes_first_every_day(summaries: Days) -> None:
    order = (
        "Trouble with the provider",
        "Will be retired",
        "Will be retired, announced before",
        "Announced before",
        "Retired",
        "Went down and still down",
        "Still down from before",
        "Came back",
    )
    for summary in summaries:
        titles = [section.title.split(" (")[0] for section in summary_content(summary).providers[0].sections]
        places = [order.index(title) if title in order else len(order) for title in titles]
        assert places == sorted(places)


def test_every_subject_fits_and_names_no_trouble_that_is_over(month: Summary, summaries: Days) -> None:
    for summary in (month, *summaries):
        subject = summary_message(summary, id="1.1").title
        assert len(subject) <= LONGEST_SUBJECT
        assert subject.startswith(str(summary.span.first))
        is_troubled = any(row.ended_at is None for row in summary.providers[0].troubles)
        assert is_troubled or not re.search(r"key|quota|trouble|catalog", subject)


def test_every_headline_adds_up(month: Summary, summaries: Days) -> None:
    for summary in (month, *summaries):
        words = summary_content(summary).providers[0].words
        (standing,) = re.findall(r"(\d+ available, [^.;]*) of (\d+)[.;]", words)
        assert sum(map(int, re.findall(r"\d+", standing[0]))) == int(standing[1])
