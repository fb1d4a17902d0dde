"""Outcomes and statuses as people read them: a limited model is available, and busy."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import LIMITS, Outcome, Reason, Status
from monitor.core.history.rows import ModelRow
from monitor.report.words.codes import change_words
from monitor.report.words.outcomes import busy_words, outcome_counts, outcome_words, reason_now, status_words

NOON = datetime(2026, 4, 6, 12, tzinfo=UTC)


def row(
    status: Status, reason: str | None, *, http_status: int | None = 429, flapping: bool = False
) -> ModelRow:
    return ModelRow(
        provider="nvidia",
        model="m",
        kind="chat",
        listed=True,
        status=status,
        flapping=flapping,
        reason=reason,
        since=NOON,
        last_checked_at=NOON,
        last_available_at=None,
        http_status=http_status,
        latency_ms=None,
        retires_at=None,
        uptime_30d=None,
    )


@pytest.mark.parametrize(
    ("http_status", "words"),
    [
        (429, "available, busy (HTTP 429)"),
        (503, "available, busy (HTTP 503)"),
        (529, "available, busy (HTTP 529)"),
        (None, "available, busy"),
    ],
)
def test_a_limited_model_is_available_and_busy_with_its_http_status(
    http_status: int | None, words: str
) -> None:
    observation = Observation(
        model="m", outcome=Outcome.RATE_LIMITED, reason="saturated", at_ms=0, http_status=http_status
    )
    assert outcome_words(observation) == busy_words(http_status) == words
    assert status_words(row(Status.AVAILABLE, "ok", http_status=http_status), is_busy=True) == words


@pytest.mark.parametrize("outcome", Outcome)
def test_no_outcome_reads_as_its_code(outcome: Outcome) -> None:
    words = outcome_words(Observation(model="m", outcome=outcome, reason="ok", at_ms=0, http_status=429))
    assert "_" not in words
    assert "rate" not in words


def test_counts_of_many_name_all_four_in_one_order() -> None:
    counts = Counter({Outcome.UNKNOWN: 20, Outcome.RATE_LIMITED: 10, Outcome.AVAILABLE: 1091})
    assert outcome_counts(counts) == "1,091 available, 10 busy, 0 unavailable, 20 unclear"


def test_a_busy_model_may_flap() -> None:
    assert status_words(row(Status.AVAILABLE, "ok", flapping=True), is_busy=True) == (
        "available, busy (HTTP 429) (flapping)"
    )


@pytest.mark.parametrize(
    ("status", "reason", "is_busy", "now"),
    [
        (Status.AVAILABLE, Reason.SATURATED, True, Reason.SATURATED),
        (Status.AVAILABLE, Reason.SATURATED, False, Reason.OK),
        (Status.AVAILABLE, Reason.OK, True, None),
        (Status.AVAILABLE, Reason.OK, False, Reason.OK),
        (Status.UNAVAILABLE, Reason.NOT_FOUND, False, Reason.NOT_FOUND),
        (Status.NEW, Reason.SATURATED, False, Reason.SATURATED),
        (Status.AVAILABLE, None, False, None),
    ],
)
def test_the_limit_with_which_a_model_came_explains_it_only_while_it_is_busy(
    status: Status, reason: str | None, *, is_busy: bool, now: str | None
) -> None:
    assert reason_now(row(status, reason), is_busy=is_busy) == now


@pytest.mark.parametrize("reason", sorted(LIMITS))
def test_events_of_a_limited_model_say_that_it_is_busy(reason: str) -> None:
    came = change_words("appeared", to_status="available", reason=reason, detail=None)
    assert came == "appeared in the catalog, available, busy"
    up = change_words("became_available", to_status="available", reason=reason, detail=None)
    assert up == "became available, busy"
