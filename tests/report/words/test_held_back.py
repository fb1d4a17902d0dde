"""What the guard holds back, in plain words."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor.core.domain.state import Held, ProviderState, Streak
from monitor.core.domain.vocabulary import EventKind
from monitor.core.lifecycle.guard import ACCOUNT, GONE, REQUEST, TROUBLE
from monitor.report.words.held_back import FAILURES, held_back

NOON = datetime(2026, 4, 6, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


def test_nothing_is_held_back_of_a_provider_that_is_believed() -> None:
    assert held_back(ProviderState()) == []
    assert held_back(ProviderState(believed=frozenset("ab"), missing={"c": Streak(1, NOON)})) == []
    assert held_back(ProviderState(held=Held(GONE, {}))) == []


def test_an_open_trouble_is_named_by_its_cause() -> None:
    state = ProviderState(open_troubles=((EventKind.CATALOG_SHRANK, "catalog_shrank"),))
    assert held_back(state) == ["the latest sweeps do not count: the catalog lost most of its models"]


def test_ids_missing_from_the_believed_catalog_are_counted() -> None:
    state = ProviderState(
        believed=frozenset("abc"), missing={name: Streak(2, NOON) for name in ("a", "b", "long gone")}
    )
    assert held_back(state) == ["2 of the 3 models last believed to be listed are missing"]


@pytest.mark.parametrize(
    ("models", "words"),
    [
        (
            {"a": Streak(1, NOON)},
            "1 model reported as gone (HTTP 410), for 1 sweep since 2026-04-06 12:00:00 UTC",
        ),
        (
            {"a": Streak(1, LATER), "b": Streak(2, NOON)},
            "2 models reported as gone (HTTP 410), for 2 sweeps in a row since 2026-04-06 12:00:00 UTC",
        ),
    ],
)
def test_a_mass_failure_is_told_with_its_class_and_how_long_it_lasts(
    models: dict[str, Streak], words: str
) -> None:
    assert held_back(ProviderState(held=Held(GONE, models))) == [words]


def test_every_class_of_failing_has_words_and_an_unknown_one_is_shown() -> None:
    assert set(FAILURES) == {ACCOUNT, GONE, REQUEST, TROUBLE}
    (words,) = held_back(ProviderState(held=Held("solar_flare", {"a": Streak(1, NOON)})))
    assert "solar flare" in words
