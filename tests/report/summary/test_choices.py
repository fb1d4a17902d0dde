"""What to choose, in words: only of the kinds of which a list changed."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.core.history.calendar import span_of
from monitor.core.history.reliability_values import Reliability, SweepCounts
from monitor.core.summary.values import Best, ProviderSummary, Retirement, Summary
from monitor.report.summary import summary_json, summary_text
from monitor.report.summary.choices import choice_lists, newly_best_words

SPAN = span_of(date(2026, 4, 30), date(2026, 4, 30), UTC)
GOOD = Best(model="m/a", kind="chat", uptime_percent=100.0, coverage_percent=100.0, latency_p50_ms=312)
YOUNG = replace(
    GOOD, model="m/young", coverage_percent=10.0, first_seen_at=datetime(2026, 4, 27, 23, tzinfo=UTC)
)
DAY = ProviderSummary(
    provider="nvidia",
    sweeps=SweepCounts(conclusive=96),
    reliability=Reliability(),
    reliability_30d=Reliability(),
)


def lists(part: ProviderSummary) -> dict[str, list[tuple[str, str]]]:
    return {choice.title: list(choice.rows) for choice in choice_lists(part, SPAN)}


def test_only_kinds_whose_lists_changed_are_told() -> None:
    vector = replace(GOOD, model="m/v", kind="embeddings")
    part = replace(DAY, best=(GOOD, vector), changed_choices=("embeddings",))
    assert lists(part) == {"Best models now: embeddings": [("m/v", "uptime 100.00 %, 312 ms")]}
    assert lists(replace(part, changed_choices=())) == {}


def test_a_model_that_is_new_among_others_is_marked() -> None:
    new = replace(GOOD, model="m/b", latency_p50_ms=None, is_new=True)
    mixed = lists(replace(DAY, best=(GOOD, new), changed_choices=("chat",)))
    assert [words for _, words in mixed["Best models now: chat"]] == [
        "uptime 100.00 %, 312 ms",
        "uptime 100.00 %, new here",
    ]
    first = lists(replace(DAY, best=(new,), changed_choices=("chat",)))
    assert first == {"Best models now: chat": [("m/b", "uptime 100.00 %")]}


def test_promising_models_have_a_list_of_their_own_after_the_best() -> None:
    part = replace(
        DAY, best=(GOOD,), promising=(YOUNG,), changed_choices=("chat",), changed_promising=("chat",)
    )
    words = "uptime 100.00 %, coverage 10.00 %, 312 ms, first seen on 2026-04-27"
    assert list(lists(part).items())[1:] == [("Promising models: chat", [("m/young", words)])]
    berlin = span_of(SPAN.first, SPAN.last, ZoneInfo("Europe/Berlin"))
    (_, promising) = choice_lists(part, berlin)
    assert promising.rows[0][1].endswith("first seen on 2026-04-28")
    assert promising.short == ("100.00 %, 312 ms, first seen on 2026-04-28",)
    assert [*lists(replace(part, changed_choices=()))] == ["Promising models: chat"]
    assert [*lists(replace(part, changed_promising=()))] == ["Best models now: chat"]


def test_a_list_in_one_line_shows_the_coverage_that_it_is_ordered_by() -> None:
    part = replace(DAY, best=(GOOD, replace(GOOD, coverage_percent=97.5)), changed_choices=("chat",))
    (best,) = choice_lists(part, SPAN)
    assert best.short == ("100.00 %, 312 ms", "100.00 %, coverage 97.50 %, 312 ms")


def test_each_note_stands_once() -> None:
    rows = [replace(row, kind=kind) for kind in ("chat", "unknown") for row in (GOOD, YOUNG)]
    kinds = ("chat", "unknown")
    part = replace(DAY, best=tuple(rows[::2]), promising=tuple(rows[1::2]))
    part = replace(part, changed_choices=kinds, changed_promising=kinds)
    told = list(choice_lists(part, SPAN))
    assert [choice.title for choice in told] == [
        "Best models now: chat",
        "Promising models: chat",
        "Best models now: of unknown kind",
        "Promising models: of unknown kind",
    ]
    assert [bool(choice.note) for choice in told] == [True, True, False, False]


@pytest.mark.parametrize(
    ("models", "words"),
    [
        ("", ""),
        ("a", "new among the best models: a"),
        ("abc", "new among the best models: a, b, c"),
        ("abcde", "new among the best models: a, b, c and 2 more"),
    ],
)
def test_a_quiet_day_names_what_came_among_the_best_on_its_line(models: str, words: str) -> None:
    part = replace(DAY, best=tuple(replace(GOOD, model=model, is_new=True) for model in models))
    assert newly_best_words(part) == words
    text = summary_text(Summary(span=SPAN, providers=(replace(part, changed_choices=("chat",)),)))
    assert "Best models now" not in text
    assert text.endswith(f"; {words}.\n" if words else "uptime: no data.\n")


def test_the_json_always_has_the_lists_and_says_whether_they_changed() -> None:
    gone = Retirement(model="m/gone", at=SPAN.begins_at + timedelta(hours=3), reason="end_of_life")
    part = replace(DAY, best=(GOOD,), promising=(YOUNG,), retirements=(gone,))
    for changed in ((), ("chat",)):
        summary = Summary(span=SPAN, providers=(replace(part, changed_choices=changed),))
        (document,) = json.loads(summary_json(summary))["providers"]
        assert document["best"] == [
            {
                "model": "m/a",
                "kind": "chat",
                "uptime_percent": 100.0,
                "coverage_percent": 100.0,
                "latency_p50_ms": 312,
                "checks": 0,
                "first_seen_at": None,
                "is_new": False,
            }
        ]
        assert [row["first_seen_at"] for row in document["promising"]] == ["2026-04-27T23:00:00.000Z"]
        assert (document["best_changed"], document["best_changed_kinds"]) == (bool(changed), [*changed])
        assert document["promising_changed_kinds"] == []
        assert ("Best models now" in summary_text(summary)) == bool(changed)
