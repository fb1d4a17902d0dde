"""The configuration of who is told: names of channels, windows of silence, secrets that are kept."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor import config
from monitor.errors import ConfigError

PROVIDER = '[[providers]]\nname = "a"\nbase_url = "https://api.example/v1"\n'
TOKEN = "T0ken-0f-nobody"  # noqa: S105 (made up)
BERLIN = ZoneInfo("Europe/Berlin")


def loaded(text: str) -> config.Settings:
    return config.parse_settings(PROVIDER + text, "config.toml")


def channel(text: str) -> config.NotifySettings:
    return loaded(f"[[notify]]\n{text}").notify[0]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('url = "env:MONITOR_NOTIFY_URL"', "monitor-notify-url"),
        ('url = "slack://one/two"', "slack"),
        ('url = "MAILTOS://me:pw@example.org"', "mailtos"),
        ('type = "webhook"\nurl = "https://example.org/x"', "webhook"),
        ('name = "team"\nurl = "env:A"', "team"),
        (f'url = "env:{"LONG_" * 8}X"', "long-long-long-long-long-long-lo"),
    ],
)
def test_a_channel_without_a_name_gets_one_that_holds_no_secret(text: str, name: str) -> None:
    assert channel(text).channel == name


def test_what_a_channel_hears_by_default() -> None:
    by_default = channel('url = "env:A"')
    assert (by_default.type, by_default.providers, by_default.most_per_hour) == ("apprise", ("*",), 20)
    assert "summary" in by_default.on
    assert channel('url = "env:A"\nmost_per_hour = 0').most_per_hour == 0


def test_rule_37_a_channel_may_ask_for_silent_swaps() -> None:
    assert channel('url = "env:A"\non = ["served_model_changed"]').on == ("served_model_changed",)


def test_the_secrets_of_channels_are_read_by_reference() -> None:
    settings = loaded(
        '[[notify]]\ntype = "webhook"\nurl = "env:A"\nsecret = "env:A_SECRET"\n'
        '[[notify]]\nname = "open"\ntype = "webhook"\nurl = "https://h.example"\n'
        '[heartbeat]\nurl = "env:PING"'
    )
    signed, unsigned = settings.notify
    environ = {"A": "https://h.example/x", "A_SECRET": TOKEN, "PING": "https://p.example/1"}
    secret = config.resolve_notify_secret(signed, environ)
    assert secret is not None
    assert secret.get_secret_value() == TOKEN
    assert config.resolve_notify_secret(unsigned, environ) is None
    ping = config.resolve_heartbeat_url(settings.heartbeat, environ)
    assert ping is not None
    assert ping.get_secret_value() == "https://p.example/1"
    assert config.resolve_heartbeat_url(config.Settings().heartbeat, {}) is None
    missing: list[tuple[Callable[[], object], str]] = [
        (lambda: config.resolve_notify_url(signed, {}), "channel a needs its address: set .* variable A,"),
        (lambda: config.resolve_notify_secret(signed, {}), "channel a needs its secret: .* A_SECRET,"),
        (
            lambda: config.resolve_heartbeat_url(settings.heartbeat, {}),
            "heartbeat.* needs its address: .* PING",
        ),
    ]
    for resolve, words in missing:
        with pytest.raises(ConfigError, match=words):
            resolve()


def test_each_provider_may_have_a_heartbeat_of_its_own() -> None:
    second, first = loaded(
        '[[providers]]\nname = "b"\nbase_url = "https://b.example/v1"\nheartbeat = "env:PING_B"\n'
    ).providers
    ping = config.resolve_own_heartbeat_url(first, {"PING_B": "https://p.example/1"})
    assert ping is not None
    assert ping.get_secret_value() == "https://p.example/1"
    assert config.resolve_own_heartbeat_url(second, {}) is None
    with pytest.raises(ConfigError, match=r"provider b needs the address of its heartbeat: .* PING_B"):
        config.resolve_own_heartbeat_url(first, {})


def test_what_may_be_a_secret_in_an_address_is_one_by_itself_too() -> None:
    settings = loaded(
        f'[[notify]]\nurl = "env:MAIL"\n[[notify]]\nurl = "slack://{TOKEN}/B00000000/Cc0000000000/#general"\n'
        '[[notify]]\ntype = "webhook"\nurl = "env:HOOK"\nsecret = "env:SIGN"\n[heartbeat]\nurl = "env:PING"\n'
        '[[providers]]\nname = "b"\nbase_url = "https://a.example/v1"\nheartbeat = "env:PING_A"\n'
    )
    environ = {
        "PING_A": "https://hc.example.org/aaaa1111-1111-4222-8333-444455556666",
        "MAIL": "mailtos://me%40example.org:pass%20word@smtp.example.org?to=you@example.org",
        "HOOK": "https://hooks.example.org/services/a/x1y2z3x1y2z3?key=aaaaaaaa9",
        "SIGN": "shh-quietly",
        "PING": "https://hc.example.org/0b5c1b5e-1111-4222-8333-444455556666/start?x=1",
    }
    secrets = set(config.known_secrets(settings, environ))
    assert {environ["MAIL"], environ["HOOK"], environ["SIGN"], environ["PING"]} <= secrets
    assert {environ["PING_A"], "aaaa1111-1111-4222-8333-444455556666"} <= secrets
    assert {"pass%20word", "pass word", TOKEN, "B00000000", "Cc0000000000"} <= secrets
    assert {"x1y2z3x1y2z3", "aaaaaaaa9", "0b5c1b5e-1111-4222-8333-444455556666"} <= secrets
    # What is no secret stays readable in every other line of the log.
    assert not {"smtp.example.org", "hooks.example.org", "services", "general", "https"} & secrets


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("jsons://hooks.example.org:9/onlyletters/x", {"onlyletters", "x"}),
        ("ntfy://quiet-topic", {"quiet-topic"}),
        (
            "mailto://me:open%20sesame@smtp.example.org?to=you@example.org",
            {"me", "open%20sesame", "open sesame"},
        ),
        ("https://localhost:1/hook?pass=phrase#end", {"hook", "phrase", "end"}),
        ("jsons://[::1", {"jsons://[::1"}),
    ],
)
def test_in_what_is_said_of_a_channel_every_part_of_its_address_is_private(
    url: str, private: set[str]
) -> None:
    assert set(config.private_parts(url)) == private


def test_what_is_shown_of_channels_holds_no_secret_and_loads_to_the_same() -> None:
    text = (
        '[schedule]\ntimezone = "Europe/Berlin"\n'
        '[[notify]]\nname = "x"\ntype = "webhook"\nurl = "env:A"\nsecret = "env:B"\nproviders = ["a*"]\n'
        "[[maintenance]]\nfrom = 2026-04-06T22:00:00\nto = 2026-04-07T02:00:00+01:00\n"
        '[[maintenance]]\ncron = "0 22 * * 0"\nduration = "4h"\nprovider = "a"\nmodels = ["m/*"]\n'
        '[heartbeat]\nurl = "env:PING"\n[web]\npublic_url = "https://m.example/x/"\n'
        '[summary]\nformat = "html"\n'
        '[[providers]]\nname = "b"\nbase_url = "https://a.example/v1"\nheartbeat = "env:PING_A"\n'
    )
    settings = loaded(text)
    assert config.parse_settings(config.shown(settings), "shown") == settings
    hidden = loaded(
        '[[notify]]\nurl = "slack://SECRET"\n[heartbeat]\nurl = "https://p.example/SECRET"\n'
        '[[notify]]\ntype = "webhook"\nurl = "https://u:SECRET@h.example"\n'
        '[[providers]]\nname = "b"\nbase_url = "https://a.example/v1"\nheartbeat = "https://p/SECRET"\n'
    )
    assert "SECRET" not in config.shown(hidden) + repr(hidden) + json.dumps(config.as_dict(hidden))
    assert config.shown(hidden).count('url = "***"') == 3


@pytest.mark.parametrize(
    ("text", "begins_at"),
    [
        ("2026-04-06T22:00:00", datetime(2026, 4, 6, 20, tzinfo=UTC)),
        ("2026-04-06 22:00:00", datetime(2026, 4, 6, 20, tzinfo=UTC)),
        ("2026-04-06T22:00:00Z", datetime(2026, 4, 6, 22, tzinfo=UTC)),
        ("2026-04-06T22:00:00-05:00", datetime(2026, 4, 7, 3, tzinfo=UTC)),
        ('"2026-04-06T22:00"', datetime(2026, 4, 6, 20, tzinfo=UTC)),
        ('"2026-04-06T22:00:00Z"', datetime(2026, 4, 6, 22, tzinfo=UTC)),
        ("2026-04-06", datetime(2026, 4, 5, 22, tzinfo=UTC)),
    ],
)
def test_a_moment_without_an_offset_is_one_of_the_configured_time_zone(
    text: str, begins_at: datetime
) -> None:
    settings = loaded(
        f"[schedule]\ntimezone = 'Europe/Berlin'\n[[maintenance]]\nfrom = {text}\nto = 2027-01-01"
    )
    assert settings.maintenance[0].span(settings.schedule.timezone) == (
        begins_at,
        datetime(2026, 12, 31, 23, tzinfo=UTC),
    )
    assert settings.maintenance[0].recurrence() is None


def test_a_window_may_come_again_and_again() -> None:
    (window,) = loaded('[[maintenance]]\ncron = "0 22 * * 7"\nduration = "4h"').maintenance
    assert window.recurrence() == ("0 22 * * sun", timedelta(hours=4))
    assert window.span(BERLIN) is None
    assert (window.provider, window.models) == ("*", ("*",))


def test_the_public_address_ends_without_a_slash() -> None:
    assert (
        loaded('[web]\npublic_url = "https://m.example/monitor/"').web.public_url
        == "https://m.example/monitor"
    )
    assert config.Settings().web.public_url is None
