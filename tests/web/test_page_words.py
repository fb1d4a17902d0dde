"""Codes, lengths of time and ids in plain words."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.domain.vocabulary import Cause, EventKind, Reason
from monitor.report.words.codes import (
    CAUSES,
    CHANGES,
    REASONS,
    answer_words,
    change_words,
    reason_words,
    shown_id,
)
from monitor.report.words.times import coarse_duration


def test_every_code_of_ours_has_words() -> None:
    assert set(REASONS) == set(Reason)
    assert set(CAUSES) == set(Cause)
    assert set(CHANGES) == set(EventKind)


@pytest.mark.parametrize(
    ("kind", "to_status", "reason", "detail", "words"),
    [
        ("appeared", "available", "ok", None, "appeared in the catalog, available"),
        ("appeared", "new", "timeout", None, "appeared in the catalog, no clear answer yet"),
        ("reappeared", "unavailable", "not_found", None, "is back, unavailable"),
        ("became_available", "available", "ok", None, "became available"),
        ("became_unavailable", "unavailable", "server_error", None, "became unavailable: server error"),
        ("retired", "retired", "delisted", None, "was retired: left the catalog"),
        ("retirement_announced", "available", "ok", "2026-12-01", "will be retired: 2026-12-01"),
        ("kind_changed", "available", "ok", "chat -> rerank", "changed its kind: chat -> rerank"),
        ("served_model_changed", "available", "ok", "o -> o-2", "is now answered by o-2 instead of o"),
        ("served_model_changed", "available", "ok", None, "is answered by another model"),
        ("flapping_started", "available", None, "30.12 %", "started flapping"),
        ("credential_rejected", None, "credential", None, "rejects our key"),
        ("something_else", None, None, None, "something else"),
    ],
)  # fmt: skip
def test_an_event_is_told_in_words(
    kind: str, to_status: str | None, reason: str | None, detail: str | None, words: str
) -> None:
    assert change_words(kind, to_status=to_status, reason=reason, detail=detail) == words


@pytest.mark.parametrize(
    ("reason", "served_as", "words"),
    [
        ("ok", None, "answers"),
        ("ok", "gpt-4o-2024-08-06", "answers as gpt-4o-2024-08-06"),
        ("too_many_requests", "o-2", "answers, but limits our requests; answered as o-2"),
        ("not_found", "o\u202e-2", "not found at the provider; answered as o\\u{202e}-2"),
        (None, "o-2", "answered as o-2"),
    ],
)  # fmt: skip
def test_why_is_told_with_the_name_that_the_answers_carry(
    reason: str | None, served_as: str | None, words: str
) -> None:
    assert answer_words(reason, served_as) == words


def test_an_unknown_code_is_shown_as_it_is() -> None:
    assert reason_words("moon_phase") == "moon phase"
    assert reason_words(None) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 s"), (0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (86_400, "24 h"),
     (172_799, "47 h"), (172_800, "2 days"), (31 * 86_400, "31 days")],
)  # fmt: skip
def test_a_length_of_time_has_one_unit(seconds: int, words: str) -> None:
    assert coarse_duration(timedelta(seconds=seconds)) == words


@given(st.text())
def test_a_shown_id_has_nothing_unseen_in_it(text: str) -> None:
    assert all(char.isprintable() or char.isspace() for char in shown_id(text))
    assert shown_id(text).encode().decode() == shown_id(text)
    if text.isascii() and text.isprintable():
        assert shown_id(text) == text
