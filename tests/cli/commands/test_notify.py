"""`monitor notify test`: says for each channel whether it works, and never what its address is."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from apprise import Apprise

from monitor.app.notifications.channels import (
    check_channels,
    configured_channels,
    outbox_of,
    summary_channels,
)
from monitor.app.notifications.heartbeats import heartbeats_of
from monitor.clock import utc_now
from monitor.config import NotifySettings, Settings, parse_settings
from monitor.errors import ConfigError
from tests.support.command import Done, config_file, environment, run
from tests.support.mailbox import PASSWORD, Mailbox, Receiver, mailbox, receiver

TOKEN = "T0ken-0f-nobody"  # noqa: S105 (made up)
PROVIDER = '[[providers]]\nname = "a"\nbase_url = "https://api.example/v1"\n'


@pytest.fixture
def place() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as running:
        yield running


def settings_of(text: str) -> Settings:
    return parse_settings(PROVIDER + text, "config.toml")


def notify_test(
    directory: Path, channels: str, *options: str, environ: Mapping[str, str] | None = None
) -> Done:
    config = config_file(directory, "http://127.0.0.1:1/v1", "sqlite:///monitor.db")
    with config.open("a", encoding="utf-8") as file:
        file.write(channels)
    arguments = ("--config", str(config), *(options or ("notify", "test")))
    return run(*arguments, directory=directory, environ={**environment(), **(environ or {})})


CHANNELS = (
    '[[notify]]\nname = "mail"\nurl = "env:MAIL_URL"\n'
    '[[notify]]\nname = "hook"\ntype = "webhook"\nurl = "env:HOOK_URL"\nsecret = "env:HOOK_SECRET"\n'
)


def environ_of(box: Mailbox, place: Receiver) -> dict[str, str]:
    return {"MAIL_URL": box.url, "HOOK_URL": f"{place.base_url}/{TOKEN}", "HOOK_SECRET": TOKEN}


def test_every_channel_gets_one_message_and_a_line(tmp_path: Path, box: Mailbox, place: Receiver) -> None:
    done = notify_test(tmp_path, CHANNELS, environ=environ_of(box, place))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["mail: delivered", "hook: delivered"]
    assert [str(letter["Subject"]) for letter in box.letters] == ["monitor: test of the channel mail"]
    assert "the channel mail works" in box.text_of()
    (posted,) = place.taken
    assert posted.document["topic"] == "test"
    assert posted.document["id"] == posted.headers["X-Monitor-Delivery"]
    assert posted.document["id"] in posted.document["text"]
    assert not (tmp_path / "monitor.db").exists(), "a test needs no database"


def test_one_channel_may_be_asked_for_and_json(tmp_path: Path, box: Mailbox, place: Receiver) -> None:
    options = ("notify", "test", "--channel", "hook", "--json")
    done = notify_test(tmp_path, CHANNELS, *options, environ=environ_of(box, place))
    assert done.returncode == 0
    assert json.loads(done.stdout) == [{"channel": "hook", "delivered": True, "error": None}]
    assert (len(box.letters), len(place.taken)) == (0, 1)


def test_a_channel_that_does_not_work_is_exit_1_with_the_reason_and_no_secret(
    tmp_path: Path, box: Mailbox, place: Receiver
) -> None:
    place.refusals, place.status, place.said = 1, 403, f"bad token {TOKEN}".encode()
    box.refusals = 1
    options = ("--log-level", "debug", "notify", "test")
    done = notify_test(tmp_path, CHANNELS, *options, environ=environ_of(box, place))
    assert done.returncode == 1
    mail, hook = done.stdout.splitlines()
    assert mail.startswith('mail: not delivered: Sending email to "reader@example.org" failed')
    assert "451" in mail
    assert hook == "hook: not delivered: HTTP 403: bad token ***"
    for secret in (PASSWORD, TOKEN, box.url):
        assert secret not in done.stdout + done.stderr


@pytest.mark.parametrize("kind", ["apprise", "webhook"])
def test_a_word_of_the_address_that_a_library_or_a_server_repeats_is_not_shown(
    tmp_path: Path, place: Receiver, kind: str
) -> None:
    place.refusals, place.status, place.said = 1, 500, b"no such hook: /openplainword"
    scheme = "json" if kind == "apprise" else "http"
    url = f"{scheme}{place.base_url.removeprefix('http')}/openplainword"
    channel = f'[[notify]]\ntype = "{kind}"\nname = "it"\nurl = "env:IT"\n'
    done = notify_test(tmp_path, channel, environ={"IT": url})
    assert done.returncode == 1
    assert "openplainword" not in done.stdout + done.stderr
    gone = notify_test(tmp_path, channel, environ={"IT": f"{scheme}://127.0.0.1:9/openplainword"})
    assert (gone.returncode, "not delivered" in gone.stdout) == (1, True)
    assert "openplainword" not in gone.stdout + gone.stderr


def test_without_a_channel_it_says_what_to_write(tmp_path: Path) -> None:
    done = notify_test(tmp_path, "")
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.split("\n\n", 1)[1]
    assert parse_settings(PROVIDER + lines, "shown").notify[0].url == "env:MONITOR_NOTIFY_URL"


@pytest.mark.parametrize(
    ("channels", "options", "said"),
    [
        (CHANNELS, ("--channel", "nobody"), 'no channel "nobody" in the configuration; there is: mail, hook'),
        (CHANNELS, (), "channel mail needs its address: set the environment variable MAIL_URL"),
        (
            f'[[notify]]\nname = "x"\nurl = "nonsense://{TOKEN}"\n',
            (),
            "channel x: Apprise does not understand its address",
        ),
    ],
)
def test_a_wrong_name_variable_or_address_is_exit_2(
    tmp_path: Path, channels: str, options: tuple[str, ...], said: str
) -> None:
    done = notify_test(tmp_path, channels, "notify", "test", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert TOKEN not in done.stderr


# Web addresses without a type

NATIVE = (
    "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "https://discord.com/api/webhooks/1234/abcd",
    "https://ntfy.sh/topic",
    "https://chat.googleapis.com/v1/spaces/AA/messages?key=k&token=t",
    "https://signals.firehydrant.com/v1/process/aaaa-bbbb",
)
OWN = ("https://example.org/x", "http://127.0.0.1:9/x", "https://hooks.example.org/services/T1/A1/x")


@pytest.mark.parametrize("url", [*NATIVE, *OWN])
def test_a_web_address_needs_a_type_unless_apprise_takes_it_as_it_is(url: str) -> None:
    channel = NotifySettings(url="env:IT")
    assert channel.lacks_type(url) is (Apprise.instantiate(url) is None)
    assert not NotifySettings(url="env:IT", type="apprise").lacks_type(url)


def test_a_web_address_behind_a_variable_is_refused_with_the_type_and_the_place(tmp_path: Path) -> None:
    for words in (("notify", "test"), ("config", "check")):
        done = notify_test(
            tmp_path, '[[notify]]\nurl = "env:IT"\n', *words, environ={"IT": f"https://h.example/{TOKEN}"}
        )
        assert (done.returncode, done.stdout) == (2, "")
        line = done.stderr.replace(f"{tmp_path}/", "")
        assert line.startswith("monitor: config.toml:")
        assert ": notify[0].url: channel it: its address is a web address; write type" in line
        assert TOKEN not in line


# What the daemon is given


def test_the_channels_of_a_configuration_are_its_audiences() -> None:
    settings = settings_of(
        '[[notify]]\nname = "all"\ntype = "webhook"\nurl = "http://127.0.0.1:1"\nmost_per_hour = 0\n'
        '[[notify]]\nname = "few"\nurl = "json://127.0.0.1"\non = ["retired"]\nproviders = ["nv*"]\n'
    )
    first, second = outbox_of(settings).subscriptions
    assert (first.channel, "summary" in first.topics, first.providers) == ("all", True, ("*",))
    assert (second.channel, second.topics, second.providers) == ("few", frozenset({"retired"}), ("nv*",))
    assert summary_channels(settings) == ["all"]
    channels = configured_channels(settings, {})
    assert [(each.channel.name, each.channel.is_for_people, each.most_per_hour) for each in channels] == [
        ("all", False, 0),
        ("few", True, 20),
    ]


def test_what_is_not_set_yet_is_told_and_what_is_wrong_is_refused() -> None:
    settings = settings_of(
        CHANNELS + '[heartbeat]\nurl = "env:PING"\n'
        '[[providers]]\nname = "b"\nbase_url = "https://a.example/v1"\nheartbeat = "env:PING_A"\n'
    )
    missing = check_channels(settings, {"MAIL_URL": "json://127.0.0.1", "HOOK_URL": "http://h.example"})
    assert [fault.words.split(": ")[0] for fault in missing] == [
        "channel hook needs its secret",
        "the [heartbeat] needs its address",
        "provider b needs the address of its heartbeat",
    ]
    whole = {
        "HOOK_URL": "http://h.example",
        "HOOK_SECRET": "x" * 9,
        "PING": "http://h.example",
        "PING_A": "http://h.example/a",
    }
    assert check_channels(settings, {**whole, "MAIL_URL": "json://127.0.0.1"}) == []
    with pytest.raises(ConfigError, match="channel mail: Apprise does not understand its address"):
        check_channels(settings, {**whole, "MAIL_URL": "nonsense://x"})
    with pytest.raises(ConfigError, match='channel hook: its address must start with "http://"'):
        check_channels(settings, {**whole, "MAIL_URL": "json://127.0.0.1", "HOOK_URL": "slack://x"})
    with pytest.raises(ConfigError, match="PING"):
        heartbeats_of(settings, {})


def test_without_windows_nobody_is_kept_waiting() -> None:
    assert not outbox_of(settings_of("")).is_silent("a", None, utc_now())
