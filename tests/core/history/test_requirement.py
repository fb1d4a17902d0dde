"""What a script wants of models, and how several answers become one."""

from datetime import UTC, datetime
from itertools import product

import pytest

from monitor.core.domain.vocabulary import Status
from monitor.core.history.requirement import CheckAnswer, Requirement, all_of, any_of
from monitor.core.history.rows import ModelRow

YES, NO, UNKNOWN = CheckAnswer.YES, CheckAnswer.NO, CheckAnswer.UNKNOWN


def row(status: str, kind: str = "chat") -> ModelRow:
    at = datetime(2026, 4, 6, tzinfo=UTC)
    return ModelRow(
        provider="p",
        model="m",
        kind=kind,
        listed=True,
        status=Status(status),
        flapping=False,
        reason=None,
        since=at,
        last_checked_at=at,
        last_available_at=None,
        http_status=None,
        latency_ms=None,
        retires_at=None,
        uptime_30d=None,
    )


@pytest.mark.parametrize(
    ("status", "kind", "uptime", "answer", "words"),
    [
        ("available", "chat", 99.5, YES, ""),
        ("available", "chat", 99.0, YES, ""),
        ("available", "chat", 98.999, NO, "uptime 98.99 %"),
        ("available", "chat", None, UNKNOWN, "no uptime in these days"),
        ("available", "rerank", 99.5, NO, "its kind is rerank"),
        ("available", "unknown", 99.5, UNKNOWN, "its kind is not known yet"),
        ("available", "unknown", 5.0, NO, "uptime 5.00 %"),
        ("unavailable", "chat", None, NO, ""),
        ("retired", "chat", 99.5, NO, ""),
        ("new", "chat", None, UNKNOWN, "no clear answer yet, no uptime in these days"),
        ("new", "rerank", None, NO, "its kind is rerank"),
    ],
)
def test_one_thing_that_is_wrong_is_a_no_and_one_that_is_not_known_keeps_a_yes_back(
    status: str, kind: str, uptime: float | None, answer: CheckAnswer, words: str
) -> None:
    wanted = Requirement(kinds=frozenset({"chat", "completions"}), min_uptime=99.0)
    assert wanted.answer(row(status, kind), uptime) == (answer, words)


def test_several_answers_are_one_as_in_three_valued_logic() -> None:
    for answers in product(CheckAnswer, repeat=3):
        assert all_of(answers) == (NO if NO in answers else UNKNOWN if UNKNOWN in answers else YES)
        assert any_of(answers) == (YES if YES in answers else UNKNOWN if UNKNOWN in answers else NO)
