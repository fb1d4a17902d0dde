"""An equal string matches before it is read as a pattern (rules.md 41), in every list of patterns."""

from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.app.notifications.maintenance import silence_of
from monitor.config import MaintenanceSettings, Settings
from monitor.core.domain.patterns import matches, nearest
from monitor.core.domain.policy import Policy
from monitor.core.lifecycle.fold import is_tracked
from monitor.core.notification.suppression import Subscription

NOON = datetime(2026, 4, 6, 12, tzinfo=UTC)
ODD = ["org/model[beta]", "claude-sonnet-4[1m]", "a*b", "what?", "[", "]", "[!a]", "x[!]", "[a-", "m[[]"]
IDS = st.one_of(
    st.sampled_from(ODD), st.text(st.sampled_from("ab[]!-*?/\\.4 "), min_size=1), st.text(min_size=1)
)
OTHERS = st.lists(IDS, max_size=3)


@given(IDS, OTHERS, OTHERS)
def test_every_id_matches_the_pattern_that_equals_it(name: str, before: list[str], after: list[str]) -> None:
    """Rule 41."""
    assert matches(name, [*before, name, *after])


@given(IDS, st.lists(IDS, max_size=4))
def test_what_equals_no_pattern_matches_as_the_shell_does_in_its_own_case(
    name: str, patterns: list[str]
) -> None:
    assert matches(name, patterns) == (name in patterns or any(fnmatchcase(name, each) for each in patterns))


@pytest.mark.parametrize("name", ODD)
def test_an_id_named_exactly_is_included_excluded_silenced_and_told_of(name: str) -> None:
    """Rule 41."""
    assert is_tracked(name, Policy(include=(name,)))
    assert not is_tracked(name, Policy(exclude=(name,)))
    assert Subscription(channel="a", topics=frozenset(), providers=(name,)).covers(name)
    window = MaintenanceSettings.model_validate(
        {"from": NOON, "to": NOON + timedelta(hours=1), "provider": name, "models": (name,)}
    )
    is_silent = silence_of(Settings(maintenance=(window,)))
    assert is_silent(name, name, NOON)
    assert not is_silent("nvidia", name, NOON)
    assert not is_silent(name, "other", NOON)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("org/model[beta]", "org/modelb"),
        ("claude-sonnet-4[1m]", "claude-sonnet-4m"),
        ("a*b", "a/anything/b"),
        ("what?", "what1"),
        ("*[[]1m]", "claude-sonnet-4[1m]"),
    ],
)
def test_what_looks_like_a_pattern_still_is_one(pattern: str, name: str) -> None:
    assert matches(name, [pattern])
    assert not matches(name.upper(), [pattern])


# ---- What may have been meant ----

CATALOG = ["meta/llama-3.1-8b-instruct", "meta/llama-3.3-70b-instruct", "mistral/7b[beta]", "openai/gpt-4o"]


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("metta/*", "meta/llama-3.1-8b-instruct"),
        ("meta/llama-3.1-8b-instrukt", "meta/llama-3.1-8b-instruct"),
        ("OpenAI/*", "openai/gpt-4o"),
        ("*gpt-4", "openai/gpt-4o"),
        ("mistral/7b[bta]", "mistral/7b[beta]"),
    ],
)
def test_the_names_most_like_a_pattern_come_first(pattern: str, meant: str) -> None:
    assert nearest(pattern, CATALOG)[0] == meant


@given(IDS, st.lists(IDS, max_size=6))
def test_the_nearest_names_are_few_and_all_there(pattern: str, names: list[str]) -> None:
    close = nearest(pattern, names)
    assert len(close) == len(set(close)) <= 3
    assert set(close) <= set(names)


def test_nothing_is_near_to_what_has_no_letters_or_is_like_none() -> None:
    assert nearest("?", CATALOG) == nearest("*zzzzqq*", CATALOG) == ()
