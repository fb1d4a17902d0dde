"""Windows of silence: from one moment to another, or again and again by the clock of a zone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.app.notifications.maintenance import running_windows, silence_of
from monitor.config import parse_settings
from tests.cli.commands.test_notify import PROVIDER


def silent(text: str, moment: str, provider: str = "nvidia", model: str | None = "meta/llama") -> bool:
    is_silent = silence_of(parse_settings(PROVIDER + text, "config.toml"))
    return is_silent(provider, model, datetime.fromisoformat(moment).astimezone(UTC))


ONCE = "[[maintenance]]\nfrom = 2026-04-06T22:00:00Z\nto = 2026-04-07T02:00:00Z\n"


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-04-06T21:59:59.999Z", False),
        ("2026-04-06T22:00:00Z", True),
        ("2026-04-07T01:59:59Z", True),
        ("2026-04-07T02:00:00Z", False),
        ("2026-04-07T03:30:00+02:00", True),
    ],
)
def test_a_window_begins_with_its_first_moment_and_ends_before_its_last(
    moment: str, *, expected: bool
) -> None:
    assert silent(ONCE, moment) is expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-04-05T21:59:00Z", False),
        ("2026-04-05T22:00:00Z", True),
        ("2026-04-06T01:59:00Z", True),
        ("2026-04-06T02:00:00Z", False),
        ("2026-04-06T22:30:00Z", False),
        ("2026-04-12T23:00:00Z", True),
    ],
)
def test_a_window_may_come_every_sunday_night(moment: str, *, expected: bool) -> None:
    assert silent('[[maintenance]]\ncron = "0 22 * * sun"\nduration = "4h"\n', moment) is expected


def test_a_recurring_window_keeps_the_clock_of_its_zone_in_summer_and_winter() -> None:
    text = '[schedule]\ntimezone = "Europe/Berlin"\n[[maintenance]]\ncron = "0 22 * * *"\nduration = "1h"\n'
    assert [silent(text, f"2026-01-10T{hour}:30:00Z") for hour in (19, 20, 21, 22)] == [
        False,
        False,
        True,
        False,
    ]
    assert [silent(text, f"2026-07-10T{hour}:30:00Z") for hour in (19, 20, 21, 22)] == [
        False,
        True,
        False,
        False,
    ]


def test_windows_longer_than_their_period_leave_no_gap() -> None:
    text = '[[maintenance]]\ncron = "0 * * * *"\nduration = "90m"\n'
    begin = datetime(2026, 4, 6, tzinfo=UTC)
    assert all(silent(text, (begin + timedelta(minutes=7 * step)).isoformat()) for step in range(40))


def test_a_window_that_never_comes_silences_nobody() -> None:
    assert not silent('[[maintenance]]\ncron = "0 0 31 2 *"\nduration = "1h"\n', "2026-03-03T00:00:00Z")


@pytest.mark.parametrize(
    ("keys", "provider", "model", "expected"),
    [
        ("", "nvidia", "meta/llama", True),
        ("", "nvidia", None, True),
        ('provider = "nv*"', "nvidia", None, True),
        ('provider = "nv*"', "openai", None, False),
        ('provider = "nv*"', "openai", "meta/llama", False),
        ('models = ["meta/*", "x"]', "nvidia", "meta/llama", True),
        ('models = ["meta/*", "x"]', "nvidia", "mistral/7b", False),
        ('models = ["meta/*", "x"]', "nvidia", None, False),
        ('models = ["META/*"]', "nvidia", "meta/llama", False),
    ],
)
def test_a_window_covers_its_providers_and_models_and_a_provider_as_such_only_if_all_of_it(
    keys: str, provider: str, model: str | None, *, expected: bool
) -> None:
    assert silent(f"{ONCE}{keys}\n", "2026-04-06T23:00:00Z", provider, model) is expected


def test_several_windows_add_up() -> None:
    text = f'{ONCE}models = ["a"]\n[[maintenance]]\nfrom = 2026-04-07\nto = 2026-04-08\nmodels = ["b"]\n'
    assert [silent(text, "2026-04-07T01:00:00Z", model=model) for model in "abc"] == [True, True, False]


SUNDAYS = '[[maintenance]]\ncron = "0 22 * * sun"\nduration = "4h"\n'
HOURLY = '[[maintenance]]\ncron = "0 * * * *"\nduration = "90m"\n'
SOME = '[[maintenance]]\ncron = "30 21 * * sat"\nduration = "26h"\nprovider = "nv*"\nmodels = ["meta/*"]\n'


def running(text: str, moment: str) -> list[tuple[str, str]]:
    """Return begin and end of the windows that run at a moment."""
    windows_at = running_windows(parse_settings(PROVIDER + text, "config.toml"))
    windows = windows_at(datetime.fromisoformat(moment).astimezone(UTC))
    return [(f"{window.began_at:%dT%H:%M}", f"{window.ends_at:%dT%H:%M}") for window in windows]


@pytest.mark.parametrize(
    ("text", "moment", "expected"),
    [
        (ONCE, "2026-04-06T21:59:59Z", []),
        (ONCE, "2026-04-06T23:00:00Z", [("06T22:00", "07T02:00")]),
        (ONCE, "2026-04-07T02:00:00Z", []),
        (SUNDAYS, "2026-04-06T01:30Z", [("05T22:00", "06T02:00")]),
        (SUNDAYS, "2026-04-06T02:00Z", []),
        (HOURLY, "2026-04-06T12:10Z", [("06T11:00", "06T13:30")]),
    ],
)
def test_a_running_window_says_since_when_and_until_when(
    text: str, moment: str, expected: list[tuple[str, str]]
) -> None:
    assert running(text, moment) == expected


@given(st.integers(0, 7 * 24 * 60))
def test_a_window_runs_exactly_while_it_silences(minutes: int) -> None:
    moment = datetime(2026, 4, 5, tzinfo=UTC) + timedelta(minutes=minutes)
    settings = parse_settings(PROVIDER + ONCE + SOME, "config.toml")
    windows = running_windows(settings)(moment)
    for provider, model in (("nvidia", "meta/x"), ("nvidia", "other"), ("groq", "meta/x")):
        covered = any(window.covers(provider, model) for window in windows)
        assert covered == silence_of(settings)(provider, model, moment)
    assert all(window.began_at <= moment < window.ends_at for window in windows)
