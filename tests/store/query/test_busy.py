"""Which models were limited when they were last asked, on both databases."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Cause, Outcome, Reason
from monitor.core.history.calendar import span_of
from monitor.store.connection.engine import reading
from monitor.store.query.busy import busy_models, read_busy
from monitor.store.statistics.summaries import summarise_provider
from tests.web.history import BUSY, DOWN, START, UNCLEAR, UP, Answer, live, sweep

UNASKED: Answer = (Outcome.UNKNOWN, Reason.NOT_PROBED)
NVIDIA = "nvidia"


def busy(engine: Engine) -> set[str]:
    return {model for _, model in busy_models(engine)}


def test_the_last_answer_of_an_available_model_decides(engine: Engine) -> None:
    rows = {
        "busy": [UP, BUSY],
        "came busy": [BUSY, BUSY],
        "over": [BUSY, UP],
        "failed once": [BUSY, DOWN],
        "unclear": [BUSY, UNCLEAR],
        "not asked": [BUSY, UNASKED],
        "refused": [DOWN, BUSY],
    }
    live(
        engine, [sweep(place, {model: answers[place] for model, answers in rows.items()}) for place in (0, 1)]
    )
    assert busy(engine) == {"busy", "came busy", "not asked"}
    assert busy_models(engine, NVIDIA, model="busy") == {(NVIDIA, "busy")}
    assert busy_models(engine, "another") == busy_models(engine, NVIDIA, model="over") == frozenset()


def test_an_inconclusive_sweep_says_nothing_of_it(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP}), sweep(1, {"a": BUSY}, cause=Cause.QUOTA)])
    assert busy(engine) == set()


def test_a_past_moment_knows_what_was_answered_before_it(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP}), sweep(1, {"a": BUSY}), sweep(2, {"a": UP})])
    with reading(engine) as connection:
        for minutes, found in ((15, {}), (16, {"a": 503}), (31, {})):
            until = START + timedelta(minutes=minutes)
            assert read_busy(connection, NVIDIA, ["a", "b"], since=START, until=until) == found


def test_a_summary_says_of_what_came_whether_it_is_busy(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP}), sweep(1, {"a": UP, "b": BUSY}), sweep(60, {"a": UP, "b": UP})])
    day = span_of(date(2026, 4, 6), date(2026, 4, 6), UTC)
    (arrival,) = summarise_provider(engine, day, NVIDIA, now=datetime(2026, 6, 1, tzinfo=UTC)).arrivals
    assert (arrival.model, arrival.is_busy, arrival.http_status) == ("b", True, 503)
